"""Breaks a logical line into rows that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rich.cells import cell_len, chop_cells
from rich.segment import Segment

from orchat.tui.transcript.rows import Run

LEAST = 4
"""Columns below which nothing is wrapped any more."""

_WIDE = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
    "\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
)
_OPENERS = "「『（【〈《〔［｛"
_CLOSERS = "、。，．・：；？！」』】〕〉》）］｝ー々…\u3099\u309a"


@lru_cache(maxsize=1)
def _word() -> re.Pattern[str]:
    """Compiling it takes 3 ms, which only a text of other letters needs."""
    return re.compile(rf" *(?:[{_OPENERS}]*[{_WIDE}][{_CLOSERS}]*|[^ {_WIDE}]+[{_CLOSERS}]*) *")


@lru_cache(maxsize=4096)
def _cells(word: str) -> int:
    return cell_len(word)


def cells(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii():
        return len(text)
    return _cells(text) if len(text) < 64 else cell_len(text)


def breaks(text: str, width: int) -> list[int]:
    """Where a line is broken: offsets of the first character of each further row.

    Rows end at a space where there is one; text of Chinese or Japanese breaks between characters, and a word longer
    than a row is cut. Spaces at the end of a row may stand beyond the edge.
    """
    width = max(LEAST, width)
    if text.isascii():
        return _ascii_breaks(text, width) if len(text) > width else []
    return _wide_breaks(text, width)


def _ascii_breaks(text: str, width: int) -> list[int]:
    found: list[int] = []
    position, end = 0, len(text.rstrip(" "))
    while end - position > width:
        space = text.rfind(" ", position, position + width + 1)
        if space < 0 or not text[position:space].strip(" "):
            position += width
        else:
            position = space + 1
            while position < end and text[position] == " ":
                position += 1
        found.append(position)
    return found


def _wide_breaks(text: str, width: int) -> list[int]:
    found: list[int] = []
    used = 0
    for match in _word().finditer(text):
        word = match.group()
        bare = word.rstrip(" ")
        size = cells(bare)
        if used and used + size > width:
            found.append(match.start())
            used = 0
        if size > width:
            position = match.start()
            pieces = _folded(bare, width)
            for piece in pieces[:-1]:
                position += len(piece)
                found.append(position)
            size = cells(pieces[-1])
        used += size + len(word) - len(bare)
    return found


def _folded(word: str, width: int) -> list[str]:
    """A word in pieces that fit."""
    return [part for piece in chop_cells(word, width) for part in _cut(piece, width)]


def _cut(piece: str, width: int) -> list[str]:
    """Cuts where Rich counts a cluster for less than the same text measures, as with a joiner before a letter."""
    if cells(piece) <= width:
        return [piece]
    parts = [""]
    for char in piece:
        if cells(parts[-1] + char) > width:
            parts.append("")
        parts[-1] += char
    return parts


def wrapped(runs: Sequence[Run], width: int) -> Iterator[tuple[list[Segment], int]]:
    """The rows of one logical line.

    Args:
        runs: The line's text with styles.
        width: Columns.

    Yields:
        Segments of a row, and where in the line it starts, in characters.
    """
    text = runs[0][0] if len(runs) == 1 else "".join([run[0] for run in runs])
    cuts = breaks(text, width)
    if not cuts:
        yield [Segment(part, style) for part, style in runs if part], 0
        return
    start, number, offset = 0, 0, 0
    for cut in (*cuts, len(text)):
        segments: list[Segment] = []
        need = cut - start
        while need > 0:
            part, style = runs[number]
            taken = part[offset : offset + need]
            if taken:
                segments.append(Segment(taken, style))
            need -= len(taken)
            offset += len(taken)
            if offset == len(part):
                number, offset = number + 1, 0
        if segments and cut != len(text):
            segments[-1] = Segment(segments[-1].text.rstrip(" "), segments[-1].style)
        yield segments, start
        start = cut
