"""One request for a completion: every parameter of the API has its typed place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from orchat.domain.choices import DataCollection, Effort
from orchat.domain.content import JsonObject, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """How much a model may think (API §1.5); `effort` and `max_tokens` exclude each other."""

    effort: Effort | None = None
    """Share of the budget."""
    max_tokens: int | None = None
    """Token budget."""
    exclude: bool | None = None
    """Think, but do not return it."""
    enabled: bool | None = None
    """Think with the model's default settings."""
    summary: Literal["auto", "concise", "detailed"] | None = None
    """Summaries of OpenAI models."""
    context: Literal["auto", "all_turns", "current_turn"] | None = None
    """Which turns' thoughts are kept."""
    mode: Literal["standard", "pro"] | None = None
    """``pro`` routes to the model's pro variant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Which upstream providers may serve the request (API §1.6)."""

    order: tuple[str, ...] = ()
    """Provider slugs tried first, in this order."""
    only: tuple[str, ...] = ()
    """Allow-list of provider slugs."""
    ignore: tuple[str, ...] = ()
    """Deny-list of provider slugs."""
    allow_fallbacks: bool | None = None
    """False: only the primary or listed providers."""
    require_parameters: bool | None = None
    """True: only providers that support every parameter sent."""
    data_collection: DataCollection | None = None
    """``deny``: no provider that trains on prompts (this removes ``:free`` models)."""
    zdr: bool | None = None
    """Zero-data-retention endpoints only."""
    enforce_distillable_text: bool | None = None
    """Only models whose output may be used for training."""
    quantizations: tuple[str, ...] = ()
    """Allowed quantizations."""
    sort: str | JsonObject | None = None
    """``price``, ``throughput``, ``latency``, ``exacto``, or ``{"by": …, "partition": …}``."""
    preferred_min_throughput: float | JsonObject | None = None
    """Tokens per second, soft."""
    preferred_max_latency: float | JsonObject | None = None
    """Seconds, soft."""
    max_price: JsonObject | None = None
    """USD per million tokens by kind, hard."""
    options: JsonObject | None = None
    """Passed through to providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """Everything that one POST to ``/chat/completions`` says.

    Fields that are None, empty or false-by-absence are not sent; `extra` is sent last and wins.
    """

    messages: tuple[Message, ...]
    """The conversation, oldest first."""
    model: str | None = None
    """Model id, ``id:variant``, ``~author/family-latest``, ``@preset/slug`` …; None: the account's default."""
    models: tuple[str, ...] = ()
    """The server's own fallback list; orchat's fallbacks belong to the dispatcher."""
    stream: bool = True
    """Answer as server-sent events."""

    # sampling (API §1.1)
    max_completion_tokens: int | None = None
    """Most tokens of the answer, thoughts included."""
    temperature: float | None = None
    """0 to 2."""
    top_p: float | None = None
    """Over 0, to 1."""
    top_k: int | None = None
    """0 or more."""
    min_p: float | None = None
    """0 to 1."""
    top_a: float | None = None
    """0 to 1."""
    frequency_penalty: float | None = None
    """-2 to 2."""
    presence_penalty: float | None = None
    """-2 to 2."""
    repetition_penalty: float | None = None
    """0 to 2."""
    seed: int | None = None
    """For repeatable sampling, where a provider has it."""
    stop: tuple[str, ...] = ()
    """At most four stop sequences."""
    logit_bias: Mapping[str, float] | None = None
    """Token id to -100 … 100."""
    logprobs: bool | None = None
    """Return log probabilities."""
    top_logprobs: int | None = None
    """0 to 20."""
    verbosity: str | None = None
    """``low`` to ``max``."""
    prediction: JsonObject | None = None
    """Predicted output."""

    # tools and format
    tools: tuple[JsonObject, ...] = ()
    """Function and server tools, passed through."""
    tool_choice: str | JsonObject | None = None
    """Passed through."""
    parallel_tool_calls: bool | None = None
    """Passed through."""
    max_tool_calls: int | None = None
    """Step budget of server tools."""
    stop_server_tools_when: tuple[JsonObject, ...] = ()
    """Stop conditions of server tools."""
    response_format: JsonObject | None = None
    """``{"type": "json_schema", …}`` and the others."""
    modalities: tuple[str, ...] = ()
    """Output modalities: ``text``, ``image``, ``audio``."""
    image_config: JsonObject | None = None
    """Aspect ratio and size of generated images."""
    audio: JsonObject | None = None
    """Voice and format of generated sound."""
    web_search_options: JsonObject | None = None
    """Native web search."""

    # routing
    reasoning: Reasoning | None = None
    """How much the model may think."""
    provider: Provider | None = None
    """Routing preferences."""
    plugins: tuple[JsonObject, ...] = ()
    """API §1.7, passed through."""
    service_tier: str | None = None
    """``auto``, ``flex``, ``priority`` …"""
    preset: str | None = None
    """Preset slug."""

    # caching, attribution, bookkeeping
    session_id: str | None = None
    """Sticky routing and log grouping, at most 256 characters."""
    cache_control: JsonObject | None = None
    """Automatic prompt caching of Claude models: ``{"type": "ephemeral"}``."""
    prompt_cache_key: str | None = None
    """Sticky-routing key where there is no session id."""
    prompt_cache_options: JsonObject | None = None
    """Explicit prompt caching of OpenAI models."""
    user: str | None = None
    """Stable id of an end user."""
    metadata: Mapping[str, str] | None = None
    """At most 16 pairs."""
    trace: JsonObject | None = None
    """Observability ids."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anything newer than this class; wins over every field."""


REQUEST_FIELDS = frozenset(f.name for f in fields(ChatRequest))
"""The names that ``-p key=value`` may set by their own type."""
