"""Typing or pasting a key: a label, and the key without an echo."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from orchat.domain.clean import clean_line
from orchat.errors import KeyRejected, OrchatError
from orchat.keys.entry import parse_label
from orchat.tui.lines import DIM, ERROR, keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from orchat.runtime import Runtime

KEYS_PAGE = "https://openrouter.ai/settings/keys"


class KeyEntry(Dialog[str]):
    """Gives back the label of the key that was added and is in use now.

    Args:
        runtime: Started.
        taken: Labels of other keys.
    """

    SMALL = True
    DEFAULT_CSS = """
    KeyEntry > #panel.-small { width: 72; }
    KeyEntry {
        & .ask { margin: 0; }
        & .ask > Static { width: 8; color: $dim; text-style: none; }
        & #fields { height: auto; }
        & #first { margin-top: 1; }
        & #note { height: auto; margin-top: 1; }
    }
    KeyEntry.-low #note { margin-top: 0; }
    """

    def __init__(self, runtime: Runtime, taken: Collection[str] = ()) -> None:
        super().__init__()
        self._runtime = runtime
        self._taken = frozenset(taken)
        self._is_busy = False

    def content(self) -> ComposeResult:
        """Two lines to type in."""
        yield TitleLine("Add a key")
        with Horizontal(classes="ask", id="first"):
            yield Static(Content("label"))
            yield LineInput(placeholder="work", id="label")
        with Horizontal(classes="ask"):
            yield Static(Content("key"))
            yield LineInput(password=True, placeholder="sk-or-…", id="key")
        yield Static(Content.styled(f"You find your keys at {KEYS_PAGE}", DIM), id="note")
        yield Static(keys_line(("Enter", "next, then keep"), ("Tab", "other line"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """The label comes first."""
        self._line("label").focus()

    def _line(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)

    def _say(self, words: str, style: str) -> None:
        self.query_one("#note", Static).update(Content.styled(clean_line(words, 300), style))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == "label" and not self._line("key").value:
            if self._label_is_good():
                self._line("key").focus()
        elif self._label_is_good() and not self._is_busy:
            self._add()

    def _label_is_good(self) -> bool:
        line = self._line("label")
        try:
            label = parse_label(line.value or line.placeholder)
        except OrchatError as error:
            self._say(f"{error.message[:1].upper()}{error.message[1:]}.", ERROR)
            line.focus()
            return False
        if label in self._taken:
            self._say(f"There is another key called {label}.", ERROR)
            line.focus()
            return False
        line.value = label
        return True

    @work(group="key", exclusive=True, exit_on_error=False, description="keep a key")
    async def _add(self) -> None:
        line = self._line("key")
        self._is_busy = True
        self._say("asking the server about it …", DIM)
        try:
            added = await self._runtime.parts.shelf.add(self._line("label").value, line.value)
        except OrchatError as error:
            self._say(f"{error.message[:1].upper()}{error.message[1:]}. {error.hint or ''}", ERROR)
            # A key that was refused is typed anew; one that only could not be kept need not be.
            if isinstance(error, KeyRejected):
                line.value = ""
            line.focus()
            return
        finally:
            self._is_busy = False
        line.value = ""
        if added.warning:
            self.app.notify(clean_line(f"{added.lease.label}: {added.warning}", 300), severity="warning", markup=False)
        self.dismiss(added.lease.label)
