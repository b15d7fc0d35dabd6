"""One prompt on its way to an answer, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from orchat import logs
from orchat.domain.events import Event, ReasoningDelta, TextDelta
from orchat.errors import KeyringUnavailable, NoKeys, OrchatError
from orchat.tui import changes
from orchat.tui.changes import Change, Prompt
from orchat.tui.entries import answer_end, chip
from orchat.tui.problems import Problem, problem_of, unexpected
from orchat.tui.progress import Progress
from orchat.tui.transcript.entry import Entry
from orchat.tui.wording import short_model

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.domain.conversation import StoredMessage
    from orchat.runtime import Runtime

logger = logging.getLogger("orchat.tui")


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
    ) -> None:
        self._runtime = runtime
        self._clock = runtime.clock
        self._show = show
        self._progress = Progress(model, self._clock.monotonic())
        self.prompt = prompt
        self.you = you
        self.prompt_id = prompt_id
        self.problem = problem
        self.stored: StoredMessage | None = None
        """The answer, once it was kept."""
        self.is_running = answer is None
        """From the key press to the end."""
        self.answer = answer or Entry(
            role="model", title=short_model(model) or "model", facts=self._progress.facts(self._clock.monotonic())
        )

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
            await self._runtime.lease()
            await self._answer(await begin())
        except (NoKeys, KeyringUnavailable):
            self.is_running = False
            raise
        except OrchatError as error:
            self.problem = problem_of(error, now=self._clock.now())
        except asyncio.CancelledError:
            self._end("" if self.stored else "stopped before anything was sent")
            raise
        except Exception as error:
            logs.event(logger, "answer.broken", level=logging.ERROR, error=error)
            self.problem = unexpected(error)
        self._end("")
        return self.problem is None

    async def _answer(self, turn: Turn) -> None:
        self.prompt_id = turn.prompt.id
        chips = tuple(chip(attachment) for attachment in turn.prompt.attachments)
        self._update(self.you, chips=chips, key=turn.prompt.id)
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
                self._refresh()
        if self.answer.thought != self._progress.thought(now):
            self._refresh()

    def _settle(self, stored: StoredMessage) -> None:
        now = self._clock.monotonic()
        self.stored = stored
        self._progress.end(now)
        thoughts = stored.usage.reasoning_tokens if stored.usage else 0
        end = answer_end(stored, asked=self._progress.model, lasted=self._progress.thought(now, thoughts))
        self._update(self.answer, key=stored.id, **end)

    def _end(self, state: str) -> None:
        self.is_running = False
        if self.stored is None:
            self._update(self.answer, facts="", state=state)
        if self.problem is not None:
            self._update(self.answer, error=self.problem.card(self._clock.now()))
        self._show(changes.Finished(entry=self.answer))

    def tick(self) -> None:
        """A second went by: count up what runs, count down what waits."""
        if self.is_running:
            self._refresh()
        elif self.problem is not None and self.problem.until is not None:
            self._update(self.answer, error=self.problem.card(self._clock.now()))

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        self._update(
            self.answer,
            title=short_model(self._progress.model) or "model",
            facts=self._progress.facts(now),
            thought=self._progress.thought(now),
            state=self._progress.note,
        )

    def _update(self, entry: Entry, **values: Any) -> None:
        news = {name: value for name, value in values.items() if getattr(entry, name) != value}
        if news:
            self._show(changes.Updated(entry=entry, values=news))
