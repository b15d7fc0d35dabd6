"""Requests and connections are recorded, counted and waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchat.demo.script import fault, say, stall
from orchat.demo.server import DemoServer
from orchat.demo.stage import Recorded
from tests.support.clock import FakeClock
from tests.support.demo import body_of, client_of, get, post, stream
from tests.support.demo import http as http_bytes

pytestmark = pytest.mark.anyio


async def test_requests_are_recorded_without_the_key(server: DemoServer) -> None:
    server.script(say("Hello"))
    await post(server, body_of("What?"), key="sk-or-secret", **{"X-OpenRouter-Title": "t"})
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.status, seen.outcome) == ("POST", "/chat/completions", 200, "done")
    assert (seen.prompt, seen.headers["x-openrouter-title"], seen.connection) == ("What?", "t", 1)
    assert seen.generation_id is not None and seen.generation_id.startswith("gen-")
    assert len(seen.key_fingerprint or "") == 8
    assert "sk-or-secret" not in repr(seen)


async def test_requests_are_recorded_with_their_times() -> None:
    clock = FakeClock()
    async with DemoServer(pace=1, clock=clock) as server:
        server.script(say("Hello", first_token_s=2), fault("502"))
        began = clock.monotonic()
        await stream(server)
        await post(server)
        times = [(seen.arrived_at - began, (seen.ended_at or 0) - began) for seen in server.requests]
    assert times == [(0, 2), (2, 2)]


async def test_a_request_that_runs_has_no_end_yet(server: DemoServer) -> None:
    release = asyncio.Event()

    async def looked_at() -> float | None:
        (seen,) = await server.received(1)
        release.set()
        return seen.ended_at

    server.script(stall(until=release))
    _, end = await asyncio.gather(post(server), looked_at())
    assert end is None
    assert server.requests[0].ended_at is not None


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [([], ""), ([{"role": "system", "content": "s"}, 7], ""), ([{"role": "user", "content": [{"text": "a"}, 7]}], "a")],
)
def test_the_recorded_prompt_is_the_last_thing_the_user_said(messages: list[Any], prompt: str) -> None:
    assert Recorded(method="POST", path="/", body={"messages": messages}).prompt == prompt
    assert Recorded(method="GET", path="/").prompt == ""


async def test_waiting_for_requests_counts_by_path(server: DemoServer) -> None:
    waiting = asyncio.ensure_future(server.received(2))
    finishing = asyncio.ensure_future(server.finished(3, path=None))
    await get(server, "/models")
    await post(server)
    assert not waiting.done()
    await post(server)
    assert len(await waiting) == 2
    assert [r.path for r in await finishing] == ["/models", "/chat/completions", "/chat/completions"]


async def test_only_so_many_requests_are_kept() -> None:
    async with DemoServer(pace=0, keep=2) as server:
        for _ in range(4):
            await post(server)
        assert len(server.requests) == 2


async def test_connections_are_kept_alive_and_counted(server: DemoServer) -> None:
    async with client_of(server) as client:
        for _ in range(3):
            await client.post("/chat/completions", json=body_of())
        assert (server.connections_made, server.open_connections) == (1, 1)
    await server.connections(0)


async def test_stopping_breaks_off_what_is_running() -> None:
    async with DemoServer(pace=0) as server:
        server.script(stall(stage="body", text="Once"))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(http_bytes(body_of(stream=True)))
        await reader.readuntil(b"Once")
        (seen,) = server.requests
    assert seen.outcome == "stopped"
    writer.close()
