"""Rows of the ledger as dataclasses."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from orchat.domain.events import Timing
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row as it is kept."""

    id: int
    """Number of the row."""
    attempt: Attempt
    """What was sent."""
    settlement: Settlement
    """What came of it; its outcome is ``open`` while it runs."""
    lookups: int = 0
    """How often the server was asked what it cost."""


def attempt_of(row: sqlite3.Row) -> Attempt:
    """What was sent, from a row of ``attempts``.

    Args:
        row: With every column.
    """
    columns = {name: "reserved_pico" if name == "projected_pico" else name for name in Attempt.__dataclass_fields__}
    return Attempt(**{name: row[column] for name, column in columns.items()})


def entry_of(row: sqlite3.Row) -> Entry:
    """A row of ``attempts`` as it is kept.

    Args:
        row: With every column.
    """
    cost = Cost(pico=row["cost_pico"], source=row["cost_source"])
    usage = None
    if row["prompt_tokens"] is not None:
        usage = Usage(
            prompt_tokens=row["prompt_tokens"],
            completion_tokens=row["completion_tokens"],
            reasoning_tokens=row["reasoning_tokens"],
            cached_tokens=row["cached_tokens"],
            cache_write_tokens=row["cache_write_tokens"],
            cost_pico=cost.pico if cost.source == "reported" else None,
            estimated=bool(row["tokens_estimated"]),
        )
    same = ("outcome", "model_used", "provider", "generation_id", "finish_reason", "error_kind", "status")
    settlement = Settlement(
        **{name: row[name] for name in same},
        usage=usage,
        cost=cost,
        timing=Timing(ttft_ms=row["ttft_ms"], total_ms=row["total_ms"]),
    )
    return Entry(id=row["id"], attempt=attempt_of(row), settlement=settlement, lookups=row["lookups"])
