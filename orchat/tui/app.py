"""The application: a shell around the chat screen. Themes, leaving, and what happens when something breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.binding import Binding
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input, TextArea
from textual.worker import Worker, WorkerState

from orchat import logs
from orchat.tui.beginning import Beginning
from orchat.tui.commands import BY_ID
from orchat.tui.copying import Copying
from orchat.tui.driver import behind
from orchat.tui.endings import Endings
from orchat.tui.guard import Guard
from orchat.tui.keymap import read_keymap
from orchat.tui.keynames import unbound
from orchat.tui.keys import learn_keys
from orchat.tui.palette import Commands
from orchat.tui.screens.chat import ChatScreen
from orchat.tui.shades import DARK, PLAIN
from orchat.tui.themes import OURS, fill_in
from orchat.tui.typeahead import EarlyKeys

if TYPE_CHECKING:
    from textual.driver import Driver

    from orchat.runtime import Runtime
    from orchat.tui.curtain import Curtain

logger = logging.getLogger("orchat.tui")

INTERRUPT_S = 3.0
"""Seconds within which a second Ctrl+C leaves."""
StartDemo = Callable[[], "Runtime"]
"""Starts the embedded demo and gives a runtime that talks to it; may block for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitNote:
    """What is left to say when the screen is gone."""

    text: str
    """One line for the terminal; may be empty."""
    failed: bool = False
    """Whether orchat was ended by a defect of its own."""
    interrupted: bool = False
    """Whether a signal ended it."""


class OrchatApp(Copying, EarlyKeys, inherit_bindings=False):
    """The screen of orchat.

    Args:
        runtime: The parts behind it; need not have started, and is closed by whoever made it.
        start_demo: Gives a runtime that talks to the demo; None: no demo is offered.
        beginning: How the first conversation begins.
        is_demo: Whether `runtime` talks to the demo.
        curtain: A first frame that stands on the terminal; None: none does.
    """

    TITLE = "orchat"
    COMMANDS = {Commands}
    ENABLE_COMMAND_PALETTE = True
    # The chat screen has a key for it, which may be another one.
    COMMAND_PALETTE_BINDING = unbound("palette")
    BINDINGS = [
        Binding(BY_ID["quit"].keys, "quit", "Leave", id="quit", show=False, priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    DEFAULT_CSS = """
    OrchatApp {
        & CommandPalette {
            & > Vertical { background: $surface; width: 90%; max-width: 100; }
            & > Vertical:dark { background: $surface; }
            & #--input { border: none; }
            & SearchIcon { display: none; }
            & > .command-palette--help-text { color: $dim; text-style: not dim not bold; }
            & CommandInput { padding-left: 1; }
            & CommandList { border-bottom: none; background: $surface; scrollbar-size-vertical: 1; }
        }
        &.-plain Dialog > #panel { border: none; }
        &.-plain Picker #details, &.-plain KeysScreen #details, &.-plain Sessions #preview { border: none; }
        & TextArea:light .text-area--cursor {
            color: $input-cursor-foreground;
            background: $input-cursor-background;
        }
        & ToastRack { margin-bottom: 5; }
        & Toast { background: $surface; border-left: outer $accent; }
        & Toast.-information .toast--title { color: $accent; }
        & Toast.-warning .toast--title { color: $you; }
        & Toast.-error .toast--title { color: $error; }
        & Toast.-warning { border-left: outer $warning; }
    }
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        start_demo: StartDemo | None = None,
        beginning: Beginning | None = None,
        is_demo: bool = False,
        curtain: Curtain | None = None,
    ) -> None:
        self.is_demo = is_demo
        self._curtain = curtain
        self.runtime = runtime
        self.keymap = read_keymap(runtime.config.keymap)
        """The keys that count: the usual ones, and the user's own."""
        self.start_demo = start_demo
        self._first = partial(ChatScreen, runtime, beginning)
        self._guard = Guard()
        self._interrupted_at = float("-inf")
        self.failure = ""
        """What broke, in one line; empty when nothing did."""
        super().__init__()
        for theme in OURS:
            self.register_theme(theme)
        tui = runtime.config.tui
        self.theme = self._known_theme(PLAIN if tui.plain else tui.theme)
        if tui.plain:
            self.animation_level = "none"
            self.add_class("-plain")
        self.set_keymap(self.keymap.bound())

    def _known_theme(self, name: str) -> str:
        return name if name in self.available_themes else DARK

    def get_driver_class(self) -> type[Driver]:
        """Textual's, which paints over the first frame if there is one."""
        driver = super().get_driver_class()
        return driver if self._curtain is None else behind(self._curtain, driver)

    def get_default_screen(self) -> Screen[None]:
        """The chat."""
        return self._first()

    def get_css_variables(self) -> dict[str, str]:
        """A theme's variables, and the shades of ours that it does not name."""
        variables = fill_in(super().get_css_variables())
        self.theme_variables = variables
        return variables

    def refresh_css(self, animate: bool = True) -> None:
        """Until there is a screen the variables are enough: the rules are read when it comes, and not twice."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and our guard behind them."""
        return [*super().get_line_filters(), self._guard]

    # ---- life ----

    @property
    def chat(self) -> ChatScreen | None:
        """The chat screen, under whatever dialog is open."""
        return next((screen for screen in self.screen_stack if isinstance(screen, ChatScreen)), None)

    @work(group="demo", exclusive=True, exit_on_error=False, description="switch to the demo")
    async def switch_to_demo(self) -> None:
        """Go on with the demo's runtime, its own sessions and a key that costs nothing."""
        assert self.start_demo is not None
        self.runtime = await asyncio.to_thread(self.start_demo)
        self.is_demo = True
        self.add_mode("demo", partial(ChatScreen, self.runtime))
        await self.switch_mode("demo")

    def action_help_quit(self) -> None:
        """Ctrl+C with nothing selected: say how to leave; a second time soon after leaves."""
        now = self.runtime.clock.monotonic()
        if now - self._interrupted_at <= INTERRUPT_S:
            self.call_later(self.action_quit)
            return
        self._interrupted_at = now
        leave = self.keymap.shown("quit")
        ways = [f"{leave} leaves, and so does Ctrl+C again." if leave else "Ctrl+C again leaves."]
        stop = self.keymap.shown("stop")
        if self.chat is not None and self.chat.session.busy and stop:
            ways.insert(0, f"{stop} stops the answer.")
        self.notify(" ".join((*ways, "Everything is kept.")), markup=False, timeout=INTERRUPT_S)

    async def action_quit(self) -> None:
        """Leave. An answer that runs is stopped and kept by the runtime."""
        if self.chat is not None:
            # What waits in the queue is not sent any more: it becomes a part of the draft.
            self.chat.session.waiting.give_back()
            self.chat.keep_draft()
        self.exit()

    def action_show_help(self, place: str) -> None:
        """Every key and command, those of a screen or dialog first.

        Args:
            place: Its id.
        """
        from orchat.tui.screens.help import Help

        self.push_screen(Help(self.keymap, place))

    def end(self) -> None:
        """Leave because of a signal."""
        self.call_later(self.action_quit)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The palette belongs to the chat screen alone."""
        if action == "command_palette":
            return isinstance(self.screen, ChatScreen)
        return super().check_action(action, parameters)

    def on_app_focus(self) -> None:
        """Whoever comes back to this window sees what others have used meanwhile; no timer has to look for it."""
        if self.chat is not None:
            self.chat.refresh_figures()
            self.chat.look(at_once=True)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: two writes a second would keep a laptop awake for nothing."""
        if isinstance(event.widget, Input | TextArea):
            event.widget.cursor_blink = False

    # ---- defects ----

    def _handle_exception(self, error: Exception) -> None:
        """End the app with one line: a traceback with locals would show prompts and keys."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        logs.event(logger, "crashed", level=logging.ERROR, error=error)
        kind = type(error).__name__
        self.failure = f"orchat ended unexpectedly ({kind}); what happened is in {self.runtime.paths.log_file}"
        self._close_messages_no_wait()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that broke is told of in one line and written into the log."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            error = event.worker.error
            logs.event(logger, "worker.failed", level=logging.ERROR, error=error, work=event.worker.description)
            self.notify(
                f"Something unexpected happened ({type(error).__name__}); the log tells where.",
                severity="error",
                markup=False,
            )

    # ---- leaving ----

    @property
    def exit_note(self) -> ExitNote | None:
        """What is left to say."""
        if self.failure:
            return ExitNote(text=self.failure, failed=True)
        if self._left_in is None:
            return None
        flag = "--demo " if self.is_demo else ""
        return ExitNote(text=f"resume with: orchat {flag}-r {self._left_in}")

    _left_in: str | None = None

    def exit(self, *args: Any, **options: Any) -> None:
        """Remember which conversation was open."""
        chat = self.chat
        if chat is not None and chat.session.conversation is not None and not chat.session.is_temporary:
            self._left_in = chat.session.conversation.id
        super().exit(*args, **options)


async def run_app(app: OrchatApp, *, mouse: bool = True) -> ExitNote | None:
    """Run an app in the running loop, inside its runtime, and lose nothing when it ends.

    Args:
        app: Not run before.
        mouse: Use the mouse.
    """
    learn_keys()
    first = app.runtime
    with Endings(app.end) as endings:
        async with first:
            try:
                await app.run_async(mouse=mouse)
            finally:
                if app.runtime is not first:
                    await app.runtime.aclose()
    note = app.exit_note
    return replace(note or ExitNote(text=""), interrupted=True) if endings.is_over else note


def run_tui(
    runtime: Runtime,
    *,
    start_demo: StartDemo | None = None,
    beginning: Beginning | None = None,
    is_demo: bool = False,
    curtain: Curtain | None = None,
) -> ExitNote | None:
    """Open the screen and return when it is left. Prints nothing.

    Args:
        runtime: Not started; it is closed here.
        start_demo: Gives a runtime that talks to the demo; None: no demo is offered.
        beginning: How the first conversation begins.
        is_demo: Whether `runtime` talks to the demo.
        curtain: A first frame that stands on the terminal; None: none does.

    Returns:
        A line for the terminal, or None.
    """
    app = OrchatApp(runtime, start_demo=start_demo, beginning=beginning, is_demo=is_demo, curtain=curtain)
    return asyncio.run(run_app(app, mouse=runtime.config.tui.mouse))
