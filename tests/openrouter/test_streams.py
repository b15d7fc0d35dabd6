"""Answers arrive as events, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from orchat.domain.events import Accepted, Finished, Opened, TextDelta
from orchat.domain.request import ChatRequest
from orchat.openrouter.client import OpenRouter
from tests.support.answers import DONE, chunk
from tests.support.clock import FakeClock
from tests.support.openrouter import ASK, ask, failure, header, text
from tests.support.sockets import LAST_CHUNK, STREAM_HEAD, Peer, Server, answered, streamed

pytestmark = pytest.mark.anyio


async def test_an_answer_arrives_as_events() -> None:
    script = streamed(chunk(content="Hel"), chunk(content="lo"), chunk("stop"), DONE)
    async with Server(script) as server, OpenRouter(base_url=server.url, clock=FakeClock()) as client:
        events = await ask(client)
    assert events[:2] == [
        Accepted(generation_id="gen-1"),
        Opened(generation_id="gen-1", model="maker/model-1", provider="P"),
    ]
    assert text(events) == "Hello"
    assert isinstance(events[-1], Finished)
    assert events[-1].reply.text == "Hello"


async def test_a_whole_answer_gives_the_same_events() -> None:
    body = json.dumps(chunk("stop") | {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
    request = ChatRequest(messages=ASK.messages, stream=False)
    async with Server(answered(b" \n " + body)) as server, OpenRouter(base_url=server.url) as client:
        assert [type(event) for event in await ask(client, request)] == [Accepted, Opened, TextDelta, Finished]
        assert text(await ask(client)) == "hi"
    assert header(server.requests[0], "accept") == "application/json"


async def test_a_compressed_stream_is_read() -> None:
    body = gzip.compress(f"data: {json.dumps(chunk('stop', content='hi'))}\n\ndata: [DONE]\n\n".encode())
    packed = answered(body, headers="content-type: text/event-stream\r\ncontent-encoding: gzip")
    async with Server(packed) as server, OpenRouter(base_url=server.url) as client:
        assert text(await ask(client)) == "hi"
    damaged = answered(b"not gzip", headers="content-encoding: gzip")
    async with Server(damaged) as server, OpenRouter(base_url=server.url) as client:
        assert "compressed" in str(await failure(client))


async def test_a_connection_is_used_again_even_when_its_end_comes_late() -> None:
    release = asyncio.Event()

    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk("stop", content="x"), DONE)
        await release.wait()
        await peer.send(LAST_CHUNK)

    async with Server(script) as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        for _ in range(3):
            release.clear()
            assert text(await ask(client)) == "x"
            release.set()
        assert server.connections == 1


async def test_a_server_that_never_ends_after_done_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk("stop", content="x"), DONE)
        await peer.gone()

    monkeypatch.setattr("orchat.openrouter.exchange._LINGER_S", 0.01)
    async with Server(script) as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        for _ in range(3):
            assert text(await ask(client)) == "x"
        assert server.connections == 3


async def test_a_slow_reader_makes_the_server_wait_and_loses_nothing() -> None:
    picture = "data:image/png;base64," + "A" * 400_000
    payloads = [chunk(images=[{"image_url": {"url": picture}}]) for _ in range(30)]
    script = streamed(*payloads, chunk("stop", content="x"), DONE)
    async with Server(script) as server, OpenRouter(base_url=server.url) as client, client.stream(ASK) as stream:
        events = [await stream.__anext__()]
        for _ in range(500):
            await asyncio.sleep(0)
        (exchange,) = client._exchanges
        assert not exchange.over
        assert exchange._reader.waiting < 4 << 20
        events += [event async for event in stream]
    assert isinstance(events[-1], Finished)
    assert len(events[-1].reply.media) == 30
