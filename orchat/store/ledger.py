"""The ledger: one row for every attempt that was sent. Every sum is taken over the rows, so none can drift."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Literal

from orchat.clock import utc_day
from orchat.domain.ledger import Attempt, Settlement, UsageRow
from orchat.domain.model_id import is_free_id
from orchat.domain.money import Cost, Usage
from orchat.store import rows
from orchat.store.audit import drift as drift
from orchat.store.connection import Connection
from orchat.store.entries import Entry as Entry
from orchat.store.entries import entry_of

Grouping = Literal["day", "model", "key", "provider", "session"]

MINUTE_S = 60.0
"""The window over which requests to free models are counted."""
_DAY_S = 86_400.0
_FIRST_LOOKUP_S = 2.0
_NO_DAY_AFTER = "~"

_GROUPS: dict[Grouping, str] = {
    "day": "day",
    "model": "model",
    "key": "key_label",
    "provider": "coalesce(provider, '')",
    "session": "coalesce(conversation_id, '')",
}
_SUMS = """
    count(*) FILTER (WHERE outcome <> 'cached') AS attempts,
    count(*) FILTER (WHERE outcome = 'done') AS finished,
    count(*) FILTER (WHERE outcome IN ('cut', 'stopped', 'lost')) AS cut,
    count(*) FILTER (WHERE outcome = 'failed') AS failed,
    coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
    coalesce(sum(completion_tokens), 0) AS completion_tokens,
    coalesce(sum(reasoning_tokens), 0) AS reasoning_tokens,
    coalesce(sum(cached_tokens), 0) AS cached_tokens,
    coalesce(sum(cost_pico), 0) AS cost_pico,
    coalesce(sum(cost_pico) FILTER (WHERE cost_source = 'estimated'), 0) AS estimated_pico,
    count(*) FILTER (WHERE cost_pico IS NULL AND outcome IN ('done', 'cut', 'stopped', 'lost')) AS unknown_cost,
    count(*) FILTER (
        WHERE prompt_tokens IS NULL AND outcome IN ('done', 'cut', 'stopped', 'lost')
    ) AS unknown_tokens,
    count(*) FILTER (WHERE tokens_estimated = 1) AS estimated_tokens
FROM attempts
"""
# A row that is open has no cost, and one that is settled reserves nothing.
_SPENT = "coalesce(sum(coalesce(cost_pico, reserved_pico)), 0) AS spent FROM attempts"


def begin(connection: Connection, attempt: Attempt, owner: str) -> int:
    """Open a row, just before the attempt is sent.

    Args:
        connection: In a write transaction.
        attempt: What is about to be sent.
        owner: Id of the instance; when that dies, `instances.reap` settles the row.

    Returns:
        The number of the row.
    """
    projected = Cost(pico=attempt.projected_pico)
    id = connection.execute(
        "INSERT INTO attempts (day, started_at, number, front_end, conversation_id, key_label, key_fingerprint, model,"
        " account, is_free, reserved_pico, owner, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        (
            utc_day(attempt.started_at),
            attempt.started_at,
            attempt.number,
            attempt.front_end,
            attempt.conversation_id,
            attempt.key_label,
            attempt.key_fingerprint,
            attempt.model,
            attempt.account,
            is_free_id(attempt.model),
            rows.money(projected).pico,
            owner,
        ),
    ).lastrowid
    assert id is not None
    return id


def note_generation(connection: Connection, id: int, generation_id: str) -> None:
    """Note the server's id of an attempt as soon as it is known.

    Args:
        connection: In a write transaction.
        id: From `begin`.
        generation_id: ``gen-…``.
    """
    connection.execute("UPDATE attempts SET generation_id = ? WHERE id = ?", (generation_id, id))


def settle(connection: Connection, id: int, settlement: Settlement) -> bool:
    """Close a row and free what was reserved for it.

    Where the server may know a cost that it has not told, a look-up falls due two seconds later.

    Args:
        connection: In a write transaction.
        id: From `begin` or `reservations.reserve`.
        settlement: How it ended. A None for the generation id keeps the one noted.

    Returns:
        False when it was settled before; nothing is charged twice. Only a ``lost`` row may be settled again.
    """
    cost = rows.money(settlement.cost)
    changed = connection.execute(
        "UPDATE attempts SET outcome = :outcome, model_used = :model_used, provider = :provider,"
        " generation_id = coalesce(:generation_id, generation_id), prompt_tokens = :prompt_tokens,"
        " completion_tokens = :completion_tokens, reasoning_tokens = :reasoning_tokens,"
        " cached_tokens = :cached_tokens, cache_write_tokens = :cache_write_tokens,"
        " tokens_estimated = :estimated, cost_pico = :pico, cost_source = :source, ttft_ms = :ttft_ms,"
        " total_ms = :total_ms, finish_reason = :finish_reason, error_kind = :error_kind, status = :status,"
        " reserved_pico = NULL, lookup_at = CASE WHEN :may_be_charged"
        " AND coalesce(:generation_id, generation_id) IS NOT NULL THEN started_at + :total_ms / 1000.0 + :delay END"
        " WHERE id = :id AND outcome IN ('open', 'lost')",
        {
            "id": id,
            "may_be_charged": cost.source != "reported" and _was_served(settlement),
            "delay": _FIRST_LOOKUP_S,
            "outcome": settlement.outcome,
            "model_used": settlement.model_used,
            "provider": settlement.provider,
            "generation_id": settlement.generation_id,
            **_token_columns(settlement.usage),
            "pico": cost.pico,
            "source": cost.source,
            "ttft_ms": settlement.timing.ttft_ms,
            "total_ms": settlement.timing.total_ms,
            "finish_reason": settlement.finish_reason,
            "error_kind": settlement.error_kind,
            "status": settlement.status,
        },
    )
    return changed.rowcount > 0


def reprice(connection: Connection, id: int, usage: Usage | None, cost: Cost) -> None:
    """Put the server's own figures, asked for later, in the place of estimates; no look-up is due any more.

    Args:
        connection: In a write transaction.
        id: A settled row.
        usage: None keeps the tokens noted.
        cost: What the server charged.
    """
    cost = rows.money(cost)
    connection.execute(
        "UPDATE attempts SET cost_pico = ?, cost_source = ?, lookup_at = NULL WHERE id = ?",
        (cost.pico, cost.source, id),
    )
    if usage is not None:
        connection.execute(
            "UPDATE attempts SET prompt_tokens = :prompt_tokens, completion_tokens = :completion_tokens,"
            " reasoning_tokens = :reasoning_tokens, cached_tokens = :cached_tokens,"
            " cache_write_tokens = :cache_write_tokens, tokens_estimated = :estimated WHERE id = :id",
            {"id": id, **_token_columns(usage)},
        )


def usage(connection: Connection, since_day: str = "", by: Grouping = "day", until_day: str = "") -> list[UsageRow]:
    """Sums over the ledger.

    Args:
        connection: Any.
        since_day: First UTC day (``YYYY-MM-DD``); empty for all.
        by: What is summed up together; ``model`` means the model asked, ``session`` its id, empty for none.
        until_day: Last UTC day; empty for all.

    Returns:
        Days in their order; anything else with the most expensive first.
    """
    group = _GROUPS[by]
    order = "1" if by == "day" else "cost_pico DESC, attempts DESC, 1"
    found = connection.execute(
        f'SELECT {group} AS "group", {_SUMS} WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY {order}',
        (since_day, until_day or _NO_DAY_AFTER),
    )
    return [UsageRow(**dict(row)) for row in found]


def usage_by_key(connection: Connection, day: str) -> dict[str, UsageRow]:
    """Sums of one UTC day for each key.

    Args:
        connection: Any.
        day: ``YYYY-MM-DD``.

    Returns:
        By the fingerprint of the key; no entry for a key that was not used.
    """
    found = connection.execute(f'SELECT key_fingerprint AS "group", {_SUMS} WHERE day = ? GROUP BY 1', (day,))
    return {row["group"]: UsageRow(**dict(row)) for row in found}


def spent(
    connection: Connection,
    *,
    day: str | None = None,
    conversation_id: str | None = None,
    fingerprint: str | None = None,
) -> int:
    """What was spent, with what open attempts have reserved, in pico-dollars.

    Args:
        connection: Any.
        day: Only on this UTC day (``YYYY-MM-DD``).
        conversation_id: Only in this conversation.
        fingerprint: Only with this key.
    """
    wanted = {"day": day, "conversation_id": conversation_id, "key_fingerprint": fingerprint}
    given = {column: value for column, value in wanted.items() if value is not None}
    condition = " AND ".join(f"{column} = :{column}" for column in given) or "1"
    row = connection.execute(f"SELECT {_SPENT} WHERE {condition}", given).fetchone()
    return int(row["spent"])


def spent_by_key(connection: Connection, day: str) -> dict[str, int]:
    """What was spent with each key on one UTC day, with what open attempts have reserved, in pico-dollars.

    Args:
        connection: Any.
        day: ``YYYY-MM-DD``.

    Returns:
        By the fingerprint of the key; no entry for a key that was not used.
    """
    found = connection.execute(f"SELECT key_fingerprint, {_SPENT} WHERE day = ? GROUP BY 1", (day,))
    return {row["key_fingerprint"]: row["spent"] for row in found}


def free_today(connection: Connection, account: str, day: str) -> int:
    """Requests to free models that an account sent on one UTC day, by all instances.

    Args:
        connection: Any.
        account: Its hash, or the fingerprint of the key where it is not known.
        day: ``YYYY-MM-DD``.
    """
    begins = datetime.fromisoformat(day).replace(tzinfo=timezone.utc).timestamp()
    return _free_between(connection, account, begins, begins + _DAY_S)


def in_last_minute(connection: Connection, account: str, now: float) -> int:
    """Requests to free models that an account sent in the last 60 s, by all instances.

    Args:
        connection: Any.
        account: As for `free_today`.
        now: Epoch seconds.
    """
    # What is far in the future was sent before the clock was set back.
    return _free_between(connection, account, math.nextafter(now - MINUTE_S, math.inf), now + MINUTE_S)


def totals_of_day(connection: Connection, day: str) -> UsageRow:
    """Sums of one UTC day.

    Args:
        connection: Any.
        day: ``YYYY-MM-DD``.
    """
    return _total(connection, "day = ?", day)


def totals_of_conversation(connection: Connection, conversation_id: str) -> UsageRow:
    """Sums of one conversation: every branch, every attempt, the failed ones too.

    Args:
        connection: Any.
        conversation_id: Which conversation; it may be deleted by now.
    """
    return _total(connection, "conversation_id = ?", conversation_id)


def requests_today(connection: Connection, day: str) -> dict[str, int]:
    """Attempts sent with each key on one UTC day, by all instances; cached answers do not count.

    Args:
        connection: Any.
        day: ``YYYY-MM-DD``.

    Returns:
        Key fingerprint to number; no entry for a key that sent none.
    """
    found = connection.execute(
        "SELECT key_fingerprint, count(*) AS sent FROM attempts WHERE day = ? AND outcome <> 'cached' GROUP BY 1",
        (day,),
    )
    return {row["key_fingerprint"]: row["sent"] for row in found}


def last_attempts(connection: Connection, limit: int = 20) -> list[Entry]:
    """The newest rows, the newest first.

    Args:
        connection: Any.
        limit: How many at most.
    """
    found = connection.execute("SELECT * FROM attempts ORDER BY id DESC LIMIT ?", (limit,))
    return [entry_of(row) for row in found]


def of_generation(connection: Connection, conversation_id: str, generation_id: str) -> Entry | None:
    """The row of one answer, if the server gave it an id.

    Args:
        connection: Any.
        conversation_id: The session it belongs to.
        generation_id: ``gen-…``.
    """
    found = connection.execute(
        "SELECT * FROM attempts WHERE conversation_id = ? AND generation_id = ? ORDER BY id DESC LIMIT 1",
        (conversation_id, generation_id),
    ).fetchone()
    return None if found is None else entry_of(found)


def due_lookups(connection: Connection, now: float, limit: int = 20) -> list[Entry]:
    """Rows whose cost the server should be asked for by now, the longest due first.

    Args:
        connection: Any.
        now: Epoch seconds.
        limit: How many at most.
    """
    # No time is further away than a day, unless the clock was set back since.
    found = connection.execute(
        "SELECT * FROM attempts WHERE lookup_at <= ? UNION ALL SELECT * FROM attempts WHERE lookup_at > ?"
        " ORDER BY lookup_at, id LIMIT ?",
        (now, now + _DAY_S, limit),
    )
    return [entry_of(row) for row in found]


def note_lookup(connection: Connection, id: int, next_at: float | None) -> None:
    """Note that the server is asked, or was, what an attempt cost.

    Args:
        connection: In a write transaction.
        id: A row from `due_lookups`.
        next_at: Epoch seconds at which to ask again unless `reprice` comes first; None: never.
    """
    connection.execute("UPDATE attempts SET lookups = lookups + 1, lookup_at = ? WHERE id = ?", (next_at, id))


def _free_between(connection: Connection, account: str, begin: float, end: float) -> int:
    row = connection.execute(
        "SELECT count(*) AS sent FROM attempts"
        " WHERE account = ? AND is_free = 1 AND started_at >= ? AND started_at < ? AND outcome <> 'cached'",
        (account, begin, end),
    ).fetchone()
    return int(row["sent"])


def _was_served(settlement: Settlement) -> bool:
    """Whether the server can have charged something: not for an answer of ours, nor for a request it refused."""
    if settlement.outcome == "failed":
        return settlement.status is None
    return settlement.outcome != "cached"


def _total(connection: Connection, condition: str, group: str) -> UsageRow:
    row = connection.execute(f"SELECT {_SUMS} WHERE {condition}", (group,)).fetchone()
    return UsageRow(group=group, **dict(row))


def _token_columns(usage: Usage | None) -> dict[str, int | None]:
    names = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens")
    counts = {name: None if usage is None else rows.tokens(getattr(usage, name)) for name in names}
    return {**counts, "estimated": usage is not None and usage.estimated}
