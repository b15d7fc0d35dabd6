"""``orchat doctor keys`` at a real terminal, which says little, speaks Kitty's protocol, or goes away."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orchat.cli.doctor.listening import TELL_LESS, TELL_MORE, told_of
from orchat.tui.keyboard import KeyReader, Press
from orchat.tui.keymap import USUAL
from tests.support.cli import Orchat, Terminal, environment, run

LITTLE = "\x1b[?64;1;2c"
KITTY = "\x1b[?1u\x1b[?64;52c"


@contextmanager
def listening(answer: str = LITTLE, *args: str, **environ: str) -> Iterator[Terminal]:
    """The command, from the moment on at which it listens; afterwards the terminal is as it was."""
    terminal = Terminal("doctor", "keys", *args, environ=environment(None, **environ))
    before = termios.tcgetattr(terminal._master)
    if answer:
        terminal.read_until("\x1b[c")
        terminal.type(answer)
    try:
        terminal.shows("DOES")
        settled(terminal, before)
        yield terminal
        terminal.process.wait(timeout=30)
        assert termios.tcgetattr(terminal._master) == before
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal._master)


def settled(terminal: Terminal, before: list[Any]) -> None:
    """Keys that came earlier would be shown by the terminal itself."""
    while termios.tcgetattr(terminal._master)[3] == before[3]:
        assert terminal.process.poll() is None


def rows(terminal: Terminal) -> list[list[str]]:
    shown = terminal.seen.replace("\r\n", "\n").partition("DOES")[2]
    return [line.split(maxsplit=2) for line in shown.splitlines() if line.strip()]


def test_every_key_is_told_with_its_bytes_its_name_and_what_it_does() -> None:
    with listening() as terminal:
        assert "no Kitty protocol" in terminal.seen
        for sent, shown in (
            ("\x0f", "chat: model"),
            ("\x1b[13~", "nothing"),
            ("\x1bOQ", "chat: settings"),
            ("\x11", "everywhere: quit"),
            ("c", "writing: a character · conversation: copy_answer"),
            ("f", "writing: a character · message: fork"),
            ("\x1b[D", "writing: moves or edits · message: previous_branch"),
            ("\x1b\r", "alt+enter"),
            ("\x1b[1;3A", "chat: previous_message"),
            ("é", "\\xc3\\xa9"),
            ("\x1b[<0;3;4M", "the mouse"),
            ("\x03", "writing: moves or edits"),
        ):
            terminal.type(sent)
            terminal.read_until(shown)
        terminal.type("x")
        terminal.read_until("x  ")
        for _ in range(3):
            terminal.type("\x1b")
            terminal.read_until("escape")
        assert terminal.process.wait(timeout=30) == 0
        assert ["\\x0f", "ctrl+o", "chat: model"] in rows(terminal)
        assert ["\\x1b", "escape", "chat: stop · compare: compare_stop · ocr: ocr_stop"] in rows(terminal)
        assert TELL_MORE.decode() not in terminal.seen


def test_kittys_protocol_is_switched_on_and_off_again() -> None:
    with listening(KITTY, ORCHAT_KEYMAP__USAGE="ctrl+shift+u") as terminal:
        assert "keyboard: Kitty's protocol" in terminal.seen
        terminal.shows(TELL_MORE.decode())
        for sent, shown in (
            ("\x1b[13;2u", "shift+enter"),
            ("\x1b[117;6u", "chat: usage"),
            ("\x1b[105;5u", "ctrl+i"),
            ("\x1b[120;3u", "alt+x"),
            ("\x1b[27u", "escape"),
        ):
            terminal.type(sent)
            terminal.read_until(shown)
        terminal.type("\x1b[99;5u")
        terminal.read_until("ctrl+c")
        terminal.type("\x1b[99;5u")
        terminal.read_until(TELL_LESS.decode())
        assert terminal.process.wait(timeout=30) == 0
        assert ["\\x1b[117;6u", "ctrl+shift+u", "chat: usage"] in rows(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_whoever_is_stopped_leaves_the_terminal_as_it_was(number: signal.Signals) -> None:
    with listening(KITTY) as terminal:
        terminal.process.send_signal(number)
        terminal.read_until(TELL_LESS.decode())
        assert terminal.process.wait(timeout=30) == 130


def test_a_terminal_that_goes_away_ends_it() -> None:
    terminal = Terminal("doctor", "keys", environ=environment(None, TERM="linux"))
    before = termios.tcgetattr(terminal._master)
    terminal.shows("DOES")
    settled(terminal, before)
    os.close(terminal._master)
    assert terminal.process.wait(timeout=30) in (0, 130, 141)


def test_keys_that_cannot_be_are_told_of_first() -> None:
    with listening("", TERM="linux", ORCHAT_KEYMAP__MODLE="f4") as terminal:
        assert "env ORCHAT_KEYMAP__MODLE: keymap.modle: there is no such command (Did you mean model?)" in terminal.seen
        terminal.type("\x03\x03")
        assert terminal.process.wait(timeout=30) == 0


def test_a_pipe_has_no_keyboard(orchat: Orchat) -> None:
    refused = run("doctor", "keys")
    assert refused.code == 2 and refused.out == ""
    assert refused.err == "orchat: this listens to a keyboard, so it needs a terminal\nhint: Run it without a pipe.\n"
    piped = Terminal("doctor", "keys", environ=environment(None), pipe_stdout=True).end()
    assert piped.code == 2 and piped.out == ""


def pressed(data: bytes) -> list[Press]:
    reader = KeyReader()
    return list(reader.feed(data))


def test_what_comes_together_is_told_apart() -> None:
    assert [(press.raw, press.keys) for press in pressed(b"a\x1b[A\xc3\xa4\r")] == [
        (b"a", ("a",)),
        (b"\x1b[A", ("up",)),
        ("ä".encode(), ("ä",)),
        (b"\r", ("enter",)),
    ]
    assert [press.what for press in pressed(b"\x1b[I\x1b[?2026;1$y\x1b[200~long\x1b[201~x")] == [
        "the window",
        "an answer of the terminal",
        "a paste",
        "",
    ]


def test_bytes_that_are_no_text_are_told_as_bytes() -> None:
    (press,) = pressed(b"\xff")
    (line,) = told_of(press, USUAL)
    assert line.isprintable() is False and line.startswith("\\xff") and line.rstrip("\n").isprintable()


def test_several_keys_of_one_sequence_are_told_one_by_one() -> None:
    lines = list(told_of(Press(raw=b"ab", keys=("a", "ctrl+o")), USUAL))
    assert [line.split(maxsplit=1)[0] for line in lines] == ["ab", "ctrl+o"]
