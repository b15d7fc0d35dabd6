"""The demo's catalogue: models that say what they are, described exactly as the API describes models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    description: str,
    *,
    pricing: Mapping[str, str],
    context: int = 32_768,
    most: int | None = 8_192,
    takes: tuple[str, ...] = ("text",),
    gives: tuple[str, ...] = ("text",),
    parameters: Iterable[str] = SAMPLING,
    slug: str | None = None,
    **more: object,
) -> ModelJson:
    slug = slug or f"{model_id.partition(':')[0]}-{DAY}"
    return {
        "id": model_id,
        "canonical_slug": slug,
        "hugging_face_id": "",
        "name": name,
        "created": CREATED,
        "description": description,
        "context_length": context,
        "architecture": {
            "modality": f"{'+'.join(takes)}->{'+'.join(gives)}",
            "input_modalities": list(takes),
            "output_modalities": list(gives),
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": dict(pricing),
        "top_provider": {"context_length": context, "max_completion_tokens": most, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": sorted(parameters),
        "default_parameters": {"temperature": None, "top_p": None, "frequency_penalty": None},
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
        "links": {"details": f"/api/v1/models/{slug}/endpoints"},
        **more,
    }


MODELS: tuple[ModelJson, ...] = (
    _model(
        WRITER,
        "Demo: Writer",
        "Answers with rich Markdown: headings, lists, tables, code, quotes, links and mathematics. Built into orchat; "
        "nothing leaves this computer.",
        pricing={"prompt": "0.000001", "completion": "0.000004", "input_cache_read": "0.0000001"},
        context=128_000,
        most=16_384,
        takes=("text", "file"),
        parameters=(*SAMPLING, *TOOLS),
    ),
    _model(
        THINKER,
        "Demo: Thinker",
        "Thinks aloud before it answers, so that you can see how orchat shows reasoning. Built into orchat.",
        pricing={"prompt": "0.0000025", "completion": "0.00001", "input_cache_read": "0.00000025"},
        context=64_000,
        parameters=(*SAMPLING, *THINKING),
        reasoning={
            "mandatory": False,
            "default_enabled": True,
            "default_effort": "medium",
            "supported_efforts": ["high", "medium", "low", "none"],
            "supports_max_tokens": True,
        },
    ),
    _model(
        SEER,
        "Demo: Seer",
        "Looks at the images it is sent and reports facts: size, format, orientation, colours. Built into orchat.",
        pricing={"prompt": "0.0000008", "completion": "0.0000032"},
        context=64_000,
        takes=("text", "image"),
    ),
    _model(
        TORTOISE,
        "Demo: Tortoise",
        "Four tokens a second: time enough to press Escape. Built into orchat.",
        pricing={"prompt": "0.0000002", "completion": "0.0000006"},
    ),
    _model(
        FAULTY,
        "Demo: Faulty",
        "Fails in the way the prompt asks for: “fail 429”, “cut”, “stall”, “html” and many more. Built into orchat.",
        pricing={"prompt": "0.0000005", "completion": "0.000001"},
        context=8_192,
        most=2_048,
    ),
    _model(
        TINY,
        "Demo: Tiny (free)",
        "Costs nothing and has tiny limits: three requests a minute, ten a day. Built into orchat.",
        pricing={"prompt": "0", "completion": "0"},
        context=4_096,
        most=1_024,
    ),
    _model(
        PAINTER,
        "Demo: Painter",
        "Answers with a generated picture. Built into orchat.",
        pricing={"prompt": "0.000001", "completion": "0.00003"},
        gives=("text", "image"),
    ),
    _model(
        "~demo/writer-latest",
        "Demo: Writer (latest)",
        "Always the newest demo writer. Built into orchat.",
        pricing={"prompt": "0.000001", "completion": "0.000004", "input_cache_read": "0.0000001"},
        context=128_000,
        most=16_384,
        takes=("text", "file"),
        parameters=(*SAMPLING, *TOOLS),
        slug="~demo/writer-latest",
        alias_target={"name": "Demo: Writer", "slug": WRITER},
    ),
    _model(
        AUTO,
        "Auto Router (demo)",
        "Chooses a demo model that fits the request: the seer for images, else the writer.",
        pricing={"prompt": "-1", "completion": "-1"},
        context=128_000,
        most=None,
        takes=("text", "image", "file"),
        parameters=(*SAMPLING, *TOOLS),
        slug=AUTO,
    ),
    _model(
        FREE,
        "Free Models Router (demo)",
        "Chooses a free demo model.",
        pricing={"prompt": "0", "completion": "0"},
        context=4_096,
        most=None,
        slug=FREE,
    ),
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
    top = model["top_provider"]
    endpoint = {
        "name": f"Demo | {model['canonical_slug']}",
        "model_id": model["id"],
        "model_name": model["name"],
        "context_length": model["context_length"],
        "max_completion_tokens": top["max_completion_tokens"],
        "max_prompt_tokens": None,
        "pricing": model["pricing"],
        "provider_name": "Demo",
        "tag": "demo",
        "quantization": None,
        "status": 0,
        "supported_parameters": model["supported_parameters"],
        "supports_implicit_caching": "input_cache_read" in model["pricing"],
        "uptime_last_5m": 100,
        "uptime_last_30m": 100,
        "uptime_last_1d": 100,
        "latency_last_30m": None,
        "throughput_last_30m": None,
    }
    kept = ("id", "name", "created", "description", "architecture")
    return {**{key: model[key] for key in kept}, "endpoints": [endpoint]}
