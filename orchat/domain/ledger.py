"""One row per attempt: what was asked, what came of it, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchat.domain.events import Timing
from orchat.domain.money import UNKNOWN_COST, Cost, Usage, to_usd

if TYPE_CHECKING:
    from decimal import Decimal

Outcome = Literal["open", "done", "cut", "stopped", "failed", "cached", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Written when an attempt begins."""

    started_at: float
    """Epoch seconds."""
    model: str
    """Model asked."""
    key_label: str
    """Label of the key."""
    key_fingerprint: str
    """First 8 hex digits of the key's SHA-256."""
    number: int = 1
    """Number of the attempt within its request, from 1."""
    conversation_id: str | None = None
    """Session it belongs to, if any."""
    front_end: str = "library"
    """``tui``, ``ask``, ``library`` …"""
    account: str = ""
    """Hash of the account that pays, or the key's fingerprint while that is not known; empty: look it up."""
    projected_pico: int | None = None
    """Most that it is expected to cost; None where nobody knows. Kept while the attempt is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Written when an attempt ends."""

    outcome: Outcome
    """How it ended."""
    model_used: str | None = None
    """The model that answered."""
    provider: str | None = None
    """Who served it."""
    generation_id: str | None = None
    """``gen-…``."""
    usage: Usage | None = None
    """None when unknown."""
    cost: Cost = UNKNOWN_COST
    """Reported, estimated or unknown."""
    timing: Timing = field(default_factory=Timing)
    """How long it took."""
    finish_reason: str | None = None
    """As the server said."""
    error_kind: str | None = None
    """Class name of the error."""
    status: int | None = None
    """HTTP status of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """Sums over some attempts."""

    group: str
    """Day, model, key label or provider."""
    attempts: int = 0
    """Requests sent, cached answers not counted."""
    finished: int = 0
    """Ended as the server said."""
    cut: int = 0
    """Broken off by the network or the user."""
    failed: int = 0
    """Without an answer."""
    prompt_tokens: int = 0
    """Sent."""
    completion_tokens: int = 0
    """Received."""
    reasoning_tokens: int = 0
    """Thought."""
    cached_tokens: int = 0
    """Read from the prompt cache."""
    cost_pico: int = 0
    """Known cost, reported and estimated."""
    estimated_pico: int = 0
    """Part of `cost_pico` that is our own estimate."""
    unknown_cost: int = 0
    """Attempts whose cost nobody knows."""
    unknown_tokens: int = 0
    """Attempts of whose tokens nobody knows the number."""
    estimated_tokens: int = 0
    """Attempts whose tokens we counted ourselves."""


def figures_of(row: UsageRow) -> dict[str, int | Decimal]:
    """The figures of a row under the names that they have in files: numbers as they are, money in USD.

    Args:
        row: Sums over some attempts.
    """
    return {
        "requests": row.attempts,
        "finished": row.finished,
        "cut": row.cut,
        "failed": row.failed,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cached_tokens": row.cached_tokens,
        "cost_usd": to_usd(row.cost_pico),
        "estimated_usd": to_usd(row.estimated_pico),
        "unknown_cost": row.unknown_cost,
        "unknown_tokens": row.unknown_tokens,
        "estimated_tokens": row.estimated_tokens,
    }
