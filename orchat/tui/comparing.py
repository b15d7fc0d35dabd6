"""Answers of several models to one prompt, on their way. Knows no widget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchat.chat.books import Wish
from orchat.domain.money import Cost
from orchat.errors import KeyringUnavailable, NoKeys, OrchatError
from orchat.tasks import Tasks, settled
from orchat.tui import changes
from orchat.tui.answering import Answering
from orchat.tui.changes import Change, Prompt
from orchat.tui.entries import answer_facts
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.problems import Problem, WayId, problem_of
from orchat.tui.progress import CANCELS, STOPS
from orchat.tui.tally import Tally, answer_cost, total
from orchat.tui.transcript.entry import Entry, ErrorCard

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.domain.catalog import Pricing
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.sessions import Transcript
    from orchat.runtime import Runtime

WAYS: dict[WayId, str] = {"again": "compare_again", "next_key": "compare_next_key", "over_budget": "compare_anyway"}
"""Ways on after a failure that are open for one of several answers, and what they are called in ``[keymap]``."""
ENDS = {"done": "done", "stopped": "stopped", "cut": "cut", "failed": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What several models are asked."""

    models: tuple[str, ...]
    """Their ids, in the order of the columns."""
    prompt: Prompt
    """What is asked."""
    prices: tuple[Pricing | None, ...]
    """Of each model; None where nobody knows them."""
    prompt_tokens: int
    """What is sent, about."""
    wish: Wish
    """How the answers are wanted, beside the model."""


class Compared:
    """One of the answers.

    Args:
        runtime: Started.
        show: Told of every change of its entry, at once and in order.
        contest: What is asked.
        number: Place of its model, from 0.
        keymap: The keys that lead on where something went wrong.
    """

    def __init__(
        self, runtime: Runtime, show: Callable[[Change], None], contest: Contest, number: int, keymap: Keymap
    ) -> None:
        self._runtime = runtime
        self._keymap = keymap
        self._show = show
        self._contest = contest
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self.turn: Turn | None = None
        """The prompt and its answer as they are kept; None before it is asked."""
        self.number = number
        self.model = contest.models[number]
        self._begin()

    def _begin(self) -> None:
        contest = self._contest
        you = Entry(role="you", source=contest.prompt.text)
        self._asked = Answering(self._runtime, self._changed, prompt=contest.prompt, you=you, model=self.model)
        self._tally = Tally(contest.prices[self.number], contest.prompt_tokens)

    # ---- what there is of it ----

    @property
    def entry(self) -> Entry:
        """Says everything but its text, which the changes bring."""
        return self._asked.answer

    @property
    def stored(self) -> StoredMessage | None:
        """The answer, once it is over and was saved."""
        return self._asked.stored

    @property
    def is_running(self) -> bool:
        """Whether something may still come."""
        return self._asked.is_running

    @property
    def problem(self) -> Problem | None:
        """What went wrong."""
        return self._asked.problem

    @property
    def has_text(self) -> bool:
        """Whether it said anything."""
        return self.stored is not None and bool(self.stored.text.strip())

    @property
    def was_sent(self) -> bool:
        """Whether anything left this computer for it."""
        return self._asked.was_sent

    @property
    def state(self) -> str:
        """``running 3 s``, ``waits 12 s``, ``done``, ``stopped``, ``cut`` or ``failed``."""
        if self.is_running:
            return self.entry.facts.removesuffix(f" · {STOPS}").removesuffix(f" · {CANCELS}")
        return "failed" if self.stored is None else ENDS[self.stored.state]

    @property
    def facts(self) -> str:
        """``1.2 s · 84 tok/s · $0.000 41``, as far as it is known."""
        if self.stored is not None:
            return answer_facts(self.stored)
        if not self.is_running or not self.was_sent:
            return ""
        parts = (self._tally.speed(self._runtime.clock.monotonic()), total((self.cost,)))
        return " · ".join(part for part in parts if part)

    @property
    def cost(self) -> Cost:
        """What it has cost so far."""
        if self.stored is not None:
            return answer_cost(self.stored.cost, self.stored.state)
        if not self.was_sent:
            return Cost(pico=0, source="reported")
        return self._tally.cost(self._runtime.clock.now())

    # ---- what is done with it ----

    def start(self, turn: Turn) -> None:
        """Ask, and show what comes."""
        self.turn = turn
        self._task = self._tasks.spawn(self._run(turn), name="answer a prompt")

    async def again(self, *, over_budget: bool = False) -> None:
        """Ask its model once more; what there was stays as a branch.

        Args:
            over_budget: Send it although a budget is used up.
        """
        assert self.turn is not None
        prompt, wish = self.turn.prompt, self._contest.wish
        self._begin()
        self._show(changes.Replaced(entries=(self.entry,)))
        wish = replace(wish, model=self.model, fallbacks=(self.model,), over_budget=over_budget)
        try:
            self.start(await self._runtime.conversations.again(prompt.conversation_id, prompt.id, wish))
        except OrchatError as error:
            self._failed(error)

    async def retry(self) -> None:
        """Ask its model once more; a key that was put aside is tested first."""
        if await self._asked.recheck():
            await self.again()

    async def go_on_with_next_key(self) -> None:
        """Ask its model once more, and let the next key pay.

        Raises:
            OrchatError: There is none that can.
        """
        held = self.problem.held if self.problem is not None else ""
        # The answer beside may have gone on with the next key already.
        if held in ("", (await self._runtime.lease()).label):
            await self._runtime.switch_key()
        await self.again()

    def offers(self, way: WayId) -> bool:
        """Whether its failure can be overcome like this."""
        return self.problem is not None and any(way == other for other, _ in self.problem.ways)

    async def stop(self) -> None:
        """End it; what arrived is kept."""
        if self._task is not None:
            self._task.cancel()
            await settled(self._task)
        self._asked.is_running = False
        if self.turn is not None and self.turn.answer is None:
            await self.turn.give_up()

    async def over(self) -> None:
        """Wait for its end."""
        if self._task is not None:
            await settled(self._task)

    def tick(self) -> None:
        """A second went by."""
        self._asked.tick()

    def counts(self, now: float) -> bool:
        """Whether time alone changes what is known of it.

        Args:
            now: Epoch seconds.
        """
        return self.is_running or self._asked.is_waiting(now)

    async def _run(self, turn: Turn) -> None:
        async def begun() -> Turn:
            self._asked.began(turn)
            return turn

        try:
            await self._asked.run(begun)
        except (NoKeys, KeyringUnavailable) as error:
            if turn.answer is None:
                await turn.give_up()
            self._failed(error)

    def _failed(self, error: OrchatError) -> None:
        """It did not come to an attempt."""
        now = self._runtime.clock.now()
        self._asked.is_running = False
        self._asked.problem = problem_of(error, now=now)
        values = {"facts": "", "error": self._asked.problem.card(now)}
        self._changed(changes.Updated(entry=self.entry, values=values))
        self._changed(changes.Finished(entry=self.entry))

    def _changed(self, change: Change) -> None:
        if isinstance(change, changes.Said | changes.Thought):
            self._tally.heard(len(change.text), self._runtime.clock.monotonic())
        elif isinstance(change, changes.Updated):
            if change.entry is not self.entry:
                return
            values = self._here(change.values)
            for name, value in values.items():
                setattr(change.entry, name, value)
            change = replace(change, values=values)
        self._show(change)

    def _here(self, values: Any) -> dict[str, Any]:
        """A card offers what can be done here."""
        card = values.get("error")
        if not isinstance(card, ErrorCard):
            return dict(values)
        ways = self.problem.ways if self.problem is not None else ()
        keys = self._keymap.pairs(*((WAYS[way], label) for way, label in ways if way in WAYS))
        return {**values, "error": replace(card, keys=keys)}


class Comparing:
    """Several answers to one prompt.

    Args:
        runtime: Started.
        contest: What is asked.
        show: Told of every change, with the number of the answer.
        keymap: The keys that lead on where something went wrong.
    """

    def __init__(
        self, runtime: Runtime, contest: Contest, show: Callable[[int, Change], None], keymap: Keymap = USUAL
    ) -> None:
        self._runtime = runtime
        self._finished: list[int] = []
        self._show = show
        self.contest = contest
        self.answers = tuple(
            Compared(runtime, self._shows(number), contest, number, keymap) for number in range(len(contest.models))
        )

    def _shows(self, number: int) -> Callable[[Change], None]:
        def show(change: Change) -> None:
            if isinstance(change, changes.Finished | changes.Replaced):
                self._finished = [other for other in self._finished if other != number]
            if isinstance(change, changes.Finished):
                self._finished.append(number)
            self._show(number, change)

        return show

    def start(self, turns: Sequence[Turn]) -> None:
        """Ask all of them.

        Args:
            turns: One for each model, in their order.
        """
        for answer, turn in zip(self.answers, turns, strict=True):
            answer.start(turn)

    @property
    def running(self) -> tuple[Compared, ...]:
        """Those of which something may still come."""
        return tuple(answer for answer in self.answers if answer.is_running)

    @property
    def has_begun(self) -> bool:
        """Whether anything was sent."""
        return any(answer.was_sent for answer in self.answers)

    @property
    def spent(self) -> str:
        """What all of them have cost so far."""
        return total(answer.cost for answer in self.answers)

    def counts(self, now: float) -> bool:
        """Whether time alone changes what is shown.

        Args:
            now: Epoch seconds.
        """
        return any(answer.counts(now) for answer in self.answers)

    async def stop(self) -> None:
        """End all that run; what arrived is kept."""
        for answer in self.running:
            await answer.stop()

    async def close(self, chosen: int | None) -> Transcript:
        """Stop what runs, and let the conversation go on.

        Args:
            chosen: The answer to go on with, and its model; None: the first that was finished, and the model as before.

        Returns:
            The conversation as it is shown from now on.
        """
        await self.stop()
        first = self.answers[self._best() if chosen is None else chosen]
        stored = first.stored
        assert first.turn is not None
        prompt = first.turn.prompt
        model = None if chosen is None else first.model
        id = stored.id if stored is not None else first.turn.answer_id
        return await self._runtime.conversations.choose(prompt.conversation_id, id, model)

    def _best(self) -> int:
        """The first that came whole, else the first that said anything."""
        for states in (("done",), ("done", "stopped", "cut")):
            for number in self._finished:
                stored = self.answers[number].stored
                if stored is not None and stored.state in states and stored.text:
                    return number
        return 0
