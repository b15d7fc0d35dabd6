"""Money is an integer number of pico-dollars (10⁻¹² USD) from parse to SUM."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Literal

PICO_PER_USD = 10**12

CostSource = Literal["reported", "estimated", "unknown"]


def parse_usd(value: object) -> Decimal | None:
    """A dollar amount as the API writes it (decimal string or JSON number), or None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def to_pico(amount: Decimal) -> int:
    """Dollars to pico-dollars, rounded half to even."""
    return int((amount * PICO_PER_USD).to_integral_value(ROUND_HALF_EVEN))


def to_usd(pico: int) -> Decimal:
    """Pico-dollars to dollars, exactly."""
    return Decimal(pico) / PICO_PER_USD


def format_usd(pico: int, *, group: str = "") -> str:
    """Pico-dollars as people read them: cents from a dollar up, two or three significant digits below.

    Args:
        pico: Amount in pico-dollars.
        group: Put between the third and fourth decimal (``"\\u202f"`` on a screen), so that zeros can be counted.

    Returns:
        For example ``$12.40``, ``$0.41``, ``$0.0123``, ``$0.00041``.
    """
    sign, value = ("-", -pico) if pico < 0 else ("", pico)
    usd = Decimal(value) / PICO_PER_USD
    if value == 0 or usd >= Decimal("0.1"):
        return f"{sign}${usd:.2f}"
    leading = -usd.adjusted() - 1
    digits = min(12, leading + 3)
    text = f"{usd:.{digits}f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    decimals = decimals.ljust(2, "0")
    if group and len(decimals) > 3:
        decimals = f"{decimals[:3]}{group}{decimals[3:]}"
    return f"{sign}${whole}.{decimals}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a request cost, and who says so."""

    pico: int | None = None
    """Pico-dollars; None when nobody knows, which is not zero."""
    source: CostSource = "unknown"
    """``reported`` by the server, ``estimated`` from live prices, or ``unknown``."""


UNKNOWN_COST = Cost()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one request in the model's own tokenizer, and what the server charged for them."""

    prompt_tokens: int = 0
    """Tokens sent, cached ones included."""
    completion_tokens: int = 0
    """Tokens received, reasoning included."""
    reasoning_tokens: int = 0
    """Part of `completion_tokens` that was thought and not said."""
    cached_tokens: int = 0
    """Part of `prompt_tokens` read from the provider's prompt cache."""
    cache_write_tokens: int = 0
    """Part of `prompt_tokens` written to the provider's prompt cache."""
    cost_pico: int | None = None
    """``usage.cost`` in pico-dollars; None when the server did not say."""
    estimated: bool = False
    """True when the counts are ours (characters), not the server's."""

    @property
    def cost(self) -> Cost:
        """The server's own figure, if there is one."""
        if self.cost_pico is None:
            return UNKNOWN_COST
        return Cost(pico=self.cost_pico, source="reported")
