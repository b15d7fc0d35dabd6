"""Costs that are not known yet: which row the server is asked about next, and when."""

from __future__ import annotations

from collections.abc import Collection

from orchat.store import ledger
from orchat.store.connection import Connection
from orchat.store.ledger import Entry

PAUSES_S = (10.0, 60.0, 300.0, 1800.0)
"""Between look-ups that find nothing, the first of which falls due 2 s after the end; after these there is none."""
_LOOKED_THROUGH = 500


def waiting(connection: Connection) -> dict[str, float]:
    """When the next look-up falls due for each key that paid for rows without a certain cost.

    Args:
        connection: Any.

    Returns:
        Fingerprint of the key to epoch seconds.
    """
    found = connection.execute(
        # Left alone, SQLite reads the whole ledger, as that is in the order of the keys already.
        "SELECT key_fingerprint, min(lookup_at) AS at FROM attempts INDEXED BY attempts_lookups"
        " WHERE lookup_at IS NOT NULL GROUP BY 1"
    )
    return {row["key_fingerprint"]: row["at"] for row in found}


def claim(connection: Connection, keys: Collection[str], now: float) -> Entry | None:
    """Take the row that is due longest, and put its next look-up off: other processes pass it over meanwhile.

    Args:
        connection: In a write transaction.
        keys: Fingerprints of the keys that are at hand to ask with.
        now: Epoch seconds.

    Returns:
        None when no row is due.
    """
    due = ledger.due_lookups(connection, now, _LOOKED_THROUGH)
    entry = next((entry for entry in due if entry.attempt.key_fingerprint in keys), None)
    if entry is not None:
        pause = PAUSES_S[entry.lookups] if entry.lookups < len(PAUSES_S) else None
        ledger.note_lookup(connection, entry.id, None if pause is None else now + pause)
    return entry
