"""What a terminal sends for each key, read as the screen reads it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from orchat.tui.keys import learn_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Something that came from a terminal."""

    raw: bytes
    """Its bytes."""
    keys: tuple[str, ...]
    """Names of the keys, as Textual has them; empty when it was no key."""
    what: str = ""
    """What else it was, in words; empty for keys."""


class KeyReader:
    """Reads as the screen does, without one."""

    def __init__(self) -> None:
        learn_keys()
        self._parser = XTermParser()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._pending = ""

    @property
    def waits(self) -> bool:
        """Whether what came last may be the beginning of something."""
        return bool(self._pending)

    def feed(self, data: bytes) -> Iterator[Press]:
        """Read some bytes.

        Args:
            data: As they came from the terminal.
        """
        for char in self._decoder.decode(data):
            self._pending += char
            yield from self._presses(self._parser.feed(char))

    def settle(self) -> Iterator[Press]:
        """Nothing has followed for a while: an Escape was an Escape."""
        yield from self._presses(self._parser.tick())

    def _presses(self, found: Iterable[Message]) -> Iterator[Press]:
        messages = list(found)
        if messages:
            raw, self._pending = self._pending.encode("utf-8", "surrogateescape"), ""
            keys = tuple(message.key for message in messages if isinstance(message, events.Key))
            yield Press(raw=raw, keys=keys, what="" if keys else _what(messages[0]))


def _what(message: Message) -> str:
    if isinstance(message, events.Paste):
        return "a paste"
    if isinstance(message, events.MouseEvent):
        return "the mouse"
    if isinstance(message, events.AppFocus | events.AppBlur):
        return "the window"
    return "an answer of the terminal"
