"""Talking to the demo server as a plain HTTP client would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx

from orchat.demo.server import DemoServer

KEY = "sk-or-test-000000000000000000000000"
Json = Any


def client_of(server: DemoServer, key: str | None = KEY) -> httpx.AsyncClient:
    """A client of its own; use it in ``async with``."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=server.base_url, headers=headers, timeout=10, trust_env=False)


def body_of(prompt: str = "hi", *, model: str = "demo/writer", **more: Json) -> dict[str, Json]:
    """A chat request."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


async def post(server: DemoServer, body: Json = None, *, key: str | None = KEY, **headers: str) -> httpx.Response:
    """One chat request on a connection of its own."""
    async with client_of(server, key) as client:
        return await client.post("/chat/completions", json=body_of() if body is None else body, headers=headers)


async def get(server: DemoServer, path: str, *, key: str | None = KEY) -> httpx.Response:
    """One look-up on a connection of its own."""
    async with client_of(server, key) as client:
        return await client.get(path)


def events_of(data: bytes) -> list[Json]:
    """The JSON of every event; the last may be ``"[DONE]"``."""
    lines = [line[6:] for line in data.decode().split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def text_in(events: Sequence[Json], key: str = "content") -> str:
    """What all deltas say together."""
    choices = [choice for event in events if event != "[DONE]" for choice in event.get("choices", ())]
    return "".join(choice["delta"].get(key) or "" for choice in choices)


def usage_in(events: Sequence[Json]) -> Json:
    """The usage of a stream."""
    return next(event["usage"] for event in reversed(events) if event != "[DONE]" and "usage" in event)


async def stream(server: DemoServer, body: Json = None, *, key: str | None = KEY) -> list[Json]:
    """The events of one streamed answer that ends properly."""
    answer = await post(server, {**(body_of() if body is None else body), "stream": True}, key=key)
    assert answer.status_code == 200, answer.text
    return events_of(answer.content)


async def broken(server: DemoServer, body: Json = None) -> tuple[bytes, Exception | None]:
    """What arrives of a streamed answer, and what ended it."""
    data = b""
    async with (
        client_of(server) as client,
        client.stream("POST", "/chat/completions", json={**(body or body_of()), "stream": True}) as answer,
    ):
        try:
            async for part in answer.aiter_raw():
                data += part
        except httpx.TransportError as error:
            return data, error
    return data, None


async def raw_exchange(server: DemoServer, data: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(data)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def http(body: Json, *, path: str = "/api/v1/chat/completions", close: bool = True, key: str = KEY) -> bytes:
    """A chat request as bytes."""
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: demo", f"Authorization: Bearer {key}", f"Content-Length: {len(data)}"]
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data
