"""What Markdown becomes: rows for the screen, logical lines for the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.segment import Segment
from rich.style import Style

Run: TypeAlias = tuple[str, Style]
"""Text of one style, without a newline."""
Deco: TypeAlias = tuple[Segment, ...]
"""Decoration beside the text: bullets, bars, padding. It is never selected."""


class Row(NamedTuple):
    """One row on the screen."""

    prefix: Deco
    """Left of the text."""
    text: Sequence[Segment]
    """The text itself."""
    line: int
    """Number of the logical line it is a part of."""
    start: int = 0
    """Where in that logical line it starts, in characters."""
    suffix: Deco = ()
    """Right of the text."""
    fill: Style | None = None
    """Ground up to the right edge; None: the transcript's own."""

    @property
    def shown(self) -> str:
        """All that is visible in this row, without trailing spaces."""
        return "".join(segment.text for segment in (*self.prefix, *self.text, *self.suffix)).rstrip()


class Mark(NamedTuple):
    """A length of a section."""

    rows: int
    """Rows."""
    lines: int
    """Logical lines."""
    codes: int
    """Code blocks."""


class Section:
    """Rows that grow at their end, with the logical lines they show and the code blocks among them."""

    __slots__ = ("_unchanged", "codes", "lines", "rows")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.lines: list[str] = []
        self.codes: list[str] = []
        self._unchanged = 0

    @property
    def mark(self) -> Mark:
        """The present length."""
        return Mark(len(self.rows), len(self.lines), len(self.codes))

    @property
    def shown(self) -> list[str]:
        """What is visible, row by row."""
        return [row.shown for row in self.rows]

    def truncate(self, mark: Mark) -> None:
        """Go back to an earlier length."""
        del self.rows[mark.rows :]
        del self.lines[mark.lines :]
        del self.codes[mark.codes :]
        self._unchanged = min(self._unchanged, mark.rows)

    def take_unchanged(self) -> int:
        """How many rows at the top are the same as when this was asked last."""
        unchanged, self._unchanged = self._unchanged, len(self.rows)
        return unchanged

    def blank(self, prefix: Deco = ()) -> None:
        """Add an empty row."""
        self.rows.append(Row(prefix, (), len(self.lines)))
        self.lines.append("")
