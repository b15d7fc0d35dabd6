"""A scroll view that grows without a layout of the screen. All private doors into Textual are here.

`Widget.virtual_size` is a reactive with ``layout=True``: assigning it walks through every widget of the screen, once
per flush. Setting it without its watchers, with the scroll bar's own figures, costs nothing; the bar is always there
(``overflow-y: scroll``), so that no layout depends on it.
"""

from __future__ import annotations

from typing import Any

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class SteadyScrollView(ScrollView):
    """Lines that are drawn by `render_line`, in a view that never animates."""

    DEFAULT_CSS = """
    SteadyScrollView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
    }
    """

    _is_jumping = False

    def set_rows(self, rows: int) -> None:
        """Say how many rows there are."""
        size = Size(self.scrollable_content_region.width, rows)
        if size == self.virtual_size:
            return
        self.set_reactive(Widget.virtual_size, size)
        bar = self.vertical_scrollbar
        bar.window_virtual_size = rows
        bar.window_size = self.size.height

    def jump(self, row: int) -> None:
        """Show another row at the top, without telling `scrolled`."""
        row = max(0, min(row, self.max_scroll_y))
        self._is_jumping = True
        try:
            self.set_reactive(Widget.scroll_target_y, row)
            self.set_reactive(Widget.scroll_y, row)
            self.vertical_scrollbar.position = row
        finally:
            self._is_jumping = False
        self.refresh()

    def scrolled(self, before: int, now: int) -> None:
        """The person moved the view."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's own watcher, then ours."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_jumping and round(old_value) != round(new_value):
            self.scrolled(round(old_value), round(new_value))

    def _scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> bool:
        # An animation goes on to figures of its own while heights are being corrected under it.
        options.update(animate=False)
        return super()._scroll_to(x, y, **options)
