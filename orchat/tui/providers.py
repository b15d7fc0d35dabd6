"""A model in full: what it says of itself, each price, and who serves it how fast."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.domain.clean import clean_line
from orchat.tui.lines import DIM, FAINT, STRONG, column
from orchat.tui.wording import duration, per_million, tokens

if TYPE_CHECKING:
    from orchat.domain.catalog import Model, PriceOverride, Pricing
    from orchat.openrouter.account import Endpoint

UNTOLD = "?"
_LABEL = 16
_LONGEST = 2_000
_NAME = 22
_AMOUNT = 8
_COLUMNS = (("$/M in", 8), ("$/M out", 9), ("context", 9), ("latency", 9), ("tok/s", 7), ("up", 8))
_WIDE = _NAME + sum(room for _, room in _COLUMNS)
_NARROW = 2
"""Columns that stay where there is no room for all."""


def providers_table(endpoints: Sequence[Endpoint], width: int) -> Content:
    """Who serves a model: prices, context, median latency and speed of the last half hour; the quickest first.

    Args:
        endpoints: As the server names them.
        width: Cells.
    """
    if not endpoints:
        return Content.styled("nobody serves it at the moment", DIM)
    columns = _COLUMNS if width >= _WIDE else _COLUMNS[:_NARROW]
    name = min(_NAME, max(8, width - sum(room for _, room in columns)))
    head = Content.assemble(
        column(Content("provider"), name), *(column(Content(title), room, "right") for title, room in columns)
    )
    lines = [head.stylize(f"{STRONG} {DIM}")]
    for endpoint in sorted(endpoints, key=_rank):
        cells = _cells(endpoint)[: len(columns)]
        shown = [
            column(Content.styled(cell, FAINT) if cell == UNTOLD else Content(cell), room, "right")
            for cell, (_, room) in zip(cells, columns, strict=True)
        ]
        lines.append(Content.assemble(column(_who(endpoint), name), *shown))
    return Content("\n").join(lines)


def _rank(endpoint: Endpoint) -> tuple[bool, float, str]:
    return endpoint.status < 0, -(endpoint.throughput or 0), endpoint.provider.casefold()


def _who(endpoint: Endpoint) -> Content:
    name = clean_line(endpoint.provider or endpoint.name or "?", 40)
    kind = clean_line(endpoint.quantization or "", 12)
    state = "degraded" if endpoint.status < 0 else kind
    return Content.assemble(name, (f"  {state}" if state else "", DIM))


def _cells(endpoint: Endpoint) -> list[str]:
    prices = [endpoint.pricing.per_million(key) for key in ("prompt", "completion")]
    return [
        *(per_million(price) for price in prices),
        UNTOLD if endpoint.context_length is None else tokens(endpoint.context_length),
        UNTOLD if endpoint.latency_ms is None else duration(endpoint.latency_ms / 1000),
        UNTOLD if endpoint.throughput is None else f"{endpoint.throughput:.0f}",
        UNTOLD if endpoint.uptime is None else f"{endpoint.uptime:.4g} %",
    ]


def model_facts(model: Model) -> list[tuple[str, str]]:
    """What the catalogue says of a model, as labels and foreign text."""
    rows = [("id", model.id)]
    if model.context_length is not None:
        rows.append(("context", f"{model.context_length:,} tokens"))
    if model.max_completion_tokens:
        rows.append(("longest answer", f"{model.max_completion_tokens:,} tokens"))
    rows += [("reads", ", ".join(model.input_modalities)), ("writes", ", ".join(model.output_modalities))]
    if model.supported_parameters:
        rows.append(("parameters", ", ".join(model.supported_parameters)))
    if model.expires:
        rows.append(("until", model.expires))
    return [*rows, *_every_price(model.pricing)]


_TOKENS = {
    "prompt": "in",
    "completion": "out",
    "input_cache_read": "cache read",
    "input_cache_write": "cache write",
    "internal_reasoning": "thoughts",
}


def _every_price(pricing: Pricing) -> list[tuple[str, str]]:
    rows = []
    for key, price in pricing.prices.items():
        if price < 0:
            rows.append((_TOKENS.get(key, key), "depends on the model that it chooses"))
        elif key in _TOKENS:
            rows.append((_TOKENS[key], f"${per_million(price * 1_000_000)} per million tokens"))
        elif price:
            rows.append((key.replace("_", " "), f"${price.normalize():f} each"))
    return [*rows, *(_other_price(override) for override in pricing.overrides)]


def _other_price(override: PriceOverride) -> tuple[str, str]:
    when = []
    if override.min_prompt_tokens is not None:
        when.append(f"over {tokens(override.min_prompt_tokens)}")
    if override.utc_start is not None and override.utc_end is not None:
        when.append(f"{override.utc_start:04}-{override.utc_end:04} UTC")
    prices = [
        f"{_TOKENS[key]} ${per_million(price * 1_000_000)}" for key, price in override.prices.items() if key in _TOKENS
    ]
    return " ".join(when) or "at times", ", ".join(prices) + " per million tokens"


def facts_table(model: Model, width: int) -> Content:
    """`model_facts`, each beside its label.

    Args:
        model: From the catalogue.
        width: Cells.
    """
    lines = []
    for label, value in model_facts(model):
        name = column(Content.styled(clean_line(label, _LABEL - 1), DIM), _LABEL)
        first, *others = wrap(clean_line(value, _LONGEST), max(12, width - _LABEL)) or [""]
        lines += [Content.assemble(name, first), *(Content(" " * _LABEL + other) for other in others)]
    return Content("\n").join(lines)
