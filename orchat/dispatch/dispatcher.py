"""Decides whether, when, with which key and model, and again; every attempt is a row of the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchat.dispatch import policy
from orchat.dispatch.admission import TELL_S, Admission, Terms, countdown, exceeded
from orchat.dispatch.attempt import Attempt, Ground
from orchat.dispatch.blame import passes_soon
from orchat.dispatch.breaker import Breaker
from orchat.dispatch.course import Course
from orchat.dispatch.defaults import with_defaults
from orchat.dispatch.payer import Payer
from orchat.dispatch.projection import FREE, Projection, project
from orchat.dispatch.replay import Cache
from orchat.dispatch.sight import models_for
from orchat.domain.events import Attempted, BudgetNear, Event, FellBack, Retrying, SwitchedKey
from orchat.domain.ledger import Attempt as LedgerAttempt
from orchat.domain.model_id import is_free_id
from orchat.domain.request import ChatRequest
from orchat.domain.stream import EventStream
from orchat.errors import OrchatError
from orchat.store.reservations import Granted, Held, OverBudget

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.keys.ring import KeyLease, Ring
    from orchat.store.reservations import BudgetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the dispatcher must know of a request besides its content."""

    fallbacks: tuple[str, ...] = ()
    """Models asked in this order when the first one fails."""
    conversation_id: str | None = None
    """Session that the ledger rows belong to."""
    use_cache: bool | None = None
    """Answer from the response cache if possible; None: as configured."""
    over_budget: bool = False
    """Send it although a budget is used up."""
    switch: bool | None = None
    """Whether another key may take over without a question; None: as configured."""
    key_label: str | None = None
    """The key that pays; None: the one of this instance."""


@dataclass(slots=True, kw_only=True)
class _Run:
    request: ChatRequest
    around: Circumstances
    course: Course
    payer: Payer
    cache_key: str | None
    failure: OrchatError | None = None
    asked: bool = False
    """The failure is the server's word, not that of a hold."""
    warned: set[str] = field(default_factory=set)
    """Budgets of which the caller knows that they are nearly used up."""


class Dispatcher:
    """The one way to the server: every front end streams through here.

    Args:
        ground: Shared parts.
        config: Settings.
        ring: Gives the key of this instance when a request is about to be sent, and the ones after it.
        default_model: Gives the model where a request names none.
        front_end: ``tui``, ``ask``, ``library`` …: written into the ledger.
    """

    def __init__(
        self,
        ground: Ground,
        config: Config,
        *,
        ring: Ring,
        default_model: Callable[[], Awaitable[str]],
        front_end: str,
    ) -> None:
        self._ground = ground
        self._config = config
        self._ring = ring
        self._default_model = default_model
        self._front_end = front_end
        retry, breaker = config.retry, config.breaker
        self._rules = policy.Rules(
            unsent_retries=retry.attempts,
            sent_retries=min(retry.attempts, policy.SENT_RETRIES),
            base_s=retry.base_s,
            cap_s=retry.cap_s,
            total_s=retry.total_s,
            retry_after_max_s=retry.retry_after_max_s,
        )
        self._breaker = Breaker(failures=breaker.failures, window_s=breaker.window_s, open_s=breaker.open_s)
        self._terms = Terms.of(config)
        self._cache = Cache(ground, config)

    def stream(self, request: ChatRequest, circumstances: Circumstances | None = None) -> EventStream:
        """Stream the events of one request; `orchat.domain.events` has their grammar.

        Args:
            request: What is asked; configured defaults fill what it leaves open.
            circumstances: Fallback models, keys, budgets and bookkeeping.

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
        models = await models_for(self._ground, self._config, request, first=first, fallbacks=fallbacks)
        course = Course(models=models, began=clock.monotonic())
        cache_key = self._cache.key_of(request, model=first, wanted=around.use_cache)
        if cache_key and (events := await self._cache.answer(cache_key, self._entry(around, model=first))):
            yield events
            return
        payer = await Payer.begin(
            self._ring, self._ground, self._config.keys.on_exhausted, switch=around.switch, key_label=around.key_label
        )
        run = _Run(request=request, around=around, course=course, payer=payer, cache_key=cache_key)
        while True:
            run.failure, run.asked = self._breaker.refusal(course.model, clock.now()), False
            if run.failure is None:
                async with aclosing(self._attempted(run)) as batches:
                    async for batch in batches:
                        yield batch
            if run.failure is None:
                return
            event = await self._turned(run, run.failure)
            if event is None:
                continue
            if isinstance(event, Retrying) and not run.asked:
                async for queued in countdown(clock, event.delay_s, event.error.message):
                    yield [queued]
                continue
            yield [event]
            if course.delay_s:
                await clock.sleep(course.delay_s)

    async def _attempted(self, run: _Run) -> AsyncGenerator[list[Event], None]:
        """One attempt, once its turn has come; `run.failure` is set where another one may follow."""
        ground, course, lease = self._ground, run.course, run.payer.lease
        sent = with_defaults(run.request, self._config, model=course.model)
        projection = await self._projected(sent)
        entry = replace(
            self._entry(run.around, model=course.model, lease=lease, number=course.number + 1),
            projected_pico=None if projection is None else projection.pico,
        )
        claim = self._terms.claim(entry, ground.owner, over_budget=run.around.over_budget, insists=run.payer.insists)
        admission = Admission(ground, claim)
        try:
            while (queued := await admission.ask()) is not None:
                yield [queued]
                await ground.clock.sleep(min(queued.wait_s, TELL_S))
        finally:
            await admission.leave()
        outcome = admission.outcome
        if isinstance(outcome, OverBudget):
            raise exceeded(outcome.state, projection, model=course.model)
        if isinstance(outcome, Held):
            run.failure = await run.payer.barred(outcome.hold, course.model)
            return
        assert isinstance(outcome, Granted)
        attempt = Attempt(ground, sent, lease, entry, row=outcome.row)
        async with aclosing(self._sent(run, attempt, outcome.near)) as batches:
            async for batch in batches:
                yield batch

    async def _sent(
        self, run: _Run, attempt: Attempt, near: tuple[BudgetState, ...]
    ) -> AsyncGenerator[list[Event], None]:
        """One attempt whose row is open."""
        course, lease = run.course, run.payer.lease
        course.sets_out(self._ground.clock.monotonic())
        run.asked = True
        try:
            yield [
                *(_warning(state) for state in near if state.scope not in run.warned),
                Attempted(number=course.number, model=course.model, key_label=lease.label),
            ]
            run.warned.update(state.scope for state in near)
            await attempt.open()
            while not attempt.finished:
                batch = await attempt.read()
                if attempt.finished:
                    # The books are closed before the caller hears of the end, so that sums shown with it are right.
                    self._breaker.succeeded(course.model)
                    await attempt.close(None)
                    await self._cache.keep(run.cache_key, attempt.finished)
                if batch:
                    yield batch
        except OrchatError as error:
            run.failure = error
        finally:
            await attempt.close(run.failure)
        if run.failure is not None:
            self._breaker.blame(run.failure, course.model, self._ground.clock.now())
            if attempt.answered:
                raise run.failure
            await run.payer.blame(run.failure)

    async def _turned(self, run: _Run, error: OrchatError) -> Retrying | FellBack | SwitchedKey | None:
        """What comes after a failure: another key, the same request again, or another model.

        Returns:
            The event that tells of it; None to ask the same key although it is put aside.

        Raises:
            OrchatError: The same error, when nothing is left to try.
        """
        clock, course, payer = self._ground.clock, run.course, run.payer
        soon = passes_soon(error)
        switched = None if soon else await payer.switch(error)
        if switched is None and not run.asked and await payer.insist(error):
            return None
        if switched is None:
            try:
                event = course.step(
                    error, self._rules, now=clock.now(), monotonic=clock.monotonic(), uniform=clock.uniform
                )
            except OrchatError:
                switched = await payer.switch(error) if soon else None
                if switched is None:
                    await payer.advise(error)
                    raise
            else:
                if isinstance(event, FellBack):
                    payer.turn()
                return event
        course.delay_s = 0.0
        return switched

    async def _projected(self, sent: ChatRequest) -> Projection | None:
        """What it may cost, where a budget has to know; without one nobody waits for a price."""
        if not self._terms.budgets or sent.model is None:
            return None
        models, now = self._ground.models, self._ground.clock.now()
        if is_free_id(sent.model):
            return FREE
        await models.look_up()
        return project(sent, await models.find(sent.model), now=now)

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


def _warning(state: BudgetState) -> BudgetNear:
    return BudgetNear(
        scope=state.scope,
        spent_pico=state.spent_pico,
        limit_pico=state.limit_pico,
        projected_pico=state.projected_pico or None,
    )
