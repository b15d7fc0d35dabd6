"""Where the entries of a transcript stand: which are above each other, and on which row each begins."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.view import View

KEPT = 100
"""Entries whose rows are kept; the others are laid out again when they come into view."""


class Stack:
    """Entries under each other. Those that were never seen have a guessed height."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.look = Look()
        self.width = 0
        self._tops: list[int] = [0]
        self._by_entry: dict[int, View] = {}
        self._laid_out: dict[View, None] = {}

    def __len__(self) -> int:
        return len(self.views)

    @property
    def height(self) -> int:
        """Rows of all entries."""
        return self._tops[-1]

    def top(self, view: View) -> int:
        """The row at which an entry begins."""
        return self._tops[view.index]

    def view_of(self, entry: Entry) -> View:
        """How an entry is shown.

        Raises:
            KeyError: The entry is not in this transcript.
        """
        return self._by_entry[id(entry)]

    def holds(self, view: View) -> bool:
        """Whether an entry was not taken out."""
        return view.index < len(self.views) and self.views[view.index] is view

    def append(self, entry: Entry) -> View:
        """Add an entry at the end."""
        view = View(entry)
        view.index = len(self.views)
        view.estimate(self.width)
        self.views.append(view)
        self._by_entry[id(entry)] = view
        self._tops.append(self._tops[-1] + view.height)
        return view

    def remove(self, entry: Entry) -> int:
        """Take an entry out.

        Returns:
            The index it had.
        """
        view = self._by_entry.pop(id(entry))
        self._laid_out.pop(view, None)
        del self.views[view.index]
        for index in range(view.index, len(self.views)):
            self.views[index].index = index
        self.moved(view.index)
        return view.index

    def cut(self, index: int) -> None:
        """Take all entries from an index on out."""
        for view in self.views[index:]:
            del self._by_entry[id(view.entry)]
            self._laid_out.pop(view, None)
        del self.views[index:]
        del self._tops[index + 1 :]

    def clear(self) -> None:
        """Take all entries out."""
        self.views.clear()
        self._by_entry.clear()
        self._laid_out.clear()
        self._tops = [0]

    def restyle(self, look: Look, width: int) -> None:
        """Lay out for another look or width, as entries come into view."""
        same_rows = width == self.width and look.signs is self.look.signs
        self.look, self.width = look, width
        self._laid_out.clear()
        for view in self.views:
            view.forget(keep_height=same_rows)
            if not view.is_exact:
                view.estimate(width)
        self.moved(0)

    def moved(self, index: int) -> None:
        """Count rows again from an entry on, after its height changed."""
        tops = self._tops
        if index == len(self.views) - 1:
            del tops[index + 1 :]
            tops.append(tops[index] + self.views[index].height)
            return
        heights = (view.height for view in self.views[index:])
        tops[index:] = list(accumulate(heights, initial=tops[index]))

    def at(self, row: int) -> tuple[View, int]:
        """The entry on a row, and which of the entry's rows it is; there must be an entry."""
        index = min(max(0, bisect_right(self._tops, row) - 1), len(self.views) - 1)
        view = self.views[index]
        return view, min(max(0, row - self._tops[index]), view.height - 1)

    def lay_out(self, view: View) -> bool:
        """Make sure that an entry has rows.

        Returns:
            Whether its height is another one now; `moved` must then be called.
        """
        if view.sections is not None:
            return False
        before = view.height
        view.lay_out(self.look, self.width)
        self._laid_out[view] = None
        if len(self._laid_out) > KEPT:
            oldest = next(iter(self._laid_out))
            del self._laid_out[oldest]
            oldest.forget(keep_height=True)
        return view.height != before

    def lay_out_down(self, row: int, rows: int) -> None:
        """Lay out what stands on some rows, from the top one on."""
        if not self.views:
            return
        index = self.at(row)[0].index
        while index < len(self.views) and self._tops[index] < row + rows:
            if self.lay_out(self.views[index]):
                self.moved(index)
            index += 1

    def lay_out_end(self, rows: int) -> None:
        """Lay out what stands on the last rows."""
        index, found = len(self.views), 0
        lowest: int | None = None
        while index > 0 and found < rows:
            index -= 1
            if self.lay_out(self.views[index]):
                lowest = index
            found += self.views[index].height
        if lowest is not None:
            self.moved(lowest)

    def climb(self, row: int, rows: int) -> int:
        """Lay out what stands above a row.

        Args:
            row: Row to start from.
            rows: How far to go up.

        Returns:
            The row that is so many rows above the one that stood on `row`, by exact heights.
        """
        view, offset = self.at(row)
        offset -= rows
        lowest: int | None = None
        while offset < 0 and view.index > 0:
            view = self.views[view.index - 1]
            if self.lay_out(view):
                lowest = view.index
            offset += view.height
        if lowest is not None:
            self.moved(lowest)
        return self.top(view) + max(0, offset)
