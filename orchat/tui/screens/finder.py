"""A dialog in which a line of text finds rows: typing goes on while another row is looked at."""

from __future__ import annotations

from abc import abstractmethod

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from orchat.tui.screens.dialog import Dialog
from orchat.tui.widgets.line_input import LineInput
from orchat.tui.widgets.rows import RowList


class Finder(Dialog[str]):
    """Gives back the id of a row. It fills a terminal of few lines, so that rows have the room."""

    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]
    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
    ]

    @abstractmethod
    def find(self) -> None:
        """Show the rows that fit what is typed."""

    def line(self, placeholder: str, text: str = "") -> ComposeResult:
        """The line to type in, for `content`.

        Args:
            placeholder: Shown while it is empty; ours.
            text: What stands there at first.
        """
        with Horizontal(classes="ask"):
            yield Static(Content("›"))
            yield LineInput(text, placeholder=placeholder)

    @property
    def typed(self) -> str:
        """What stands in the line."""
        return self.query_one(Input).value

    @property
    def rows(self) -> RowList:
        """The rows that were found."""
        return self.query_one(RowList)

    def on_mount(self) -> None:
        """Typing begins at once."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.find()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.rows.action_choose()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self.dismiss(event.row.id)

    def action_move(self, by: int) -> None:
        """Look at another row."""
        self.rows.action_move(by)

    def action_page(self, by: int) -> None:
        """Look at a row one page away."""
        self.rows.action_page(by)
