"""Tables: columns as wide as they need to be, cells wrapped where they must be, and records where nothing fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rich.segment import Segment

from orchat.tui.transcript.pen import Pen
from orchat.tui.transcript.rows import Run
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.wrap import cells, wrapped

Align: TypeAlias = Literal["left", "center", "right"]
Cell: TypeAlias = list[list[Run]]
"""Runs by line."""

GAP = 2
"""Columns between two columns."""
LEAST = 4
"""Columns that every column gets; a table that needs more is shown as records."""
SAMPLE = 100
"""Rows that decide how wide the columns are, so that a row further down moves nothing."""


def size_of(cell: Cell) -> int:
    """Columns that a cell would like to have."""
    return max((sum(cells(text) for text, _ in line) for line in cell), default=0)


def column_widths(rows: Sequence[Sequence[Cell]], count: int, room: int) -> list[int] | None:
    """How wide the columns are.

    Args:
        rows: Header and body; only the first `SAMPLE` decide.
        count: Number of columns.
        room: Columns of the screen for the whole table.

    Returns:
        A width for each column, or None when they do not fit beside each other.
    """
    room -= GAP * (count - 1)
    wanted = [1] * count
    for row in rows[: SAMPLE + 1]:
        for number, cell in enumerate(row[:count]):
            wanted[number] = max(wanted[number], size_of(cell))
    if len(rows) > SAMPLE + 1:
        wanted = [max(LEAST, size) for size in wanted]  # a row further down may hold more than the sample showed
    if sum(wanted) <= room:
        return wanted
    if room < count * LEAST:
        return None
    left, widths = room, list(wanted)
    for done, number in enumerate(sorted(range(count), key=wanted.__getitem__)):
        widths[number] = min(wanted[number], left // (count - done))
        left -= widths[number]
    return widths


class TableWriter:
    """Draws rows of one table.

    Args:
        pen: Where to draw.
        look: Styles.
        head: The header's cells.
        aligns: Alignment by column.
        widths: From `column_widths`.
    """

    def __init__(
        self, pen: Pen, look: Look, *, head: Sequence[Cell], aligns: Sequence[Align], widths: list[int] | None
    ) -> None:
        self._pen = pen
        self._look = look
        self._head = head
        self._aligns = aligns
        self._widths = widths
        self._was_tall = False
        self._is_first = True

    def draw_head(self) -> None:
        """Draw the header, which records do not have."""
        if self._widths is not None:
            self._draw_row(self._head)
            self._is_first = True

    def draw(self, row: Sequence[Cell]) -> None:
        """Draw a row of the body."""
        if self._widths is None:
            self._draw_record(row)
        else:
            self._draw_row(row)

    def _draw_row(self, row: Sequence[Cell]) -> None:
        widths = self._widths or []
        columns = [
            [piece for line in (row[n] if n < len(row) else []) for piece, _ in wrapped(line, width)]
            for n, width in enumerate(widths)
        ]
        height = max(map(len, columns), default=1) or 1
        # Rows of one line need no rule between them; tall ones are told apart by an empty row.
        if (height > 1 or self._was_tall) and not self._is_first:
            self._pen.blank()
        self._was_tall = height > 1
        self._is_first = False
        for number in range(height):
            segments: list[Segment] = []
            for column, (pieces, width) in enumerate(zip(columns, widths, strict=True)):
                if column:
                    segments.append(Segment(" " * GAP))
                piece = pieces[number] if number < len(pieces) else []
                segments.extend(self._aligned(piece, width, self._aligns[column]))
            self._pen.row(segments)

    @staticmethod
    def _aligned(piece: list[Segment], width: int, align: Align) -> list[Segment]:
        missing = width - sum(cells(segment.text) for segment in piece)
        if missing <= 0:
            return piece
        before = 0 if align == "left" else missing if align == "right" else missing // 2
        padded = [Segment(" " * before)] if before else []
        padded.extend(piece)
        if missing > before:
            padded.append(Segment(" " * (missing - before)))
        return padded

    def _draw_record(self, row: Sequence[Cell]) -> None:
        if not self._is_first:
            self._pen.blank()
        self._is_first = False
        dim = self._look.palette.dim
        for number, cell in enumerate(row):
            name: list[Run] = []
            if number < len(self._head) and self._head[number]:
                name = [(text, dim) for text, _ in self._head[number][0]]
            for line in cell or [[]]:
                self._pen.line([*name, (": ", dim), *line] if name else line)
                name = []
