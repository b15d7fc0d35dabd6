"""Writes rows into a section: knows the decorations on the left and the columns that are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style

from orchat.tui.transcript.rows import Deco, Row, Run, Section
from orchat.tui.transcript.wrap import cells, wrapped

LEAST_TEXT = 16
"""Columns of text from which on further rows are not indented any more: there is no room to waste."""
LEAST_MARKED = 8
"""Columns of text from which on a mark is left out, too."""


class Pen:
    """A place to write in.

    Args:
        section: Where the rows go.
        width: Columns for text.
        first: Decoration of the next row.
        rest: Decoration of all rows after it.
        depth: Number of lists around it.
    """

    __slots__ = ("_first", "depth", "rest", "section", "width")

    def __init__(self, section: Section, width: int, first: Deco = (), rest: Deco = (), depth: int = 0) -> None:
        self.section = section
        self.width = width
        self.rest = rest
        self.depth = depth
        self._first = first

    def take(self) -> Deco:
        """The decoration of the next row."""
        first, self._first = self._first, self.rest
        return first

    def nested(self, mark: Run, hanging: Run, *, deeper: int = 0) -> Pen:
        """A pen that writes beside a mark: a bullet, a bar.

        Args:
            mark: Stands before the next row.
            hanging: Stands before the rows after it, as wide as `mark`.
            deeper: Lists entered.
        """
        size = cells(mark[0])
        left = self.width - size
        if left < LEAST_MARKED:
            return Pen(self.section, self.width, self.take(), self.rest, self.depth + deeper)
        first = (*self.take(), Segment(*mark))
        rest = self.rest if left < LEAST_TEXT else (*self.rest, Segment(*hanging))
        return Pen(self.section, left, first, rest, self.depth + deeper)

    def line(self, runs: Sequence[Run]) -> None:
        """Write a logical line in as many rows as it needs."""
        section = self.section
        number = len(section.lines)
        for segments, start in wrapped(runs, self.width):
            section.rows.append(Row(self.take(), segments, number, start))
        section.lines.append("".join([text for text, _ in runs]))

    def filled(self, runs: Sequence[Run], ground: Style) -> None:
        """Write a logical line on a ground that reaches to the right edge, one column inside it."""
        section = self.section
        number = len(section.lines)
        edge = Segment(" ", ground)
        for segments, start in wrapped(runs, self.width - 2):
            section.rows.append(Row((*self.take(), edge), segments, number, start, (), ground))
        section.lines.append("".join([text for text, _ in runs]))

    def row(self, segments: Iterable[Segment]) -> None:
        """Write a row that is laid out already and is a logical line of its own."""
        section = self.section
        parts = list(segments)
        section.rows.append(Row(self.take(), parts, len(section.lines)))
        section.lines.append("".join([segment.text for segment in parts]).rstrip())

    def aside(self, text: str, style: Style) -> None:
        """Write a label at the right edge, which cannot be selected."""
        room = Segment(" " * max(0, self.width - 1 - cells(text)))
        self.section.rows.append(Row((*self.take(), room, Segment(text, style)), (), len(self.section.lines)))
        self.section.lines.append("")

    def blank(self) -> None:
        """Write an empty row."""
        self.section.blank(self.take())
