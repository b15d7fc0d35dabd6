"""Answers of several models beside each other; one of them is gone on with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.errors import OrchatError
from orchat.tui import changes
from orchat.tui.changes import Change
from orchat.tui.comparing import Compared, Comparing, Contest
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.keys import place_bindings
from orchat.tui.lines import ACCENT, DIM, spread
from orchat.tui.pulse import Pulse
from orchat.tui.screens.choosing import chosen_code
from orchat.tui.screens.confirm import Confirm
from orchat.tui.screens.dialog import soon
from orchat.tui.screens.links import open_link
from orchat.tui.tally import projected
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.column import AnswerColumn, TabLine, fits_columns
from orchat.tui.widgets.keybar import KeyBar
from orchat.tui.wording import plain, plural, short_model

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

SECOND_S = 1.0
LONG_S = 3600.0


class CompareScreen(Screen[int]):
    """Two to four answers at once; gives back the number of the one to go on with, from 0, or None.

    Args:
        runtime: Started.
        contest: What is asked.
        turns: One for each model, in their order; they are entered here.
        keymap: The keys that count.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    CompareScreen {
        background: $background;
        & #asked { height: 1; padding: 0 2; background: $surface; }
        & TabLine { display: none; }
        & #columns { height: 1fr; margin-top: 1; }
        & AnswerColumn.-aside { display: none; }
    }
    CompareScreen.-tabs TabLine { display: block; }
    CompareScreen.-tabs #columns { margin-top: 0; }
    CompareScreen.-tabs.-high TabLine { margin-top: 1; }
    """
    BINDINGS = [
        *(Binding(str(number), f"go({number - 1})", f"Answer {number}", show=False) for number in range(1, 5)),
        *place_bindings("compare"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]

    def __init__(self, runtime: Runtime, contest: Contest, turns: Sequence[Turn], *, keymap: Keymap = USUAL) -> None:
        super().__init__()
        self._keymap = keymap
        self._runtime = runtime
        self._turns = turns
        self._current = 0
        self._said: set[str] = set()
        self._is_asking = False
        self._pulse = Pulse(self, self._wait, self._tick)
        self.comparing = Comparing(runtime, contest, self._show, keymap)

    # ---- parts ----

    def compose(self) -> ComposeResult:
        """What is asked; tabs or columns; keys."""
        tui = self._runtime.config.tui
        yield Static(Content(""), id="asked")
        yield TabLine(plain=tui.plain)
        with Horizontal(id="columns"):
            for answer in self.comparing.answers:
                yield AnswerColumn(
                    answer.number + 1,
                    answer.entry,
                    flush_s=tui.flush_ms / 1000,
                    plain=tui.plain,
                    copy_hint=self._keymap.hint("compare_copy_code", "copy"),
                )
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask."""
        self._columns = list(self.query(AnswerColumn))
        self._go(0)
        self.comparing.start(self._turns)
        self._show_all()

    def on_resize(self, event: events.Resize) -> None:
        """Columns where they have room, else tabs."""
        self.set_class(not fits_columns(event.size.width, len(self._columns)), "-tabs")
        self._arrange()
        soon(self, self._show_all)

    def _arrange(self) -> None:
        is_tabbed = self.has_class("-tabs")
        for number, column in enumerate(self._columns):
            column.set_class(is_tabbed and number != self._current, "-aside")

    # ---- what the answers say ----

    def _show(self, number: int, change: Change) -> None:
        if not self.is_attached:
            return
        self._columns[number].show(change)
        if isinstance(change, changes.Told) and change.topic not in self._said:
            self._said.add(change.topic)
            self.say(change.words)
        if not isinstance(change, changes.Said | changes.Thought):
            self._show_all()

    def _show_all(self) -> None:
        """Heads, tabs, sum and keys."""
        answers = self.comparing.answers
        for answer, column in zip(answers, self._columns, strict=True):
            head = column.head
            head.title, head.state, head.facts = _name(answer, answers), answer.state, answer.facts
            head.current = answer.number == self._current
        line = self.query_one(TabLine)
        line.tabs = tuple((_name(answer, answers), answer.state) for answer in answers)
        line.current = self._current
        self._show_asked()
        self.query_one(KeyBar).pairs = self._keys()
        self._pulse.feel()

    def _show_asked(self) -> None:
        bar = self.query_one("#asked", Static)
        prompt = plain(self.comparing.contest.prompt.text.strip().partition("\n")[0], 300)
        left = Content.assemble(("orchat", f"bold {ACCENT}"), "   ", ("Compare", "bold"), "   ", prompt.stylize(DIM))
        bar.update(spread(left, Content.styled(self._sum(), DIM), bar.content_size.width))

    def _sum(self) -> str:
        comparing = self.comparing
        if comparing.has_begun:
            return f"{comparing.spent} {'so far' if comparing.running else 'in all'}"
        contest = comparing.contest
        return projected(contest.prices, contest.prompt_tokens, at=self._runtime.clock.now()).partition(" · ")[0]

    def _keys(self) -> tuple[tuple[str, str], ...]:
        answer, pairs = self._answer, self._keymap.pairs
        step, leave = ("compare_before compare_after", "answer"), (("quit", "leave"), ("help", "help"))
        if answer.is_running:
            return pairs(("compare_stop", "stop"), step, *leave)
        use = (("compare_use", "use this answer"),) if answer.has_text else ()
        copy = (("compare_copy", "copy"),) if answer.has_text else ()
        code = (("compare_copy_code", "copy code"),) if self.column.has_code else ()
        return pairs(*use, ("compare_stop", "back"), step, *copy, *code, ("compare_again", "again"), *leave)

    def _wait(self) -> float:
        return SECOND_S if self.comparing.counts(self._runtime.clock.now()) else LONG_S

    def _tick(self) -> None:
        for answer in self.comparing.answers:
            answer.tick()
        self._show_all()

    # ---- keys ----

    @property
    def _answer(self) -> Compared:
        return self.comparing.answers[self._current]

    @property
    def column(self) -> AnswerColumn:
        """The column that keys are for."""
        return self._columns[self._current]

    def action_go(self, number: int) -> None:
        """Go to an answer by its place, from 0."""
        if number < len(self._columns):
            self._go(number)

    def action_step(self, by: int) -> None:
        """Go to the answer beside."""
        self._go((self._current + by) % len(self._columns))

    def _go(self, number: int) -> None:
        self._current = number
        self._columns[number].remove_class("-aside")
        self.set_focus(self._columns[number].transcript)
        self._arrange()
        self._show_all()

    @on(TabLine.Pressed)
    def _tab_pressed(self, event: TabLine.Pressed) -> None:
        self.action_go(event.number)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click or Tab goes to an answer too."""
        for number, column in enumerate(self._columns):
            if event.widget is column.transcript and number != self._current:
                self._go(number)

    @work(group="compare", exclusive=False, exit_on_error=False, description="stop an answer or go back")
    async def action_stop(self) -> None:
        """Stop the answer; where it is over, go back."""
        if self._answer.is_running:
            await self._answer.stop()
            self._show_all()
            return
        running = self.comparing.running
        if running and not self._is_asking:
            self._is_asking = True
            about = Content("What has arrived is kept; every answer stays as a branch.")
            question = Confirm(f"Stop {plural(len(running), 'answer')} and go back?", about, yes="stop and go back")
            is_sure = await self.app.push_screen_wait(question)
            self._is_asking = False
            if not is_sure:
                return
        if not self._is_asking:
            self.dismiss(None)

    def action_use(self) -> None:
        """Go on with this answer and its model."""
        if self._answer.is_running:
            self.say(f"This answer still arrives: wait for it, or stop it with {self._keymap.shown('compare_stop')}.")
        elif not self._answer.has_text:
            self.say("There is no answer to go on with.")
        else:
            self.dismiss(self._current)

    @work(group="compare", exclusive=False, exit_on_error=False, description="copy an answer")
    async def action_copy(self) -> None:
        """Copy the answer."""
        text = self.column.text
        if not text:
            self.say("There is nothing to copy yet.")
        elif await self.app.copy_text(text):
            self.say(f"Copied answer {self._current + 1}.")
        else:
            self.say("Could not copy the answer: it is too long for the terminal's clipboard.")

    @work(group="compare", exclusive=False, exit_on_error=False, description="copy code")
    async def action_copy_code(self) -> None:
        """Copy a code block of the answer; where there are several, ask which."""
        blocks = self.column.code_blocks
        code = await chosen_code(self.app, blocks) if blocks else ""
        if not blocks:
            self.say("There is no code in this answer.")
        elif code is not None:
            is_copied = await self.app.copy_text(code)
            self.say(
                "Copied the code."
                if is_copied
                else "Could not copy the code: it is too long for the terminal's clipboard."
            )

    def action_again(self) -> None:
        """Ask this model once more."""
        self._ask(self._answer, self._answer.retry)

    def action_next_key(self) -> None:
        """Go on with the next key."""
        if self._answer.offers("next_key"):
            self._ask(self._answer, self._answer.go_on_with_next_key)

    def action_anyway(self) -> None:
        """Send what a budget held back."""
        if self._answer.offers("over_budget"):
            self._ask(self._answer, partial(self._answer.again, over_budget=True))

    @work(group="compare", exclusive=False, exit_on_error=False, description="ask a model again")
    async def _ask(self, answer: Compared, again: Callable[[], Awaitable[None]]) -> None:
        if answer.is_running:
            return
        try:
            await again()
        except OrchatError as error:
            self.say(error.message)
        self._show_all()

    @on(Transcript.LinkClicked)
    @work(group="link", exclusive=True, exit_on_error=False, description="open a link")
    async def _link_clicked(self, event: Transcript.LinkClicked) -> None:
        await open_link(self, event.href)

    def say(self, words: str) -> None:
        """Something that may be missed."""
        self.notify(clean_line(words, 300), markup=False, timeout=4)


def _name(answer: Compared, answers: Sequence[Compared]) -> str:
    """The short name of the model that answers, unless another one has the same."""
    mine = short_model(answer.model)
    shared = sum(1 for other in answers if short_model(other.model) == mine) > 1
    return answer.model if shared else mine
