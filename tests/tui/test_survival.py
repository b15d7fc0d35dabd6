"""Whatever ends the program in the middle of an answer: what was on the screen is in the session afterwards."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Callable

import pytest

from orchat.demo.launch import start_demo
from orchat.demo.script import say
from orchat.domain.conversation import StoredMessage
from orchat.runtime import Runtime
from tests.support.screen import KEY
from tests.support.terminal import Terminal, in_terminal

WORDS = " ".join(f"w{number:04}" for number in range(2_000))
CHECKPOINT_S = 0.25
"""What a sudden death may cost."""
BUSY_S = 0.25
"""What a machine with other work may add to that: the answer was on the screen and waited for the disk."""


def kill(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGKILL)


def terminate(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)
    terminal.until(b"\x1b[?1049l")


def interrupt(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGINT)
    terminal.until(b"\x1b[?1049l")


def close_window(terminal: Terminal) -> None:
    terminal.hang_up()


def leave(terminal: Terminal) -> None:
    terminal.type(b"\x11")
    terminal.until(b"NOTE resume with")


def stop_twice_and_leave(terminal: Terminal) -> None:
    terminal.type(b"\x1b")
    terminal.read(0.1)
    terminal.type(b"\x1b")
    terminal.read(0.1)
    leave(terminal)


def last_word(text: str) -> int:
    return max((int(found) for found in re.findall(r"w(\d{4})", text)), default=-1)


def kept() -> StoredMessage:
    """The last answer, as a new start finds it."""

    async def read() -> StoredMessage:
        runtime = Runtime.create(front_end="tui", settings={"api.base_url": "http://127.0.0.1:9/v1"}, key=KEY)
        async with runtime:
            await runtime.start()
            latest = await runtime.conversations.latest()
            assert latest is not None
            return (await runtime.conversations.transcript(latest.id)).messages[-1]

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("end", "may_lose_s"),
    [
        (kill, CHECKPOINT_S + BUSY_S),
        (terminate, 0.0),
        (interrupt, 0.0),
        (close_window, 0.0),
        (leave, 0.0),
        (stop_twice_and_leave, 0.0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_answer_survives(end: Callable[[Terminal], None], may_lose_s: float) -> None:
    demo = start_demo(pace=1)
    try:
        with in_terminal(demo.base_url) as terminal:
            demo.server.script(say(WORDS, chunk_size=6, tokens_per_s=60.0))
            terminal.until(b"demo/writer")
            terminal.type(b"count\r")
            terminal.until(b"w0005")
            begun = time.monotonic()
            terminal.read(1.0)
            shown, seconds = last_word(terminal.text), time.monotonic() - begun
            end(terminal)
            terminal.process.wait(30)
    finally:
        demo.stop()
    answer = kept()
    assert shown > 20
    assert last_word(answer.text) >= shown - may_lose_s * (shown - 5) / seconds - 1
    assert answer.text == WORDS[: len(answer.text)]
    assert answer.state in ("stopped", "cut")


def test_a_draft_survives_a_sudden_end() -> None:
    demo = start_demo(pace=0)
    try:
        with in_terminal(demo.base_url) as terminal:
            terminal.until(b"demo/writer")
            terminal.type(b"noch nicht gesendet")
            terminal.until(b"gesendet")
            terminal.read(1.0)
            kill(terminal)
            terminal.process.wait(30)
        with in_terminal(demo.base_url) as terminal:
            terminal.until(b"gesendet")
            assert "noch nicht gesendet" in terminal.text
    finally:
        demo.stop()


def test_what_waits_in_the_queue_survives_a_sudden_end() -> None:
    demo = start_demo(pace=1)
    try:
        with in_terminal(demo.base_url) as terminal:
            demo.server.script(say(WORDS, chunk_size=6, tokens_per_s=20.0))
            terminal.until(b"demo/writer")
            terminal.type(b"count\r")
            terminal.until(b"w0001")
            terminal.type(b"second\r")
            terminal.until_shown("queued: 1")
            terminal.type(b"third\r")
            terminal.until_shown("queued: 2")
            kill(terminal)
            terminal.process.wait(30)
        with in_terminal(demo.base_url, asyncio.run(latest())) as terminal:
            terminal.type(b"fourth")
            terminal.until_shown("third")
            terminal.until_shown("fourth")
            column, row = terminal.place(b"fourth")
            above = [line[column - 1 :].split("  ")[0] for line in terminal.lines[row - 5 : row]]
    finally:
        demo.stop()
    assert above == ["second", "", "third", "", "fourth"]


def test_two_windows_on_one_session_see_what_the_other_says() -> None:
    demo = start_demo(pace=0)
    try:
        demo.server.script(say("first answer"), say("second answer"), say("third answer"))
        with in_terminal(demo.base_url) as one:
            one.until_shown("demo/writer")
            one.type(b"one\r")
            one.until_shown("first answer")
            one.read(0.5)
            assert "1 turn" in one.text
            resume = asyncio.run(latest())
            with in_terminal(demo.base_url, resume) as other:
                other.until_shown("first answer")
                other.type(b"two\r")
                other.until_shown("second answer")
                other.read(0.5)
                one.type(b"\x1b[I")  # the terminal tells that the window has the focus again
                one.until_shown("second answer")
                one.type(b"three\r")
                one.until_shown("third answer")
                other.type(b"\x1b[I")
                other.until_shown("third answer")
    finally:
        demo.stop()


async def latest() -> str:
    async with Runtime.create(front_end="tui", settings={"api.base_url": "http://127.0.0.1:9/v1"}, key=KEY) as runtime:
        await runtime.start()
        found = await runtime.conversations.latest()
        assert found is not None
        return found.id
