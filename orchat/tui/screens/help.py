"""F1: every key and command, from the one table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.tui.commands import COMMANDS, Command, scoped
from orchat.tui.elsewhere import ELSEWHERE, Place
from orchat.tui.keymap import Keymap
from orchat.tui.lines import ACCENT, DIM, HEAD, column, keys_line, stack
from orchat.tui.reference import WRITING, typed
from orchat.tui.screens.dialog import Dialog, TitleLine, soon

KEY_WIDTH, SLASH_WIDTH, SHORT_WIDTH = 13, 24, 14
"""Cells of a key, of what is typed, and of the same without what may follow it."""
_NARROW = 70
"""Cells below which a table has no room for what may follow a name."""


class Help(Dialog[None]):
    """What can be done, and how.

    Args:
        keymap: The keys that count.
        place: Id of the screen or dialog over the chat whose keys come first; empty: none.
    """

    DEFAULT_CSS = """
    Help VerticalScroll { height: 1fr; margin-top: 1; overflow-y: scroll; scrollbar-size-vertical: 1; }
    Help.-low VerticalScroll { margin-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]

    def __init__(self, keymap: Keymap, place: str = "") -> None:
        super().__init__()
        self._place = place
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
        soon(self, self._fill)

    def _fill(self) -> None:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one("#table", Static).update(help_text(self._keymap, width, self._place))


def help_text(keymap: Keymap, width: int, place: str = "") -> Content:
    """All of it; what does not fit in a line goes on below.

    Args:
        keymap: The keys that count.
        width: Cells.
        place: Id of the screen or dialog over the chat whose keys come first; empty: none.
    """
    here = [_place(one, keymap, width) for one in ELSEWHERE if one.id == place]
    others = [_place(one, keymap, width) for one in ELSEWHERE if one.id != place]
    sections = [*here, _chat(keymap, width), *others]
    return stack(*[line for section in sections for line in (*section, Content(""))][:-1])


def _place(place: Place, keymap: Keymap, width: int) -> list[Content]:
    head = Content.styled(f"{place.title.upper()} ({keymap.way_to(place.command)})", HEAD)
    return [head, *(_row(keymap.shown(one.id), None, one.about, width) for one in place.keys)]


def _chat(keymap: Keymap, width: int) -> list[Content]:
    chat = [command for command in COMMANDS if command.scope in ("app", "chat")]
    return [
        Content.styled("EVERYWHERE", HEAD),
        *_rows(chat, keymap, width),
        Content(""),
        Content.styled("WRITING", HEAD),
        *(_row(keys, slash, about, width) for keys, slash, about in WRITING),
        Content(""),
        Content.styled("IN THE CONVERSATION (F6, or a click)", HEAD),
        *_rows(scoped("transcript"), keymap, width),
        Content(""),
        Content.styled("WITH A MESSAGE (Alt+↑, or a click)", HEAD),
        *_rows(scoped("message"), keymap, width),
    ]


def _rows(commands: Iterable[Command], keymap: Keymap, width: int) -> Iterable[Content]:
    for command in commands:
        yield _row(keymap.shown(command), typed(command), command.about, width)


def _row(keys: str, slash: str | None, about: str, width: int) -> Content:
    """One line or more; without a column for what is typed where that is None."""
    if slash is None:
        slash, second = "", 0
    elif width < _NARROW:
        slash, second = slash.partition(" ")[0], SHORT_WIDTH
    else:
        second = SLASH_WIDTH
    first, *more = textwrap.wrap(about, max(12, width - KEY_WIDTH - second))
    head = Content.assemble(
        column(Content.styled(keys, f"bold {ACCENT}"), KEY_WIDTH),
        column(Content.styled(slash, ACCENT), second),
        (first, DIM),
    )
    return stack(head, *(Content.styled(" " * (KEY_WIDTH + second) + line, DIM) for line in more))
