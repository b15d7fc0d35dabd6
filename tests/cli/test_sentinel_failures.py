"""The key that is like no other text meets every failure of a server, and every end that nobody planned."""

from __future__ import annotations

import base64
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchat.demo import DemoThread, faulty
from orchat.demo.faults import FAULTS
from orchat.demo.script import Step, error_event, fail, raw, stall
from orchat.domain.secret import Secret
from tests.support.cli import Running, Terminal, environment, run
from tests.support.sentinel import SENTINEL, hits, leaks, places

WELL, FAILED, NO_KEY, INTERRUPTED = 0, 1, 3, 130
LEAVE = "\x11"
"""Ctrl-Q."""


def told(demo: DemoThread, **more: str) -> dict[str, str]:
    """The environment of a command that has the key and writes everything into the log."""
    return environment(demo.base_url, **{"OPENROUTER_API_KEY": SENTINEL, "ORCHAT_LOG__LEVEL": "debug", **more})


# ---- what a server says ----

ECHOES: Mapping[str, Step] = {
    "a header": fail(500, headers={"X-Request-Id": SENTINEL, "X-Generation-Id": SENTINEL, "Retry-After": SENTINEL}),
    "an authorization": fail(403, message=f"Authorization: Bearer {SENTINEL} is not allowed"),
    "the provider's words": fail(502, metadata={"raw": f'{{"error": "bad {SENTINEL}"}}', "provider_name": "Demo"}),
    "the provider's name": fail(429, metadata={"provider_name": SENTINEL}),
    "the type": fail(400, metadata={"error_type": SENTINEL}),
    "the reasons": fail(403, metadata={"reasons": [SENTINEL], "flagged_input": SENTINEL}),
    "the remedy": fail(402, metadata={"remedy_hint": f"replace {SENTINEL}"}),
    "another model": fail(404, body={"error": {"message": "gone", "availability": {"fallback_models": [SENTINEL]}}}),
    "a page": fail(502, body=f"<html><head><title>{SENTINEL}</title></head></html>"),
    "a text": raw(f"no such key: {SENTINEL}".encode(), status=401, content_type="text/plain", framing="length"),
    "an event at first": error_event("first", message=f"bad key {SENTINEL}"),
    "an event in the middle": error_event("middle", message=f"bad key {SENTINEL}"),
    "an event alone": error_event("only", message=f"bad key {SENTINEL}", metadata={"raw": SENTINEL}),
    "an event that is no JSON": raw(f"data: {SENTINEL}\n\n".encode() * 5),
    "bytes that are not HTTP": raw(f"{SENTINEL}\r\n\r\n".encode(), framing="wire"),
}
IMPATIENT = {"ORCHAT_API__FIRST_BYTE_TIMEOUT_S": "0.5", "ORCHAT_API__IDLE_TIMEOUT_S": "0.5"}


def test_the_key_stands_nowhere_after_any_fault_of_the_server(demo: DemoThread, tmp_path: Path) -> None:
    every = {**{word: step for word, (_, step) in faulty.WORDS.items()}, **FAULTS}
    words = list({id(step): word for word, step in every.items()}.values())  # some have two names

    def asked(word: str) -> tuple[str, int, dict[str, set[str]]]:
        home = tmp_path / word
        environ = told(demo, HOME=str(home), ORCHAT_HOME=str(home), **IMPATIENT)
        done = run("ask", "--json", "-m", "demo/faulty", word, environ=environ)
        return word, done.code, dict(leaks(done, home))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(asked, words))

    assert [(word, found) for word, _, found in results if found] == []
    assert {word for word, code, _ in results if code == WELL} == {"length", "refuse"}
    asked_for = {chat.prompt for chat in demo.server.chats if chat.key_fingerprint == Secret(SENTINEL).fingerprint}
    assert asked_for >= set(words)


@pytest.mark.parametrize("name", ECHOES)
def test_the_key_stands_nowhere_after_a_server_has_repeated_it_in(name: str, demo: DemoThread, home: Path) -> None:
    demo.server.script(ECHOES[name])

    done = run("ask", "--json", "hi", environ=told(demo))

    assert done.code in (FAILED, NO_KEY), done
    assert leaks(done, home) == {}


# ---- ends that nobody planned ----


def test_the_key_stands_nowhere_while_an_answer_runs_nor_after_a_kill(demo: DemoThread, home: Path) -> None:
    demo.server.script(stall(stage="body", text="Half an ", chars=8))
    running = Running("ask", "hi", environ=told(demo))
    running.read_until("Half an")
    assert (home / "orchat" / "data" / "orchat.db-wal").stat().st_size > 0
    assert places(home) == {}
    running.signal(signal.SIGKILL)

    assert leaks(running.end(), home) == {}


def test_the_key_stands_nowhere_after_an_interrupt(demo: DemoThread, home: Path) -> None:
    demo.server.script(stall(stage="body", text="Half an ", chars=8))
    running = Running("ask", "hi", environ=told(demo))
    running.read_until("Half an")
    running.signal(signal.SIGINT)
    done = running.end()

    assert done.code == INTERRUPTED
    assert leaks(done, home) == {}


DEFECTIVE = """
import sys

def broken(*_args, **_options):
    key = {key!r}
    raise RuntimeError(f"a defect that repeats {{key}}")

async def broken_later(*_args, **_options):
    broken()

{defect}
from orchat.__main__ import main
main()
"""
"""The program with a part that breaks, in a frame that has the key and with words that repeat it."""


def defective(defect: str) -> str:
    return DEFECTIVE.format(key=SENTINEL, defect=defect)


@pytest.mark.parametrize(
    "defect",
    [
        "from orchat.dispatch import dispatcher; dispatcher.Dispatcher.stream = broken",
        "from orchat.runtime import Runtime; Runtime._build = broken",
        "from orchat.runtime import Runtime; Runtime.aclose = broken_later",
        "from orchat import config; config.Config.load = broken",
        "from orchat.openrouter import exchange; exchange.Exchange._read = broken_later",
        "from orchat.store import ledger; ledger.settle = broken",
        "from orchat.cli import answer; answer.Answer._seen = broken",
    ],
)
def test_the_key_stands_nowhere_after_a_defect(defect: str, demo: DemoThread, home: Path) -> None:
    done = run("ask", "hi", environ=told(demo), program=defective(defect))

    assert done.code == FAILED, done
    assert "unexpected RuntimeError" in done.err
    assert leaks(done, home) == {}


@pytest.mark.parametrize(
    ("defect", "key_press"),
    [
        ("from orchat.tui.app import OrchatApp; OrchatApp.action_quit = broken_later", LEAVE),
        ("from orchat.tui.widgets.topbar import TopBar; TopBar.render = broken", ""),
        ("from orchat.tui.screens.chat import ChatScreen; ChatScreen.compose = broken", ""),
        ("from orchat.tui import app; app.run_app = broken", ""),
    ],
    ids=["pressing a key", "painting", "opening", "starting"],
)
def test_the_key_does_not_stand_on_the_screen_of_a_crash(
    defect: str, key_press: str, demo: DemoThread, home: Path
) -> None:
    terminal = Terminal(environ=told(demo), program=defective(defect))
    if key_press:
        terminal.shows("New conversation")
        terminal.type(key_press)
    done = terminal.end()

    assert done.code == FAILED, done
    assert "orchat: " in done.out and "unexpected" in done.out
    assert leaks(done, home) == {}


def test_the_key_does_not_stand_on_the_screen_when_it_is_refused(demo: DemoThread, home: Path) -> None:
    demo.server.script(fail(401, message=f"nobody has the key {SENTINEL}"))
    terminal = Terminal(environ=told(demo))
    terminal.shows("New conversation")
    terminal.type("hello\r")
    terminal.shows("nobody has the key")
    terminal.type(LEAVE)

    assert leaks(terminal.end(), home) == {}


@pytest.mark.parametrize(("typed", "says"), [(SENTINEL, " main "), (f'"{SENTINEL}"', "quotation mark")])
def test_the_key_does_not_stand_on_the_screen_where_it_is_pasted(
    typed: str, says: str, demo: DemoThread, home: Path
) -> None:
    keyring = {"PYTHON_KEYRING_BACKEND": "tests.support.keyrings.Telltale", "TELLTALE": f"set {SENTINEL}"}
    terminal = Terminal(environ=told(demo, OPENROUTER_API_KEY="", ORCHAT_KEYS__STORE="keyring", **keyring))
    terminal.shows("Paste a key")
    terminal.type("\r")
    terminal.shows("You find your keys at")
    terminal.type(typed)
    terminal.stands("••••••••")
    terminal.type("\r")
    terminal.stands(says)
    terminal.type(LEAVE)

    assert leaks(terminal.end(), home) == {}


LIBRARY = """
import asyncio, sys, traceback
from orchat import AsyncClient, OrchatError

async def main():
    async with AsyncClient(base_url=sys.argv[1]) as client:
        print(client, vars(client))
        try:
            await client.generate_text(sys.argv[2], model="demo/faulty")
        except OrchatError as error:
            print(repr(error), vars(error))
            print(*traceback.TracebackException.from_exception(error, capture_locals=True).format())
            raise

asyncio.run(main(), debug=True)
"""


@pytest.mark.parametrize("word", ["401-bad-key", "502-html", "garbage", "reset", "silence", "nobody listens"])
def test_a_program_that_reports_its_errors_with_all_values_does_not_report_the_key(
    word: str, demo: DemoThread, home: Path
) -> None:
    address = "http://127.0.0.1:9/api/v1" if word == "nobody listens" else demo.base_url
    environ = told(demo, ORCHAT_API__FIRST_BYTE_TIMEOUT_S="0.5", ORCHAT_LOG__LEVEL="debug")

    done = run(address, word, environ=environ, program=LIBRARY)

    assert done.code == FAILED
    assert "Traceback" in done.out and "Traceback" in done.err
    assert leaks(done, home) == {}


# ---- the search itself ----


@pytest.mark.parametrize(
    "data",
    [
        SENTINEL,
        SENTINEL.upper(),
        SENTINEL[-8:],
        f"Bearer {SENTINEL[:17]}…",
        base64.b64encode(f"key:{SENTINEL}".encode()).decode(),
        SENTINEL.encode().hex(),
        SENTINEL.encode("utf-16-le"),
    ],
)
def test_the_search_finds_the_key_in_any_spelling(data: bytes | str, tmp_path: Path) -> None:
    assert hits(data)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / ".hidden").write_bytes(data.encode() if isinstance(data, str) else data)
    assert list(places(tmp_path)) == ["below/.hidden"]
    assert places(tmp_path, but=(tmp_path / "below" / ".hidden",)) == {}


def test_the_search_passes_over_what_tells_nothing(tmp_path: Path) -> None:
    assert not hits(f"{Secret(SENTINEL)!r} {Secret(SENTINEL).fingerprint} {SENTINEL[:16]}…")
