"""Which message keys are meant for: one of them can be marked."""

from __future__ import annotations

from typing import Any

from rich.segment import Segment
from textual.message import Message

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.following import FollowingView
from orchat.tui.transcript.paint import MARGIN
from orchat.tui.transcript.view import View


class MarkingView(FollowingView):
    """Entries of which one may be marked.

    Args:
        **options: Textual's own.
    """

    class Marked(Message, namespace="transcript"):
        """Another message is marked, or none."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._mark: View | None = None

    @property
    def marked(self) -> Entry | None:
        """The message that is marked."""
        return self._mark.entry if self._mark is not None else None

    def mark(self, entry: Entry | None) -> None:
        """Mark a message and bring it into view; None: none.

        Raises:
            KeyError: The entry is not in this transcript.
        """
        view = None if entry is None else self._stack.view_of(entry)
        if view is not None:
            self._reveal(view)
        self._set_mark(view)

    def move_mark(self, by: int) -> bool:
        """Mark the message before or after the marked one; without one, going up marks the newest.

        Args:
            by: 1 or -1.

        Returns:
            False when there is none further down; the mark is gone then.
        """
        views = self._stack.views
        index = (self._mark.index if self._mark is not None else len(views)) + by
        if not views or index >= len(views):
            self._set_mark(None)
            return False
        self.mark(views[max(0, index)].entry)
        return True

    def _set_mark(self, view: View | None) -> None:
        before, self._mark = self._mark, view
        if before is view:
            return
        for changed in (before, view):
            if changed is not None:
                changed.painted.clear()
        self.refresh()
        self.post_message(self.Marked(self.marked))

    def _remark(self) -> None:
        """After entries were taken out or replaced: what took the place of the marked one is marked."""
        view, views = self._mark, self._stack.views
        if view is None or self._stack.holds(view):
            return
        if views:
            self.mark(views[min(view.index, len(views) - 1)].entry)
        else:
            self._set_mark(None)

    def _reveal(self, view: View) -> None:
        """Scroll as little as shows the whole message, or its beginning where it is too long."""
        stack, rows = self._stack, self.size.height
        if not stack.width:
            return
        if stack.lay_out(view):
            stack.moved(view.index)
            self.set_rows(stack.height)
        top, first = stack.top(view), self.scroll_offset.y
        last = top + view.height - 1
        if first <= top and last <= first + rows:
            return
        self._leave()
        if top < first or view.height > rows:
            self._hold((view, view.place_of(0)))
        else:
            row = stack.climb(last, rows)
            stack.lay_out_down(row, rows)
            self.set_rows(stack.height)
            self.jump(row)
        self._notice_position()

    def _margin(self, view: View, number: int) -> Segment:
        """What stands left of a row: the mark runs along the whole message."""
        if view is not self._mark or number >= view.height - 1:
            return Segment(" " * MARGIN)
        look = self._stack.look
        return Segment(look.signs.mark.ljust(MARGIN), look.palette.accent)
