"""The model catalogue as the server lists it (API §2.1), or any OpenAI-compatible server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orchat.domain.catalog import Model, PriceOverride, Pricing
from orchat.domain.money import parse_usd
from orchat.errors import UpstreamFailed
from orchat.openrouter import fields

_NO_PRICES = frozenset({"discount", "overrides", "min_prompt_tokens", "utc_start", "utc_end", "utc_days"})


def parse_models(document: str) -> tuple[Model, ...]:
    """Read the body of ``GET /models``.

    Args:
        document: JSON text, fresh or out of a cache.

    Returns:
        The models in the server's order; rows without an id are left out.

    Raises:
        UpstreamFailed: it is not a list of models.
    """
    data = fields.table(fields.parsed(document)).get("data")
    if not isinstance(data, list):
        raise UpstreamFailed("The server did not answer with a list of models.", hint="Check base_url, then try again.")
    return tuple(_model(row) for row in fields.rows(data) if fields.text(row.get("id")))


def _model(row: dict[str, Any]) -> Model:
    architecture = fields.table(row.get("architecture"))
    provider = fields.table(row.get("top_provider"))
    most = fields.count(provider.get("max_completion_tokens"))
    return Model(
        id=fields.text(row.get("id")),
        name=fields.text(row.get("name")),
        created=fields.count(row.get("created")) or 0,
        description=fields.text(row.get("description")),
        context_length=fields.count(row.get("context_length")) or fields.count(provider.get("context_length")) or None,
        max_completion_tokens=most or None,
        input_modalities=fields.texts(architecture.get("input_modalities")) or ("text",),
        output_modalities=fields.texts(architecture.get("output_modalities")) or ("text",),
        supported_parameters=fields.texts(row.get("supported_parameters")),
        pricing=parse_pricing(row.get("pricing")),
        reasoning_mandatory=fields.flag(fields.table(row.get("reasoning")).get("mandatory")),
        canonical_slug=fields.text(row.get("canonical_slug")),
        expires=fields.text(row.get("expiration_date")),
    )


def parse_pricing(value: object) -> Pricing:
    """Read a ``pricing`` object; what is not a price is left out."""
    pricing = fields.table(value)
    overrides = tuple(
        PriceOverride(
            prices=_prices(row),
            min_prompt_tokens=fields.count(row.get("min_prompt_tokens")),
            utc_start=fields.count(row.get("utc_start")),
            utc_end=fields.count(row.get("utc_end")),
        )
        for row in fields.rows(pricing.get("overrides"))
    )
    return Pricing(prices=_prices(pricing), overrides=overrides)


def _prices(row: dict[str, Any]) -> dict[str, Decimal]:
    amounts = {key: parse_usd(value) for key, value in row.items() if key not in _NO_PRICES}
    return {key: amount for key, amount in amounts.items() if amount is not None}
