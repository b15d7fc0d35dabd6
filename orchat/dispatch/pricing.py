"""What a request costs by live prices; the server's own figure always goes before this."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from orchat.domain.content import ImagePart, Message, TextPart
from orchat.domain.money import UNKNOWN_COST, Cost, Usage, to_pico
from orchat.domain.tokens import CHARACTERS_PER_TOKEN

if TYPE_CHECKING:
    from orchat.domain.catalog import PriceOverride, Pricing

TOKENS_PER_IMAGE = 1_100


def tokens_of(characters: int) -> int:
    """A rough count for text that no server counted: four characters a token, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def tokens_of_messages(messages: Iterable[Message]) -> int:
    """A rough count of a prompt's tokens, pictures included."""
    total = 0
    for message in messages:
        for part in message.content:
            if isinstance(part, TextPart):
                total += tokens_of(len(part.text))
            elif isinstance(part, ImagePart):
                total += TOKENS_PER_IMAGE
    return total


def _applies(override: PriceOverride, prompt_tokens: int, hhmm: int) -> bool:
    if override.min_prompt_tokens is not None and prompt_tokens <= override.min_prompt_tokens:
        return False
    start, end = override.utc_start, override.utc_end
    if start is None or end is None:
        return True
    if start <= end:
        return start <= hhmm < end
    return hhmm >= start or hhmm < end


def prices_at(pricing: Pricing, *, prompt_tokens: int, now: float) -> dict[str, Decimal]:
    """The prices that hold for a prompt of this size at this time; later overrides win per key."""
    prices = dict(pricing.prices)
    at = datetime.fromtimestamp(now, tz=timezone.utc)
    hhmm = at.hour * 100 + at.minute
    for override in pricing.overrides:
        if _applies(override, prompt_tokens, hhmm):
            prices.update(override.prices)
    return prices


def estimate(usage: Usage, pricing: Pricing | None, *, now: float) -> Cost:
    """Live price × tokens.

    Args:
        usage: Token counts, the server's or ours.
        pricing: The model's prices; None when they are not known.
        now: Epoch seconds, for prices that depend on the hour.

    Returns:
        An estimated cost, or an unknown one: never a guess at a price.
    """
    if pricing is None or not pricing.is_known:
        return UNKNOWN_COST
    prices = prices_at(pricing, prompt_tokens=usage.prompt_tokens, now=now)
    prompt, completion = prices["prompt"], prices["completion"]
    plain = max(0, usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens)
    thought = prices.get("internal_reasoning", Decimal(0)) or completion
    said = max(0, usage.completion_tokens - usage.reasoning_tokens)
    total = (
        prices.get("request", Decimal(0))
        + prompt * plain
        + prices.get("input_cache_read", prompt) * usage.cached_tokens
        + prices.get("input_cache_write", prompt) * usage.cache_write_tokens
        + completion * said
        + thought * min(usage.reasoning_tokens, usage.completion_tokens)
    )
    return Cost(pico=to_pico(total), source="estimated")
