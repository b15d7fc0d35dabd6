"""What answers cost and how fast they come, while nobody but us has counted yet. Knows no widget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchat.dispatch.pricing import estimate, tokens_of
from orchat.domain.money import Cost, Usage
from orchat.tui.wording import UNKNOWN, speed, usd

if TYPE_CHECKING:
    from orchat.domain.catalog import Pricing


class Tally:
    """Figures of one answer that arrives: estimated from what was read of it.

    Args:
        pricing: Prices of its model; None where nobody knows them.
        prompt_tokens: What is sent, about.
    """

    def __init__(self, pricing: Pricing | None, prompt_tokens: int) -> None:
        self._pricing = pricing
        self._prompt_tokens = prompt_tokens
        self._characters = 0
        self._first: float | None = None

    def heard(self, characters: int, now: float) -> None:
        """A piece of it arrived.

        Args:
            characters: Its length.
            now: Monotonic seconds.
        """
        if self._first is None:
            self._first = now
        self._characters += characters

    def speed(self, now: float) -> str:
        """Tokens per second since its first word; empty before it, and while that would be a guess.

        Args:
            now: Monotonic seconds.
        """
        if self._first is None or now - self._first < 1.0:
            return ""
        return speed(tokens_of(self._characters), round((now - self._first) * 1000))

    def cost(self, at: float) -> Cost:
        """What it has cost so far.

        Args:
            at: Epoch seconds, for prices that depend on the hour.
        """
        usage = Usage(prompt_tokens=self._prompt_tokens, completion_tokens=tokens_of(self._characters))
        return estimate(usage, self._pricing, now=at)


def total(costs: Iterable[Cost]) -> str:
    """A sum: ``≈`` where a part is estimated, ``+ ?`` where a part is unknown."""
    known, is_estimated, unknown = 0, False, False
    for amount in costs:
        if amount.pico is None:
            unknown = True
        else:
            known += amount.pico
            is_estimated = is_estimated or (amount.source == "estimated" and amount.pico > 0)
    if unknown and not known:
        return UNKNOWN
    return f"{'≈ ' if is_estimated else ''}{usd(known)}{' + ?' if unknown else ''}"


ANSWER_TOKENS = 1_000
"""An answer of about 750 words: what an estimate takes for one."""


def projected(prices: Iterable[Pricing | None], prompt_tokens: int, *, at: float) -> str:
    """What asking several models may cost, in words.

    Args:
        prices: Of each model; None where nobody knows them.
        prompt_tokens: What is sent, about.
        at: Epoch seconds, for prices that depend on the hour.
    """
    known = list(prices)
    asked = Usage(prompt_tokens=prompt_tokens)
    answered = Usage(prompt_tokens=prompt_tokens, completion_tokens=ANSWER_TOKENS)
    lowest = total(estimate(asked, pricing, now=at) for pricing in known)
    if lowest == UNKNOWN:
        return "cost unknown"
    whole = total(estimate(answered, pricing, now=at) for pricing in known)
    return f"{lowest} to ask · {whole} with answers of {ANSWER_TOKENS:,} tokens"


def answer_cost(kept: Cost, state: str) -> Cost:
    """What an answer that is over adds to a sum: one that failed and of which no cost is known adds nothing.

    Args:
        kept: As it was saved.
        state: How it ended.
    """
    return Cost(pico=0, source="reported") if kept.pico is None and state == "failed" else kept
