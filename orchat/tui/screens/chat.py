"""The chat screen: puts the parts together and passes on what they say."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from orchat.chat.persona import Asked
from orchat.domain.tokens import CHARACTERS_PER_TOKEN
from orchat.errors import OrchatError
from orchat.tui import changes, commands, layout, slash
from orchat.tui.arguments import Arguments
from orchat.tui.attached import tokens_of
from orchat.tui.beginning import Beginning
from orchat.tui.branches import LOOK_S
from orchat.tui.changes import Change, Prompt
from orchat.tui.editing import Editing
from orchat.tui.figures import Figures, are_of, draft_cost, take_figures
from orchat.tui.keymap import read_keymap
from orchat.tui.keys import command_bindings
from orchat.tui.pulse import Pulse
from orchat.tui.screens.attaching import Attaching
from orchat.tui.screens.links import open_link
from orchat.tui.screens.messages import moved
from orchat.tui.session import Session
from orchat.tui.stage import Stage
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.chips import Chips
from orchat.tui.widgets.completion import Completion
from orchat.tui.widgets.composer import Composer
from orchat.tui.widgets.keybar import KeyBar
from orchat.tui.widgets.prompt_area import PromptArea
from orchat.tui.widgets.sidebar import Sidebar, StatusLine
from orchat.tui.widgets.topbar import TopBar
from orchat.tui.wording import usd

if TYPE_CHECKING:
    from orchat.runtime import Runtime

logger = logging.getLogger("orchat.tui")

SECOND_S = 1.0


class ChatScreen(Attaching):
    """Conversation, composer and figures.

    Args:
        runtime: Need not have started.
        beginning: How the first conversation begins.
    """

    DEFAULT_CSS = """
    ChatScreen {
        background: $background;
        & #body { height: 1fr; }
        & #main { width: 1fr; height: 1fr; }
        & StatusLine { display: none; }
        & Transcript { scrollbar-size-vertical: 1; margin-top: 1; }
    }
    ChatScreen.-narrow Sidebar, ChatScreen.-bare Sidebar { display: none; }
    ChatScreen.-narrow StatusLine, ChatScreen.-bare StatusLine { display: block; }
    ChatScreen.-low Transcript { margin-top: 0; }
    ChatScreen.-low Composer > Horizontal { padding: 0 2; }
    """
    BINDINGS = [
        *command_bindings(),
        Binding("pageup", "scroll_page(-1)", "Back", show=False, priority=True),
        Binding("pagedown", "scroll_page(1)", "On", show=False, priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (layout.WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (layout.HIGH, "-high")]

    def __init__(self, runtime: Runtime, beginning: Beginning | None = None) -> None:
        beginning = beginning or Beginning()
        super().__init__(runtime, beginning)
        self.keymap = read_keymap(runtime.config.keymap)
        """The keys that count: the usual ones, and the user's own."""
        self.session = Session(
            runtime,
            self._show,
            asked=Asked(
                model=beginning.model,
                system=runtime.config.chat.system if beginning.system is None else beginning.system,
                parameters=beginning.parameters,
                persona=beginning.persona,
            ),
            temporary=beginning.is_temporary,
            keymap=self.keymap,
        )
        self._stage = Stage(self, self._show_state)
        self.figures = Figures(model_id=beginning.model or "", rotate_after=runtime.config.keys.rotate_after)
        self._pulse = Pulse(self, self._wait, self._tick)
        self.editing = Editing(self)
        self._said: set[str] = set()

    # ---- parts ----

    def compose(self) -> ComposeResult:
        """Top bar; conversation over composer, figures beside them; keys."""
        tui = self.runtime.config.tui
        # Textual sets these only with the second frame, and the first one would be another.
        self.set_class(self.app.size.width < layout.WIDE, "-narrow")
        self.set_class(self.app.size.height < layout.HIGH, "-low")
        self.set_class(not tui.sidebar, "-bare")
        yield TopBar()
        with Horizontal(id="body"):
            with Vertical(id="main"):
                yield Transcript(
                    flush_s=tui.flush_ms / 1000, plain=tui.plain, copy_hint=self.keymap.hint("copy_code", "copy")
                )
                yield self._stage.opening
                yield Chips()
                yield StatusLine()
                yield Composer()
            yield Sidebar()
        yield KeyBar()

    @property
    def transcript(self) -> Transcript:
        """The conversation."""
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        """Where a person writes."""
        return self.query_one(Composer)

    def on_resize(self, event: events.Resize) -> None:
        """The composer grows to a third of the screen."""
        self.composer.limit(event.size.height // 3)

    def on_mount(self) -> None:
        """Paint first; whatever takes time comes after the first frame."""
        tui = self.runtime.config.tui
        self.query_one(Sidebar).bars = not tui.plain
        completion = self.query_one(Completion)
        completion.keymap = self.keymap
        completion.arguments = Arguments(
            models=lambda: self.known_models,
            themes=sorted(self.app.available_themes),
            personas=self.runtime.config.personas,
        )
        area = self.composer.area
        area.send_on_enter = tui.send_on_enter
        area.focus()
        area.write(self.app.take_typed())
        self._show_state()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first frame. What was typed until now stays behind what an earlier run left."""
        if not self.session.is_temporary and self._beginning.resume is None:
            self.take_draft(keep=True)
        self.start()

    # ---- what the session says ----

    def _show(self, change: Change) -> None:
        """Pass a change on to the widgets that show it."""
        if not self.is_attached:
            return
        self._stage.show(change)
        if not isinstance(change, changes.Said | changes.Thought):
            self._pulse.feel()
        match change:
            case changes.Added() | changes.Sent() | changes.Finished():
                self.refresh_figures()
            case changes.QueueChanged() | changes.GivenBack():
                self.keep_draft()
            case changes.KeySwitched():
                self._find_switched()
            case changes.KeyNeeded():
                self._need_key(change)
            case changes.Told() if not change.topic or change.topic not in self._said:
                self._said.add(change.topic)
                self.say(change.words, severity="warning")
            case _:
                pass

    @work(group="key", exclusive=True, exit_on_error=False, description="find the key that took over")
    async def _find_switched(self) -> None:
        await self.take_key()

    @work(group="command", exclusive=False, exit_on_error=False, description="ask for a key")
    async def _need_key(self, need: changes.KeyNeeded) -> None:
        await self.ask_for_key(need.reason, is_unreadable=need.is_unreadable)

    def _wait(self) -> float:
        """Seconds until time alone changes something on this screen."""
        now = self.runtime.clock.now()
        if self.session.counts(now):
            return SECOND_S
        # Two windows side by side show the same, although nobody presses a key in one of them.
        own = self.figures.wait(now)
        return min(LOOK_S, own) if self.session.conversation is not None else own

    def _tick(self) -> None:
        """Count, and read again what time alone has changed."""
        self.session.tick()
        self.look()
        now = self.runtime.clock.now()
        if self.figures.at and self.figures.is_old(now):
            self.refresh_figures()
        beat = self.figures.beat(now)
        self.query_one(Sidebar).now = beat
        self.query_one(StatusLine).now = beat

    def _show_state(self) -> None:
        if self.figures.at and not are_of(self.figures, self.session, self.runtime.config):
            # Another window may have said so.
            self.refresh_figures()
        self._stage.show_state(self.session, ready=self.lease is not None, keymap=self.keymap)

    @on(Transcript.Marked)
    @on(Chips.FocusChanged)
    def _keys_changed(self, event: Transcript.Marked | Chips.FocusChanged) -> None:
        event.stop()
        self._show_state()

    @work(group="figures", exclusive=True, exit_on_error=False, description="read the figures")
    async def refresh_figures(self) -> None:
        """Read cost, context, key and model again."""
        if not self.runtime.started:
            return
        self.figures = await take_figures(self.runtime, self.session, self.lease)
        self.query_one(Sidebar).figures = self.figures
        self.query_one(StatusLine).figures = self.figures
        self._pulse.feel()
        self._show_state()
        self._show_estimate()

    # ---- commands ----

    def action_perform(self, command_id: str) -> None:
        """What a key does."""
        self.perform(command_id)

    def perform(self, command_id: str, argument: str = "", *, line: str = "") -> None:
        """Carry out a command of the table; the line that it was typed in comes back if it cannot be."""
        if not moved(self, command_id):
            self._run(command_id, argument, line)

    @work(group="command", exclusive=False, exit_on_error=False, description="carry out a command")
    async def _run(self, command_id: str, argument: str, line: str) -> None:
        from orchat.tui.screens.actions import ACTIONS

        try:
            await ACTIONS[command_id](self, argument)
        except OrchatError as error:
            self.say(f"{error.message}{f': {error.hint}' if error.hint else ''}", severity="warning")
            if argument and self.composer.is_empty:
                self.composer.area.load(line)

    @on(Composer.Commanded)
    def _commanded(self, event: Composer.Commanded) -> None:
        event.stop()
        parsed = slash.parse(event.line)
        if parsed is not None:
            self.composer.accept_command()
            self.perform(parsed[0].id, parsed[1], line=event.line)
        elif name := slash.unknown(event.line):
            self.say(f"There is no command {name}. Two slashes send it as text.", severity="warning")
        else:
            self.composer.accept_command()
            self.post_message(Composer.Submitted(replace(self.composer.prompt, text=event.line)))
            self.composer.replace(Prompt(text=""))

    # ---- the composer ----

    @on(Composer.EnteredNothing)
    def _entered_nothing(self, event: Composer.EnteredNothing) -> None:
        """The likeliest way on after a failure is one key away."""
        event.stop()
        problem = self.session.problem
        if problem is not None and problem.ways and not self.session.busy:
            self.perform(problem.ways[0][0])

    @on(Composer.Escaped)
    def _escaped(self, event: Composer.Escaped) -> None:
        event.stop()
        if "escape" in self.keymap.keys["stop"]:
            self.perform("stop")

    @on(Composer.Changed)
    def _changed(self, event: Composer.Changed) -> None:
        event.stop()
        self.glance()
        is_typing = self.focused is self.composer.area
        if event.prompt.text and not event.prompt.text.startswith("/") and is_typing:
            self.transcript.mark(None)
        self.keep_draft_soon()
        self._show_estimate()

    @on(PromptArea.EndPressed)
    def _end_pressed(self, event: PromptArea.EndPressed) -> None:
        event.stop()
        self.transcript.follow()

    def _show_estimate(self) -> None:
        prompt = self.composer.prompt
        is_command = prompt.text.startswith("/") and not prompt.text.startswith("//")
        pasted, shown = sum(map(len, prompt.pastes)), tokens_of(prompt.files) * CHARACTERS_PER_TOKEN
        characters = len(prompt.text) + pasted + shown
        pico = None if is_command else draft_cost(self.figures, characters)
        self.composer.estimate = "" if pico is None else f"≈ {usd(pico)}"

    def to_composer(self) -> None:
        """Write on."""
        self.transcript.mark(None)
        self.set_focus(self.composer.area)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for a message work while one is marked; elsewhere they are letters."""
        command = commands.BY_ID.get(str(parameters[0])) if action == "perform" and parameters else None
        if command is not None and command.scope == "message":
            return self.transcript.marked is not None and self.focused is not self.composer.area
        if command is not None and command.id == "restore":
            return self.session.branches.deletion is not None
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Typing while the conversation has the focus goes into the composer."""
        self.glance()
        if (
            event.is_printable
            and event.character
            and isinstance(self.focused, Transcript | Chips)
            and event.key not in self.active_bindings
        ):
            event.stop()
            self.composer.type(event.character)

    # ---- the rest ----

    @on(Transcript.BranchClicked)
    def _branch_clicked(self, event: Transcript.BranchClicked) -> None:
        self.perform("next_branch" if event.by > 0 else "previous_branch")

    @on(TopBar.ModelPressed)
    def _model_pressed(self) -> None:
        self.perform("model")

    @on(Chips.QueuePressed)
    def _queue_pressed(self) -> None:
        self.session.waiting.give_back()

    @on(Chips.UnseenPressed)
    def _unseen_pressed(self) -> None:
        self.transcript.follow()

    @on(Transcript.FollowChanged)
    def _follow_changed(self, event: Transcript.FollowChanged) -> None:
        self.query_one(Chips).unseen = event.unseen_lines

    @on(Transcript.LinkClicked)
    @work(group="link", exclusive=True, exit_on_error=False, description="open a link")
    async def _link_clicked(self, event: Transcript.LinkClicked) -> None:
        await open_link(self, event.href)

    def action_scroll_page(self, by: int) -> None:
        """Read back or on, while the composer keeps the focus."""
        if by < 0:
            self.transcript.action_page_up()
        else:
            self.transcript.action_page_down()

    def last_answer(self) -> Entry | None:
        """The newest message of a model."""
        return next((entry for entry in reversed(self.session.entries) if entry.role == "model"), None)

    async def copy_text(self, text: str, what: str) -> None:
        """Put a text into the clipboard, and say so."""
        way = await self.app.copy_text(text)
        self.say(f"Copied {what}." if way else f"Could not copy {what}: it is too long for the terminal's clipboard.")
