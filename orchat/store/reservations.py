"""Admission of attempts, agreed on by all processes: limits, queue, holds and budgets, and the ledger row that counts.

Everything is decided over the rows of the ledger and written in the same transaction, so no two processes can take the
last slot, and nothing that was given out can be forgotten: closing the row gives it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from orchat.clock import utc_day
from orchat.domain.ledger import Attempt
from orchat.domain.model_id import is_free_id
from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.store import holds, instances, ledger, queue, reports
from orchat.store.connection import Connection
from orchat.store.holds import Hold

BudgetScope = Literal["day", "session", "key"]

_FIRST_ASKS_S = 0.05
_LAST_ASKS_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many requests may be sent; 0 stands for no limit."""

    free_per_minute: int = 0
    """Requests to free models of one account in any 60 s."""
    min_interval_s: float = 0.0
    """Seconds from one request of a key to the next."""
    max_in_flight: int = 0
    """Requests of one key that run at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A limit of money."""

    scope: BudgetScope
    """All of a UTC day, one conversation, or one key on a UTC day."""
    limit_pico: int
    """Pico-dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request that wants to be sent."""

    attempt: Attempt
    """Its ledger row; an account that is not known is looked up, and the time is that of the admission."""
    owner: str
    """Id of the instance that sends it."""
    limits: Limits = Limits()
    """What holds for it."""
    budgets: tuple[BudgetLine, ...] = ()
    """What it has to fit in."""
    over_budget: bool = False
    """Its owner wants it sent although a budget is used up."""
    insists: bool = False
    """No other key is left: it is sent although its own is put aside, because the server knows best."""
    warn_at: float = 0.8
    """Share of a budget from which on `Granted.near` names it."""
    ticket: int | None = None
    """From `Waiting`, when it asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """How far a budget is used up."""

    scope: BudgetScope
    """Which."""
    limit_pico: int
    """Its limit, in pico-dollars."""
    spent_pico: int
    """Settled, and reserved by other open attempts of all processes."""
    projected_pico: int
    """What this request may add; 0 where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """It may be sent now; its row is open."""

    row: int
    """For `ledger.settle`."""
    near: tuple[BudgetState, ...] = ()
    """Budgets that are nearly used up, or more than that where the owner wants it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """It has to wait; nothing is reserved."""

    ticket: int
    """Its place in the queue, for the next `Claim`."""
    seconds: float
    """When to ask again: exactly for limits over time, else a short while."""
    reason: str
    """What for, in words."""
    ahead: int
    """How many go before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """It does not fit in a budget; nothing is reserved."""

    state: BudgetState
    """Which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Its key, or the account for this model, is put aside; nothing is reserved."""

    hold: Hold
    """The one that lasts longest."""


Outcome: TypeAlias = Granted | Waiting | OverBudget | Held


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """What keeps a request from being sent."""

    scope: str
    """The queue in which it waits."""
    seconds: float
    """Until it makes sense to ask again."""
    reason: str
    """In words."""
    ahead: int
    """How many go before it."""


_Rule: TypeAlias = Callable[[int], tuple[float, str]]
"""For how long a scope keeps a request that has so many before it, and why."""


def reserve(connection: Connection, claim: Claim, now: float) -> Outcome:
    """Admit one attempt and open its row, or say what keeps it.

    A request waits in one queue at a time, the narrowest that blocks it; there it goes behind every smaller ticket. So
    one that costs money never waits for the limits of free models.

    Args:
        connection: In a write transaction.
        claim: What wants to be sent. Asking again, it brings its ticket; until then it asks at least once a minute.
        now: Epoch seconds.

    Returns:
        `Granted` with the open row; `Waiting` with its place in the queue; `OverBudget` or `Held`, and no place.
    """
    claim = _dated(connection, claim, now)
    held = _holds(connection, claim, now)
    lasting = holds.longest(*(hold for hold in held if hold.kind != holds.IN_FLIGHT))
    if lasting is not None and not claim.insists:
        withdraw(connection, claim.ticket)
        return Held(hold=lasting)
    states = _budgets(connection, claim)
    exceeded = next((state for state in states if _exceeds(state, claim)), None)
    if exceeded is not None and not claim.over_budget:
        withdraw(connection, claim.ticket)
        return OverBudget(state=exceeded)
    pause = holds.longest(*(hold for hold in held if hold.kind == holds.IN_FLIGHT))
    block = _block(connection, claim, now, pause)
    if block is not None and queue.reaping_is_due(connection, now):
        instances.reap(connection)
        block = _block(connection, claim, now, pause)
    if block is not None:
        ticket = queue.enter(connection, block.scope, claim.ticket, claim.owner, now, block.seconds)
        return Waiting(ticket=ticket, seconds=block.seconds, reason=block.reason, ahead=block.ahead)
    withdraw(connection, claim.ticket)
    row = ledger.begin(connection, claim.attempt, claim.owner)
    return Granted(row=row, near=tuple(state for state in states if _is_near(state, claim)))


def withdraw(connection: Connection, ticket: int | None) -> None:
    """A request waits no longer, be it cancelled or served.

    Args:
        connection: In a write transaction.
        ticket: From `Waiting`; None does nothing.
    """
    if ticket is not None:
        queue.leave(connection, ticket)


def _dated(connection: Connection, claim: Claim, now: float) -> Claim:
    """The claim with the time of its admission and the account as it is known by now."""
    attempt = claim.attempt
    account = attempt.account
    if account in ("", attempt.key_fingerprint):
        account = reports.account_of(connection, attempt.key_fingerprint)
    return replace(claim, attempt=replace(attempt, started_at=now, account=account))


def _holds(connection: Connection, claim: Claim, now: float) -> list[Hold]:
    attempt = claim.attempt
    scopes = [key_scope(attempt.key_fingerprint), account_scope(attempt.account)]
    if is_free_id(attempt.model):
        scopes.append(free_scope(attempt.account))
    found = [holds.get(connection, scope) for scope in scopes]
    return [hold for hold in found if hold is not None and hold.is_active(now)]


# ---- money ----


def _budgets(connection: Connection, claim: Claim) -> list[BudgetState]:
    scopes = {line.scope for line in claim.budgets}
    attempt = claim.attempt
    spent: dict[BudgetScope, int] = {"session": 0}
    if scopes & {"day", "key"}:
        # Every attempt reads this while all others wait: one pass over the day serves both.
        by_key = ledger.spent_by_key(connection, utc_day(attempt.started_at))
        spent |= {"day": sum(by_key.values()), "key": by_key.get(attempt.key_fingerprint, 0)}
    if "session" in scopes and attempt.conversation_id is not None:
        spent["session"] = ledger.spent(connection, conversation_id=attempt.conversation_id)
    return [
        BudgetState(
            scope=line.scope,
            limit_pico=line.limit_pico,
            spent_pico=spent[line.scope],
            projected_pico=attempt.projected_pico or 0,
        )
        for line in claim.budgets
    ]


def _exceeds(state: BudgetState, claim: Claim) -> bool:
    # At an unknown price it goes as long as anything is left; what costs nothing always goes.
    if claim.attempt.projected_pico is None:
        return state.spent_pico >= state.limit_pico
    return state.projected_pico > 0 and state.spent_pico + state.projected_pico > state.limit_pico


def _is_near(state: BudgetState, claim: Claim) -> bool:
    if claim.attempt.projected_pico == 0:
        return False
    return state.spent_pico + state.projected_pico >= state.limit_pico * claim.warn_at


# ---- limits ----


def _block(connection: Connection, claim: Claim, now: float, pause: Hold | None) -> _Block | None:
    """The narrowest scope that keeps a request: its place in a wider one would keep others for no reason."""
    for scope, rule in _rules(connection, claim, now, pause):
        ahead = queue.ahead(connection, scope, claim.ticket, now)
        seconds, reason = rule(ahead)
        if ahead or seconds > 0:
            return _Block(scope=scope, seconds=seconds or _soon(ahead), reason=reason, ahead=ahead)
    return None


def _rules(connection: Connection, claim: Claim, now: float, pause: Hold | None) -> Iterator[tuple[str, _Rule]]:
    attempt, limits = claim.attempt, claim.limits
    if limits.free_per_minute > 0 and is_free_id(attempt.model):
        yield free_scope(attempt.account), lambda ahead: _until_window_opens(connection, claim, now, ahead)
    yield account_scope(attempt.account), lambda _: _until_over(pause, now)
    if limits.min_interval_s > 0:
        yield key_scope(attempt.key_fingerprint), lambda ahead: _until_interval_passed(connection, claim, now, ahead)
    if limits.max_in_flight > 0:
        yield key_scope(attempt.key_fingerprint), lambda ahead: _until_one_ends(connection, claim, ahead)


def _soon(ahead: int) -> float:
    return min(_LAST_ASKS_S, _FIRST_ASKS_S * (1 + ahead))


def _until_over(pause: Hold | None, now: float) -> tuple[float, str]:
    if pause is None:
        return 0.0, "requests of this account go in order"
    return (_LAST_ASKS_S if pause.until is None else pause.until - now), pause.reason


def _until_window_opens(connection: Connection, claim: Claim, now: float, ahead: int) -> tuple[float, str]:
    most = claim.limits.free_per_minute
    # Whoever goes before takes the first slots that come free, and a whole window where there are many.
    windows, before = divmod(ahead, most)
    row = connection.execute(
        "SELECT started_at FROM attempts WHERE account = ? AND is_free = 1 AND started_at > ? AND started_at < ?"
        " AND outcome <> 'cached' ORDER BY started_at DESC LIMIT 1 OFFSET ?",
        (claim.attempt.account, now - ledger.MINUTE_S, now + ledger.MINUTE_S, most - 1 - before),
    ).fetchone()
    seconds = 0.0 if row is None else max(0.0, float(row["started_at"]) + ledger.MINUTE_S - now)
    return seconds + windows * ledger.MINUTE_S, f"free models: {most} requests a minute"


def _until_interval_passed(connection: Connection, claim: Claim, now: float, ahead: int) -> tuple[float, str]:
    interval = claim.limits.min_interval_s
    row = connection.execute(
        "SELECT started_at FROM attempts WHERE key_fingerprint = ? AND started_at > ? AND started_at < ?"
        " AND outcome <> 'cached' ORDER BY started_at DESC LIMIT 1",
        (claim.attempt.key_fingerprint, now - interval, now + max(interval, ledger.MINUTE_S)),
    ).fetchone()
    seconds = 0.0 if row is None else max(0.0, float(row["started_at"]) + interval - now)
    return seconds + ahead * interval, f"{interval:g} s between requests"


def _until_one_ends(connection: Connection, claim: Claim, ahead: int) -> tuple[float, str]:
    most = claim.limits.max_in_flight
    row = connection.execute(
        # Left alone, SQLite reads every attempt of the key.
        "SELECT count(*) AS running FROM attempts INDEXED BY attempts_open"
        " WHERE key_fingerprint = ? AND outcome = 'open'",
        (claim.attempt.key_fingerprint,),
    ).fetchone()
    return (0.0 if row["running"] < most else _soon(ahead)), f"at most {most} requests of this key at a time"
