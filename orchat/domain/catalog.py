"""Models, their prices and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from orchat.domain.model_id import is_free_id

SortKey = Literal["name", "newest", "price", "context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """Other prices from a prompt size on, or within hours of the UTC day. Later matching ones win per key."""

    prices: dict[str, Decimal]
    """Price key to USD per unit."""
    min_prompt_tokens: int | None = None
    """Applies to prompts strictly larger than this."""
    utc_start: int | None = None
    """HHMM, included."""
    utc_end: int | None = None
    """HHMM, excluded; may lie before the start (over midnight)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """USD per token (or per unit) by the API's own keys: ``prompt``, ``completion``, ``request``, ``image`` …"""

    prices: dict[str, Decimal] = field(default_factory=dict)
    """Only what the server named; negative means that the price is dynamic."""
    overrides: tuple[PriceOverride, ...] = ()
    """In the server's order."""

    @property
    def is_known(self) -> bool:
        """False for routers, whose price depends on the model they choose, and where the server named none."""
        prompt, completion = self.prices.get("prompt"), self.prices.get("completion")
        return prompt is not None and completion is not None and prompt >= 0 and completion >= 0

    def per_million(self, key: str) -> Decimal | None:
        """USD per million tokens, or None when unknown."""
        price = self.prices.get(key)
        return None if price is None or price < 0 else price * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of the catalogue."""

    id: str
    """What is sent."""
    name: str = ""
    """What people call it."""
    created: int = 0
    """Epoch seconds."""
    description: str = ""
    """May hold Markdown and newlines."""
    context_length: int | None = None
    """Tokens; None when unknown."""
    max_completion_tokens: int | None = None
    """Tokens; None when unknown."""
    input_modalities: tuple[str, ...] = ("text",)
    """``text``, ``image``, ``file``, ``audio``, ``video``."""
    output_modalities: tuple[str, ...] = ("text",)
    """``text``, ``image``, ``audio``."""
    supported_parameters: tuple[str, ...] = ()
    """Names of request fields."""
    pricing: Pricing = field(default_factory=Pricing)
    """USD per token."""
    reasoning_mandatory: bool = False
    """The model always thinks."""
    canonical_slug: str = ""
    """Dated slug, which answers carry as their model."""
    expires: str = ""
    """YYYY-MM-DD, or empty."""

    @property
    def is_free(self) -> bool:
        """Only the name tells: a price of "0" is no proof."""
        return is_free_id(self.id)

    @property
    def sees(self) -> bool:
        """Takes images."""
        return "image" in self.input_modalities

    @property
    def reads_files(self) -> bool:
        """Takes documents natively."""
        return "file" in self.input_modalities

    @property
    def reasons(self) -> bool:
        """Can think."""
        return self.reasoning_mandatory or "reasoning" in self.supported_parameters

    @property
    def uses_tools(self) -> bool:
        """Can call functions."""
        return "tools" in self.supported_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All models known, and how old that knowledge is."""

    models: tuple[Model, ...] = ()
    """In the server's order."""
    fetched_at: float = 0.0
    """Epoch seconds; 0 when nothing was ever fetched."""

    def find(self, model_id: str) -> Model | None:
        """The model with this id or dated slug; a variant such as ``:nitro`` finds its base model."""
        base = model_id.partition(":")[0]
        best: Model | None = None
        for model in self.models:
            if model.id == model_id:
                return model
            if best is None and (model.canonical_slug == model_id or model.id == base):
                best = model
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFilter:
    """What a person wants to see of the catalogue."""

    text: str = ""
    """Every word must be part of id or name."""
    free: bool = False
    """Only free models."""
    sees: bool = False
    """Only models that take images."""
    reasons: bool = False
    """Only models that think."""
    tools: bool = False
    """Only models that call functions."""
    files: bool = False
    """Only models that take documents."""

    def admits(self, model: Model) -> bool:
        """Whether a model passes."""
        haystack = f"{model.id} {model.name}".casefold()
        return (
            all(word in haystack for word in self.text.casefold().split())
            and (model.is_free or not self.free)
            and (model.sees or not self.sees)
            and (model.reasons or not self.reasons)
            and (model.uses_tools or not self.tools)
            and (model.reads_files or not self.files)
        )


def select(models: Iterable[Model], wanted: ModelFilter, sort: SortKey = "name") -> list[Model]:
    """The models that pass, in the order asked for; unknown prices sort last."""
    keys: dict[SortKey, Callable[[Model], tuple[object, ...]]] = {
        "name": lambda m: (m.id.lstrip("~"),),
        "newest": lambda m: (-m.created, m.id),
        "price": lambda m: (not m.pricing.is_known, m.pricing.prices.get("completion", Decimal(0)), m.id),
        "context": lambda m: (-(m.context_length or 0), m.id),
    }
    key = keys[sort]
    return sorted((model for model in models if wanted.admits(model)), key=key)
