"""A list of one-line rows that is drawn line by line, so that a thousand rows cost no more than ten."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    id: str
    """What the owner finds it again by."""
    draw: Callable[[int], Content]
    """Its line for a width in cells; asked only when it is shown."""
    is_heading: bool = False
    """Stands above others and cannot be chosen."""


class RowList(ScrollView, can_focus=True):
    """Rows to choose one from."""

    DEFAULT_CSS = """
    RowList {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        & > .rows--row { color: $foreground; }
        & > .rows--highlighted {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        &:ansi > .rows--highlighted { text-style: reverse; }
        &:nocolor > .rows--highlighted { text-style: reverse bold; }
    }
    """
    COMPONENT_CLASSES = {"rows--row", "rows--highlighted"}
    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    class Highlighted(Message):
        """Another row is highlighted."""

        def __init__(self, rows: RowList, row: Row | None) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    class Chosen(Message):
        """A row was chosen, by Enter or by a click."""

        def __init__(self, rows: RowList, row: Row) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._choices: Sequence[int] = ()
        self._at = 0
        self._empty = empty

    # ---- content ----

    @property
    def rows(self) -> Sequence[Row]:
        """What there is to choose from, and its headings."""
        return self._rows

    @property
    def highlighted(self) -> Row | None:
        """The row that Enter chooses."""
        return self._rows[self._at] if self._choices else None

    def set_rows(self, rows: Sequence[Row], *, highlight: str | None = None, empty: str | None = None) -> None:
        """Show other rows.

        Args:
            rows: In their order.
            highlight: Id of the row to highlight; None or an unknown one: the first that is no heading.
            empty: Said when there are none.
        """
        self._rows = rows
        if empty is not None:
            self._empty = empty
        self._choices = [index for index, row in enumerate(rows) if not row.is_heading]
        first = self._choices[0] if self._choices else 0
        self._at = next((index for index in self._choices if rows[index].id == highlight), first)
        self._resize()
        self.scroll_to(y=0, animate=False, immediate=True)
        self._changed()

    def redraw(self) -> None:
        """The rows are the same, but they look different."""
        self.refresh()

    def _resize(self) -> None:
        size = Size(self.scrollable_content_region.width, max(1, len(self._rows)))
        if size != self.virtual_size:
            self.virtual_size = size

    def _changed(self) -> None:
        heading = 1 if self._at and self._rows[self._at - 1].is_heading else 0
        region = Region(0, self._at - heading, 1, 1 + heading)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)
        self.refresh()
        self.post_message(self.Highlighted(self, self.highlighted))

    # ---- keys and mouse ----

    def action_move(self, by: int) -> None:
        """Highlight another row."""
        if not self._choices:
            return
        place = bisect_left(self._choices, self._at) + by
        target = self._choices[max(0, min(len(self._choices) - 1, place))]
        if target != self._at:
            self._at = target
            self._changed()

    def action_page(self, by: int) -> None:
        """Highlight a row one page away."""
        self.action_move(by * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        """Take the highlighted row."""
        if self.highlighted is not None:
            self.post_message(self.Chosen(self, self.highlighted))

    def on_click(self, event: events.Click) -> None:
        """Take the row under the pointer."""
        index = event.y + self.scroll_offset.y
        if 0 <= index < len(self._rows) and not self._rows[index].is_heading:
            self._at = index
            self._changed()
            self.action_choose()

    def on_resize(self, _event: events.Resize) -> None:
        """The lines follow the width."""
        self._resize()

    # ---- drawing ----

    def render_line(self, y: int) -> Strip:
        """One line of the list."""
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        name = "rows--row"
        if not self._rows:
            line = Content.styled(self._empty if index == 0 else "", "$dim")
        elif index >= len(self._rows):
            line = Content("")
        else:
            line = self._rows[index].draw(width)
            if index == self._at and self._choices:
                name, line = "rows--highlighted", Content(line.plain)
        style = self.get_visual_style(name)
        strips = Visual.to_strips(self, line.truncate(width, ellipsis=True), width, 1, style, pad=True)
        return strips[0] if strips else Strip.blank(width, style.rich_style)
