"""Markdown on a terminal as it arrives: what is finished is written once and scrolls away like any other output.

Only the block that is still open is drawn again, in place, and only the rows of it that are still on the screen.
Nothing is taken back that has left it: rows that go out at the top count as said, and when the block is closed, what
follows them is found by their text. Nothing here writes; a frame is text for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from orchat.domain.clean import REPLACEMENT, is_clean
from orchat.tui.transcript.rows import Row
from orchat.tui.transcript.stream import MarkdownStream
from orchat.tui.transcript.styles import Look, Palette
from orchat.tui.transcript.wrap import cells

WIDEST = 100
"""Columns of a line of text; longer ones are hard to read."""

_DIM = Style(dim=True)
_YELLOW, _GREEN, _CYAN, _RED = (Style(color=name) for name in ("yellow", "green", "cyan", "red"))
COLOURED = Palette(
    accent=Style(color="green", bold=True),
    you=_YELLOW,
    error=_RED,
    code=_CYAN,
    syntax={
        "comment": Style(dim=True, italic=True),
        "keyword": Style(color="magenta"),
        "string": _GREEN,
        "number": _YELLOW,
        "function": Style(color="blue", bold=True),
        "builtin": _CYAN,
        "error": _RED,
    },
)
"""The terminal's own sixteen colours, which its owner has chosen for its ground."""


class Scroll:
    """An answer on its way down the screen.

    Args:
        colours: Whether the terminal may be coloured.
    """

    def __init__(self, *, colours: bool) -> None:
        self._look = Look(palette=COLOURED if colours else Palette(), copy_hint="", whole_links=True)
        self._stream = MarkdownStream(self._look, WIDEST)
        self._columns = 0
        self._said = Said()
        self._open: Sequence[Row] = ()
        self._shown: list[str] = []
        self._is_cropped = False
        self._has_above = False

    def feed(self, text: str) -> None:
        """Take in a piece of foreign text."""
        self._stream.feed(text)

    def frame(self, columns: int, lines: int) -> str:
        """Draw what was taken in.

        Args:
            columns: Of the terminal, as it is now.
            lines: Of the terminal.

        Returns:
            What the terminal has to be sent; empty when there is nothing new.
        """
        room = max(1, lines - 1)
        is_other = columns != self._columns
        left = self._fit(columns, room)
        if self._stream.flush() is None and not is_other:
            return ""
        return left + self._painted(room)

    def finish(self, columns: int, lines: int) -> str:
        """Draw the rest; afterwards the cursor stands at the beginning of an empty line."""
        room = max(1, lines - 1)
        left = self._fit(columns, room)
        self._stream.finish()
        return left + self._painted(room)

    def _fit(self, columns: int, room: int) -> str:
        """Lay out for another width, from what can be drawn again on."""
        if columns == self._columns:
            return ""
        left = self._leave(columns, room) if self._columns else ""
        self._columns = columns
        self._stream = self._stream.resized(min(WIDEST, max(1, columns - 1)))
        self._said.base = 0
        return left

    def _leave(self, columns: int, room: int) -> str:
        """Take back the rows that are still one row each; of the others nobody knows how they are wrapped now."""
        rows, self._open, self._shown = self._open, (), []
        fitting = 0
        while fitting < min(len(rows), room) and cells(rows[-1 - fitting].shown) < columns:
            fitting += 1
        if not self._is_cropped:
            self._said.add(rows[: len(rows) - fitting])
        back = f"\r{_up(fitting - 1)}\x1b[J" if fitting else "\n" if rows else ""
        if not (self._has_above and self._said.is_new):
            return back
        self._said.skip()
        return f"{back}\n"

    def _painted(self, room: int) -> str:
        """Bring the screen up to date: write what is final, show what is open below it."""
        self._let_go(len(self._shown) - room)
        closed = self._stream.closed
        first, rows = self._said.rest(self._stream.section.rows)
        self._said.close(self._stream.section.rows[:closed])
        final = max(0, closed - first)
        self._has_above = self._has_above or final > 0
        over = max(0, len(rows) - final - room)
        self._is_cropped = over > 0 and self._stream.is_fluid
        if self._is_cropped:
            del rows[final : final + over]
        else:
            self._said.add(rows[final : final + over])
            final += over
        before, news = self._shown, [painted(row) for row in rows]
        self._open, self._shown = rows[final:], news[final:]
        return _difference(before, news, stays=bool(self._shown))

    def _let_go(self, over: int) -> None:
        """The terminal has become so low that rows went out at the top."""
        if over > 0:
            if not self._is_cropped:
                self._said.add(self._open[:over])
            self._open, self._shown = self._open[over:], self._shown[over:]


class Said:
    """What of the open block has left the screen, by its text: the block may be laid out differently later.

    Args:
        base: The row that the block begins at.
    """

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self._text = ""
        self._empty = 0

    @property
    def is_new(self) -> bool:
        """Whether nothing was said yet."""
        return not self._text and not self._empty

    def add(self, rows: Iterable[Row]) -> None:
        """These rows were said."""
        for row in rows:
            text = _text_of(row)
            self._text += text
            self._empty = 0 if text else self._empty + 1

    def close(self, rows: Sequence[Row]) -> None:
        """The blocks that these rows are all of are closed: the next one begins behind them."""
        if len(rows) > self.base:
            size = sum(len(_text_of(row)) for row in rows[self.base :])
            self._empty = self._empty if len(self._text) > size else 0
            self._text = self._text[size:]
            self.base = len(rows)

    def skip(self) -> None:
        """The empty row before the block was said, which a layout that begins with it does not have."""
        self._empty = 1

    def rest(self, rows: Sequence[Row]) -> tuple[int, list[Row]]:
        """What goes on where the text that was said ends: the number of its first row, and its rows.

        Where the layout now says something else, it is said again from there: better twice than never.
        """
        done = 0
        for number in range(self.base, len(rows)):
            text, left = _text_of(rows[number]), self._text[done:]
            if not left:
                number = self._after(rows, number)
                return number, list(rows[number:])
            if not left.startswith(text):
                if text.startswith(left):
                    return number, [_without(rows[number], len(left)), *rows[number + 1 :]]
                self._text, self._empty = self._text[:done], 0
                return number, list(rows[number:])
            done += len(text)
        return len(rows), []

    def _after(self, rows: Sequence[Row], number: int) -> int:
        """Past the empty rows that were said behind the text."""
        stop = min(len(rows), number + self._empty)
        while number < stop and not _text_of(rows[number]):
            number += 1
        return number


def painted(row: Row) -> str:
    """A row as a terminal wants it; code begins at the left edge, so that it can be copied."""
    prefix = row.prefix[:-1] if row.fill is not None else row.prefix
    parts = [_run(segment.text, segment.style) for segment in (*prefix, *row.text, *row.suffix)]
    return "".join(parts).rstrip(" ")


def _run(text: str, style: Style | None) -> str:
    """A run in its style. Whatever went wrong before, no control character passes."""
    if not is_clean(text) or "\n" in text:
        text = "".join(char if is_clean(char) and char != "\n" else REPLACEMENT for char in text)
    return text if style is None else _unlinked(style).render(text, color_system=ColorSystem.STANDARD)


@lru_cache(maxsize=256)
def _unlinked(style: Style) -> Style:
    """Links are told in words: not every terminal knows the sequence for them."""
    return style.update_link(None)


def _text_of(row: Row) -> str:
    """The text of a row without its spaces, which another width would change."""
    return "".join("".join(segment.text for segment in row.text).split())


def _without(row: Row, said: int) -> Row:
    """A row without its first characters, not counting spaces, and without the bullet that was said with them."""
    left: list[Segment] = []
    for text, style, _ in row.text:
        start = 0
        while said and start < len(text):
            said -= not text[start].isspace()
            start += 1
        left.append(Segment(text[start:].lstrip() if not left else text[start:], style))
    indent = Segment(" " * sum(cells(segment.text) for segment in row.prefix))
    return row._replace(prefix=(indent,), text=[segment for segment in left if segment.text])


def _difference(before: Sequence[str], rows: Sequence[str], *, stays: bool) -> str:
    """What turns some rows, with the cursor at the end of the last one, into others.

    Args:
        before: What is on the screen; the cursor is on an empty line when that is nothing.
        rows: What shall be there instead.
        stays: The cursor stays at the end of the last one, instead of going to a line of its own.
    """
    end = "" if stays or not rows else "\n"
    if not before:
        return "\n".join(rows) + end
    if list(before) == list(rows) and stays:
        return ""
    same = 0
    while same < min(len(before), len(rows)) - 1 and before[same] == rows[same]:
        same += 1
    up = len(before) - 1 - same
    if not up and len(rows) > same and rows[same].startswith(before[same]):
        return "\n".join([rows[same][len(before[same]) :], *rows[same + 1 :]]) + end
    return f"\r{_up(up)}" + "\x1b[K\n".join(rows[same:]) + f"\x1b[J{end}"


def _up(rows: int) -> str:
    return f"\x1b[{rows}A" if rows else ""
