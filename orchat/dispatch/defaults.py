"""What the configuration adds to a request that does not say otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.domain.content import FilePart
from orchat.domain.request import ChatRequest, Provider, Reasoning

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.domain.content import JsonObject

PARSER = "file-parser"
"""The plugin that turns documents into text."""


def with_defaults(request: ChatRequest, config: Config, *, model: str) -> ChatRequest:
    """The request as it will be sent: asked of `model`, with configured defaults where it is silent.

    Args:
        request: What the caller asked for; whatever it sets stays.
        config: The settings of ``[chat]`` and ``[provider]``.
        model: The model that this attempt asks.

    Returns:
        A request with a model.
    """
    chat = config.chat
    return replace(
        request,
        model=model,
        temperature=chat.temperature if request.temperature is None else request.temperature,
        max_completion_tokens=(
            chat.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens
        ),
        reasoning=request.reasoning or (Reasoning(effort=chat.reasoning_effort) if chat.reasoning_effort else None),
        provider=_provider(request.provider, config),
        plugins=_plugins(request, config),
        cache_control=(
            {"type": "ephemeral"}
            if request.cache_control is None and chat.prompt_caching and is_claude(model)
            else request.cache_control
        ),
    )


def is_claude(model: str) -> bool:
    """Claude models cache prompts only when asked to; the others do it by themselves or not at all."""
    return model.lstrip("~").startswith("anthropic/")


def _plugins(request: ChatRequest, config: Config) -> tuple[JsonObject, ...]:
    """Documents name the engine that reads them: without one, the server takes one that costs."""
    holds_file = any(isinstance(part, FilePart) for message in request.messages for part in message.content)
    if not holds_file or any(plugin.get("id") == PARSER for plugin in request.plugins):
        return request.plugins
    return (*request.plugins, {"id": PARSER, "pdf": {"engine": config.media.pdf_engine}})


def _provider(asked: Provider | None, config: Config) -> Provider | None:
    ours = config.provider
    wanted = asked or Provider()
    merged = replace(
        wanted,
        order=wanted.order or ours.order,
        only=wanted.only or ours.only,
        ignore=wanted.ignore or ours.ignore,
        sort=wanted.sort or ours.sort or None,
        data_collection=wanted.data_collection or ours.data_collection or None,
        zdr=wanted.zdr if wanted.zdr is not None else (True if ours.zdr else None),
    )
    return None if merged == Provider() else merged
