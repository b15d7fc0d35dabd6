"""A terminal as its owner sees it: the screen, and what has scrolled away above it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping

import pyte

from tests.support.cli import LIMIT_S, command


class Page:
    """What a stream of bytes leaves on a terminal."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self._screen = pyte.HistoryScreen(columns, lines, history=1_000_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)

    def feed(self, data: bytes) -> None:
        self._stream.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)

    @property
    def rows(self) -> list[str]:
        """All rows from the first one on, without the empty ones at the end."""
        above = ["".join(row[x].data for x in range(max(row, default=-1) + 1)) for row in self._screen.history.top]
        found = [row.rstrip() for row in (*above, *self._screen.display)]
        while found and not found[-1]:
            found.pop()
        return found

    @property
    def cursor(self) -> tuple[int, int]:
        return self._screen.cursor.x, self._screen.cursor.y

    def style(self, text: str) -> pyte.screens.Char:
        """The first character of a text that stands on the screen, with its style."""
        for y, row in enumerate(self._screen.display):
            if text in row:
                return self._screen.buffer[y][row.index(text)]
        raise AssertionError(f"{text!r} is not on the screen")


class Reflowing:
    """A terminal that wraps its rows anew when its width changes, as most do; it knows what `Scroll` sends."""

    def __init__(self, columns: int, lines: int) -> None:
        self._size = (columns, lines)
        self._rows: list[str] = [""]
        self._joined: list[bool] = [False]
        self._x = self._y = 0

    @property
    def rows(self) -> list[str]:
        """All rows from the first one on, those that were wrapped as one."""
        found: list[str] = []
        for row, joined in zip(self._rows, self._joined, strict=True):
            found[len(found) :] = [row] if not joined else [found.pop() + row]
        while found and not found[-1].strip():
            found.pop()
        return [row.rstrip() for row in found]

    def feed(self, data: bytes) -> None:
        for match in re.finditer(r"\x1b\[([0-9;]*)([a-zA-Z])|\r|\n|[^\x1b\r\n]", data.decode()):
            sequence, number = match[2], match[1]
            if sequence == "A":
                self._y = max(len(self._rows) - self._size[1], 0, self._y - int(number))
            elif sequence in ("K", "J"):
                self._rows[self._y] = self._rows[self._y][: self._x]
                if sequence == "J":
                    del self._rows[self._y + 1 :], self._joined[self._y + 1 :]
            elif sequence is None:
                self._put(match[0])

    def resize(self, columns: int, lines: int) -> None:
        before = sum(map(len, self._rows[: self._y])) + self._x
        logical: list[str] = []
        for row, joined in zip(self._rows, self._joined, strict=True):
            logical[len(logical) :] = [row] if not joined else [logical.pop() + row]
        self._rows, self._joined = [], []
        for line in logical:
            for start in range(0, max(1, len(line)), columns):
                self._rows.append(line[start : start + columns])
                self._joined.append(start > 0)
        self._size = (columns, lines)
        # Only ever resized with the cursor at the end of what was written.
        self._y, self._x = len(self._rows) - 1, len(self._rows[-1])
        assert before == sum(map(len, self._rows[: self._y])) + self._x

    def _put(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char == "\n":
            self._y, self._x = self._y + 1, 0
            if self._y == len(self._rows):
                self._rows.append("")
                self._joined.append(False)
        else:
            assert self._x < self._size[0], "a row is wider than the terminal"
            row = self._rows[self._y].ljust(self._x)
            self._rows[self._y] = row[: self._x] + char + row[self._x + 1 :]
            self._x += 1


class Paper(Page):
    """A command on a pseudo-terminal, whose bytes land on a page."""

    def __init__(
        self,
        *args: str,
        environ: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
        argv: list[str] | None = None,
    ) -> None:
        super().__init__(columns, lines)
        self.sent = b""
        """Every byte that came."""
        self._master, slave = pty.openpty()
        self._size(columns, lines)
        self.process = subprocess.Popen(
            argv or command(*args),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def resize(self, columns: int, lines: int) -> None:
        super().resize(columns, lines)
        self._size(columns, lines)

    def until(self, text: str) -> None:
        """Read until a text stands somewhere on the page."""
        limit = time.monotonic() + LIMIT_S
        while not any(text in row for row in self.rows):
            assert self._read() and time.monotonic() < limit, f"never saw {text!r} in {self.rows}"

    def end(self) -> int:
        """Read to the end.

        Returns:
            The exit code.
        """
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(timeout=LIMIT_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], LIMIT_S)
        assert ready, f"the command hangs; the page: {self.rows}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: the other side of the terminal is closed
            return False
        self.sent += data
        self.feed(data)
        return bool(data)

    def _size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
