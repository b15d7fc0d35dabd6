"""The line over the composer: pasted texts that go along, prompts that wait, lines that were not seen yet."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui.lines import ACCENT, DIM, YOU, spread


class Chips(Widget):
    """One line; it is gone when there is nothing to say."""

    DEFAULT_CSS = """
    Chips { height: 1; padding: 0 2; background: $background; display: none; }
    Chips.-filled { display: block; }
    """

    pastes: reactive[tuple[str, ...]] = reactive(())
    """Each in a few words."""
    waiting: reactive[int] = reactive(0)
    """Prompts that are queued."""
    unseen: reactive[int] = reactive(0)
    """Lines below the ones that are shown."""

    editing: reactive[str] = reactive("")
    """What is edited in the composer instead of a draft; empty: nothing."""

    class Dropped(Message):
        """A paste is not to go along after all."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class QueuePressed(Message):
        """Somebody clicked what waits."""

    class UnseenPressed(Message):
        """Somebody clicked the unseen lines."""

    def watch_pastes(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_waiting(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_unseen(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_editing(self) -> None:
        """Appear or go."""
        self._fill()

    def _fill(self) -> None:
        self.set_class(bool(self.pastes or self.waiting or self.unseen or self.editing), "-filled")

    def _left(self) -> list[tuple[Content, Message]]:
        parts: list[tuple[Content, Message]] = []
        if self.unseen:
            lines = "line" if self.unseen == 1 else "lines"
            words = Content.assemble((f"↓ {self.unseen:,} new {lines}", ACCENT), ("  End", DIM))
            parts.append((words, self.UnseenPressed()))
        for index, paste in enumerate(self.pastes):
            words = Content.assemble((f"▣ {index + 1}  ", ACCENT), (paste, DIM), (" ×", ACCENT))
            parts.append((words, self.Dropped(index)))
        return parts

    def _right(self) -> Content:
        if self.editing:
            return Content.assemble((self.editing, YOU), ("  Esc back", DIM))
        return Content.styled(f"queued: {self.waiting}" if self.waiting else "", YOU)

    def render(self) -> Content:
        """One line."""
        left = Content("   ").join(content for content, _ in self._left())
        return spread(left, self._right(), self.content_size.width)

    def on_click(self, event: events.Click) -> None:
        """Every part does something."""
        x = event.x - self.styles.padding.left
        for content, message in self._left():
            if 0 <= x < content.cell_length:
                self.post_message(message)
                return
            x -= content.cell_length + 3
        if self.waiting:
            self.post_message(self.QueuePressed())
