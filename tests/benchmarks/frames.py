"""A terminal of our own, to see when a program has painted its first full frame."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyte

from tests.benchmarks.measure import ROOT

COLUMNS, LINES = 120, 40
LIMIT_S = 20.0

# What a modern terminal answers: it has synchronized output, and neither in-band resize nor Kitty's keyboard.
ANSWERS = (
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),
    (re.compile(rb"\x1b\[\?2048\$p"), b"\x1b[?2048;0$y"),
    (re.compile(rb"\x1b\[c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[\?u"), b"\x1b[?0u"),
)
BEGUN = b"\x1b[?2026$p"
"""Textual asks this before it paints anything."""
QUIT = b"\x11"


class _Canvas(pyte.Screen):
    """Remembers which lines were written on, and whether there are words on any."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, LINES)
        self.written: set[int] = set()
        self.has_words = False

    def draw(self, data: str) -> None:
        self.written.add(self.cursor.y)
        self.has_words = self.has_words or not data.isspace()
        super().draw(data)


@dataclass(frozen=True, kw_only=True)
class Started:
    """A program that has painted its first full frame and still runs."""

    child: int
    """Its process."""
    terminal: int
    """Our end of its terminal."""
    first_words_s: float
    """From its start to the first bytes that show something to read; a frame that is written ahead counts."""
    first_frame_s: float
    """From its start to the bytes that made the frame full; what was written ahead of Textual does not count."""


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Started]:
    """Start a program in a terminal, wait until it has written on every line, and quit it afterwards."""
    began = time.perf_counter()
    child, terminal = forked(command, environment)
    try:
        words, frame = _watch(terminal, began)
        yield Started(child=child, terminal=terminal, first_words_s=words, first_frame_s=frame)
    finally:
        _quit(child, terminal)


def forked(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, int]:
    """Start a program in a new terminal that echoes nothing by itself.

    Returns:
        Its process, and our end of the terminal.
    """
    mine, theirs = pty.openpty()
    fcntl.ioctl(mine, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    modes = termios.tcgetattr(theirs)
    modes[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    child = os.fork()
    if child == 0:
        os.close(mine)
        _log_in(theirs)
        os.chdir(ROOT)
        os.execve(command[0], list(command), {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
    os.close(theirs)
    return child, mine


def _log_in(terminal: int) -> None:
    """Make a terminal this process's own."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal, number)
    if terminal > 2:
        os.close(terminal)


def first_frame(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """As `started`, but quit it at once; gives the seconds."""
    with started(command, environment) as program:
        return program.first_frame_s


def first_words(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """As `first_frame`, but up to the first words on the screen."""
    with started(command, environment) as program:
        return program.first_words_s


def _watch(terminal: int, began: float) -> tuple[float, float]:
    """Seconds until the first words, and until the first full frame.

    What has come is looked at when nothing more is there: pyte is slow, and the program would wait for it.
    """
    canvas = _Canvas()
    stream = pyte.ByteStream(canvas)
    seen, words = b"", 0.0
    waiting: list[tuple[float, bytes]] = []
    while time.perf_counter() - began < LIMIT_S:
        data = read(terminal, 0 if waiting else 0.5)
        if data is None:
            raise SystemExit(f"the program ended before its first frame:\n{seen.decode(errors='replace')}")
        if data:
            waiting.append((time.perf_counter() - began, data))
            seen += data
            for query, answer in ANSWERS:
                if query.search(data):
                    os.write(terminal, answer)
            continue
        for at, piece in waiting:
            if BEGUN in piece:
                canvas.written.clear()
            # pyte takes the private modes it does not know for others, but never text for anything else.
            stream.feed(re.sub(rb"\x1b\[[<=>?][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p", b"", piece))
            words = words or (at if canvas.has_words else 0.0)
            if len(canvas.written) == LINES:
                return words, at
        waiting.clear()
    raise SystemExit(f"no full frame within {LIMIT_S:g} s:\n{chr(10).join(canvas.display)}")


def read(terminal: int, timeout: float) -> bytes | None:
    """What has arrived, nothing when nothing has, None at the end."""
    if not select.select([terminal], [], [], timeout)[0]:
        return b""
    try:
        return os.read(terminal, 1 << 20) or None
    except OSError:
        return None


def _quit(child: int, terminal: int) -> None:
    """Leave as a person does, so that the next start finds nothing to clear up; else end it."""
    until = time.perf_counter() + 5
    left = False
    try:
        os.write(terminal, QUIT)
        while not left and time.perf_counter() < until:
            left = read(terminal, 0.2) is None
    except OSError:
        left = True
    if not left:
        print("it did not quit on Ctrl+Q and was ended", file=sys.stderr)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
