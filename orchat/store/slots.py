"""Rate slots that all processes of this machine share."""

from __future__ import annotations

from orchat.store.connection import Connection

WINDOW_S = 60.0
"""Over how long ``per_minute`` counts."""


def reserve(connection: Connection, scope: str, now: float, per_minute: int = 0, min_interval_s: float = 0.0) -> float:
    """Take a slot if one is free.

    Args:
        connection: In a write transaction.
        scope: Whose limit it is.
        now: Epoch seconds.
        per_minute: Slots in any 60 s; 0 for no such limit.
        min_interval_s: Seconds from one slot to the next.

    Returns:
        0 when the slot is taken; else the seconds until it makes sense to ask again.
    """
    _prune(connection, scope, now, min_interval_s)
    wait = 0.0
    if per_minute > 0:
        wait = _until_free(connection, scope, now, nth=per_minute, after_s=WINDOW_S)
    if min_interval_s > 0:
        wait = max(wait, _until_free(connection, scope, now, nth=1, after_s=min_interval_s))
    if wait == 0:
        connection.execute("INSERT INTO slots (scope, at) VALUES (?, ?)", (scope, now))
    return wait


def release(connection: Connection, scope: str, at: float) -> None:
    """Give back a slot that was not used.

    Args:
        connection: In a write transaction.
        scope: As for `reserve`.
        at: The `now` it was reserved with.
    """
    connection.execute(
        "DELETE FROM slots WHERE rowid IN (SELECT rowid FROM slots WHERE scope = ? AND at = ? LIMIT 1)", (scope, at)
    )


def _prune(connection: Connection, scope: str, now: float, min_interval_s: float) -> None:
    # A slot far in the future was reserved before the clock was set back; it must not block for that long.
    kept_s = max(WINDOW_S, min_interval_s)
    connection.execute("DELETE FROM slots WHERE scope = ? AND (at <= ? OR at > ?)", (scope, now - kept_s, now + kept_s))


def _until_free(connection: Connection, scope: str, now: float, *, nth: int, after_s: float) -> float:
    row = connection.execute(
        "SELECT at FROM slots WHERE scope = ? ORDER BY at DESC LIMIT 1 OFFSET ?", (scope, nth - 1)
    ).fetchone()
    return 0.0 if row is None else max(0.0, float(row["at"]) + after_s - now)
