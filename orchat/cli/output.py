"""stdout: data and nothing else, written as it comes."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from orchat.domain.clean import Cleaner, is_clean
from orchat.errors import OrchatError

PIECE = 4096
"""A pipe that is ready takes at least so many bytes at once (POSIX PIPE_BUF on Linux)."""
STDOUT = 1

Style = Literal["plain", "bold", "dim", "green", "yellow", "red", "cyan"]
_CODES: dict[Style, str] = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "red": "31", "cyan": "36"}
_NARROWEST, _USUAL = 20, 80


class OutputFailed(OrchatError):
    """stdout cannot be written to: a full disk, a closed descriptor."""


class Output:
    """Data for whoever reads stdout.

    On a terminal foreign text is made harmless; anything else gets it raw, so that no byte of an answer is lost.

    Args:
        environ: ``NO_COLOR`` and ``TERM`` decide about colours; None: there are none.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.is_terminal = os.isatty(STDOUT)
        known = environ or {}
        self.can_draw = self.is_terminal and known.get("TERM", "") not in ("", "dumb")
        self.has_colours = self.can_draw and not known.get("NO_COLOR")
        self._encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        self._cleaner = Cleaner() if self.is_terminal else None
        self._in_line = False

    async def stream(self, text: str) -> None:
        """Write a piece of foreign text without ever blocking the loop: a slow reader must not stop Ctrl-C.

        Raises:
            BrokenPipeError: The reader has gone.
            OutputFailed: It cannot be written.
        """
        data = memoryview(self._encoded(text))
        while data:
            await _writable()
            data = data[_write(data[:PIECE]) :]

    def write(self, text: str) -> None:
        """Write foreign text, however long it takes; raises as `stream` does."""
        data = memoryview(self._encoded(text))
        while data:
            data = data[_write(data) :]

    def styled(self, pieces: Iterable[tuple[Style, str]]) -> None:
        """Write pieces of foreign text, each in its style where there are colours; raises as `stream` does."""
        data = bytearray()
        for style, text in pieces:
            code = _CODES.get(style) if self.has_colours else None
            written = self._encoded(text)
            data += b"\x1b[%sm%s\x1b[0m" % (code.encode(), written) if code else written
        left = memoryview(data)
        while left:
            left = left[_write(left) :]

    @property
    def width(self) -> int:
        """Columns of the terminal; 80 where nobody knows."""
        try:
            columns = os.get_terminal_size(STDOUT).columns
        except OSError:
            columns = 0
        return max(columns or _USUAL, _NARROWEST)

    def can_write(self, text: str) -> bool:
        """Whether the encoding of stdout has these characters."""
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    @property
    def in_line(self) -> bool:
        """Whether the last thing written was no newline."""
        return self._in_line

    def end_line_if_possible(self) -> None:
        """Add the missing newline, but do not wait for a reader that does not read."""
        if self._in_line and _is_ready():
            self.write("\n")

    @property
    def is_ready(self) -> bool:
        """Whether a reader takes some more at once."""
        return _is_ready()

    def encoded(self, text: str) -> bytes:
        """Text of our own, with what steers the terminal, as `draw` takes it."""
        return text.encode(self._encoding, errors="replace")

    async def draw(self, frame: bytearray) -> None:
        """Write a frame without blocking the loop; what was written is taken out of it, so that none is torn.

        Raises:
            BrokenPipeError: The reader has gone.
            OutputFailed: It cannot be written.
        """
        while frame:
            await _writable()
            del frame[: _write(bytes(frame[:PIECE]))]

    def draw_if_possible(self, frame: bytearray) -> None:
        """Write a frame as far as the terminal takes it; raises as `draw` does."""
        while frame and _is_ready():
            del frame[: _write(bytes(frame[:PIECE]))]

    def json(self, value: object) -> None:
        """Write a value as one line of JSON."""
        self.write(f"{encode(value)}\n")

    def _encoded(self, text: str) -> bytes:
        shown = text if self._cleaner is None else self._cleaner.feed(text)
        if shown:
            self._in_line = not shown.endswith("\n")
        return shown.encode(self._encoding, errors="replace")


def _write(data: memoryview | bytes) -> int:
    try:
        return os.write(STDOUT, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OutputFailed(f"cannot write to stdout: {reason}", hint="Make room, or send it elsewhere.") from None


def _is_ready() -> bool:
    poll = select.poll()
    poll.register(STDOUT, select.POLLOUT)
    return bool(poll.poll(0))


async def _writable() -> None:
    import asyncio  # here, because --help writes too and has no loop

    if _is_ready():
        return
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(STDOUT, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(STDOUT)


def encode(value: object) -> str:
    """JSON on one line, with decimals as exact numbers.

    Characters that a terminal would obey are escaped, so that the same text is safe to look at and still whole.
    """
    import json

    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{encode(str(name))}: {encode(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(encode(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    text = json.dumps(value, ensure_ascii=False)
    return text if is_clean(text) else "".join(char if is_clean(char) else json.dumps(char)[1:-1] for char in text)
