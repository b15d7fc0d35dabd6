"""The wait for a turn: limits, holds and budgets are asked in one transaction, which also opens the ledger row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from orchat.dispatch.attempt import NEVER_SENT, Ground
from orchat.domain.events import Queued
from orchat.domain.money import format_usd, to_pico
from orchat.errors import BudgetExceeded
from orchat.store import ledger, reservations
from orchat.store.reservations import BudgetLine, Claim, Granted, Held, Limits, OverBudget, Waiting
from orchat.tasks import finish, settled

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.config import Config
    from orchat.dispatch.projection import Projection
    from orchat.domain.ledger import Attempt
    from orchat.store.reservations import BudgetState

TELL_S = 1.0
"""A request that waits says at least so often what is left."""

_NAMES = {"day": "today", "session": "this session", "key": "this key today"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the configuration says about every request."""

    limits: Limits
    """How fast."""
    budgets: tuple[BudgetLine, ...]
    """How dear."""
    warn_at: float
    """Share of a budget from which on it warns."""

    @classmethod
    def of(cls, config: Config) -> Terms:
        """The terms that the settings make."""
        limits, budget = config.limits, config.budget
        usd = {"day": budget.day_usd, "session": budget.session_usd, "key": budget.key_usd}
        return cls(
            limits=Limits(
                free_per_minute=limits.free_per_minute,
                min_interval_s=limits.min_interval_s,
                max_in_flight=limits.max_in_flight,
            ),
            budgets=tuple(
                BudgetLine(scope=scope, limit_pico=to_pico(Decimal(str(usd[scope]))))
                for scope in _SCOPES
                if usd[scope] > 0
            ),
            warn_at=budget.warn_at,
        )

    def claim(self, attempt: Attempt, owner: str, *, over_budget: bool, insists: bool) -> Claim:
        """What an attempt asks for.

        Args:
            attempt: Its ledger row.
            owner: This instance.
            over_budget: Whether budgets only warn.
            insists: Whether a key that is put aside is asked all the same.
        """
        budgets = tuple(line for line in self.budgets if line.scope != "session" or attempt.conversation_id is not None)
        return Claim(
            attempt=attempt,
            owner=owner,
            limits=self.limits,
            budgets=budgets,
            over_budget=over_budget,
            insists=insists,
            warn_at=self.warn_at,
        )


_SCOPES: tuple[reservations.BudgetScope, ...] = ("day", "session", "key")


class Admission:
    """The way of one attempt to its open ledger row. Call `ask` until it has an outcome, and always `leave`.

    Args:
        ground: Shared parts.
        claim: What it asks for.
    """

    def __init__(self, ground: Ground, claim: Claim) -> None:
        self._ground = ground
        self._claim = claim
        self.outcome: Granted | Held | OverBudget | None = None
        """How it ended; None while it waits."""

    async def ask(self) -> Queued | None:
        """Ask once.

        Returns:
            What it waits for, or None when there is an outcome.
        """
        ground = self._ground
        asking = ground.tasks.spawn(
            ground.db.write(reservations.reserve, self._claim, ground.clock.now()), name="reserve an attempt"
        )
        try:
            await settled(asking)
        except asyncio.CancelledError:
            ground.tasks.spawn(self._give_back(asking), name="give back what was reserved")
            raise
        outcome = asking.result()
        if not isinstance(outcome, Waiting):
            self.outcome = outcome
            return None
        self._claim = replace(self._claim, ticket=outcome.ticket)
        return Queued(wait_s=outcome.seconds, reason=outcome.reason, ahead=outcome.ahead)

    async def leave(self) -> None:
        """Give up the place in the queue, if the request still stands there."""
        if self.outcome is None and self._claim.ticket is not None:
            await finish(self._withdraw(self._claim.ticket), self._ground.tasks, name="leave the queue")

    async def _withdraw(self, ticket: int) -> None:
        await self._ground.db.write(reservations.withdraw, ticket)

    async def _give_back(self, asking: asyncio.Task[reservations.Outcome]) -> None:
        """The transaction runs to its end although nobody waits for it: what it gave out has to be given back."""
        await settled(asking)
        outcome = None if asking.exception() else asking.result()
        if isinstance(outcome, Granted):
            await self._ground.db.write(ledger.settle, outcome.row, NEVER_SENT)
        elif isinstance(outcome, Waiting):
            await self._withdraw(outcome.ticket)


async def countdown(clock: Clock, seconds: float, reason: str) -> AsyncGenerator[Queued, None]:
    """Wait, and say at least once a second what is left.

    Args:
        clock: Tells the time.
        seconds: How long.
        reason: What for.
    """
    until = clock.now() + seconds
    while (left := until - clock.now()) > 0:
        yield Queued(wait_s=left, reason=reason)
        await clock.sleep(min(left, TELL_S))


def exceeded(state: BudgetState, projection: Projection | None, *, model: str) -> BudgetExceeded:
    """The error of a request that does not fit in a budget.

    Args:
        state: The budget.
        projection: What the request may cost, where that is known.
        model: Model that would have been asked.
    """
    limit, spent = format_usd(state.limit_pico), format_usd(state.spent_pico)
    message = f"the budget of {limit} for {_NAMES[state.scope]} is used up: {spent} is spent"
    affordable = None
    if projection is not None and state.spent_pico < state.limit_pico:
        message = (
            f"the budget of {limit} for {_NAMES[state.scope]} may not last: {spent} is spent,"
            f" and this may cost up to {format_usd(projection.pico)}"
        )
        affordable = projection.affordable_tokens(state.limit_pico - state.spent_pico)
    fits = f" An answer of at most {affordable:,} tokens fits." if affordable else ""
    return BudgetExceeded(
        message,
        scope=state.scope,
        limit_pico=state.limit_pico,
        spent_pico=state.spent_pico,
        projected_pico=None if projection is None else projection.pico,
        affordable_tokens=affordable,
        model=model,
        hint=f"Send it over budget, or raise budget.{state.scope}_usd in the settings.{fits}",
    )
