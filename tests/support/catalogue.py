"""A few models, each of its own kind."""

from __future__ import annotations

from decimal import Decimal

from orchat.domain.catalog import Model, Pricing


def model(model_id: str, **fields: object) -> Model:
    return Model(id=model_id, **fields)  # type: ignore[arg-type]  # a table of fields


MODELS = (
    model(
        "google/gemini-2.5-flash", name="Gemini 2.5 Flash", context_length=1_000_000, input_modalities=("text", "image")
    ),
    model("google/gemma-3-27b:free", name="Gemma"),
    model("deepseek/deepseek-r1", name="R1", supported_parameters=("reasoning", "tools")),
    model("openrouter/auto", pricing=Pricing(prices={"prompt": Decimal(-1), "completion": Decimal(-1)})),
)
