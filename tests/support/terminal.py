"""The app as a process of its own in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyte

PROGRAM = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
before = set(sys.modules)
from orchat.domain.secret import Secret
from orchat.runtime import Runtime
from orchat.tui.app import run_tui
settings = {"api.base_url": sys.argv[1], "api.dialect": "openrouter", "models.default": "demo/writer"}
runtime = Runtime.create(front_end="tui", settings=settings, key=Secret("sk-or-v1-000000000000"))
heavy = {"httpx", "sqlite3", "keyring", "markdown_it", "pygments", "PIL", "orchat.openrouter.client"}
heavy |= {"orchat.domain.events", "orchat.domain.request", "orchat.media.image", "orchat.media.glance"}
loaded = heavy & (set(sys.modules) - before)
assert not loaded, loaded
from orchat.tui.beginning import Beginning
note = run_tui(runtime, beginning=Beginning(resume=sys.argv[2] or None))
print("NOTE", note.text if note else None)
"""
"""Opens the screen in a terminal of its own as the command line does, after a look at what importing it has loaded."""
PATIENCE_S = 30.0
COLUMNS, LINES = 100, 30
_UNKNOWN = re.compile(rb"\x1b\[[<=>?][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")


class Terminal:
    """What somebody at a terminal sees and types."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor = descriptor
        self.process = process
        self.seen = b""
        """Every byte that was sent to the terminal."""

    def type(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    @property
    def lines(self) -> list[str]:
        """The screen as it is now."""
        screen = pyte.Screen(COLUMNS, LINES)
        # pyte takes the private modes it does not know for others, but never text for anything else.
        pyte.ByteStream(screen).feed(_UNKNOWN.sub(b"", self.seen))
        return list(screen.display)

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def place(self, words: bytes) -> tuple[int, int]:
        """Where these words stand on the screen, as a mouse counts: column and row from 1."""
        for number, row in enumerate(self.lines, 1):
            if words.decode() in row:
                return row.index(words.decode()) + 1, number
        raise AssertionError(f"{words!r} is not on the screen:\n{self.text}")

    def read(self, seconds: float) -> None:
        """Read what comes within so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and select.select([self._descriptor], [], [], left)[0]:
            self.seen += os.read(self._descriptor, 65_536)

    def until_shown(self, words: str) -> None:
        """Read until the screen shows these words, in however many pieces they come."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.text:
            assert time.monotonic() < deadline, f"{words!r} never came; the screen shows:\n{self.text}"
            self.read(0.1)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._descriptor)
        self._descriptor = -1

    def close(self) -> None:
        """End whatever runs in it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def until_quiet(self, seconds: float) -> None:
        """Read until nothing has come for so long."""
        deadline, since = time.monotonic() + PATIENCE_S, len(self.seen)
        while select.select([self._descriptor], [], [], seconds)[0]:
            self.seen += os.read(self._descriptor, 65_536)
            assert time.monotonic() < deadline, f"it never fell silent: {self.seen[since:][-500:]!r}"

    def until(self, wanted: bytes) -> None:
        """Read until these bytes have come, after whatever was waited for before."""
        start, deadline = len(self.seen), time.monotonic() + PATIENCE_S
        while wanted not in self.seen[start:]:
            ready, _, _ = select.select([self._descriptor], [], [], PATIENCE_S)
            assert ready and time.monotonic() < deadline, f"{wanted!r} never came; seen: {self.seen[-2000:]!r}"
            self.seen += os.read(self._descriptor, 65_536)


@contextmanager
def in_terminal(base_url: str, resume: str = "") -> Iterator[Terminal]:
    """The app at 100 × 30, talking to a server; it goes on with a session if one is named."""
    with running(["-c", PROGRAM, base_url, resume]) as terminal:
        yield terminal


@contextmanager
def running(arguments: list[str], typed_ahead: bytes = b"") -> Iterator[Terminal]:
    """Python in a terminal of 100 × 30 whose characters are 10 × 20 pixels; what is typed ahead waits to be read."""
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, COLUMNS * 10, LINES * 20))
    os.write(mine, typed_ahead)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    terminal = Terminal(mine, process)
    try:
        yield terminal
    finally:
        terminal.close()
