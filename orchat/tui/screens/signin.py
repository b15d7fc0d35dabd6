"""Signing in with OpenRouter: the page to open, the code that comes back, and what becomes of it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from orchat.domain.clean import clean_line
from orchat.errors import OrchatError, SignInFailed
from orchat.keys.browser import has_browser, open_page
from orchat.paths import environment
from orchat.tui.lines import ACCENT, DIM, ERROR, keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from orchat.domain.secret import Secret
    from orchat.keys.signin import Kept, SignIn
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

SECOND_S = 1.0
PLACES = {
    "keyring": "It is kept in your system's keyring.",
    "file": "It is kept in your key file.",
    "process": "No keyring is at hand: it is used until you leave, and kept nowhere.",
    "env": "It comes from the environment.",
    "given": "It was given on the command line.",
}
"""Where a key is, by its source."""
_MISTAKES = ("code", "verifier", "state")
"""Reasons for which another code may be pasted."""
_HERE = "Open this page and allow orchat there; it comes back here by itself."
_ELSEWHERE = "Open this page in any browser, and paste here the code that it shows."


class CodeLine(LineInput):
    """A line for a code: what is pasted may have been wrapped on its way."""

    def on_paste(self, event: events.Paste) -> None:
        """Take all lines as one."""
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor("".join(event.text.split()))


class SignInDialog(Dialog[str]):
    """Gives back the label of the key that somebody signed in for, which is in use now.

    Args:
        runtime: Started.
    """

    SMALL = True
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    SignInDialog > #panel.-small { width: 78; }
    SignInDialog {
        & #about { height: auto; margin-top: 1; }
        & #url { height: auto; margin-top: 1; }
        & #state { height: auto; }
    }
    SignInDialog.-low #about, SignInDialog.-low #url { margin-top: 0; }
    """
    BINDINGS = [
        Binding("o", "open", "Open", show=False),
        Binding("c", "copy", "Copy", show=False),
        Binding("r", "again", "Again", show=False),
        Binding("tab,shift+tab", "turn", "Type", show=False, priority=True),
    ]

    app: OrchatApp

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._has_browser = has_browser(environment())
        self._signin: SignIn | None = None
        self._is_pasted = False
        self._has_failed = False
        self._is_keeping = False

    # ---- parts ----

    def content(self) -> ComposeResult:
        """What to do, the page, a line for the code, what is going on, keys."""
        yield TitleLine("Sign in with OpenRouter")
        yield Static(Content.styled(_HERE if self._has_browser else _ELSEWHERE, DIM), id="about")
        yield Static(Content(""), id="url")
        with Horizontal(classes="ask"):
            yield Static(Content("›"))
            yield CodeLine(placeholder=self._placeholder())
        yield Static(Content(""), id="state")
        yield Static(Content(""), classes="foot")

    def _placeholder(self) -> str:
        if self._has_browser:
            return "or paste the address where a browser elsewhere ended"
        return "paste the code here"

    def on_mount(self) -> None:
        """Begin, and count down."""
        self._sign_in()
        self.set_interval(SECOND_S, self._tick)
        self._show_keys()

    @property
    def _line(self) -> CodeLine:
        return self.query_one(CodeLine)

    def _tick(self) -> None:
        left = 0 if self._signin is None or self._has_failed else int(self._signin.seconds_left)
        self.query_one(TitleLine).set_facts(f"{left // 60}:{left % 60:02} left" if left else "")

    def _say(self, words: str, style: str = DIM) -> None:
        mark = {ERROR: "✗", ACCENT: "●"}.get(style, " ")
        line = clean_line(words, 300)
        self.query_one("#state", Static).update(Content.assemble((f"{mark} ", style), (line, style)))

    def _show_keys(self) -> None:
        pairs = [("o", "open the page")] if self._has_browser else []
        pairs = [*pairs, ("c", "copy its address"), ("Tab", "type the code")]
        if self._has_failed:
            pairs = [("r", "try again")]
        elif self._line.has_focus:
            pairs = [("Enter", "take the code"), ("Tab", "back to the keys")]
        self.query_one(".foot", Static).update(keys_line(*pairs, ("Esc", "cancel")))

    # ---- the attempt ----

    @work(group="sign-in", exclusive=True, exit_on_error=False, description="sign in")
    async def _sign_in(self) -> None:
        self._has_failed = False
        self._show_keys()
        try:
            key = await self._key()
            self._is_keeping = True
            self._say("keeping the key …", ACCENT)
            kept = await self._kept(key)
        except OrchatError as error:
            self._failed(error)
            return
        finally:
            self._is_keeping = False
        self._done(kept)

    async def _key(self) -> Secret:
        signin = self._signin
        async with AsyncExitStack() as stack:
            if signin is None or not signin.has_code:
                signin = self._signin = self._begin()
                if self._has_browser:
                    await stack.enter_async_context(signin.listening())
            self._tick()
            self.query_one("#url", Static).update(Content.styled(signin.url, ACCENT))
            self._say(f"waiting for {'the browser' if signin.is_listening else 'the code'} …", ACCENT)
            while True:
                await signin.code()
                self._say("the code is here: fetching the key …", ACCENT)
                try:
                    return (await signin.key()).key
                except SignInFailed as error:
                    if not self._is_pasted or error.reason not in _MISTAKES:
                        raise
                    self._complain(error)

    def _begin(self) -> SignIn:
        from orchat.keys.signin import SignIn

        self._is_pasted = False
        return SignIn(self._runtime.parts.client, self._runtime.clock, key_label="orchat")

    async def _kept(self, key: Secret) -> Kept:
        from orchat.keys.signin import keep

        parts = self._runtime.parts
        return await keep(parts.ring, parts.shelf, key)

    def _failed(self, error: OrchatError) -> None:
        self._has_failed = True
        self._complain(error)
        self.set_focus(None)
        self._show_keys()
        self._tick()

    def _complain(self, error: OrchatError) -> None:
        # Hints that name a command are for the command line.
        hint = error.hint if error.hint and "orchat " not in error.hint else ""
        self._say(f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}. {hint}", ERROR)

    def _done(self, kept: Kept) -> None:
        from orchat.keys.signin import facts

        lease = kept.lease
        words = PLACES[lease.source] if kept.is_new else "It was there already, and is not kept twice."
        more = kept.warning or ("" if kept.status is None else ", ".join(facts(kept.status)))
        self.app.notify(
            clean_line(f"{words} {more[:1].upper()}{more[1:]}", 300),
            title=f"Key “{lease.label}” is in use",
            severity="warning" if kept.warning else "information",
            markup=False,
        )
        self.dismiss(lease.label)

    def _is_open(self, signin: SignIn) -> bool:
        """Whether an attempt still waits for its code."""
        return signin is self._signin and not self._has_failed and not signin.is_answered

    # ---- what a person does ----

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip() or self._signin is None or self._has_failed:
            return
        event.input.value = ""
        try:
            self._signin.paste(event.value)
        except SignInFailed as error:
            self._complain(error)
        else:
            self._is_pasted = True

    def on_paste(self, event: events.Paste) -> None:
        """Whatever is pasted here can only be the code."""
        event.stop()
        if not self._has_failed:
            self._line.focus()
            self._line.on_paste(event)

    def on_descendant_focus(self) -> None:
        """The keys do something else while somebody types."""
        self._show_keys()

    def on_descendant_blur(self) -> None:
        """Nobody types any more."""
        self._show_keys()

    def action_turn(self) -> None:
        """Between the keys and the line for the code."""
        if self._line.has_focus or self._has_failed:
            self.set_focus(None)
        else:
            self._line.focus()

    @work(group="browser", exclusive=True, exit_on_error=False, description="open the sign-in page")
    async def action_open(self) -> None:
        """Open the page in the browser of this machine."""
        if not self._has_browser or self._has_failed or self._signin is None:
            return
        signin = self._signin
        self._say("the page opens in your browser: waiting for it …", ACCENT)
        is_open = await open_page(signin.url)
        if not is_open and self.is_mounted and self._is_open(signin):
            self._say("No browser could be opened. Copy the address and open it yourself.", ERROR)

    @work(group="copy", exclusive=True, exit_on_error=False, description="copy the sign-in page's address")
    async def action_copy(self) -> None:
        """Put the address into the clipboard."""
        if self._signin is not None and not self._has_failed and await self.app.copy_text(self._signin.url):
            self.app.notify("Copied the address.", timeout=3, markup=False)

    def action_again(self) -> None:
        """After a failure: with the same code where it may still be good, else from the beginning."""
        if self._has_failed:
            self._sign_in()

    def action_back(self) -> None:
        """Leave, unless the key is just being kept: that ends by itself, and soon."""
        if not self._is_keeping:
            self.dismiss(None)
