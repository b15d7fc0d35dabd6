"""A request as the JSON object that is sent. Pure, and always in the same order: caches compare bytes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

from orchat.domain.content import AudioPart, ImagePart, Message, Part, TextPart, ToolCall, VideoPart
from orchat.domain.request import ChatRequest, Provider, Reasoning

Dialect = Literal["openrouter", "openai"]

_OPENROUTER_ONLY = frozenset(
    {
        "models",
        "provider",
        "plugins",
        "preset",
        "session_id",
        "cache_control",
        "prompt_cache_options",
        "trace",
        "image_config",
        "max_tool_calls",
        "stop_server_tools_when",
    }
)
_PLAIN = tuple(
    spec.name for spec in fields(ChatRequest) if spec.name not in ("messages", "model", "stream", "reasoning", "extra")
)


def body(request: ChatRequest, *, dialect: Dialect) -> dict[str, Any]:
    """The body of a POST to ``/chat/completions``.

    Args:
        request: What is asked; fields that are None or empty are not sent.
        dialect: ``openai`` leaves out what only OpenRouter knows and uses the older names that every server takes.

    Returns:
        A JSON object in a fixed order; `request.extra` comes last and wins.
    """
    is_openrouter = dialect == "openrouter"
    result: dict[str, Any] = {} if request.model is None else {"model": request.model}
    result["messages"] = [_message(message, is_openrouter=is_openrouter) for message in request.messages]
    result["stream"] = request.stream
    if request.stream and not is_openrouter:
        result["stream_options"] = {"include_usage": True}
    for name in _PLAIN:
        value = getattr(request, name)
        if value is None or value == () or (name in _OPENROUTER_ONLY and not is_openrouter):
            continue
        if name == "max_completion_tokens" and not is_openrouter:
            name = "max_tokens"
        result[name] = _plain(value)
    result.update(_reasoning(request.reasoning, is_openrouter=is_openrouter))
    said = {key: value for key, value in result.items() if value != {} and key not in request.extra}
    return {**said, **request.extra}


def _plain(value: Any) -> Any:
    if isinstance(value, (Provider, Reasoning)):
        named = {spec.name: getattr(value, spec.name) for spec in fields(value)}
        return {key: _plain(item) for key, item in named.items() if item is not None and item != ()}
    if isinstance(value, tuple):
        return list(value)
    return value


def _reasoning(reasoning: Reasoning | None, *, is_openrouter: bool) -> dict[str, Any]:
    if reasoning is None:
        return {}
    if is_openrouter:
        return {"reasoning": _plain(reasoning)}
    return {} if reasoning.effort is None else {"reasoning_effort": reasoning.effort}


def _message(message: Message, *, is_openrouter: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.name is not None:
        result["name"] = message.name
    if message.tool_calls:
        result["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        result["tool_call_id"] = message.tool_call_id
    if is_openrouter and message.reasoning_details is not None:
        result["reasoning_details"] = list(message.reasoning_details)
    if is_openrouter and message.annotations:
        result["annotations"] = list(message.annotations)
    return result


def _content(message: Message) -> Any:
    if not message.content:
        # Some providers refuse an empty string beside tool calls.
        return None if message.tool_calls else ""
    if len(message.content) == 1 and isinstance(message.content[0], TextPart):
        return message.content[0].text
    return [_part(part) for part in sorted(message.content, key=lambda part: not isinstance(part, TextPart))]


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _part(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            image = {"url": part.url} if part.detail is None else {"url": part.url, "detail": part.detail}
            return {"type": "image_url", "image_url": image}
        case AudioPart():
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
        case VideoPart():
            return {"type": "video_url", "video_url": {"url": part.url}}
        case _:
            return {"type": "file", "file": {"filename": part.filename, "file_data": part.data}}
