"""F1: every key and command, from the one table."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.tui.commands import COMMANDS, Command, scoped
from orchat.tui.keymap import Keymap
from orchat.tui.lines import ACCENT, DIM, HEAD, column, keys_line
from orchat.tui.reference import WRITING, typed
from orchat.tui.screens.dialog import Dialog, TitleLine

SLASH_WIDTH = 24


class Help(Dialog[None]):
    """What can be done, and how.

    Args:
        keymap: The keys that count.
    """

    DEFAULT_CSS = """
    Help VerticalScroll { height: 1fr; margin-top: 1; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self._keymap = keymap

    def content(self) -> ComposeResult:
        """The table."""
        yield TitleLine("Keys and commands")
        with VerticalScroll(can_focus=True):
            yield Static(Content(""), id="table")
        yield Static(keys_line(("↑↓", "scroll"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """The arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """The columns follow the width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one("#table", Static).update(help_text(self._keymap, width))


def help_text(keymap: Keymap, width: int) -> Content:
    """All of it, one line for each."""
    chat = [command for command in COMMANDS if command.scope in ("app", "chat")]
    parts = [
        Content.styled("EVERYWHERE", HEAD),
        *_rows(chat, keymap),
        Content(""),
        Content.styled("WRITING", HEAD),
        *(_row(keys, slash, about) for keys, slash, about in WRITING),
        Content(""),
        Content.styled("IN THE CONVERSATION (F6, or a click)", HEAD),
        *_rows(scoped("transcript"), keymap),
        Content(""),
        Content.styled("WITH A MESSAGE (Alt+↑, or a click)", HEAD),
        *_rows(scoped("message"), keymap),
    ]
    return Content("\n").join(part.truncate(width, ellipsis=True) for part in parts)


def _rows(commands: Iterable[Command], keymap: Keymap) -> Iterable[Content]:
    for command in commands:
        yield _row(keymap.shown(command), typed(command), command.about)


def _row(keys: str, slash: str, about: str) -> Content:
    return Content.assemble(
        column(Content.styled(keys, f"bold {ACCENT}"), 13),
        column(Content.styled(slash, ACCENT), SLASH_WIDTH),
        (about, DIM),
    )
