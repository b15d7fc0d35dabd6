"""One prompt on its way to an answer, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchat import logs
from orchat.domain.events import Attempted, BudgetNear, Event, ReasoningDelta, SwitchedKey, TextDelta
from orchat.errors import KeyringUnavailable, NoKeys, OrchatError
from orchat.tui import changes, memory
from orchat.tui.changes import Change, Prompt
from orchat.tui.entries import answer_end, chip, is_unfinished
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.problems import Problem, budget_near, problem_of, unexpected, with_rest
from orchat.tui.progress import Progress
from orchat.tui.transcript.entry import Entry
from orchat.tui.wording import short_model

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.domain.conversation import StoredMessage
    from orchat.runtime import Runtime

logger = logging.getLogger("orchat.tui")
NOT_SENT = "stopped before anything was sent"


class Answering:
    """A prompt, the entries that show it and its answer, and what became of it.

    Args:
        runtime: The parts behind the screen; it need not have started yet.
        show: Told of every change, at once and in order.
        prompt: What was asked.
        you: Shows the prompt.
        model: Id of the model that is asked; empty when that is not known yet.
        prompt_id: Number of the prompt, if it was kept before.
        answer: Shows an answer that is over; None: a new one is about to begin.
        problem: What went wrong with the answer that is over.
        begun: An earlier answer that stopped and that this one goes on with.
        keymap: The keys that lead on where something went wrong.
    """

    def __init__(
        self,
        runtime: Runtime,
        show: Callable[[Change], None],
        *,
        prompt: Prompt,
        you: Entry,
        model: str = "",
        prompt_id: int | None = None,
        answer: Entry | None = None,
        problem: Problem | None = None,
        begun: StoredMessage | None = None,
        keymap: Keymap = USUAL,
    ) -> None:
        self._runtime = runtime
        self._clock = runtime.clock
        self._show = show
        self._progress = Progress(model, self._clock.monotonic())
        self.prompt = prompt
        self._key_label = ""
        self._is_checking = False
        self.you = you
        self.prompt_id = prompt_id
        self.problem = problem
        self.stored: StoredMessage | None = None
        """The answer, once it was kept."""
        self.is_running = answer is None
        """From the key press to the end."""
        self.answer = answer or Entry(
            role="model",
            title=short_model(model) or "model",
            facts=self._progress.facts(self._clock.monotonic()),
            source=begun.text if begun else "",
            reasoning=begun.reply.reasoning if begun else "",
        )
        self._begun = begun
        self._keymap = keymap

    @property
    def was_sent(self) -> bool:
        """Whether anything left this computer."""
        return self._progress.was_sent

    async def run(self, begin: Callable[[], Awaitable[Turn]]) -> bool:
        """Show an answer from its beginning to its end.

        Args:
            begin: Keeps the prompt and begins the turn.

        Returns:
            Whether it came whole.

        Raises:
            NoKeys: Nothing was sent, because there is no key.
            KeyringUnavailable: Nothing was sent, because the key cannot be read.
        """
        try:
            await self._runtime.start()
            self._key_label = (await self._runtime.lease()).label
            await self._answer(await begin())
        except (NoKeys, KeyringUnavailable):
            self.is_running = False
            raise
        except OrchatError as error:
            self.problem = problem_of(error, now=self._clock.now(), key_label=self._key_label)
            if self.stored is not None and is_unfinished(self.stored):
                self.problem = with_rest(self.problem)
        except asyncio.CancelledError:
            self._end("" if self.stored else NOT_SENT)
            raise
        except Exception as error:
            logs.event(logger, "answer.broken", level=logging.ERROR, error=error)
            self.problem = unexpected(error)
        self._end("")
        return self.problem is None

    def began(self, turn: Turn) -> None:
        """Prompt and answer have their numbers."""
        self.prompt_id = turn.prompt.id
        chips = tuple(chip(attachment) for attachment in turn.prompt.attachments)
        self._update(self.you, chips=chips, key=turn.prompt.id)
        self._update(self.answer, key=turn.answer_id)

    async def _answer(self, turn: Turn) -> None:
        self._progress.started(self._clock.monotonic())
        try:
            async with turn:
                while events := await turn.batch():
                    self._follow(events)
        finally:
            if turn.answer is not None:
                self._settle(turn.answer)

    def _follow(self, events: list[Event]) -> None:
        """Show what one network read brought."""
        now = self._clock.monotonic()
        for event in events:
            self._progress.see(event, now)
            if isinstance(event, TextDelta):
                self._show(changes.Said(entry=self.answer, text=event.text))
            elif isinstance(event, ReasoningDelta):
                self._show(changes.Thought(entry=self.answer, text=event.text))
            else:
                self._note(event)
                self._refresh()
        if self.answer.thought != self._progress.thought(now):
            self._refresh()

    def _note(self, event: Event) -> None:
        """What concerns more than this answer."""
        match event:
            case BudgetNear():
                is_over = event.spent_pico >= event.limit_pico
                self._show(changes.Told(words=budget_near(event), topic=f"budget {event.scope} {is_over}"))
            case Attempted():
                self._key_label = event.key_label
                self._show(changes.Sent())
            case SwitchedKey():
                self._key_label = event.to_label
                self._show(changes.KeySwitched(label=event.to_label))
            case _:
                pass

    def _settle(self, stored: StoredMessage) -> None:
        now = self._clock.monotonic()
        self.stored = stored
        self._progress.end(now)
        thoughts = stored.usage.reasoning_tokens if stored.usage else 0
        end = answer_end(
            stored,
            asked=self._progress.model,
            lasted=self._progress.thought(now, thoughts),
            keymap=self._keymap,
        )
        if stored.state == "stopped" and not self.was_sent:
            end = {**end, "facts": "", "state": NOT_SENT}
        self._update(self.answer, key=stored.id, note=self._switches, **end)

    def _end(self, state: str) -> None:
        self.is_running = False
        if self.stored is None:
            self._update(self.answer, facts="", state=state)
        if self.problem is not None:
            self._card(self.problem)
        self._show(changes.Finished(entry=self.answer))
        if self._begun is not None and self.stored is not None:
            # What was sent twice at the seam is in it once.
            self._update(self.answer, source=self.stored.text, reasoning=self.stored.reply.reasoning)
        # Here and not when all are over: while prompts are queued one answer follows the other.
        memory.tidy()

    async def recheck(self) -> bool:
        """Ask the server about the key that was put aside, so that it is put aside no longer if it serves.

        Returns:
            Whether the prompt may be sent again.
        """
        problem = self.problem
        if problem is None or not problem.held:
            return True
        if self._is_checking:
            return False
        self._is_checking = True
        self._card(replace(problem, text=f"asking the server about {problem.held} …", hint="", ways=(), until=None))
        try:
            error = (await self._runtime.parts.shelf.test((problem.held,)))[0].error
        except OrchatError as failure:
            error = failure
        finally:
            self._is_checking = False
        if error is None:
            return True
        self.problem = replace(problem, text=f"asked just now: {error.message}", hint=error.hint or "")
        self._card(self.problem)
        return False

    def retire(self) -> None:
        """The conversation goes on: what went wrong stays to be read, but there is nothing to be done about it."""
        if self.problem is not None:
            self._card(replace(self.problem, ways=(), until=None))

    def _card(self, problem: Problem) -> None:
        self._update(self.answer, error=problem.card(self._clock.now(), self._keymap))

    def tick(self) -> None:
        """A second went by: count up what runs, count down what waits."""
        if self.is_running:
            self._refresh()
        elif self.problem is not None and self.problem.until is not None and not self._is_checking:
            self._card(self.problem)

    def is_waiting(self, now: float) -> bool:
        """Whether its card counts down to something.

        Args:
            now: Epoch seconds.
        """
        until = self.problem.until if self.problem else None
        # The card is drawn once more when it is over.
        return until is not None and now < until + 2

    @property
    def _switches(self) -> str:
        """Which keys took over on the way; it stays when the answer is over."""
        return " · ".join(self._progress.switches)

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        self._update(
            self.answer,
            title=short_model(self._progress.model) or "model",
            facts=self._progress.facts(now),
            thought=self._progress.thought(now),
            state=self._progress.note,
            note=self._switches,
        )

    def _update(self, entry: Entry, **values: Any) -> None:
        news = {name: value for name, value in values.items() if getattr(entry, name) != value}
        if news:
            self._show(changes.Updated(entry=entry, values=news))
