"""Several answers to one prompt, read at once: what each brings, and how each ends.

::

    async with AsyncClient() as client:
        models = ("openai/gpt-5-mini", "google/gemini-2.5-flash")
        async with client.compare("Why is the sky blue?", models) as comparison:
            async for step in comparison:
                ...  # step.number, step.events, at the end step.answer
            await comparison.choose(0)

Each answer is a turn of its own (`orchat.chat.turn`): it passes the same limits and budgets as any other request, is
saved every 250 ms while it arrives, and ends without touching the others. After a ``kill -9`` all of them are there as
far as they had come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from orchat.domain.events import Event
from orchat.errors import OrchatError, UsageError
from orchat.tasks import Tasks, finish, settled

if TYPE_CHECKING:
    from orchat.chat.service import Conversations
    from orchat.chat.turn import Turn
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.sessions import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one of the answers brought."""

    number: int
    """Which answer, from 0, in the order of the models."""
    events: tuple[Event, ...] = ()
    """What has arrived since its last step."""
    is_last: bool = False
    """The answer is over; nothing more comes of it."""
    answer: StoredMessage | None = None
    """With the last step: the answer as it was saved; None where it could not be saved."""
    error: OrchatError | None = None
    """With the last step: what broke it off, if something did."""


class Comparison:
    """Answers of several models as they arrive; use it as ``async with … as comparison: async for step in comparison``.

    Leaving the block early stops the answers that still run; what arrived is saved.

    Args:
        conversations: Where the answers are kept.
        begin: Saves the prompt and gives a turn for each model.
        models: Ids, in the order of the turns.
    """

    def __init__(
        self,
        conversations: Callable[[], Conversations],
        begin: Callable[[], Awaitable[tuple[Turn, ...]]],
        models: tuple[str, ...],
    ) -> None:
        self._conversations = conversations
        self._begin = begin
        self._tasks = Tasks()
        self._reading: list[asyncio.Task[None]] = []
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        self._open: set[int] = set()
        self._left = 0
        self.models = models
        """The models that are asked."""
        self.turns: tuple[Turn, ...] = ()
        """A turn for each model, once the block is entered."""

    @property
    def conversation_id(self) -> str:
        """Where it is kept.

        Raises:
            UsageError: The block was not entered yet.
        """
        if not self.turns:
            raise UsageError("the comparison has not begun", hint="use it as: async with client.compare(…)")
        return self.turns[0].conversation_id

    async def __aenter__(self) -> Comparison:
        self.turns = await self._begin()
        self._left = len(self.turns)
        self._open = set(range(self._left))
        for number, turn in enumerate(self.turns):
            self._reading.append(self._tasks.spawn(self._read(number, turn), name="read an answer"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await finish(self._stop_all(), self._tasks, name="stop a comparison")

    def __aiter__(self) -> Comparison:
        return self

    async def __anext__(self) -> Step:
        if not self._left:
            raise StopAsyncIteration
        step = await self._steps.get()
        self._left -= step.is_last
        return step

    async def answers(self) -> tuple[StoredMessage, ...]:
        """Wait until all are over.

        Returns:
            An answer for each model, in their order, however it ended: `StoredMessage.state` tells, and for a failed
            one `StoredMessage.error`.

        Raises:
            OrchatError: One could not be saved.
        """
        ended = sorted([step async for step in self if step.is_last], key=lambda step: step.number)
        for step in ended:
            if step.answer is None:
                raise step.error or UsageError("an answer could not be saved")
        return tuple(step.answer for step in ended if step.answer is not None)

    async def stop(self, number: int) -> None:
        """Stop one answer; what arrived of it is saved, and the others go on.

        Args:
            number: Which, from 0.
        """
        task, turn = self._reading[number], self.turns[number]
        task.cancel()
        await settled(task)
        if number in self._open:
            # Cancelled before it ran at all.
            await turn.give_up()
            self._over(number, None)

    async def choose(self, number: int) -> Transcript:
        """Go on with one answer and its model; the others stay as branches of the same prompt.

        Args:
            number: Which, from 0.

        Returns:
            The conversation as it is shown from now on.
        """
        return await self._conversations().choose(
            self.conversation_id, self.turns[number].answer_id, self.models[number]
        )

    async def _stop_all(self) -> None:
        await asyncio.gather(*(self.stop(number) for number in sorted(self._open)))

    async def _read(self, number: int, turn: Turn) -> None:
        # The queue has no bound: a slow reader must not keep an answer from being read and saved.
        error: OrchatError | None = None
        try:
            async with turn:
                while events := await turn.batch():
                    self._steps.put_nowait(Step(number=number, events=tuple(events)))
        except OrchatError as failure:
            error = failure
        finally:
            self._over(number, error)

    def _over(self, number: int, error: OrchatError | None) -> None:
        self._open.discard(number)
        step = Step(number=number, is_last=True, answer=self.turns[number].answer, error=error)
        self._steps.put_nowait(step)
