"""The demo's catalogue: models that say what they are, described exactly as the API describes models."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

ModelJson = dict[str, Any]

CREATED = 1_788_220_800
"""2026-09-01, the day all demo models were born."""
DAY = "20260901"
SAMPLING = (
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "presence_penalty",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "top_p",
)
TOOLS = ("tool_choice", "tools")
THINKING = ("include_reasoning", "reasoning", "reasoning_effort")

AUTO = "openrouter/auto"
FREE = "openrouter/free"
WRITER = "demo/writer"
THINKER = "demo/thinker"
SEER = "demo/seer"
TORTOISE = "demo/tortoise"
FAULTY = "demo/faulty"
TINY = "demo/tiny:free"
PAINTER = "demo/painter"
VARIANTS = frozenset({"nitro", "floor", "exacto", "online", "extended", "thinking"})
"""Suffixes that route differently but name the same model."""


def _model(
    model_id: str,
    name: str,
    about: str,
    *,
    price: tuple[str, ...] = ("0", "0"),
    context: int = 32_768,
    most: int | None = 8_192,
    sees: tuple[str, ...] = (),
    makes: tuple[str, ...] = (),
    knows: tuple[str, ...] = (),
    slug: str | None = None,
    **more: object,
) -> ModelJson:
    """An entry as the API shapes it, from what this model has of its own.

    Args:
        model_id: What is asked for.
        name: What people call it.
        about: What it does.
        price: USD per million tokens: in, out, and read from the cache where there is one.
        context: Tokens in and out.
        most: Tokens out; None where the model that answers decides.
        sees: What it takes beside text.
        makes: What it gives beside text.
        knows: Parameters beside those of every model.
        slug: The dated name; None: the id with the day.
        **more: Fields that other models do not have, or other values for those that all have.
    """
    slug = slug or f"{model_id.partition(':')[0]}-{DAY}"
    takes, gives = ("text", *sees), ("text", *makes)
    return {
        "id": model_id,
        "canonical_slug": slug,
        "hugging_face_id": "",
        "name": name,
        "created": CREATED,
        "description": about,
        "context_length": context,
        "architecture": {
            "modality": f"{'+'.join(takes)}->{'+'.join(gives)}",
            "input_modalities": list(takes),
            "output_modalities": list(gives),
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": dict(zip(_PRICES, map(_per_token, price), strict=False)),
        "top_provider": {"context_length": context, "max_completion_tokens": most, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": sorted((*SAMPLING, *knows)),
        "default_parameters": {"temperature": None, "top_p": None, "frequency_penalty": None},
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
        "links": {"details": f"/api/v1/models/{slug}/endpoints"},
        **more,
    }


_PRICES = ("prompt", "completion", "input_cache_read")


def _per_token(usd_per_million: str) -> str:
    return f"{Decimal(usd_per_million).scaleb(-6).normalize():f}"


def _built_in(model_id: str, about: str, **own: Any) -> ModelJson:
    """A model that answers by itself."""
    name = model_id.partition("/")[2].capitalize()
    return _model(model_id, f"Demo: {name}", f"{about} Built into orchat.", **own)


def _router(model_id: str, name: str, about: str, **own: Any) -> ModelJson:
    """A model that chooses another one to answer."""
    return _model(model_id, name, about, most=None, slug=model_id, **own)


def _alias(model_id: str, name: str, about: str, target: ModelJson) -> ModelJson:
    """Another id for a model."""
    return {
        **target,
        "id": model_id,
        "canonical_slug": model_id,
        "name": name,
        "description": about,
        "links": {"details": f"/api/v1/models/{model_id}/endpoints"},
        "alias_target": {"name": target["name"], "slug": target["id"]},
    }


_WRITER = _model(
    WRITER,
    "Demo: Writer",
    "Answers with rich Markdown: headings, lists, tables, code, quotes, links and mathematics. Built into orchat; "
    "nothing leaves this computer.",
    price=("1", "4", "0.1"),
    context=128_000,
    most=16_384,
    sees=("file",),
    knows=TOOLS,
)

MODELS: tuple[ModelJson, ...] = (
    _WRITER,
    _built_in(
        THINKER,
        "Thinks aloud before it answers, so that you can see how orchat shows reasoning.",
        price=("2.5", "10", "0.25"),
        context=64_000,
        knows=THINKING,
        reasoning={
            "mandatory": False,
            "default_enabled": True,
            "default_effort": "medium",
            "supported_efforts": ["high", "medium", "low", "none"],
            "supports_max_tokens": True,
        },
    ),
    _built_in(
        SEER,
        "Looks at the images it is sent and reports facts: size, format, orientation, colours.",
        price=("0.8", "3.2"),
        context=64_000,
        sees=("image",),
    ),
    _built_in(TORTOISE, "Four tokens a second: time enough to press Escape.", price=("0.2", "0.6")),
    _built_in(
        FAULTY,
        "Fails in the way the prompt asks for: “fail 429”, “cut”, “stall”, “html” and many more.",
        price=("0.5", "1"),
        context=8_192,
        most=2_048,
    ),
    _model(
        TINY,
        "Demo: Tiny (free)",
        "Costs nothing and has tiny limits: three requests a minute, ten a day. Built into orchat.",
        context=4_096,
        most=1_024,
    ),
    _built_in(PAINTER, "Answers with a generated picture.", price=("1", "30"), makes=("image",)),
    _alias(
        "~demo/writer-latest",
        "Demo: Writer (latest)",
        "Always the newest demo writer. Built into orchat.",
        _WRITER,
    ),
    _router(
        AUTO,
        "Auto Router (demo)",
        "Chooses a demo model that fits the request: the seer for images, else the writer.",
        context=128_000,
        sees=("image", "file"),
        knows=TOOLS,
        pricing={"prompt": "-1", "completion": "-1"},
    ),
    _router(FREE, "Free Models Router (demo)", "Chooses a free demo model.", context=4_096),
)
"""As ``GET /models`` lists them."""

_BY_NAME: Mapping[str, ModelJson] = {
    **{model["canonical_slug"]: model for model in MODELS},
    **{model["id"]: model for model in MODELS},
}


def find(name: str) -> ModelJson | None:
    """The model with this id or dated slug; a routing variant such as ``:nitro`` finds its base model."""
    base, _, variant = name.partition(":")
    return _BY_NAME.get(name) or (_BY_NAME.get(base) if variant in VARIANTS else None)


def resolve(model: ModelJson, *, sees: bool, paints: bool) -> ModelJson:
    """The model that answers when this one is a router or an alias.

    Args:
        model: The model asked.
        sees: Whether the request holds an image.
        paints: Whether the request wants an image.

    Returns:
        A concrete model.
    """
    target = model["id"]
    if target == AUTO:
        target = SEER if sees else PAINTER if paints else WRITER
    elif target == FREE:
        target = TINY
    elif "alias_target" in model:
        target = model["alias_target"]["slug"]
    return _BY_NAME[target]


def endpoints(model: ModelJson) -> dict[str, object]:
    """What ``GET /models/{author}/{slug}/endpoints`` says."""
    kept = ("id", "name", "created", "description", "architecture")
    return {**{key: model[key] for key in kept}, "endpoints": [_endpoint(model, *each) for each in _SERVED_BY]}


_SERVED_BY = (("Demo", "demo", None, 240.0, 84.0, 100), ("Demo East", "demo-east", "fp8", 610.0, 131.0, 99.2))
"""Name, tag, quantization, median milliseconds to the first token, tokens per second, percent up."""


def _endpoint(
    model: ModelJson, name: str, tag: str, quantization: str | None, latency_ms: float, speed: float, uptime: float
) -> dict[str, object]:
    top = model["top_provider"]
    return {
        "name": f"{name} | {model['canonical_slug']}",
        "model_id": model["id"],
        "model_name": model["name"],
        "context_length": model["context_length"],
        "max_completion_tokens": top["max_completion_tokens"],
        "max_prompt_tokens": None,
        "pricing": model["pricing"],
        "provider_name": name,
        "tag": tag,
        "quantization": quantization,
        "status": 0,
        "supported_parameters": model["supported_parameters"],
        "supports_implicit_caching": "input_cache_read" in model["pricing"],
        "uptime_last_5m": uptime,
        "uptime_last_30m": uptime,
        "uptime_last_1d": uptime,
        "latency_last_30m": {"p50": latency_ms, "p75": 1.5 * latency_ms, "p90": 2 * latency_ms, "p99": 4 * latency_ms},
        "throughput_last_30m": {"p50": speed, "p75": 0.8 * speed, "p90": 0.7 * speed, "p99": 0.5 * speed},
    }
