"""Where in a message some words stand: the view goes there, and shows them for a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from textual.timer import Timer

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.marking import MarkingView
from orchat.tui.transcript.view import BODY, Place, View

FOUND_S = 4.0
"""Seconds for which words that were looked for stand out."""


class Found(NamedTuple):
    """Words in a line."""

    line: int
    """Number of the logical line in the text of the message."""
    spans: tuple[tuple[int, int], ...]
    """First character and the one after the last of each, in that line."""


def find(lines: Sequence[str], words: Iterable[str]) -> Found | None:
    """The first of the lines that hold most of some words.

    Args:
        lines: Logical lines.
        words: Letters of any case; empty ones are none.
    """
    wanted = sorted({word.casefold() for word in words if word.strip()}, key=len, reverse=True)
    if not wanted:
        return None
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    best, most = None, 0
    for number, line in enumerate(lines):
        matches = list(pattern.finditer(line))
        different = len({match.group().casefold() for match in matches})
        if different > most:
            best, most = Found(number, tuple(match.span() for match in matches)), different
    return best


class FindingView(MarkingView):
    """Entries among which words can be shown.

    Args:
        **options: Textual's own.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._found: tuple[View, Found] | None = None
        self._found_timer: Timer | None = None

    def show_text(self, entry: Entry, words: Iterable[str]) -> bool:
        """Mark a message, go to the line that holds most of some words, and let them stand out for a moment.

        Args:
            entry: The message.
            words: As they were found; of any case.

        Returns:
            False when none of them is in what is shown of the message; it is marked all the same.

        Raises:
            KeyError: The entry is not in this transcript.
        """
        self.mark(entry)
        self.forget_text()
        view = self._stack.view_of(entry)
        found = find(view.sections[BODY].lines, words) if view.sections is not None else None
        if found is None:
            return False
        self._found = (view, found)
        self._found_timer = self.set_timer(FOUND_S, self.forget_text)
        view.painted.clear()
        self._bring(view, view.row_of(Place(BODY, found.line, found.spans[0][0])))
        self.refresh()
        return True

    def forget_text(self) -> None:
        """Let no words stand out any more."""
        if self._found_timer is not None:
            self._found_timer.stop()
        if self._found is not None:
            self._found[0].painted.clear()
            self.refresh()
        self._found = self._found_timer = None

    def _bring(self, view: View, row: int) -> None:
        """Put a row of an entry where it can be read with what stands around it, unless it is on the screen."""
        stack, rows = self._stack, self.size.height
        at = stack.top(view) + row
        if self.scroll_offset.y <= at < self.scroll_offset.y + rows:
            return
        self._leave()
        top = stack.climb(at, rows // 3)
        stack.lay_out_down(top, rows)
        self.set_rows(stack.height)
        self.jump(top)
        self._notice_position()

    def _found_in(self, view: View, section: int, line: int) -> Sequence[tuple[int, int]]:
        """What stands out in a logical line."""
        if self._found is None or section != BODY or self._found[0] is not view or self._found[1].line != line:
            return ()
        return self._found[1].spans
