"""What stands in a conversation before anything is said."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui.lines import ACCENT, DIM, FAINT, column, stack

BEGINNING = "Whatever you ask is kept, with what it cost."
TEMPORARY = "Nothing of this session will be on the disk; /keep keeps it after all."
_KEY_CELLS = 6
_WITH_SPACE = 7
"""Lines from which there is one between the words and the keys."""


class Opening(Widget):
    """A few keys, in the middle of the empty conversation; gone as soon as something is said."""

    DEFAULT_CSS = """
    Opening { height: 1fr; padding: 0 2; background: $background; display: none; }
    Opening.-shown { display: block; }
    """

    pairs: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Key and what it does, the most important first."""
    is_temporary: reactive[bool] = reactive(False)
    """Whether nothing of it will be on the disk."""

    def render(self) -> Content:
        """As many lines as fit."""
        width, height = self.content_size
        words = Content.styled(TEMPORARY if self.is_temporary else BEGINNING, DIM)
        keys = [
            Content.assemble(column(Content.styled(key, f"bold {ACCENT}"), _KEY_CELLS), (about, FAINT))
            for key, about in self.pairs
        ]
        between = [Content("")] if height >= _WITH_SPACE else []
        lines = [words, *between, *keys]
        return stack(*(line.truncate(width, ellipsis=True) for line in lines[: max(1, height)]))
