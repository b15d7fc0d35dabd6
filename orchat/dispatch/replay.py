"""The opt-in response cache: the same request, answered from this machine, for nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchat.dispatch.defaults import with_defaults
from orchat.domain.events import Event, Finished, Opened, ReasoningDelta, TextDelta
from orchat.domain.fold import Reply
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.domain.request import ChatRequest
from orchat.store import ledger, responses

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.dispatch.attempt import Ground
    from orchat.store.connection import Connection

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


class Cache:
    """The answers that are kept.

    Args:
        ground: Shared parts.
        config: Whether and for how long answers are kept.
    """

    def __init__(self, ground: Ground, config: Config) -> None:
        self._ground = ground
        self._config = config

    def key_of(self, request: ChatRequest, *, model: str, wanted: bool | None) -> str | None:
        """Under which key its answer is kept.

        Args:
            request: What is asked.
            model: Of which model.
            wanted: Whether the caller wants the cache; None: as configured.

        Returns:
            None where the cache is not wanted.
        """
        if not (self._config.cache.enabled if wanted is None else wanted):
            return None
        client = self._ground.client
        return cache_key(client.body(with_defaults(request, self._config, model=model)), base_url=client.base_url)

    async def answer(self, key: str, entry: Attempt) -> list[Event] | None:
        """The events of a kept answer, noted in the ledger; None when there is none.

        Args:
            key: From `key_of`.
            entry: What the ledger says.
        """
        db = self._ground.db
        text = await db.read(responses.get, key, self._ground.clock.now())
        if text is None:
            return None
        await db.write(_note, entry, self._ground.owner)
        return thaw(text)

    async def keep(self, key: str | None, finished: Finished) -> None:
        """Keep an answer, if it is worth it.

        Args:
            key: From `key_of`.
            finished: Its end.
        """
        frozen = freeze(finished) if key else None
        if key and frozen:
            await self._ground.db.write(responses.put, key, frozen, self._config.cache.ttl_s, self._ground.clock.now())


def _note(connection: Connection, entry: Attempt, owner: str) -> None:
    row = ledger.begin(connection, entry, owner)
    ledger.settle(connection, row, Settlement(outcome="cached", model_used=entry.model, cost=FREE))
