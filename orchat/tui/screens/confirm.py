"""Small questions: yes or no, one line of text, or one of a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from orchat.domain.clean import clean_line
from orchat.tui.lines import keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.widgets.line_input import LineInput
from orchat.tui.widgets.rows import Row, RowList


class Confirm(Dialog[bool]):
    """Asks before something that cannot be taken back.

    Args:
        title: The question, ours.
        text: What it is about, foreign: already cleaned.
        yes: What Enter does, one word.
    """

    SMALL = True
    BINDINGS = [Binding("enter", "yes", "Yes", show=False), Binding("y", "yes", "Yes", show=False)]

    def __init__(self, title: str, text: Content, *, yes: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._yes = yes

    def content(self) -> ComposeResult:
        """The question and its keys."""
        yield TitleLine(self._title)
        yield Static(self._text, classes="ask-about")
        yield Static(keys_line(("Enter", self._yes), ("Esc", "back")), classes="foot")

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)


class AskLine(Dialog[str]):
    """Asks for one line.

    Args:
        title: What is asked for, ours.
        value: What stands there at first: foreign.
        yes: What Enter does, one word.
    """

    SMALL = True

    def __init__(self, title: str, value: str = "", *, yes: str = "keep") -> None:
        super().__init__()
        self._title = title
        self._yes = yes
        self._value = clean_line(value, 200)

    def content(self) -> ComposeResult:
        """The line."""
        yield TitleLine(self._title)
        with Horizontal(classes="ask"):
            yield Static(Content("›"))
            yield LineInput(self._value)
        yield Static(keys_line(("Enter", self._yes), ("Esc", "back")), classes="foot")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


_AROUND = 9
"""Rows of a dialog and of the screen around it that are not choices."""


class Choose(Dialog[str]):
    """Asks for one of a few.

    Args:
        title: What is asked for, ours.
        choices: Foreign or ours; shown as they are, cleaned.
        highlight: The present one.
        preview: Called with every choice that is looked at.
    """

    DEFAULT_CSS = """
    Choose > #panel, Choose.-narrow > #panel, Choose.-low > #panel { height: auto; max-height: 100%; }
    """

    def __init__(
        self, title: str, choices: Sequence[str], *, highlight: str = "", preview: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._highlight = highlight
        self._preview = preview

    def content(self) -> ComposeResult:
        """The list."""
        yield TitleLine(self._title)
        yield Static(Content(""))
        yield RowList()
        yield Static(keys_line(("Enter", "use"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Fill the list."""
        rows = [Row(choice, partial(_choice_line, choice)) for choice in self._choices]
        self.query_one(RowList).set_rows(rows, highlight=self._highlight)

    def on_resize(self, event: events.Resize) -> None:
        """As many rows as there are, or as have room."""
        self.query_one(RowList).styles.height = max(1, min(len(self._choices), event.size.height - _AROUND))

    def on_key(self, event: events.Key) -> None:
        """A digit takes the choice with that number."""
        number = int(event.key) if event.key.isdecimal() else 0
        if 1 <= number <= len(self._choices):
            event.stop()
            self.dismiss(self._choices[number - 1])

    @on(RowList.Highlighted)
    def _looked_at(self, event: RowList.Highlighted) -> None:
        if self._preview is not None and event.row is not None:
            self._preview(event.row.id)

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        self.dismiss(event.row.id)


def _choice_line(choice: str, width: int) -> Content:
    return Content(clean_line(choice, max(1, width)))
