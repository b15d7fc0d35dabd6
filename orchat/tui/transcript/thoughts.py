"""A model's thoughts: plain text, wrapped, complete lines drawn once."""

from __future__ import annotations

from orchat.domain.clean import Cleaner
from orchat.tui.transcript.inline import plain
from orchat.tui.transcript.pen import Pen
from orchat.tui.transcript.rows import Section
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.wrap import LEAST

LONG_LINE = 8_000
"""Characters from which on an unfinished line is broken off, so that it is not wrapped again and again."""


class Thoughts:
    """Plain text that is still being written.

    Args:
        look: Styles and signs.
        width: Columns.
    """

    def __init__(self, look: Look, width: int) -> None:
        self.section = Section()
        self._cleaner = Cleaner()
        self._pending: list[str] = []
        self._style = look.palette.dim
        self._width = max(LEAST, width)
        self._settled = self.section.mark
        self._line = ""

    def feed(self, text: str) -> None:
        """Take in more text; nothing is drawn yet."""
        self._pending.append(text)

    def flush(self) -> int | None:
        """Draw what was taken in.

        Returns:
            How many rows at the top are unchanged, or None when there was nothing new.
        """
        new = self._cleaner.feed("".join(self._pending))
        self._pending.clear()
        if not new:
            return None
        section = self.section
        section.truncate(self._settled)
        pen = Pen(section, self._width)
        *complete, self._line = (self._line + new).split("\n")
        for line in complete:
            self._write(line, pen)
        while len(self._line) > LONG_LINE:
            cut = self._line.rfind(" ", 0, LONG_LINE) + 1 or LONG_LINE
            self._write(self._line[:cut], pen)
            self._line = self._line[cut:]
        self._settled = section.mark
        if self._line.strip():
            self._write(self._line, pen)
        return section.take_unchanged()

    def _write(self, line: str, pen: Pen) -> None:
        text = plain(line).rstrip()
        if text:
            pen.line([(text, self._style)])
        elif pen.section.rows and pen.section.lines[-1]:
            pen.blank()
