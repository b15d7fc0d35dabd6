"""A client that asks, what it got and what it sent."""

from __future__ import annotations

import pytest

from orchat.domain.content import message
from orchat.domain.events import Event, TextDelta
from orchat.domain.request import ChatRequest
from orchat.domain.secret import Secret
from orchat.errors import OrchatError
from orchat.openrouter.client import OpenRouter

ASK = ChatRequest(messages=(message("user", "hi"),), model="maker/model")
KEY = Secret("sk-or-v1-0123456789abcdef")


async def ask(client: OpenRouter, request: ChatRequest = ASK, key: Secret | None = KEY) -> list[Event]:
    """The events of an answer that ends in order."""
    async with client.stream(request, key) as stream:
        return [event async for event in stream]


async def failure(client: OpenRouter, request: ChatRequest = ASK, key: Secret | None = KEY) -> OrchatError:
    """The error with which a request ends."""
    with pytest.raises(OrchatError) as caught:
        await ask(client, request, key)
    return caught.value


def text(events: list[Event]) -> str:
    """What the answer says."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def header(request: bytes, name: str) -> str | None:
    """A header of a request as it came over the wire."""
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.partition(":")[2].strip()
    return None
