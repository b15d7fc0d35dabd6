"""Decides whether, when, with which model, and again; writes every attempt into the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat.dispatch import policy, replay
from orchat.dispatch.attempt import Attempt, Ground
from orchat.dispatch.breaker import Breaker
from orchat.dispatch.course import Course
from orchat.dispatch.defaults import with_defaults
from orchat.dispatch.limiter import Limiter
from orchat.domain.events import Attempted, Event, FellBack, Queued, Retrying
from orchat.domain.ledger import Attempt as LedgerAttempt
from orchat.domain.ledger import Settlement
from orchat.domain.request import ChatRequest
from orchat.domain.stream import EventStream
from orchat.errors import CircuitOpen, OrchatError, StreamInterrupted, TimedOut, UpstreamFailed
from orchat.store import ledger, responses

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.keys.ring import KeyLease


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the dispatcher must know of a request besides its content."""

    fallbacks: tuple[str, ...] = ()
    """Models asked in this order when the first one fails."""
    conversation_id: str | None = None
    """Session that the ledger rows belong to."""
    use_cache: bool | None = None
    """Answer from the response cache if possible; None: as configured."""


@dataclass(slots=True, kw_only=True)
class _Run:
    request: ChatRequest
    around: Circumstances
    course: Course
    cache_key: str | None
    lease: KeyLease | None = None
    failure: OrchatError | None = None


class Dispatcher:
    """The one way to the server: every front end streams through here.

    Args:
        ground: Shared parts.
        config: Settings.
        lease: Gives the key of this instance; asked when a request is about to be sent.
        default_model: Gives the model where a request names none.
        front_end: ``tui``, ``ask``, ``library`` …: written into the ledger.
    """

    def __init__(
        self,
        ground: Ground,
        config: Config,
        *,
        lease: Callable[[], Awaitable[KeyLease]],
        default_model: Callable[[], Awaitable[str]],
        front_end: str,
    ) -> None:
        self._ground = ground
        self._config = config
        self._lease = lease
        self._default_model = default_model
        self._front_end = front_end
        retry, breaker, limits = config.retry, config.breaker, config.limits
        self._rules = policy.Rules(
            unsent_retries=retry.attempts,
            sent_retries=min(retry.attempts, policy.SENT_RETRIES),
            base_s=retry.base_s,
            cap_s=retry.cap_s,
            total_s=retry.total_s,
            retry_after_max_s=retry.retry_after_max_s,
        )
        self._breaker = Breaker(failures=breaker.failures, window_s=breaker.window_s, open_s=breaker.open_s)
        self._limiter = Limiter(
            ground.db,
            ground.clock,
            free_per_minute=limits.free_per_minute,
            min_interval_s=limits.min_interval_s,
        )

    def stream(self, request: ChatRequest, circumstances: Circumstances | None = None) -> EventStream:
        """Stream the events of one request; `orchat.domain.events` has their grammar.

        Args:
            request: What is asked; configured defaults fill what it leaves open.
            circumstances: Fallback models and bookkeeping.

        Returns:
            A stream to be used with ``async with``.

        Raises:
            OrchatError: While iterating: when no attempt led to an answer.
        """
        return EventStream(self._batches(request, circumstances or Circumstances()))

    async def _batches(self, request: ChatRequest, around: Circumstances) -> AsyncGenerator[list[Event], None]:
        clock = self._ground.clock
        first = request.model or await self._default_model()
        fallbacks = around.fallbacks or self._config.models.fallbacks
        course = Course(models=list(dict.fromkeys((first, *fallbacks))), began=clock.monotonic())
        run = _Run(request=request, around=around, course=course, cache_key=self._cache_key(request, around, first))
        if run.cache_key and (events := await self._replayed(run.cache_key, around, first)):
            yield events
            return
        run.lease = await self._lease()
        while True:
            failure: OrchatError | None = self._circuit(course.model)
            if failure is None:
                async with aclosing(self._attempted(run)) as batches:
                    async for batch in batches:
                        yield batch
                failure = run.failure
            if failure is None:
                return
            yield [self._step(failure, course)]
            if course.delay_s:
                await clock.sleep(course.delay_s)

    async def _attempted(self, run: _Run) -> AsyncGenerator[list[Event], None]:
        """One attempt, after a rate slot is free; `run.failure` is set where another one may follow."""
        assert run.lease is not None
        course, clock = run.course, self._ground.clock
        while (wait := await self._limiter.reserve(run.lease, course.model)) is not None:
            yield [Queued(wait_s=wait.seconds, reason=wait.reason)]
            await clock.sleep(wait.seconds)
        course.number += 1
        yield [Attempted(number=course.number, model=course.model, key_label=run.lease.label)]
        entry = self._entry(run.around, model=course.model, lease=run.lease, number=course.number)
        sent = with_defaults(run.request, self._config, model=course.model)
        attempt = Attempt(self._ground, sent, run.lease, entry)
        run.failure = None
        try:
            await attempt.open()
            while not attempt.finished:
                batch = await attempt.read()
                if attempt.finished:
                    await self._succeeded(attempt, course.model, run.cache_key)
                if batch:
                    yield batch
        except OrchatError as error:
            run.failure = error
        finally:
            await attempt.close(run.failure)
        if run.failure is not None:
            self._blame(run.failure, course.model)
            if attempt.answered:
                raise run.failure

    def _entry(
        self, around: Circumstances, *, model: str, lease: KeyLease | None = None, number: int = 1
    ) -> LedgerAttempt:
        return LedgerAttempt(
            started_at=self._ground.clock.now(),
            model=model,
            key_label=lease.label if lease else "",
            key_fingerprint=lease.fingerprint if lease else "",
            number=number,
            conversation_id=around.conversation_id,
            front_end=self._front_end,
        )

    def _step(self, error: OrchatError, course: Course) -> Retrying | FellBack:
        clock = self._ground.clock
        return course.step(error, self._rules, now=clock.now(), monotonic=clock.monotonic(), uniform=clock.uniform)

    # ---- the breaker ----

    def _circuit(self, model: str) -> CircuitOpen | None:
        now = self._ground.clock.now()
        until = self._breaker.open_until(model, now)
        if until is None:
            return None
        return CircuitOpen(
            f"{model} failed too often just now; it is left alone for {max(1, round(until - now))} s",
            until=until,
            model=model,
            hint="choose another model, or wait",
        )

    def _blame(self, error: OrchatError, model: str) -> None:
        """Only failures beyond our own network count: a lost connection here says nothing about a model."""
        reached = isinstance(error, TimedOut) and error.stage in ("first_byte", "idle")
        if reached or isinstance(error, (UpstreamFailed, StreamInterrupted)):
            self._breaker.failed(model, self._ground.clock.now())

    async def _succeeded(self, attempt: Attempt, model: str, cache_key: str | None) -> None:
        """Close the books before the caller hears of the end, so that sums shown with it are right."""
        self._breaker.succeeded(model)
        await attempt.close(None)
        frozen = replay.freeze(attempt.finished) if cache_key and attempt.finished else None
        if cache_key and frozen:
            db, now = self._ground.db, self._ground.clock.now()
            await db.write(responses.put, cache_key, frozen, self._config.cache.ttl_s, now)

    # ---- the response cache ----

    def _cache_key(self, request: ChatRequest, around: Circumstances, model: str) -> str | None:
        wanted = self._config.cache.enabled if around.use_cache is None else around.use_cache
        if not wanted:
            return None
        client = self._ground.client
        sent = with_defaults(request, self._config, model=model)
        return replay.cache_key(client.body(sent), base_url=client.base_url)

    async def _replayed(self, cache_key: str, around: Circumstances, model: str) -> list[Event] | None:
        db, now = self._ground.db, self._ground.clock.now()
        text = await db.read(responses.get, cache_key, now)
        if text is None:
            return None
        row = await db.write(ledger.begin, self._entry(around, model=model), self._ground.owner)
        await db.write(ledger.settle, row, Settlement(outcome="cached", model_used=model, cost=replay.FREE))
        return replay.thaw(text)
