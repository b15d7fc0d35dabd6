"""What a request may cost at most, before it is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from orchat.dispatch.pricing import estimate, prices_at, tokens_of_messages
from orchat.domain.money import Usage, to_usd

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.domain.request import ChatRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The most that one request may cost, by live prices."""

    prompt_pico: int
    """What sending the prompt costs."""
    answer_pico: int
    """What the longest answer would cost."""
    token_usd: Decimal
    """USD of one token of the answer."""

    @property
    def pico(self) -> int:
        """Prompt and answer together."""
        return self.prompt_pico + self.answer_pico

    def affordable_tokens(self, left_pico: int) -> int | None:
        """How long an answer the rest of a budget pays for.

        Args:
            left_pico: The rest, in pico-dollars.

        Returns:
            Tokens; None where it does not pay for one, or where an answer costs nothing.
        """
        if self.token_usd <= 0:
            return None
        return max(0, int(to_usd(left_pico - self.prompt_pico) / self.token_usd)) or None


FREE = Projection(prompt_pico=0, answer_pico=0, token_usd=Decimal(0))
"""Of a free model, whatever is sent."""


def project(request: ChatRequest, model: Model | None, *, now: float) -> Projection | None:
    """Prompt tokens × live price + the longest answer.

    Args:
        request: As it would be sent.
        model: Of the catalogue; None when it is not known.
        now: Epoch seconds, for prices that depend on the hour.

    Returns:
        None where the price is not known: that is no projection, and not one of nothing.
    """
    if model is None or not model.pricing.is_known:
        return None
    prompt = tokens_of_messages(request.messages)
    sent = estimate(Usage(prompt_tokens=prompt), model.pricing, now=now).pico
    both = estimate(
        Usage(prompt_tokens=prompt, completion_tokens=longest_answer(request, model, prompt)), model.pricing, now=now
    ).pico
    assert sent is not None
    assert both is not None
    token = prices_at(model.pricing, prompt_tokens=prompt, now=now)["completion"]
    return Projection(prompt_pico=sent, answer_pico=both - sent, token_usd=token)


def longest_answer(request: ChatRequest, model: Model, prompt_tokens: int) -> int:
    """Most tokens of the answer: as asked, as the model allows, or what is left of its context; 0 if nobody says."""
    bounds = [bound for bound in (request.max_completion_tokens, model.max_completion_tokens) if bound]
    if not bounds and model.context_length:
        bounds = [max(0, model.context_length - prompt_tokens)]
    return min(bounds, default=0)
