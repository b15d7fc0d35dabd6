"""One attempt: one POST, and its row in the ledger, which was opened before and is closed however it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchat import logs
from orchat.dispatch.pricing import estimate, tokens_of, tokens_of_messages
from orchat.domain.events import Accepted, Event, Finished, Opened, ReasoningDelta, TextDelta, Timing
from orchat.domain.ledger import Attempt as LedgerAttempt
from orchat.domain.ledger import Outcome, Settlement
from orchat.domain.model_id import is_free_id
from orchat.domain.money import Cost, Usage
from orchat.domain.request import ChatRequest
from orchat.errors import (
    ConnectionFailed,
    KeysError,
    OrchatError,
    RequestFailed,
    StreamInterrupted,
)
from orchat.keys import roster
from orchat.store import ledger
from orchat.tasks import Tasks, finish

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.dispatch.catalog import Models
    from orchat.domain.stream import EventStream
    from orchat.keys.ring import KeyLease
    from orchat.openrouter.client import OpenRouter
    from orchat.store.connection import Connection
    from orchat.store.database import Database

logger = logging.getLogger(__name__)

NOTHING_RAN = Cost(pico=0, source="estimated")
"""The request was refused or never arrived: nothing can have been charged."""
NEVER_SENT = Settlement(outcome="stopped", cost=NOTHING_RAN)
"""Whoever wanted it had left by the time that its turn came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every attempt of this process stands on."""

    client: OpenRouter
    """Sends it."""
    db: Database
    """Keeps the ledger."""
    models: Models
    """Knows the prices."""
    clock: Clock
    """Tells the time."""
    tasks: Tasks
    """Owns what must end even when the caller is gone."""
    owner: str
    """This instance, so that its open rows are found if it dies."""
    answered: Callable[[KeyLease], None] | None = None
    """Told after every attempt that was sent, so that the key's figures are compared with the server's; never waits."""


class Attempt:
    """One POST. Open it, read batches until `Finished`, and always close it.

    Args:
        ground: Shared parts.
        request: What is sent, with its model.
        lease: The key that pays.
        entry: What the ledger says of it.
        row: Its open row.
    """

    def __init__(
        self, ground: Ground, request: ChatRequest, lease: KeyLease, entry: LedgerAttempt, *, row: int
    ) -> None:
        self._ground = ground
        self._request = request
        self._lease = lease
        self._entry = entry
        self._began = ground.clock.monotonic()
        self._row = row
        self._stream: EventStream | None = None
        self._opened = Opened()
        self._generation_id: str | None = None
        self._first: float | None = None
        self._characters = 0
        self._closed: Settlement | None = None
        self.finished: Finished | None = None
        """The end as the server said it, with its cost."""

    async def open(self) -> None:
        """Send."""
        entry = self._entry
        with self._named():
            logs.event(logger, "attempt.sent", number=entry.number, model=entry.model, key=entry.key_label)
        self._stream = self._ground.client.stream(self._request, self._lease.secret)

    async def read(self) -> list[Event]:
        """The next events; an empty list when there was nothing in them for the caller."""
        assert self._stream is not None
        batch = await self._stream.batch()
        assert batch, "a stream ends with Finished or raises"
        return [event for event in [await self._seen(event) for event in batch] if event is not None]

    @property
    def answered(self) -> bool:
        """True once anything was shown."""
        return self._first is not None

    async def _seen(self, event: Event) -> Event | None:
        match event:
            case Accepted():
                self._generation_id = event.generation_id
                if event.generation_id:
                    self._note_generation(event.generation_id)
                return None
            case Opened():
                self._opened = event
                self._generation_id = event.generation_id or self._generation_id
                self._first = self._ground.clock.monotonic()
            case TextDelta() | ReasoningDelta():
                self._characters += len(event.text)
            case Finished():
                event = await self._priced(event)
                self.finished = event
            case _:
                pass
        return event

    def _note_generation(self, generation_id: str) -> None:
        """Written beside the stream: one thread runs all writes in order, so it lands before the settlement."""
        note = self._ground.db.write(ledger.note_generation, self._row, generation_id)
        self._ground.tasks.spawn(note, name="note the generation id")

    async def _priced(self, event: Finished) -> Finished:
        if event.cost.pico is not None:
            return event
        counted = event.usage.prompt_tokens or event.usage.completion_tokens
        usage = event.usage if counted else self._guessed()
        return replace(event, usage=usage, cost=await self._estimated(usage, event.model))

    def _guessed(self) -> Usage:
        """Tokens of an answer whose server did not count them, or not to the end."""
        return Usage(
            prompt_tokens=tokens_of_messages(self._request.messages),
            completion_tokens=tokens_of(self._characters),
            estimated=True,
        )

    async def _estimated(self, usage: Usage, model: str | None, *, in_a_hurry: bool = False) -> Cost:
        """By the prices of the model that answered; a name that the catalogue does not know falls to the one asked."""
        models = self._ground.models
        if not in_a_hurry:
            await models.look_up()
        answered = await models.pricing(model) if model else None
        return estimate(usage, answered or await models.pricing(self._entry.model), now=self._ground.clock.now())

    async def close(self, error: BaseException | None) -> Settlement:
        """Free the connection and close the ledger row, even when the caller is cancelled meanwhile; once is enough.

        Args:
            error: What ended the attempt; None when it finished or the caller left.

        Returns:
            What was written.
        """
        if self._closed is None:
            self._closed = await finish(self._close(error), self._ground.tasks, name="settle an attempt")
        return self._closed

    async def _close(self, error: BaseException | None) -> Settlement:
        if self._stream is None:
            await self._ground.db.write(ledger.settle, self._row, NEVER_SENT)
            return NEVER_SENT
        await self._stream.aclose()
        settlement = await self._settlement(error)
        await self._ground.db.write(_settle, self._row, settlement, self._entry)
        self._report(settlement, error)
        if self._ground.answered is not None:
            self._ground.answered(self._lease)
        return settlement

    def _named(self) -> AbstractContextManager[None]:
        """What ties the lines of the log to each other and to the ledger."""
        return logs.bind(attempt=self._row, conversation=self._entry.conversation_id)

    def _report(self, settlement: Settlement, error: BaseException | None) -> None:
        usage = settlement.usage or Usage()
        with self._named():
            logs.event(
                logger,
                "attempt.settled",
                level=logging.WARNING if settlement.outcome in ("failed", "cut") else logging.INFO,
                error=error,
                outcome=settlement.outcome,
                model=settlement.model_used,
                provider=settlement.provider,
                generation=settlement.generation_id,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cost_pico=settlement.cost.pico,
                cost_source=settlement.cost.source,
                ttft_ms=settlement.timing.ttft_ms,
                total_ms=settlement.timing.total_ms,
            )

    async def _settlement(self, error: BaseException | None) -> Settlement:
        clock = self._ground.clock
        timing = Timing(
            ttft_ms=None if self._first is None else round((self._first - self._began) * 1000),
            total_ms=round((clock.monotonic() - self._began) * 1000),
        )
        if self.finished is not None:
            done = self.finished
            return Settlement(
                outcome="done",
                model_used=done.model,
                provider=done.provider,
                generation_id=done.generation_id or self._generation_id,
                usage=done.usage,
                cost=done.cost,
                timing=timing,
                finish_reason=done.finish_reason,
            )
        usage = error.usage if isinstance(error, RequestFailed) else None
        outcome = self._outcome(error)
        if usage is None and outcome in ("cut", "stopped"):
            usage = self._guessed()
        return Settlement(
            outcome=outcome,
            model_used=self._opened.model,
            provider=self._opened.provider or (error.provider if isinstance(error, RequestFailed) else None),
            generation_id=self._generation_id,
            usage=usage,
            cost=await self._cost(error, usage, outcome),
            timing=timing,
            error_kind=error.kind if isinstance(error, OrchatError) else None,
            status=error.status if isinstance(error, (RequestFailed, KeysError)) else None,
        )

    def _outcome(self, error: BaseException | None) -> Outcome:
        if isinstance(error, StreamInterrupted):
            return "cut"
        if isinstance(error, OrchatError):
            return "failed"
        return "stopped"

    async def _cost(self, error: BaseException | None, usage: Usage | None, outcome: Outcome) -> Cost:
        if usage is not None and usage.cost_pico is not None:
            return usage.cost
        if outcome == "failed" and isinstance(error, (RequestFailed, KeysError)):
            never_sent = isinstance(error, ConnectionFailed) and not error.body_started
            if error.status is not None or never_sent:
                return NOTHING_RAN
        if usage is None:
            return Cost()
        # Whoever pressed a key to stop it is not kept waiting for a price.
        return await self._estimated(usage, self._opened.model, in_a_hurry=outcome == "stopped")


def _settle(connection: Connection, row: int, settlement: Settlement, entry: LedgerAttempt) -> None:
    """Close a row; in the same transaction, a key that has served is put aside no longer."""
    ledger.settle(connection, row, settlement)
    if settlement.outcome == "done":
        roster.forgive(connection, entry.key_fingerprint, free=is_free_id(entry.model))
