"""What the client sends, what it fetches beside answers, and how it is made and closed."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback

import pytest

from orchat.config.sections import ApiSettings
from orchat.domain.content import message
from orchat.domain.events import TextDelta
from orchat.domain.request import ChatRequest
from orchat.domain.secret import Secret
from orchat.errors import BadRequest, ConnectionFailed, KeyRejected, StreamInterrupted, UpstreamFailed, UsageError
from orchat.openrouter.client import Attribution, OpenRouter, Timeouts
from tests.support.answers import DONE, chunk
from tests.support.clock import FakeClock
from tests.support.openrouter import ASK, KEY, ask, failure, header
from tests.support.sockets import STREAM_HEAD, Peer, Server, answered, streamed

pytestmark = pytest.mark.anyio


async def test_openrouter_is_told_who_asks_and_other_servers_are_not() -> None:
    async with Server(streamed(chunk("stop", content="x"), DONE)) as server:
        async with OpenRouter(base_url=server.url, dialect="openrouter") as client:
            await ask(client)
        async with OpenRouter(base_url=server.url, app=Attribution(referer="", title="", categories=("x",))) as client:
            assert client.dialect == "openai"
            await ask(client, key=None)
        no_app = Attribution(referer="", title="")
        async with OpenRouter(base_url=server.url, dialect="openrouter", app=no_app) as client:
            await ask(client)
    first, second, third = server.requests
    assert first.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert header(first, "authorization") == f"Bearer {KEY.reveal()}"
    assert header(first, "http-referer") == "https://github.com/orchat/orchat"
    assert header(first, "x-openrouter-title") == "orchat"
    assert header(first, "x-openrouter-categories") == "cli-agent,general-chat"
    assert header(first, "user-agent") == "orchat/0.1.0"
    assert header(first, "accept") == "text/event-stream"
    names = ("http-referer", "x-openrouter-title", "x-openrouter-categories")
    assert [header(second, name) for name in (*names, "authorization")] == [None] * 4
    assert [header(third, name) for name in names] == [None] * 3
    assert b"stream_options" in second
    assert b"stream_options" not in first


async def test_the_body_is_what_the_client_says_it_would_send() -> None:
    request = ChatRequest(messages=(message("user", "é👩\ud83d"),), model="m", temperature=0.5)
    async with Server(streamed(chunk("stop", content="x"), DONE)) as server, OpenRouter(base_url=server.url) as client:
        await ask(client, request)
        body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
        assert client.body(request)["messages"] == [{"role": "user", "content": "é👩\ud83d"}]
    assert body["messages"] == [{"role": "user", "content": "é👩?"}]


async def test_a_value_that_json_does_not_know_is_refused_before_sending() -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        for extra in ({"x": object()}, {"x": float("nan")}):
            error = await failure(client, ChatRequest(messages=ASK.messages, extra=extra))
            assert isinstance(error, UsageError)
        assert server.requests == []


@pytest.mark.parametrize("key", ["", "sk or", "sk-or\n", "sk-ör", "\x7f"])
async def test_a_key_that_is_none_is_refused_before_sending_and_not_repeated(key: str) -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client, key=Secret(key))
        assert isinstance(error, KeyRejected)
        assert not key or key not in f"{error}{error.hint}"
        assert server.requests == []


async def test_nothing_is_sent_before_the_first_event_is_asked_for() -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        async with client.stream(ASK):
            pass
        assert server.connections == 0


async def routes(peer: Peer, request: bytes) -> None:
    target = request.split(b" ")[1]
    bodies: dict[bytes, object] = {
        b"/v1/models": {"data": [{"id": "a/b"}, {"id": "c/d"}]},
        b"/v1/key": {"data": {"label": "L", "limit": 1}},
        b"/v1/credits": {"data": {"total_credits": 2, "total_usage": 1}},
        b"/v1/generation?id=gen%201": {"data": {"id": "gen 1", "total_cost": 0.5}},
        b"/v1/models/a/b:free/endpoints": {"data": {"endpoints": [{"provider_name": "P"}]}},
    }
    status = "200 OK" if target in bodies else "404 Not Found"
    body = json.dumps(bodies.get(target, {"error": {"message": "Not Found", "code": 404}})).encode()
    await answered(body, status=status)(peer, request)


async def test_models_keys_credits_generations_and_endpoints_are_fetched() -> None:
    async with Server(routes) as server, OpenRouter(base_url=server.url, dialect="openrouter") as client:
        assert [model.id for model in await client.models()] == ["a/b", "c/d"]
        assert json.loads(await client.models_raw(KEY))["data"][0] == {"id": "a/b"}
        assert (await client.key_status(KEY)).limit_pico == 10**12
        assert (await client.credits(KEY)).balance_pico == 10**12
        assert (await client.generation("gen 1", KEY)).usage.cost_pico == 5 * 10**11
        assert (await client.endpoints("a/b:free"))[0].provider == "P"
        with pytest.raises(BadRequest) as caught:
            await client.generation("gen-2", KEY)
    assert caught.value.status == 404
    assert header(server.requests[0], "authorization") is None
    assert header(server.requests[1], "authorization") == f"Bearer {KEY.reveal()}"
    assert header(server.requests[0], "x-openrouter-title") == "orchat"
    assert server.connections == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
async def test_what_is_not_json_is_no_key_status(body: bytes) -> None:
    async with Server(answered(body)) as server, OpenRouter(base_url=server.url) as client:
        with pytest.raises(UpstreamFailed, match="did not answer with JSON"):
            await client.key_status(KEY)


async def test_a_broken_connection_is_no_list_of_models() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nxxx")
        peer.fin()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        with pytest.raises(ConnectionFailed):
            await client.models()


async def test_a_client_is_made_from_the_settings() -> None:
    api = ApiSettings(base_url="http://localhost:1/v1/", dialect="openrouter", idle_timeout_s=7, app_title="mine")
    client = OpenRouter.from_settings(api, clock=FakeClock())
    assert (client.base_url, client.dialect) == ("http://localhost:1/v1", "openrouter")
    assert client._timeouts == Timeouts(idle=7)
    assert client._app.title == "mine"
    auto = OpenRouter.from_settings(ApiSettings())
    assert (auto.base_url, auto.dialect) == ("https://openrouter.ai/api/v1", "openrouter")
    await auto.aclose()


async def test_a_closed_client_says_so_and_closes_twice() -> None:
    async with Server(routes) as server:
        client = OpenRouter(base_url=server.url)
        await client.models()
        await client.aclose()
        await client.aclose()
        with pytest.raises(UsageError, match="closed"):
            await client.models()
        assert isinstance(await failure(client), UsageError)


async def test_closing_the_client_ends_a_running_stream_as_stopped() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"))
        await peer.gone()

    async with Server(script) as server:
        client = OpenRouter(base_url=server.url)
        with pytest.raises(StreamInterrupted) as caught:
            async with client.stream(ASK) as stream:
                async for event in stream:
                    if isinstance(event, TextDelta):
                        (exchange,) = client._exchanges
                        exchange.stop()
                        await client.aclose()
    assert caught.value.reason == "cancelled"


async def test_a_client_can_be_prepared_beforehand() -> None:
    async with Server(routes) as server, OpenRouter(base_url=server.url) as client:
        await asyncio.gather(client.prepare(), client.prepare())
        assert len(await client.models()) == 2


async def test_no_key_is_in_any_log_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with Server(answered(b"", status="401 No")) as server, OpenRouter(base_url=server.url) as client:
        with caplog.at_level(logging.DEBUG):
            try:
                await ask(client)
            except KeyRejected as error:
                story = traceback.TracebackException.from_exception(error, capture_locals=True)
                told = "".join(story.format())
    assert "0123456789abcdef" not in told
    assert "0123456789abcdef" not in caplog.text
    assert "KeyRejected" in told
