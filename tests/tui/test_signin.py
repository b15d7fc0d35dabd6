"""Signing in on the screen: the page is visited over real sockets, by a browser or by hand."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from orchat.demo.lookups import Page
from orchat.demo.script import fail, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.keys.key_file import FileVault
from orchat.runtime import Runtime
from orchat.tui.screens.signin import SignInDialog
from orchat.tui.screens.welcome import Welcome
from tests.support.browser import ALLOWING, Seen, decide, fetch, installed
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys are kept in a file; nobody sees a browser."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    path = home / "keys.json"
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(path))
    return path


@pytest.fixture
def browser(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that allows what it is shown."""
    installed(monkeypatch, ALLOWING)


def keyless(server: DemoServer) -> Runtime:
    return screen_runtime(server, key=None)


def page(person: Person) -> str:
    """The address as somebody would copy it from the screen."""
    assert isinstance(person.app.screen, SignInDialog)
    return str(person.app.screen.query_one("#url", Static).content)


def shows_page(person: Person) -> bool:
    """Whether the whole address stands in the dialog, over however many lines."""
    rows = [row for line in person.lines for row in re.findall(r"│(.*)│", line)]
    return page(person) in "".join("".join(rows).split())


async def allowed(person: Person, *, allow: bool = True, follow: bool = True) -> Seen:
    return await asyncio.to_thread(decide, page(person), allow=allow, follow=follow)


async def at_welcome(person: Person) -> None:
    await person.until_on(Welcome)
    await person.until_shown("Sign in with OpenRouter", "no key to copy")
    await person.press("down", "enter")
    await waiting(person)


async def waiting(person: Person) -> None:
    await person.until_on(SignInDialog)
    await person.until_shown("● waiting for ", "10:00 left")


async def by_command(person: Person) -> None:
    await person.enter("/login")
    await waiting(person)


async def test_the_first_key_comes_from_the_browser(server: DemoServer, file: Path, browser: None) -> None:
    server.script(say("it works"))
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        assert "127.0.0.1%3A" in page(person)
        await person.press("o")
        await person.until(lambda: person.app.screen is person.chat)
        await person.until_told("kept in your key file. Account ")
        await person.started()
        assert person.chat.figures.key_label == "openrouter"
        await person.ask("hello")
    ((label, key),) = FileVault(file).load().items()
    assert (label, server.chats[0].key_fingerprint) == ("openrouter", key.fingerprint)


async def test_without_a_browser_the_code_is_pasted(server: DemoServer, file: Path) -> None:
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.until_shown("in any browser", "the code that it shows.")
        assert "callback_url" not in page(person) and "o open" not in person.text
        await person.press("o")  # there is nothing to open
        code = (await allowed(person)).code
        await person.paste(f" {code[:10]}\r\n{code[10:]}\n")
        assert person.app.screen.query_one(Input).value == code
        await person.until_shown("Enter take the code")
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)
        await person.started()
    assert list(FileVault(file).load()) == ["openrouter"]


async def test_signing_in_again_is_a_command(server: DemoServer, file: Path, browser: None) -> None:
    async with at_screen(screen_runtime(server, key=None), wait=False) as person:
        await at_welcome(person)
        await person.press("o")
        await person.started()
        await by_command(person)
        await person.press("o")
        await person.until(lambda: person.app.screen is person.chat)
        await person.until(lambda: person.chat.figures.key_label == "openrouter 2")
        assert list(FileVault(file).load()) == ["openrouter", "openrouter 2"]


async def test_a_key_that_is_there_is_used_and_said_so(server: DemoServer, file: Path, browser: None) -> None:
    key = Secret("sk-or-v1-" + "0a" * 32)
    FileVault(file).save({"mine": key})
    server.script(Page(value={"key": key.reveal()}), path="/auth/keys")
    async with at_screen(keyless(server)) as person:
        await by_command(person)
        await person.press("o")
        await person.until_told("It was there already")
    assert FileVault(file).load() == {"mine": key}


async def test_a_browser_elsewhere_ends_at_an_address_that_can_be_pasted(
    server: DemoServer, file: Path, browser: None
) -> None:
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        ended_at = (await allowed(person, follow=False)).headers["location"]
        await person.press("tab")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.press("enter")
        await person.fill(ended_at.replace("state=", "state=x"))
        await person.press("enter")
        await person.until_shown("✗ The answer belongs to another attempt")
        await person.fill("mistyped")
        await person.press("enter")
        await person.until_shown("✗ The server does not know this code")
        await person.press("tab")
        await person.until(lambda: person.app.focused is None)
        await person.paste(ended_at)
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)
    assert list(FileVault(file).load()) == ["openrouter"]


async def test_who_says_no_may_try_again(server: DemoServer, file: Path, browser: None) -> None:
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        first = page(person)
        await person.press("tab")
        await allowed(person, allow=False)
        await person.until_shown("✗ The sign-in was not allowed in the browser", "r try again")
        assert "left" not in person.text
        assert person.app.focused is None
        await person.press("o", "c", "tab", "enter")
        await person.paste("useless")
        assert person.app.screen.query_one(Input).value == ""
        await person.press("r")
        await waiting(person)
        assert page(person) != first
        await person.press("o")
        await person.until(lambda: person.app.screen is person.chat)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("400-code", "✗ The server does not know this code"),
        ("400-code-method", "✗ The server does not sign in by the method S256"),
        ("400-zod-code", "✗ The server did not understand the sign-in"),
        ("403-code", "✗ The code does not belong to this sign-in"),
        ("403-code-expired", "✗ The code has expired"),
        ("405", "✗ The server does not take sign-ins by POST"),
        ("502", "✗ Demo: Provider returned error"),
    ],
)
async def test_each_refusal_is_told_in_place_and_can_be_tried_again(
    server: DemoServer, file: Path, browser: None, name: str, words: str
) -> None:
    server.script(fault(name), path="/auth/keys")
    async with at_screen(keyless(server), wait=False, size=(80, 24)) as person:
        await at_welcome(person)
        await person.press("o")
        await person.until_shown(words, "r try again")
        await person.press("r")
        if name != "502":  # its code was never looked at, and is still good
            await waiting(person)
            await person.press("o")
        await person.until(lambda: person.app.screen is person.chat)
    assert list(FileVault(file).load()) == ["openrouter"]


async def test_escape_leaves_and_closes_the_port(server: DemoServer, file: Path, browser: None) -> None:
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        port = re.search(r"127\.0\.0\.1%3A(\d+)", page(person))
        assert port is not None
        await person.press("escape")
        await person.until_on(Welcome)

        def is_closed() -> bool:
            try:
                fetch(f"http://127.0.0.1:{port[1]}/callback")
            except ConnectionError:
                return True
            return False

        await person.until(is_closed)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
    assert not file.exists()


async def test_escape_leaves_while_the_server_does_not_answer(server: DemoServer, file: Path, browser: None) -> None:
    server.script(stall(), path="/auth/keys")
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.press("o")
        await person.until_shown("the code is here: fetching the key")
        await person.press("escape")
        await person.until_on(Welcome)
        await server.finished(1, path="/auth/keys")
    assert not file.exists()


async def test_a_key_that_is_being_kept_is_not_left_behind(server: DemoServer, file: Path, browser: None) -> None:
    gate = asyncio.Event()
    server.script(stall(until=gate), path="/key")
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.press("o")
        await person.until_shown("keeping the key")
        await person.press("escape")
        assert isinstance(person.app.screen, SignInDialog)
        gate.set()
        await person.until(lambda: person.app.screen is person.chat)
    assert list(FileVault(file).load()) == ["openrouter"]


async def test_what_cannot_be_checked_is_a_warning(server: DemoServer, file: Path, browser: None) -> None:
    server.script(fail(500, message="out of order"), path="/key")
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.press("o")
        await person.until_told("It could not be checked")


async def test_a_browser_that_does_not_open_is_told_of(
    server: DemoServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, "/nowhere/browser %s")
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.press("o")
        await person.until_shown("✗ No browser could be opened")
        await allowed(person)
        await person.until(lambda: person.app.screen is person.chat)


async def test_the_address_can_be_copied(server: DemoServer, file: Path, browser: None) -> None:
    async with at_screen(keyless(server), wait=False) as person:
        await at_welcome(person)
        await person.press("c")
        await person.until_told("Copied the address")
        assert person.app.clipboard == page(person)


async def test_other_servers_have_no_sign_in(file: Path, server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, key=None, api__dialect="openai"), wait=False) as person:
        await person.until_on(Welcome)
        await person.press("down", "enter")
        await person.until_shown("✗ Only OpenRouter has a sign-in")
        assert "orchat keys add" not in person.text
        await person.press("escape")


async def test_the_demo_needs_no_key(server: DemoServer, file: Path) -> None:
    async with at_screen(screen_runtime(server), is_demo=True) as person:
        await person.enter("/login")
        await person.until_told("The demo needs no key")


async def test_at_every_size_all_of_it_is_there(server: DemoServer, file: Path, browser: None) -> None:
    async with at_screen(keyless(server), wait=False, size=(60, 16)) as person:
        await at_welcome(person)
        for size in ((60, 16), (80, 24), (120, 40)):
            await person.pilot.resize_terminal(*size)
            await person.until_shown("Sign in with OpenRouter", "Esc cancel", "waiting for ")
            await person.until(lambda: shows_page(person))


async def test_neither_code_nor_key_reach_the_log(server: DemoServer, file: Path) -> None:
    from orchat import logs
    from orchat.config import LogSettings

    runtime = keyless(server)
    log = logs.configure(runtime.paths, LogSettings(level="debug"), capture=("asyncio",))
    async with at_screen(runtime, wait=False) as person:
        await at_welcome(person)
        code = (await allowed(person)).code
        await person.paste(code)
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)
        await person.started()
    log.close()
    written = runtime.paths.log_file.read_text()
    (key,) = FileVault(file).load().values()
    assert "sign-in.done" in written
    assert key.reveal() not in written and code not in written
