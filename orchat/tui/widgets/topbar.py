"""The first line: which conversation, how far it is, and which model answers."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui import layout
from orchat.tui.lines import ACCENT, DIM, FAINT, YOU, spread
from orchat.tui.wording import plain, plural

SHORTEST_TITLE = 20
"""Cells: with less room, the number of turns goes."""


class TopBar(Widget):
    """Everything in it is foreign text but the name of the program."""

    DEFAULT_CSS = """
    TopBar { height: 1; padding: 0 2; background: $surface; }
    """

    conversation: reactive[str] = reactive("")
    """Title; empty for a new one."""
    turns: reactive[int] = reactive(0)
    """Prompts so far."""
    model: reactive[str] = reactive("")
    """Id of the model that is asked next."""
    ready: reactive[bool] = reactive(False)
    """Whether something can be sent."""

    temporary: reactive[bool] = reactive(False)
    """Whether nothing of it is on the disk."""

    class ModelPressed(Message):
        """Somebody clicked the model's name."""

    def render(self) -> Content:
        """One line."""
        width = self.content_size.width
        dot = ("● ", ACCENT) if self.ready else ("○ ", FAINT)
        name = plain(self.model, 80) if self.model else Content.styled("…", DIM)
        right = Content.assemble(dot, name.truncate(max(8, width // 2), ellipsis=True), (" ▾", DIM))
        head = Content.styled(layout.NAME, f"bold {ACCENT}")
        if self.temporary:
            head = Content.assemble(head, "  ", (layout.TEMPORARY, f"bold {YOU}"))
        title = plain(self.conversation or layout.NEW, 120)
        turns = Content.assemble(("  ·  ", FAINT), (plural(self.turns, "turn"), DIM)) if self.turns else Content("")
        room = width - right.cell_length - head.cell_length - turns.cell_length - 5
        if room < SHORTEST_TITLE:
            room, turns = room + turns.cell_length, Content("")
        left = Content.assemble(head, "   ", title.truncate(max(0, room), ellipsis=True), turns)
        return spread(left, right, width)

    def on_click(self, event: events.Click) -> None:
        """The right end opens the picker."""
        if event.x >= self.size.width - len(self.model) - 8:
            self.post_message(self.ModelPressed())
