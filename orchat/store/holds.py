"""What is put aside, with a reason and a time, for all processes: a key, an account, its free models, or a model."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from orchat.domain.clean import clean_line
from orchat.domain.scope import account_scope, key_scope
from orchat.store.connection import Connection

Source = Literal["server", "report", "owner"]

IN_FLIGHT = "in_flight"
"""Kind of the one hold of an account that a request waits for, because it ends in seconds."""
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One scope that is put aside."""

    scope: str
    """Made by `orchat.domain.scope`."""
    kind: str
    """Class name of the error, or `IN_FLIGHT`."""
    reason: str
    """One clean line."""
    source: Source
    """Who said so: the ``server`` refused a request, its ``report`` on the key shows it, or the ``owner`` wishes it."""
    since: float
    """Epoch seconds at which it was put aside last."""
    until: float | None
    """Epoch seconds at which it may be tried again; None: not before it is cleared."""
    times: int
    """How often it was put aside since it last served."""

    def is_active(self, now: float) -> bool:
        """Whether it is put aside at this time.

        Args:
            now: Epoch seconds.
        """
        return self.until is None or self.until > now


def put(
    connection: Connection,
    scope: str,
    *,
    kind: str,
    reason: str,
    source: Source,
    now: float,
    until: float | None,
) -> Hold:
    """Put a scope aside, or say anew why and until when.

    Args:
        connection: In a write transaction.
        scope: What is put aside.
        kind: Class name of the error, or `IN_FLIGHT`.
        reason: Foreign text; only its first line of harmless text is kept.
        source: Who said so.
        now: Epoch seconds.
        until: Epoch seconds at which it may be tried again; None: when it is cleared.

    Returns:
        The hold, with the number of times that it was put aside without being cleared in between.
    """
    before = get(connection, scope)
    hold = Hold(
        scope=scope,
        kind=kind,
        reason=clean_line(reason, _LONGEST_REASON),
        source=source,
        since=now,
        until=until,
        times=1 if before is None else before.times + 1,
    )
    _write(connection, hold)
    return hold


def clear(connection: Connection, *scopes: str) -> int:
    """Put scopes aside no longer, and forget how often they were.

    Args:
        connection: In a write transaction.
        *scopes: Which; those that are not held do not matter.

    Returns:
        How many were held.
    """
    return sum(connection.execute("DELETE FROM holds WHERE scope = ?", (scope,)).rowcount for scope in scopes)


def restore(connection: Connection, scope: str, before: Hold | None) -> None:
    """Undo a `put`: it was not the fault of this scope.

    Args:
        connection: In a write transaction.
        scope: What was put aside.
        before: What `get` said before that.
    """
    if before is None:
        clear(connection, scope)
    else:
        _write(connection, before)


def get(connection: Connection, scope: str) -> Hold | None:
    """The hold of a scope, be it over or not; None when it served since, or was never put aside.

    Args:
        connection: Any.
        scope: Which.
    """
    row = connection.execute("SELECT * FROM holds WHERE scope = ?", (scope,)).fetchone()
    return None if row is None else _hold(row)


def active(connection: Connection, now: float) -> list[Hold]:
    """Everything that is put aside at this time, in the order of the scopes.

    Args:
        connection: Any.
        now: Epoch seconds.
    """
    found = connection.execute("SELECT * FROM holds WHERE until IS NULL OR until > ? ORDER BY scope", (now,))
    return [_hold(row) for row in found]


def barring(connection: Connection, fingerprint: str, account: str) -> Hold | None:
    """What keeps a key from being chosen, be it over or not: its own hold or its account's, whichever lasts longer.

    Requests in flight do not: those are over in seconds, and are waited for.

    Args:
        connection: Any.
        fingerprint: Of the key.
        account: The one that it belongs to, as `reports.account_of` says.
    """
    found = (get(connection, scope) for scope in (key_scope(fingerprint), account_scope(account)))
    return longest(*(hold for hold in found if hold is not None and hold.kind != IN_FLIGHT))


def longest(*holds: Hold | None) -> Hold | None:
    """The one of several holds that lasts longest.

    Args:
        *holds: None for a scope without one.
    """
    known = [hold for hold in holds if hold is not None]
    return max(known, key=lambda hold: float("inf") if hold.until is None else hold.until, default=None)


def _write(connection: Connection, hold: Hold) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO holds (scope, kind, reason, source, since, until, times) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hold.scope, hold.kind, hold.reason, hold.source, hold.since, hold.until, hold.times),
    )


def _hold(row: sqlite3.Row) -> Hold:
    return Hold(**dict(row))
