"""What somebody without a key sees first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from orchat.domain.clean import clean_line
from orchat.errors import OrchatError
from orchat.tui.lines import DIM, ERROR, STRONG, column, keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.screens.signin import PLACES, SignInDialog
from orchat.tui.widgets.line_input import LineInput
from orchat.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from orchat.keys.ring import KeyLease
    from orchat.runtime import Runtime

KEYS_PAGE = "https://openrouter.ai/settings/keys"
LABEL = "main"
"""What a pasted key is called; another number is added when there is one already."""
TRIES = 9
"""Labels that are tried."""
Outcome = Literal["key", "demo"]

_CHOICES = (
    ("paste", "Paste a key", "into the system's keyring"),
    ("sign-in", "Sign in with OpenRouter", "no key to copy"),
    ("demo", "Try the demo", "no key, no network"),
)


class Welcome(Dialog[str]):
    """Gives back ``key`` when a key is in use, ``demo`` when the demo is wanted.

    Args:
        runtime: Started.
        reason: Why there is no key: foreign.
        has_demo: Whether the demo can be started.
        has_key: Whether there is a key already, and another one is to be added.
    """

    SMALL = True
    DEFAULT_CSS = """
    Welcome > #panel.-small { width: 72; }
    Welcome {
        & RowList { height: auto; margin: 1 0; }
        & #key { display: none; }
        & #key.-open { display: block; }
        & #note { height: auto; }
    }
    """

    def __init__(self, runtime: Runtime, *, reason: str = "", has_demo: bool = False, has_key: bool = False) -> None:
        super().__init__()
        self._runtime = runtime
        self._reason = reason
        self._has_demo = has_demo
        self._has_key = has_key

    def content(self) -> ComposeResult:
        """Three ways to begin."""
        yield TitleLine("Another key" if self._has_key else "Welcome to orchat")
        if not self._has_key:
            yield Static(Content.styled("To talk to OpenRouter's models, it needs a key.", DIM))
        yield RowList()
        with Horizontal(classes="ask", id="key"):
            yield Static(Content("›"))
            yield LineInput(password=True, placeholder="sk-or-…")
        yield Static(Content.styled(clean_line(self._reason, 300), DIM), id="note")
        yield Static(keys_line(("Enter", "choose"), ("Esc", "later")), classes="foot")

    def on_mount(self) -> None:
        """Fill the list."""
        offered = [choice for choice in _CHOICES if choice[0] != "demo" or (self._has_demo and not self._has_key)]
        rows = self.query_one(RowList)
        rows.set_rows([Row(name, partial(_choice, title, about)) for name, title, about in offered])
        rows.focus()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        acts: dict[str, Callable[[], object]] = {
            "paste": self._open_input,
            "sign-in": self._sign_in,
            "demo": lambda: self.dismiss("demo"),
        }
        acts[event.row.id]()

    def _open_input(self) -> None:
        self.query_one("#key").add_class("-open")
        self.query_one(Input).focus()
        self._note(Content.styled(f"You find your keys at {KEYS_PAGE}", DIM))

    def _sign_in(self) -> None:
        self.app.push_screen(SignInDialog(self._runtime), self._signed_in)

    def _signed_in(self, label: str | None) -> None:
        if label is not None:
            self.dismiss("key")

    def _note(self, words: Content) -> None:
        self.query_one("#note", Static).update(words)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._add(event.input)

    @work(group="key", exclusive=True, exit_on_error=False, description="keep a key")
    async def _add(self, line: Input) -> None:
        self._note(Content.styled("keeping it …", DIM))
        try:
            lease = await self._keep(line.value)
        except OrchatError as error:
            words = clean_line(f"{error.message}. {error.hint or ''}", 300)
            self._note(Content.styled(words, ERROR))
            return
        finally:
            line.value = ""
        self.app.notify(PLACES[lease.source], title=f"Key “{lease.label}” is in use", markup=False)
        self.dismiss("key")

    async def _keep(self, text: str) -> KeyLease:
        """Under the first label that is free."""
        taken = {known.state.label for known in await self._runtime.parts.ring.known()}
        labels = [LABEL, *(f"{LABEL} {number}" for number in range(2, TRIES + 1))]
        label = next((label for label in labels if label not in taken), labels[-1])
        return await self._runtime.add_key(text, label=label)


def _choice(title: str, about: str, width: int) -> Content:
    return Content.assemble(" ", column(Content.styled(title, STRONG), 26), (about, DIM)).truncate(width, ellipsis=True)
