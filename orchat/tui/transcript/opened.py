"""Blocks that are drawn line by line while they arrive: fenced code and tables."""

from __future__ import annotations

import re
from typing import NamedTuple

from orchat.domain.fences import Fence
from orchat.tui.transcript.blocks import Renderer
from orchat.tui.transcript.code import highlighted, language_of
from orchat.tui.transcript.pen import Pen
from orchat.tui.transcript.rows import Mark, Section
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.table import SAMPLE, Align, Cell, TableWriter, column_widths

CHECKPOINT = 60
"""Lines of code that are highlighted again with every flush, at most about these."""

_RULE_CELL = re.compile(r"\s*(:?)-+(:?)\s*")
_BAR = re.compile(r"(?<!\\)\|")
_FORMULA = re.compile(r" {0,3}(?:\$\$|\\\[)")
_OTHER_BLOCK = re.compile(
    r" {0,3}(?:#{1,6}(?:\s|$)|>|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$)|`{3}|~{3}|(?:[-*_][ \t]*){3,}$)| {4}|\t"
)


class Progress(NamedTuple):
    """How far an open block has come."""

    tail: int
    """Offset of the text that was not taken in yet."""
    settled: Mark
    """What will not change until the block is closed."""
    is_closed: bool = False
    """Whether the block ended before `tail`."""
    is_unsure: bool = False
    """Whether only the parser can tell how the block goes on."""


class OpenCode:
    """A code block whose end has not come: highlighted from a checkpoint on.

    Args:
        fence: Its first line.
        renderer: Draws its label.
        look: Styles and signs.
        width: Columns.
    """

    def __init__(self, fence: Fence, renderer: Renderer, look: Look, width: int) -> None:
        self._fence = fence
        self._language = language_of(fence.info)
        self._renderer = renderer
        self._look = look
        self._width = width
        self._lines: list[str] = []
        self._checkpoint = 0

    def draw(self, text: str, tail: int, section: Section) -> Progress:
        """Draw the lines that are not settled, the one that is still written, and the label."""
        while (end := line_end(text, tail)) is not None:
            line = text[tail : end - 1]
            tail = end
            if self._fence.closes(line):
                return Progress(tail, section.mark, is_closed=True)
            self._lines.append(self._fence.content(line))
        first = self._checkpoint
        self._move_checkpoint()
        lines = self._lines[first:]
        partial = text[tail:]
        if partial and not self._fence.might_close(partial):
            lines = [*lines, self._fence.content(partial)]
        settled = self._draw_lines(lines, self._checkpoint - first, section)
        section.codes.append("\n".join([*self._lines, partial] if partial else self._lines))
        self._renderer.label(self._language, Pen(section, self._width))
        return Progress(tail, settled)

    def _draw_lines(self, lines: list[str], settling: int, section: Section) -> Mark:
        pen = Pen(section, self._width)
        settled = section.mark
        if not lines:
            return settled
        for number, runs in enumerate(highlighted("\n".join(lines), self._language, self._look.palette)):
            if number == settling:
                settled = section.mark
            pen.filled(runs, self._look.palette.ground)
        return settled

    def _move_checkpoint(self) -> None:
        """Put the checkpoint where something new begins: a line without indentation after an empty one."""
        lines, last = self._lines, len(self._lines) - 1
        if last - self._checkpoint < CHECKPOINT:
            return
        for number in range(last, self._checkpoint, -1):
            if lines[number][:1].strip() and not lines[number - 1].strip():
                self._checkpoint = number
                return
        self._checkpoint = last - CHECKPOINT // 6


def cells_of(line: str) -> list[str]:
    """The source of each cell of a table row."""
    bare = line.strip()
    bare = bare.removeprefix("|")
    if bare.endswith("|") and not bare.endswith("\\|"):
        bare = bare[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(bare)]


def is_table(head: str, rule: str) -> bool:
    """Whether two complete lines begin a table."""
    if "|" not in head or "-" not in rule or _OTHER_BLOCK.match(head):
        return False
    marks = cells_of(rule)
    return len(marks) == len(cells_of(head)) and all(_RULE_CELL.fullmatch(mark) for mark in marks)


class OpenTable:
    """A table whose end has not come: only its new rows are parsed.

    Args:
        head: First line.
        rule: Second line, which says how the columns are aligned.
        renderer: Draws the cells.
        width: Columns of the screen.
        base: Where in the section it begins.
    """

    def __init__(self, head: str, rule: str, renderer: Renderer, width: int, base: Mark) -> None:
        self._renderer = renderer
        self._width = width
        self._base = base
        self._aligns = [_align(mark) for mark in cells_of(rule)]
        self._rows: list[list[Cell]] = [[renderer.cell(cell, is_head=True) for cell in cells_of(head)]]
        self._widths: list[int] | None = None
        self._writer: TableWriter | None = None

    def draw(self, text: str, tail: int, section: Section) -> Progress:
        """Draw the rows that have arrived whole."""
        known = len(self._rows)
        while (end := line_end(text, tail)) is not None:
            line = text[tail:end]
            if _FORMULA.match(line):
                return Progress(tail, section.mark, is_unsure=True)
            if not line.strip() or _OTHER_BLOCK.match(line):
                return Progress(tail, section.mark, is_closed=True)
            cells = cells_of(line)[: len(self._aligns)]
            self._rows.append([self._renderer.cell(cell, is_head=False) for cell in cells])
            tail = end
        if self._writer is None or (known <= SAMPLE + 1 and self._must_change()):
            section.truncate(self._base)
            self._widths = column_widths(self._rows, len(self._aligns), self._width)
            self._writer = self._renderer.table(self._rows, self._aligns, Pen(section, self._width))
        else:
            for row in self._rows[known:]:
                self._writer.draw(row)
        return Progress(tail, section.mark)

    def _must_change(self) -> bool:
        return column_widths(self._rows, len(self._aligns), self._width) != self._widths


def _align(mark: str) -> Align:
    left, right = mark.startswith(":"), mark.endswith(":")
    return "center" if left and right else "right" if right else "left"


def line_end(text: str, start: int) -> int | None:
    """Offset after the newline that ends the line at `start`, or None while it is incomplete."""
    end = text.find("\n", start)
    return None if end < 0 else end + 1
