"""Faults of the ledger that no code path should ever leave behind, looked for row by row."""

from __future__ import annotations

from orchat.store import owners
from orchat.store.connection import Connection

_FAULTS = {
    "cost or tokens below zero": "min(coalesce(cost_pico, 0), coalesce(prompt_tokens, 0),"
    " coalesce(completion_tokens, 0)) < 0",
    "settled and still reserved": "outcome <> 'open' AND reserved_pico IS NOT NULL",
    "open and already charged": "outcome = 'open' AND cost_pico IS NOT NULL",
    "a cost that nobody named, or a name without a cost": "(cost_pico IS NULL) <> (cost_source = 'unknown')",
    "noted on the wrong day": "day <> strftime('%Y-%m-%d', CAST(started_at AS INTEGER), 'unixepoch')",
    "one answer counted twice": "outcome <> 'cached' AND generation_id IN"
    " (SELECT generation_id FROM attempts WHERE outcome <> 'cached' GROUP BY generation_id HAVING count(*) > 1)",
}
"""What no sound row fulfils."""
_BY_INDEX = ("attempts_by_day", "attempts_by_conversation")


def drift(connection: Connection) -> list[str]:
    """What is wrong in the ledger: one line for each fault found, none if every row is sound.

    Args:
        connection: Any.
    """
    return [*unsound(connection), *orphans(connection)]


def unsound(connection: Connection) -> list[str]:
    """Rows that contradict themselves, and sums that are not those of the rows; no crash leads to either.

    Args:
        connection: Any.
    """
    faults = [
        f"{name}: {row['n']} (first: row {row['first']})"
        for name, condition in _FAULTS.items()
        for row in connection.execute(
            f"SELECT count(*) AS n, min(id) AS first FROM attempts WHERE {condition} HAVING n > 0"  # noqa: S608  # ours
        )
    ]
    rows_alone = _whole(connection, "NOT INDEXED")
    return faults + [
        f"the sums of the index {index} are not those of the rows"
        for index in _BY_INDEX
        if _whole(connection, f"INDEXED BY {index}") != rows_alone
    ]


def orphans(connection: Connection) -> list[str]:
    """Rows left open by processes that died; the next start settles them.

    Args:
        connection: Any.
    """
    folder = owners.folder_of(connection.path)
    open_rows = connection.execute("SELECT owner, count(*) AS n FROM attempts WHERE outcome = 'open' GROUP BY owner")
    return [
        f"open, and its process is gone: {row['n']} (owner {row['owner']})"
        for row in open_rows.fetchall()
        if owners.is_dead(folder, row["owner"])
    ]


def _whole(connection: Connection, way: str) -> tuple[object, ...]:
    sums = "count(*), coalesce(sum(cost_pico), 0), coalesce(sum(reserved_pico), 0)"
    return tuple(connection.execute(f"SELECT {sums} FROM attempts {way}").fetchone())  # noqa: S608  # names of our own
