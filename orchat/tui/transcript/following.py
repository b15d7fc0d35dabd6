"""Which part of the entries is on the screen: the newest line while the person is there, else what they look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.message import Message

from orchat.tui.transcript.scrolling import SteadyScrollView
from orchat.tui.transcript.stack import Stack
from orchat.tui.transcript.view import Place, View

NEAR = 8
"""Screens that the view may go up and still be walked by exact heights."""


class FollowingView(SteadyScrollView):
    """Entries under each other, of which only those on the screen are laid out.

    Args:
        **options: Textual's own.
    """

    class FollowChanged(Message, namespace="transcript"):
        """The view follows the newest line, or it does not; or there is more below it."""

        def __init__(self, following: bool, unseen_lines: int) -> None:
            super().__init__()
            self.following = following
            self.unseen_lines = unseen_lines

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._stack = Stack()
        self._following = True
        self._seen: tuple[View, int] | None = None
        self._told = (True, 0)

    @property
    def following(self) -> bool:
        """Whether the view stays at the newest line."""
        return self._following

    @property
    def unseen_lines(self) -> int:
        """Rows below that were not on the screen yet."""
        if self._following or self._seen is None:
            return 0
        view, row = self._seen
        return max(0, self._stack.height - self._stack.top(view) - row)

    def follow(self) -> None:
        """Go to the newest line and stay there."""
        self._following, self._seen = True, None
        self._restore(None)

    def _leave(self) -> None:
        if self._following:
            self._seen = self._end()
        self._following = False

    def _end(self) -> tuple[View, int] | None:
        views = self._stack.views
        return (views[-1], views[-1].height) if views else None

    def _anchor(self) -> tuple[View, Place] | None:
        if not self._stack.views:
            return None
        view, row = self._stack.at(self.scroll_offset.y)
        return view, view.place_of(row)

    @contextmanager
    def _steady(self) -> Iterator[None]:
        """Whatever changes, what is at the top of the screen stays there, or the newest line at the bottom."""
        anchor = None if self._following else self._anchor()
        yield
        self._restore(anchor)

    def _restore(self, anchor: tuple[View, Place] | None) -> None:
        if not self._stack.width:
            return
        if self._following or anchor is None:
            self._stack.lay_out_end(self.size.height)
            self.set_rows(self._stack.height)
            self.jump(self._stack.height)
            self._following, self._seen = True, None
            self._notice()
        else:
            self._hold(anchor)
            self._notice_position()

    def _hold(self, anchor: tuple[View, Place]) -> None:
        """Put a place to the top of the screen."""
        view, place = anchor
        stack = self._stack
        row = self.scroll_offset.y
        if stack.holds(view):
            if stack.lay_out(view):
                stack.moved(view.index)
            row = stack.top(view) + view.row_of(place)
        stack.lay_out_down(row, self.size.height)
        self.set_rows(stack.height)
        self.jump(row)

    def scrolled(self, before: int, now: int) -> None:
        """The person moved the view: lay out what came into it, so that nothing jumps."""
        stack, rows = self._stack, self.size.height
        if not stack.views or not stack.width:
            return
        up = before - now
        row = stack.climb(before, up) if 0 < up <= NEAR * rows else now
        stack.lay_out_down(row, rows)
        self.set_rows(stack.height)
        if up > 0:
            self._leave()
        if row != now:
            self.jump(row)
        self._notice_position()

    def _notice_position(self) -> None:
        """Follow again at the end; else remember how far down the person has read."""
        stack = self._stack
        if self.scroll_offset.y >= self.max_scroll_y:
            self._following, self._seen = True, None
            self._restore(None)
            return
        self._leave()
        bottom = self.scroll_offset.y + self.size.height
        if self._seen is None or bottom > stack.top(self._seen[0]) + self._seen[1]:
            view, row = stack.at(bottom - 1)
            self._seen = (view, row + 1)
        self._notice()

    def _notice(self) -> None:
        """Tell when following began or ended, or when there is more below."""
        if self._seen is not None and not self._stack.holds(self._seen[0]):
            self._seen = self._end()
        now = (self._following, self.unseen_lines)
        if now != self._told:
            self._told = now
            self.post_message(self.FollowChanged(*now))
