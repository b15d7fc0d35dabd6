"""Who waits for what, in order: tickets with growing numbers, seen by all processes."""

from __future__ import annotations

from orchat.store.connection import Connection

_GRACE_S = 10.0
_LONGEST_S = 60.0
_REAP_EVERY_S = 1.0


def ahead(connection: Connection, scope: str, ticket: int | None, now: float) -> int:
    """How many go before a request in one queue.

    Whoever has not asked again when it should have is passed over until it does: it may be stopped, or gone.

    Args:
        connection: Any.
        scope: Which queue.
        ticket: Of the request; None when it has none yet, and all others go before it.
        now: Epoch seconds.
    """
    row = connection.execute(
        "SELECT count(*) AS ahead FROM queue WHERE scope = ? AND ticket < coalesce(?, 1 << 62) AND at BETWEEN ? AND ?",
        (scope, ticket, now, now + _LONGEST_S + _GRACE_S),
    ).fetchone()
    return int(row["ahead"])


def enter(connection: Connection, scope: str, ticket: int | None, owner: str, now: float, seconds: float) -> int:
    """Stand in one queue, and in no other.

    Args:
        connection: In a write transaction.
        scope: Which queue.
        ticket: The one that the request has already, with its place; None: it goes to the end.
        owner: Id of the instance that waits.
        now: Epoch seconds.
        seconds: After which it asks again.

    Returns:
        The ticket.
    """
    until = now + min(seconds, _LONGEST_S) + _GRACE_S
    if ticket is None:
        ticket = _next_ticket(connection)
    else:
        row = connection.execute("SELECT scope, at FROM queue WHERE ticket = ?", (ticket,)).fetchone()
        # Every write costs a flush of the disk, and those who wait ask often.
        if row is not None and row["scope"] == scope and until - _GRACE_S / 2 <= row["at"] <= until:
            return ticket
        leave(connection, ticket)
    connection.execute("INSERT INTO queue VALUES (?, ?, ?, ?)", (ticket, scope, owner, until))
    return ticket


def leave(connection: Connection, ticket: int) -> None:
    """Wait no longer.

    Args:
        connection: In a write transaction.
        ticket: From `enter`.
    """
    connection.execute("DELETE FROM queue WHERE ticket = ?", (ticket,))


def reaping_is_due(connection: Connection, now: float) -> bool:
    """Whether somebody should look for the dead now; then nobody else does so within the next second.

    Args:
        connection: In a write transaction.
        now: Epoch seconds.
    """
    changed = connection.execute(
        "UPDATE queue_state SET reaped_at = ? WHERE reaped_at NOT BETWEEN ? AND ?", (now, now - _REAP_EVERY_S, now)
    )
    return changed.rowcount > 0


def _next_ticket(connection: Connection) -> int:
    connection.execute("UPDATE queue_state SET ticket = ticket + 1")
    return int(connection.execute("SELECT ticket FROM queue_state").fetchone()["ticket"])
