"""The conversation as one widget: only what is on the screen is laid out and painted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar, overload

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from orchat.domain.clean import clean
from orchat.tui.pictures.ground import ground_of
from orchat.tui.transcript.colours import palette_of
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.finding import FindingView
from orchat.tui.transcript.pacing import Pacer
from orchat.tui.transcript.paint import MARGIN, paint
from orchat.tui.transcript.painted import PaintedRow
from orchat.tui.transcript.styles import BOXED, PLAIN, Look
from orchat.tui.transcript.view import ENTRY_LINES, LINES, Place, View

WIDEST = 100
"""Most columns of text: longer lines are hard to read."""
FLUSH_S = 0.05
"""Seconds between two flushes of an answer that arrives."""


class Transcript(FindingView, can_focus=True, inherit_bindings=False):
    """Messages under each other, with native selection and clickable links.

    Args:
        flush_s: Seconds between two flushes of an answer that arrives; more where the terminal is far away.
        plain: No box drawing, words for roles.
        copy_hint: Shown beside the language of a code block.
        name: Textual's name.
        id: Textual's id.
        classes: Textual's classes.
    """

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    Transcript {
        height: 1fr;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "Up", show=False),
        Binding("down", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "Top", show=False),
        Binding("end", "scroll_end", "Newest", show=False),
    ]

    class LinkClicked(Message):
        """A link was clicked; nothing is opened yet."""

        def __init__(self, href: str) -> None:
            super().__init__()
            self.href = href

    class BranchClicked(Message):
        """The branch before or after that of the marked message is wanted."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class ChipClicked(Message):
        """An attachment was clicked."""

        def __init__(self, entry: Entry, index: int) -> None:
            super().__init__()
            self.entry = entry
            self.index = index

    class PicturesWanted(Message):
        """A message came into view whose pictures were not loaded yet; told once of each message."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(
        self,
        *,
        flush_s: float = FLUSH_S,
        plain: bool = False,
        copy_hint: str = "y copy",
        name: str | None = None,
        id: str | None = None,  # Textual's own word
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._stack.look = Look(signs=PLAIN if plain else BOXED, copy_hint=copy_hint)
        self._pacer = Pacer(flush_s)
        self._dirty: dict[View, None] = {}
        self._is_scheduled = False
        self._base = Style.null()

    # what is shown

    @property
    def entries(self) -> list[Entry]:
        """All messages, oldest first."""
        return [view.entry for view in self._stack.views]

    def set_entries(self, entries: list[Entry]) -> None:
        """Show another conversation, from its end."""
        self._stack.clear()
        self._set_mark(None)
        self.forget_text()
        self._dirty.clear()
        for entry in entries:
            self._stack.append(entry)
        self.follow()

    def add(self, entry: Entry) -> Entry:
        """Add a message at the end."""
        with self._steady():
            self._stack.append(entry)
        return entry

    def splice(self, at: int, entries: Iterable[Entry]) -> None:
        """Show other messages in the place of those from an index on."""
        with self._steady():
            for view in self._stack.views[at:]:
                self._dirty.pop(view, None)
            self._stack.cut(at)
            for entry in entries:
                self._stack.append(entry)
        self._remark()

    @overload
    def remove(self) -> AwaitRemove: ...

    @overload
    def remove(self, entry: Entry) -> None: ...

    def remove(self, entry: Entry | None = None) -> AwaitRemove | None:
        """Take a message out; without one, take the widget itself off the screen, as Textual does."""
        if entry is None:
            return super().remove()
        view = self._stack.view_of(entry)
        with self._steady():
            self._dirty.pop(view, None)
            self._stack.remove(entry)
        self._remark()
        return None

    def clear(self) -> None:
        """Take all messages out."""
        self.set_entries([])

    def update_entry(self, entry: Entry, **fields: Any) -> None:
        """Change fields of a message: facts, state, error, chips, and also its text.

        Raises:
            AttributeError: There is no such field.
        """
        view = self._stack.view_of(entry)
        with self._steady():
            for name, value in fields.items():
                setattr(entry, name, value)
            if {"source", "reasoning"} & fields.keys():
                view.finish()
            else:
                view.frame()
            self._stack.moved(view.index)

    def stream_text(self, entry: Entry, text: str) -> None:
        """Add a piece of an answer; it is drawn with the next flush."""
        view = self._stack.view_of(entry)
        view.write(text)
        self._schedule(view)

    def stream_reasoning(self, entry: Entry, text: str) -> None:
        """Add a piece of a model's thoughts; it is drawn with the next flush."""
        view = self._stack.view_of(entry)
        view.think(text)
        self._schedule(view)

    def finish(self, entry: Entry) -> None:
        """End a message that was streamed: it is laid out once more, as if it had come whole."""
        view = self._stack.view_of(entry)
        self._dirty.pop(view, None)
        with self._steady():
            view.finish()
            if self._stack.lay_out(view):
                self._stack.moved(view.index)

    def source(self, entry: Entry) -> str:
        """The text of a message as it arrived, also what is not drawn yet."""
        return self._stack.view_of(entry).source

    def code_blocks(self, entry: Entry) -> list[str]:
        """The code blocks of a message, in their order, cleaned."""
        from orchat.tui.transcript.parser import parse

        tokens = parse(clean(self.source(entry)), {})
        return [token.content for token in tokens if token.type in ("fence", "code_block")]

    def toggle_thoughts(self, entry: Entry) -> None:
        """Fold or unfold the thoughts of a message."""
        self.update_entry(entry, folded=not self._stack.view_of(entry).is_folded)

    # streaming

    def _schedule(self, view: View) -> None:
        self._dirty[view] = None
        if self._is_scheduled or not self._stack.width:
            return
        self._is_scheduled = True
        wait = self._pacer.wait_s(time.monotonic())
        if wait > 0:
            self.set_timer(wait, self._tick)
        else:
            self.call_later(self._tick)

    def _tick(self) -> None:
        self._is_scheduled = False
        if self._dirty and self._stack.width:
            started = time.monotonic()
            self.flush_now()
            self._pacer.ran(started, time.monotonic())

    def flush_now(self) -> None:
        """Draw all that has arrived, at once."""
        dirty, self._dirty = list(self._dirty), {}
        if not self._stack.width:
            self._dirty = dict.fromkeys(dirty)
            return
        for view in dirty:
            self._flush(view)

    def _flush(self, view: View) -> None:
        stack = self._stack
        top = self.scroll_offset.y
        anchor = None if self._following else self._anchor()
        changed = view.flush()
        if view.sections is None:
            view.estimate(stack.width)
        stack.moved(view.index)
        first = stack.top(view) + (changed or 0)
        if anchor is None or first <= top:
            self._restore(anchor)
            return
        self.set_rows(stack.height)
        bottom = top + self.size.height
        if changed is not None and first < bottom:
            self.refresh(Region(0, first - top, self.size.width, bottom - first))
        self._notice()

    def action_scroll_home(self) -> None:
        """Go to the first message."""
        if self._stack.views:
            self._leave()
            self._hold((self._stack.views[0], Place(0, 0, 0)))
            self._notice_position()

    def action_scroll_end(self) -> None:
        """Go to the newest line and stay there."""
        self.follow()

    # Textual's events

    def on_mount(self) -> None:
        """Take the theme's colours, now and whenever they change."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self._theme_changed(None)

    def _theme_changed(self, _theme: object) -> None:
        look = self._stack.look
        palette = palette_of(self.app.theme_variables)
        if palette == look.palette:
            return
        ground = ground_of(self.app.theme_variables)
        look = Look(palette=palette, signs=look.signs, ground=ground, copy_hint=look.copy_hint)
        anchor = None if self._following else self._anchor()
        self._stack.restyle(look, self._stack.width)
        self._restore(anchor)

    def on_resize(self) -> None:
        """Lay out for the new width; the message at the top stays there."""
        columns = self.scrollable_content_region.width
        width = max(1, min(WIDEST, columns - 2 * MARGIN))
        if not columns:
            return
        anchor = None if self._following else self._anchor()
        if width != self._stack.width:
            self._stack.restyle(self._stack.look, width)
        else:
            self._unpaint()
        self._restore(anchor)
        self.flush_now()

    def _unpaint(self) -> None:
        for view in self._stack.views:
            view.painted.clear()

    def on_click(self, event: events.Click) -> None:
        """A link, a fold, another branch, or the message itself."""
        if self.text_selection is not None:
            return
        meta = event.style.meta
        if "href" in meta:
            self.post_message(self.LinkClicked(str(meta["href"])))
        elif "fold" in meta:
            view, _ = self._stack.at(self.scroll_offset.y + event.y)
            self.toggle_thoughts(view.entry)
        elif self._stack.views and self.scroll_offset.y + event.y < self._stack.height:
            entry = self._stack.at(self.scroll_offset.y + event.y)[0].entry
            self.mark(entry)
            if "chip" in meta:
                self.post_message(self.ChipClicked(entry, int(meta["chip"])))
            elif "branch" in meta:
                self.post_message(self.BranchClicked(int(meta["branch"])))

    # painting

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows on the screen; the widget's own style is looked up once for all of them."""
        base = self.rich_style
        if base != self._base:
            self._base = base
            self._unpaint()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row."""
        stack = self._stack
        row = self.scroll_offset.y + y
        if row >= stack.height:
            return Strip.blank(self.size.width, self._base)
        view, number = stack.at(row)
        if view.sections is None:
            stack.lay_out(view)
        selection = self.text_selection
        is_caret = view.is_streaming and number == view.caret
        if selection is None and not is_caret:
            strip = view.painted.get(number)
            if strip is None:
                strip = view.painted[number] = self._painted(view, number, None, is_caret=False)
            return strip
        return self._painted(view, number, selection, is_caret=is_caret)

    def _painted(self, view: View, number: int, selection: Selection | None, *, is_caret: bool) -> Strip:
        section, row = view.row(number)
        if view.lacks_pictures(section):
            # Drawing is done for the screen, and a message made on its behalf would end there.
            self.call_later(lambda: self.post_message(self.PicturesWanted(view.entry)))
        line = view.index * ENTRY_LINES + section * LINES + row.line
        look = self._stack.look
        strip = paint(
            row,
            line=line,
            width=self.size.width,
            text_width=self._stack.width,
            margin=self._margin(view, number),
            caret=Segment(look.signs.caret, look.palette.accent) if is_caret else None,
            found=self._found_in(view, section, row.line),
            standout=look.palette.standout,
            selected=None if selection is None else selection.get_span(line),
            selection=None if selection is None else self.screen.get_component_rich_style("screen--selection"),
        )
        return PaintedRow(Segment.apply_style(strip, self._base), strip.cell_length)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, a wrapped paragraph as one line."""
        views = self._stack.views
        if not views:
            return None
        first = selection.start.y // ENTRY_LINES if selection.start else 0
        last = selection.end.y // ENTRY_LINES if selection.end else len(views) - 1
        lines: list[str] = []
        with self._steady():
            for view in views[first : last + 1]:
                if self._stack.lay_out(view):
                    self._stack.moved(view.index)
                for number, text in view.lines():
                    span = selection.get_span(view.index * ENTRY_LINES + number)
                    if span is not None:
                        lines.append(text[span[0] :] if span[1] == -1 else text[span[0] : span[1]])
        return "\n".join(lines), "\n"
