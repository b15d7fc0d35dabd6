"""Shows what is typed while Textual is loaded, and keeps it for the composer."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from unicodedata import combining, east_asian_width

_ERASE = ("\x7f", "\b")
_PIECE = 4096
"""Bytes that are read at once."""
_GONE = 3
"""Times in a row that there is something to read and nothing comes, until nobody is thought to be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came from the keyboard."""

    text: str = ""
    """What was shown."""
    rest: bytes = b""
    """What came after it, from the first key on that has no place in a line of text."""


class Line:
    """A line of text that is typed, up to a key that does something else.

    Args:
        room: Cells; what does not fit is kept and not shown.
    """

    def __init__(self, room: int) -> None:
        self._left = room
        self._chars: list[str] = []
        self._waiting = b""
        self._is_over = False

    @property
    def typed(self) -> Typed:
        """What has come so far."""
        return Typed(text="".join(self._chars), rest=self._waiting)

    def take(self, data: bytes) -> bool:
        """Take what was typed; whether the text is another one now.

        Args:
            data: As a terminal sends it; a character may be cut in two.
        """
        before = self.typed.text
        self._waiting += data
        while self._waiting and not self._is_over and len(self._waiting) >= (size := _size(self._waiting[0])):
            self._is_over = not self._takes(self._waiting[:size])
            if not self._is_over:
                self._waiting = self._waiting[size:]
        return self.typed.text != before

    def _takes(self, piece: bytes) -> bool:
        try:
            char = piece.decode()
        except UnicodeDecodeError:
            return False
        if char in _ERASE:
            if self._chars:
                self._left += _cells(self._chars.pop())
            return True
        if not char.isprintable() or combining(char) or _cells(char) > self._left:
            return False
        self._chars.append(char)
        self._left -= _cells(char)
        return True


def _size(lead: int) -> int:
    """Bytes of a character in UTF-8, as its first one says."""
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _cells(char: str) -> int:
    return 2 if east_asian_width(char) in "WF" else 1


class Echo:
    """Reads a keyboard until somebody else does.

    Args:
        keyboard: Its descriptor; the terminal echoes nothing, and whoever reads from it never waits.
        room: Cells there are for what is typed.
        show: Shows the text typed so far. Called in a thread.
    """

    def __init__(self, keyboard: int, room: int, show: Callable[[str], None]) -> None:
        self._keyboard = keyboard
        self._line = Line(room)
        self._show = show
        self._over, self._stop = os.pipe()
        self._thread = Thread(target=self._read, name="orchat-echo", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> Typed:
        """Leave the keyboard alone from now on, and tell what came from it. To be called once."""
        os.close(self._stop)
        if self._thread.ident is not None:  # a signal may have come while it was being started
            self._thread.join()
            os.close(self._over)
        return self._line.typed

    def _read(self) -> None:
        empty, ready = 0, [self._keyboard]
        with suppress(OSError):  # a terminal that is gone; whoever comes next finds out
            # What is there at the end is taken, too: a character must not be left to two readers.
            while empty < _GONE and (self._over not in ready or self._keyboard in ready):
                ready = select.select([self._keyboard, self._over], [], [])[0]
                if self._keyboard in ready:
                    data = os.read(self._keyboard, _PIECE)
                    empty = 0 if data else empty + 1
                    if self._line.take(data):
                        self._show(self._line.typed.text)
