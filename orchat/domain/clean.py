"""Foreign text made harmless for a terminal: what is shown can neither steer the screen nor hide.

- Whole escape sequences go: ESC pairs, CSI, OSC, DCS, APC, PM and SOS, in their 7-bit and 8-bit forms, also when they
  are cut short. One that never ends hides at most the rest of its line, and at most `STRING_LIMIT` characters.
- C0 controls but newline and tab, DEL, C1 controls and the byte order mark go.
- ``\\r\\n``, a lone ``\\r`` and U+2028/9 become a newline.
- Bidi controls are shown as ``<U+202E>``; tag characters and lone surrogates as U+FFFD.
- At most `MARKS` combining marks follow each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import Enum, auto

STRING_LIMIT = 4096
"""Characters that an unterminated OSC, DCS, APC, PM or SOS may hide."""
CSI_LIMIT = 256
"""Characters that an unterminated CSI may hide."""
MARKS = 3
"""Combining marks that may follow each other."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for what has no shape of its own: tag characters, lone surrogates."""

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
_SHAPELESS = "\U000e0000-\U000e007f\ud800-\udfff"
_SPECIAL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029{_BIDI}{_SHAPELESS}]")
_IS_BIDI = re.compile(f"[{_BIDI}]")
_IS_SHAPELESS = re.compile(f"[{_SHAPELESS}]")
_STRING_END = re.compile("[\x07\x18\x1a\x1b\x9c\n\r\u2028\u2029]")
_CSI_BODY = re.compile("[\x20-\x3f]*")
_CANDIDATE_MARKS = re.compile(rf"[^\w\x00-\u02ff]{{{MARKS + 1}}}")
_AROUND_BREAK = re.compile(r"\s*[\n\t]\s*")


class _State(Enum):
    TEXT = auto()
    ESCAPE = auto()
    CSI = auto()
    STRING = auto()


_AFTER_ESCAPE = {"[": _State.CSI, **dict.fromkeys("]PX^_", _State.STRING)}
_C1_OPENERS = {
    "\x1b": _State.ESCAPE,
    "\x9b": _State.CSI,
    **dict.fromkeys("\x90\x98\x9d\x9e\x9f", _State.STRING),
}
_LIMITS = {_State.TEXT: 0, _State.ESCAPE: CSI_LIMIT, _State.CSI: CSI_LIMIT, _State.STRING: STRING_LIMIT}


def is_mark(char: str) -> bool:
    """Whether a character is drawn over the one before it."""
    return unicodedata.combining(char) != 0 or unicodedata.category(char) in ("Mn", "Me")


def is_clean(text: str) -> bool:
    """Whether a text holds no control, escape, bidi or tag character; marks are not counted."""
    return (text.isascii() and text.isprintable()) or _SPECIAL.search(text) is None


def clean(text: str) -> str:
    """A whole text made harmless; it keeps its lines and tabs."""
    if text.isascii() and text.isprintable():
        return text
    if _SPECIAL.search(text) is None and (text.isascii() or _CANDIDATE_MARKS.search(text) is None):
        return text
    return Cleaner().feed(text)


def clean_line(text: str, limit: int) -> str:
    """A text made harmless for a place that has one line: a title, a name, an error.

    Args:
        text: Foreign text of any length.
        limit: Most characters of the result, at least 1; a longer text ends with ``…``.

    Returns:
        One line without newline or tab, trimmed.
    """
    enough = STRING_LIMIT + 8 * limit
    line = _AROUND_BREAK.sub(" ", clean(text[:enough])).strip()
    if len(line) <= limit and len(text) <= enough:
        return line
    return line[: limit - 1].rstrip() + "…"


class Cleaner:
    """Does what `clean` does to a text that arrives in pieces: however it is cut, the result is the same.

    Nothing is held back: what `feed` returns can be shown at once.
    """

    __slots__ = ("_after_cr", "_left", "_marks", "_state")

    def __init__(self) -> None:
        self._state = _State.TEXT
        self._left = 0
        self._after_cr = False
        self._marks = 0

    def feed(self, chunk: str) -> str:
        """The harmless part of the next piece."""
        if self._state is _State.TEXT and not self._after_cr and _SPECIAL.search(chunk) is None:
            return self._limit_marks(chunk)
        out: list[str] = []
        position, end = 0, len(chunk)
        while position < end:
            position = _STEPS[self._state](self, chunk, position, out)
        return self._limit_marks("".join(out))

    def finish(self) -> str:
        """End the text: an open escape sequence is forgotten, and the next piece begins a new text.

        Returns:
            What is left to show: always empty, because nothing is held back.
        """
        self._enter(_State.TEXT)
        self._after_cr = False
        self._marks = 0
        return ""

    def _enter(self, state: _State) -> None:
        self._state = state
        self._left = _LIMITS[state]

    def _text(self, chunk: str, position: int, out: list[str]) -> int:
        if self._after_cr:
            self._after_cr = False
            if chunk[position] == "\n":
                return position + 1
        match = _SPECIAL.search(chunk, position)
        if match is None:
            out.append(chunk[position:])
            return len(chunk)
        out.append(chunk[position : match.start()])
        char = match.group()
        opener = _C1_OPENERS.get(char)
        if opener is not None:
            self._enter(opener)
        else:
            self._after_cr = char == "\r"
            out.append(_stand_in(char))
        return match.end()

    def _escape(self, chunk: str, position: int, _out: list[str]) -> int:
        char = chunk[position]
        if "\x20" <= char <= "\x2f" and self._left:
            self._left -= 1
            return position + 1
        intermediate = self._left < CSI_LIMIT
        self._enter(_State.TEXT if intermediate else _AFTER_ESCAPE.get(char, _State.TEXT))
        return position + 1 if "\x30" <= char <= "\x7e" else position

    def _csi(self, chunk: str, position: int, _out: list[str]) -> int:
        body = _CSI_BODY.match(chunk, position, position + self._left)
        stop = position if body is None else body.end()
        self._left -= stop - position
        if self._left == 0:
            self._enter(_State.TEXT)
        elif stop < len(chunk):
            self._enter(_State.TEXT)
            if "\x40" <= chunk[stop] <= "\x7e":
                return stop + 1
        return stop

    def _string(self, chunk: str, position: int, _out: list[str]) -> int:
        limit = min(position + self._left, len(chunk))
        match = _STRING_END.search(chunk, position, limit)
        if match is None:
            self._left -= limit - position
            if self._left == 0:
                self._enter(_State.TEXT)
            return limit
        if match.group() == "\x1b":
            self._enter(_State.ESCAPE)
            return match.end()
        self._enter(_State.TEXT)
        return match.end() if match.group() in "\x07\x18\x1a\x9c" else match.start()

    def _limit_marks(self, text: str) -> str:
        if not text:
            return text
        if text.isascii():
            self._marks = 0
            return text
        if self._marks == 0 and _CANDIDATE_MARKS.search(text) is None:
            for char in text[-MARKS:]:
                self._marks = self._marks + 1 if is_mark(char) else 0
            return text
        kept: list[str] = []
        for char in text:
            self._marks = self._marks + 1 if is_mark(char) else 0
            if self._marks <= MARKS:
                kept.append(char)
        return "".join(kept)


_STEPS: dict[_State, Callable[[Cleaner, str, int, list[str]], int]] = {
    _State.TEXT: Cleaner._text,
    _State.ESCAPE: Cleaner._escape,
    _State.CSI: Cleaner._csi,
    _State.STRING: Cleaner._string,
}


def _stand_in(char: str) -> str:
    if char in "\r\u2028\u2029":
        return "\n"
    if _IS_BIDI.match(char):
        return f"<U+{ord(char):04X}>"
    return REPLACEMENT if _IS_SHAPELESS.match(char) else ""
