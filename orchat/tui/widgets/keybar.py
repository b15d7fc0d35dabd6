"""The last line: the keys that matter now."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui.lines import keys_line


class KeyBar(Widget):
    """Made from the table of commands."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 2; background: $background; }
    """

    pairs: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Key and what it does, the most important first."""

    def render(self) -> Content:
        """As many whole pairs as fit."""
        return keys_line(*self.pairs, width=self.content_size.width)
