"""Token counts and cost as the server reports them."""

from __future__ import annotations

from orchat.domain.money import Usage
from orchat.openrouter import fields


def parse_usage(value: object) -> Usage | None:
    """The ``usage`` object of an answer (API §7.1), or None when there is none."""
    usage = fields.table(value)
    if not usage:
        return None
    sent = fields.table(usage.get("prompt_tokens_details"))
    received = fields.table(usage.get("completion_tokens_details"))
    cost = fields.pico(usage.get("cost"))
    return Usage(
        prompt_tokens=fields.count(usage.get("prompt_tokens")) or 0,
        completion_tokens=fields.count(usage.get("completion_tokens")) or 0,
        reasoning_tokens=fields.count(received.get("reasoning_tokens")) or 0,
        cached_tokens=fields.count(sent.get("cached_tokens")) or 0,
        cache_write_tokens=fields.count(sent.get("cache_write_tokens")) or 0,
        cost_pico=cost if cost is not None and cost >= 0 else None,
    )
