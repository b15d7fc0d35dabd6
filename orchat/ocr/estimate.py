"""What a job will cost, before anything is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat.dispatch.pricing import TOKENS_PER_IMAGE, estimate, tokens_of
from orchat.domain.model_id import is_free_id
from orchat.domain.money import Usage, parse_usd, to_pico
from orchat.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchat.domain.catalog import Model

ANSWER_TOKENS = 800
"""Of a usual page: some 500 words, with their markup."""
MOST_IMAGE_TOKENS = 4_000
"""Of a large picture, for the models that count most for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the pages that are left will take."""

    pages: int
    """How many."""
    prompt_tokens: int
    """Tokens sent, about."""
    answer_tokens: int
    """Tokens received, about."""
    likely_pico: int | None
    """Their cost, about; None where the model's price is not known."""
    page_most_pico: int | None
    """What one page may cost at most, with whichever model answers; None where a price is not known."""

    @property
    def most_pico(self) -> int | None:
        """What all may cost at most."""
        return None if self.page_most_pico is None else self.pages * self.page_most_pico

    def check(self, limit_pico: int | None) -> None:
        """Make sure that a limit can be kept.

        Args:
            limit_pico: The most that a job may cost; None: no limit.

        Raises:
            UsageError: It cannot, because a price is not known.
        """
        if limit_pico is not None and self.page_most_pico is None:
            raise UsageError(
                "--max-cost cannot be kept: the price of a model is not known",
                hint="Choose a model with a price, see orchat models --vision; or leave --max-cost out.",
            )


def limit_of(text: str) -> int:
    """The most that a job may cost, in pico-dollars.

    Args:
        text: USD as somebody writes them, such as ``0.50`` or ``$2``.

    Raises:
        UsageError: It is no amount.
    """
    amount = parse_usd(text.removeprefix("$"))
    if amount is None or amount <= 0:
        raise UsageError("--max-cost is not an amount of USD", hint="For example: --max-cost 0.50")
    return to_pico(amount)


def estimated(
    pages: int, *, prompt: str, models: Iterable[tuple[str, Model | None]], max_tokens: int, now: float
) -> Estimate:
    """Estimate a job.

    Args:
        pages: Pages that will be sent.
        prompt: What goes with each.
        models: The model and its fallbacks by id, with what the catalogue says of them.
        max_tokens: Most tokens of a page's text.
        now: Epoch seconds, for prices that depend on the hour.
    """
    asked = tuple(models)
    words = tokens_of(len(prompt))
    sent = words + TOKENS_PER_IMAGE
    usual = Usage(prompt_tokens=sent, completion_tokens=min(ANSWER_TOKENS, max_tokens))
    longest = Usage(prompt_tokens=words + MOST_IMAGE_TOKENS, completion_tokens=max_tokens)
    likely = _price(*asked[0], usual, now) if asked else None
    most = [_price(name, model, longest, now) for name, model in asked]
    known = [price for price in most if price is not None]
    return Estimate(
        pages=pages,
        prompt_tokens=pages * sent,
        answer_tokens=pages * usual.completion_tokens,
        likely_pico=None if likely is None else pages * likely,
        page_most_pico=max(known) if known and len(known) == len(most) else None,
    )


def _price(name: str, model: Model | None, usage: Usage, now: float) -> int | None:
    if is_free_id(name):
        return 0
    return estimate(usage, None if model is None else model.pricing, now=now).pico
