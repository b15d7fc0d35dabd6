"""One prompt and its answer while it arrives: saved before it is sent, kept as it streams, closed however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING

from orchat.chat.books import Ending, TurnBooks
from orchat.domain.conversation import MessageState, StoredMessage
from orchat.domain.events import Attempted, Event, Finished, Opened, ReasoningDelta, TextDelta, Timing
from orchat.domain.fold import Fold, Reply
from orchat.errors import OrchatError, StreamInterrupted
from orchat.tasks import Tasks, finish

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.domain.stream import EventStream

CHECKPOINT_S = 0.25
"""A ``kill -9`` loses at most this much of an answer."""


class Checkpoints:
    """Saves a growing answer at most every `CHECKPOINT_S`, and never while nothing is new.

    Args:
        save: Writes what is there now.
        clock: Sleeps between two saves.
        tasks: Owns the save that is under way.
    """

    def __init__(self, save: Callable[[], Awaitable[None]], clock: Clock, tasks: Tasks) -> None:
        self._save = save
        self._clock = clock
        self._tasks = tasks
        self._pending: asyncio.Task[None] | None = None

    def touched(self) -> None:
        """Something new arrived."""
        if self._pending is None or self._pending.done():
            self._pending = self._tasks.spawn(self._later(), name="checkpoint an answer")

    def close(self) -> None:
        """The answer is about to be saved whole: a checkpoint that still waits is not needed any more."""
        if self._pending is not None:
            self._pending.cancel()

    async def _later(self) -> None:
        await self._clock.sleep(CHECKPOINT_S)
        await self._save()


class Turn:
    """The events of one answer; use it as ``async with chat.send(…) as turn: async for event in turn``.

    Args:
        books: Reads and writes the conversation.
        clock: Tells the time.
        tasks: Owns what must end even when the caller is gone.
        running: Where the turn stands while it is open.
    """

    def __init__(self, books: TurnBooks, clock: Clock, tasks: Tasks, running: set[Turn]) -> None:
        self._books = books
        self._running = running
        self._reader: asyncio.Task[object] | None = None
        self._over = asyncio.Event()
        self._clock = clock
        self._tasks = tasks
        self._fold = Fold()
        self._stream: EventStream | None = None
        self._checkpoints = Checkpoints(self._checkpoint, clock, tasks)
        self._began = clock.monotonic()
        self._first: float | None = None
        self._opened = Opened()
        self._finished: Finished | None = None
        self._failure: OrchatError | None = None
        self._key_label: str | None = None
        self.answer: StoredMessage | None = None
        """The answer as it was saved, once the turn is over."""

    @property
    def prompt(self) -> StoredMessage:
        """The prompt as it was saved."""
        return self._books.prompt

    @property
    def conversation_id(self) -> str:
        """Where it is said."""
        return self._books.prompt.conversation_id

    @property
    def before(self) -> StoredMessage | None:
        """The answer that this one goes on with; the events tell only what comes after its text."""
        return self._books.before

    @property
    def answer_id(self) -> int:
        """Number of the answer's row."""
        return self._books.answer_id

    async def __aenter__(self) -> Turn:
        self._reader = asyncio.current_task()
        self._running.add(self)
        try:
            self._stream = await self._books.open()
        except BaseException as error:
            self._failure = error if isinstance(error, OrchatError) else None
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def stop(self) -> None:
        """Stop from outside: whoever reads the turn is cancelled, and what arrived is saved."""
        if self._reader is not None and not self._over.is_set():
            self._reader.cancel()
            await self._over.wait()

    async def give_up(self) -> None:
        """End a turn that nobody entered: its answer is saved as stopped."""
        await self._end()

    async def _end(self) -> None:
        try:
            await finish(self._close(), self._tasks, name="save an answer")
        finally:
            self._running.discard(self)
            self._over.set()

    def __aiter__(self) -> Turn:
        return self

    async def __anext__(self) -> Event:
        assert self._stream is not None
        try:
            event = await self._stream.__anext__()
        except OrchatError as error:
            self._failure = error
            raise
        self._seen(event)
        return event

    async def batch(self) -> list[Event]:
        """All events that have arrived since the last call; waits for the first. Empty at the end."""
        assert self._stream is not None
        try:
            events = await self._stream.batch()
        except OrchatError as error:
            self._failure = error
            raise
        for event in events:
            self._seen(event)
        return events

    def _seen(self, event: Event) -> None:
        self._fold.add(event)
        match event:
            case TextDelta() | ReasoningDelta():
                self._checkpoints.touched()
            case Attempted():
                self._key_label = event.key_label
            case Opened():
                self._opened = event
                self._first = self._clock.monotonic()
                if event.generation_id:
                    note = self._books.note_generation(event.generation_id)
                    self._tasks.spawn(note, name="note the generation id")
            case Finished():
                self._finished = event
            case _:
                pass

    async def _checkpoint(self) -> None:
        await self._books.checkpoint(self._fold.reply)

    async def _close(self) -> None:
        self._checkpoints.close()
        if self._stream is not None:
            await self._stream.aclose()
        self.answer = await self._books.close(
            Ending(
                state=self._state(),
                reply=self._reply(),
                opened=self._opened,
                finished=self._finished,
                failure=self._failure,
                key_label=self._key_label,
                timing=self._timing(),
            )
        )

    def _reply(self) -> Reply:
        return self._finished.reply if self._finished is not None else self._fold.reply

    def _state(self) -> MessageState:
        if self._finished is not None:
            return "done"
        if self._failure is None:
            return "stopped"
        return "cut" if isinstance(self._failure, StreamInterrupted) else "failed"

    def _timing(self) -> Timing:
        if self._finished is not None:
            return self._finished.timing
        return Timing(
            ttft_ms=None if self._first is None else round((self._first - self._began) * 1000),
            total_ms=round((self._clock.monotonic() - self._began) * 1000),
        )
