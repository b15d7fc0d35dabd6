"""The opt-in response cache: the same request, answered from this machine, for nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from orchat.domain.events import Event, Finished, Opened, ReasoningDelta, TextDelta
from orchat.domain.fold import Reply
from orchat.domain.money import Cost, Usage

FREE = Cost(pico=0, source="reported")
"""Nothing was sent, so nothing was charged: known, and zero."""


def cache_key(body: dict[str, Any], *, base_url: str) -> str:
    """What two requests must share to have the same answer.

    Args:
        body: The request as it would be sent.
        base_url: Where it would be sent.

    Returns:
        Hex SHA-256 over everything that shapes the answer; bookkeeping fields do not.
    """
    shaping = {key: value for key, value in body.items() if key not in _BOOKKEEPING}
    text = json.dumps([base_url, shaping], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


_BOOKKEEPING = frozenset({"stream", "stream_options", "session_id", "user", "metadata", "trace", "prompt_cache_key"})


def freeze(finished: Finished) -> str | None:
    """A finished answer as text for the cache, or None when it is not worth keeping or not only text."""
    reply = finished.reply
    if finished.finish_reason != "stop" or reply.media or reply.tool_calls or not reply.text:
        return None
    return json.dumps(
        {
            "text": reply.text,
            "reasoning": reply.reasoning,
            "model": finished.model,
            "provider": finished.provider,
            "generation_id": finished.generation_id,
            "usage": [finished.usage.prompt_tokens, finished.usage.completion_tokens],
        }
    )


def thaw(text: str) -> list[Event]:
    """The events of a cached answer; it cost nothing this time, and no tokens were used."""
    kept = json.loads(text)
    reply = Reply(text=kept["text"], reasoning=kept["reasoning"])
    who = {"generation_id": kept["generation_id"], "model": kept["model"], "provider": kept["provider"]}
    events: list[Event] = [Opened(**who)]
    if reply.reasoning:
        events.append(ReasoningDelta(text=reply.reasoning))
    events.append(TextDelta(text=reply.text))
    finished = Finished(reply=reply, finish_reason="stop", usage=Usage(), cost=FREE, cached=True)
    events.append(replace(finished, **who))
    return events
