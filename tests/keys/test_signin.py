"""One attempt to sign in, from the page's address to the key, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orchat import logs
from orchat.config import LogSettings
from orchat.demo.script import fail, fault
from orchat.demo.server import DemoServer
from orchat.errors import ConnectionFailed, OrchatError, SignInFailed, UpstreamFailed, UsageError
from orchat.keys.signin import SignIn
from orchat.openrouter.client import OpenRouter
from orchat.paths import Paths, environment
from tests.support.browser import Seen, decide, fetch
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

LIMIT_S = 30.0


@asynccontextmanager
async def attempt(server: DemoServer, clock: FakeClock | None = None, **how: Any) -> AsyncIterator[SignIn]:
    clock = clock or FakeClock()
    async with OpenRouter(base_url=server.base_url, dialect="openrouter", clock=clock) as client:
        yield SignIn(client, clock, **how)


async def allow(url: str, **how: bool) -> Seen:
    return await asyncio.to_thread(decide, url, **how)


# ---- what leads to a key ----


async def test_the_browser_comes_back_with_the_code(server: DemoServer) -> None:
    async with attempt(server, key_label="orchat") as signin, signin.listening() as page:
        assert page.is_listening
        assert parse_qs(urlsplit(page.url).query)["key_label"] == ["orchat"]
        waiting = asyncio.gather(page.key(), allow(page.url))
        signed_in, seen = await asyncio.wait_for(waiting, LIMIT_S)

        assert seen.status == 200 and "Back to orchat" in seen.text
        asked = server.requests[-1]
        assert asked.path == "/auth/keys"
        async with OpenRouter(base_url=server.base_url, dialect="openrouter") as client:
            assert (await client.key_status(signed_in.key)).account == signed_in.account


async def test_a_code_is_pasted_where_no_browser_can_come_back(server: DemoServer) -> None:
    async with attempt(server) as signin:
        assert not signin.is_listening and signin.url == signin.headless_url
        assert "callback_url" not in signin.url and "state" not in signin.url
        code = (await allow(signin.headless_url)).code
        signin.paste(f"  {code[:9]}\n{code[9:]} \n")
        assert (await signin.key()).key.reveal().startswith("sk-or-v1-")


async def test_the_whole_address_may_be_pasted(server: DemoServer) -> None:
    async with attempt(server) as signin, signin.listening() as page:
        sent_to = (await allow(page.url, follow=False)).headers["location"]
        page.paste(sent_to + "#fragment")
        page.paste("ignored-because-a-code-is-there")
        await page.code()
        assert (await page.key()).key


async def test_its_query_alone_may_be_pasted(server: DemoServer) -> None:
    async with attempt(server) as signin, signin.listening() as page:
        page.paste((await allow(page.url, follow=False)).headers["location"].partition("?")[2].partition("#")[0])
        assert (await page.key()).key


async def test_where_there_is_no_port_the_code_is_pasted(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchat.keys.callback.HOST", "192.0.2.1")  # no machine has this address
    async with attempt(server) as signin, signin.listening() as page:
        assert not page.is_listening
        page.paste((await allow(page.url)).code)
        assert (await page.key()).key


# ---- what does not ----


async def test_a_person_may_say_no(server: DemoServer) -> None:
    async with attempt(server) as signin, signin.listening() as page:
        seen = await allow(page.url, allow=False)
        assert "Not signed in" in seen.text
        with pytest.raises(SignInFailed, match="not allowed in the browser") as caught:
            await page.key()
    assert caught.value.reason == "denied"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "code"),
        ("   ", "code"),
        ("é", "code"),
        ("x" * 600, "code"),
        ("http://127.0.0.1:1/callback", "code"),
        ("http://127.0.0.1:1/callback?code=abc", "state"),
        ("http://127.0.0.1:1/callback?code=abc&state=another", "state"),
        ("code=abc&state=another", "state"),
        ("http://127.0.0.1:1/callback?error=access_denied", "denied"),
        ("https://openrouter.ai/auth?code_challenge=x", "code"),
        ("http://[::1?code=abc", "state"),
    ],
)
async def test_what_is_pasted_is_looked_at(server: DemoServer, text: str, reason: str) -> None:
    async with attempt(server) as signin:
        with pytest.raises(SignInFailed) as caught:
            signin.paste(text)
        assert caught.value.reason == reason
        assert "abc" not in str(caught.value)


async def test_after_a_wrong_code_the_right_one_is_still_good(server: DemoServer) -> None:
    async with attempt(server) as signin:
        signin.paste("mistyped")
        with pytest.raises(SignInFailed, match="does not know this code"):
            await signin.key()
        signin.paste((await allow(signin.url)).code)
        assert (await signin.key()).key


async def test_a_server_that_fails_is_asked_again_with_the_same_code(server: DemoServer) -> None:
    server.script(fault("502"), path="/auth/keys")
    async with attempt(server) as signin, signin.listening() as page:
        await allow(page.url)
        with pytest.raises(UpstreamFailed):
            await page.key()
        assert (await page.key()).key


async def test_a_server_that_cannot_be_reached_is_told_of() -> None:
    async with DemoServer(pace=0) as server:
        code = "c0de"
    async with attempt(server) as signin:
        signin.paste(code)
        for _ in range(2):
            with pytest.raises(ConnectionFailed):
                await signin.key()


async def test_an_attempt_does_not_last_for_ever(server: DemoServer) -> None:
    async with attempt(server, limit_s=0.01) as signin, signin.listening() as page:
        with pytest.raises(SignInFailed, match="nobody signed in") as caught:
            await page.key()
    assert caught.value.reason == "late"


async def test_the_time_that_is_left_runs_down(server: DemoServer) -> None:
    clock = FakeClock()
    async with attempt(server, clock) as signin:
        assert signin.seconds_left == 600
        clock.advance(590)
        assert signin.seconds_left == 10
        clock.advance(20)
        assert signin.seconds_left == 0


async def test_the_port_is_closed_when_nobody_waits_any_more(server: DemoServer) -> None:
    async with attempt(server) as signin:
        async with signin.listening() as page:
            callback = parse_qs(urlsplit(page.url).query)["callback_url"][0]
            waiting = asyncio.gather(page.key())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert not signin.is_listening
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(fetch, callback)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", urlsplit(callback).port or 0))


async def test_a_refusal_that_nobody_waits_for_is_no_trouble(server: DemoServer) -> None:
    async with attempt(server) as signin, signin.listening() as page:
        assert "Not signed in" in (await allow(page.url, allow=False)).text


@pytest.mark.parametrize(
    ("base_url", "dialect", "words"),
    [
        ("https://api.example.com/v1", "openai", "only OpenRouter has a sign-in"),
        ("http://proxy.example/api/v1", "openrouter", "needs https"),
    ],
)
async def test_nobody_signs_in_elsewhere(base_url: str, dialect: Any, words: str) -> None:
    async with OpenRouter(base_url=base_url, dialect=dialect) as client:
        with pytest.raises(UsageError, match=words):
            SignIn(client, FakeClock())


# ---- what nobody may see ----


@pytest.mark.parametrize("name", [None, "400-code", "403-code", "403-code-expired", "502", "400-zod-code", "echo"])
async def test_neither_verifier_nor_code_nor_key_is_ever_written(
    server: DemoServer, name: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    paths = Paths.discover(environment())
    log = logs.configure(paths, LogSettings(level="debug"), capture=("asyncio", "httpx", "httpcore"))
    told = ""
    async with attempt(server) as signin, signin.listening() as page:
        code = parse_qs(urlsplit((await allow(page.url, follow=False)).headers["location"]).query)["code"][0]
        secrets = [code, signin._pkce.verifier.reveal()]
        if name is not None:
            server.script(fail(403, message=" ".join(secrets)) if name == "echo" else fault(name), path="/auth/keys")
        page.paste(code)
        try:
            signed_in = await page.key()
        except OrchatError as error:
            told = "".join(traceback.format_exception(error)) + repr(error.hint)
        else:
            secrets.append(signed_in.key.reveal())
            told = repr(signed_in)
        told += repr(signin) + repr(signin._pkce)
    log.close()

    written = Path(paths.log_file).read_text()
    assert "sign-in." in written
    for secret in secrets:
        assert secret not in told
        assert secret not in written
        assert secret not in caplog.text
