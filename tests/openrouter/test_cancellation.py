"""A caller may be cancelled twice, at any moment, and no connection of the pool is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from orchat.domain.events import Finished, TextDelta
from orchat.errors import OrchatError
from orchat.openrouter.client import OpenRouter, Timeouts
from orchat.openrouter.exchange import Exchange
from tests.support.openrouter import ASK
from tests.support.sockets import LAST_CHUNK, STREAM_HEAD, DeafSocket, Peer, Server

pytestmark = pytest.mark.anyio

TIMES = 334
"""Per stage; with three stages a thousand in all."""


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"id": "g", "model": "m", "choices": [{"delta": {"content": text}, "finish_reason": finish}]}


def pool_of(client: OpenRouter) -> Any:
    assert client._opening is not None
    return client._opening.result()._transport._pool  # type: ignore[attr-defined]  # httpx shows its pool nowhere else


async def assert_nothing_leaked(client: OpenRouter) -> None:
    await client._tasks.close(cancel=False)
    pool = pool_of(client)
    assert pool._requests == []
    assert [connection for connection in pool.connections if not connection.is_idle()] == []
    assert client._exchanges == set()


async def double_cancel(work: asyncio.Task[None], turns: int) -> None:
    """Cancel, give the task `turns` turns of the loop to handle that, and cancel again while it does."""
    work.cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.wait({work})
    assert work.cancelled()


async def consume(client: OpenRouter, on_text: Callable[[], None] = lambda: None) -> None:
    async with client.stream(ASK) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                on_text()


async def cancel_many(client: OpenRouter, until: Callable[[], Awaitable[None]], on_text: Callable[[], None]) -> None:
    for number in range(TIMES):
        work = asyncio.get_running_loop().create_task(consume(client, on_text))
        await until()
        await double_cancel(work, turns=number % 6)


class Stages(Server):
    """Stays silent, or stops in the body, until it is told to answer."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.stage = "headers"
        self.asked = asyncio.Event()

    async def answer(self, peer: Peer, _: bytes) -> None:
        self.asked.set()
        if self.stage == "headers":
            return await peer.gone()
        await peer.send(STREAM_HEAD)
        if self.stage == "body":
            await peer.event(chunk("x"))
            return await peer.gone()
        await peer.event(chunk("x", "stop"), "[DONE]")
        return await peer.send(LAST_CHUNK)


@pytest.mark.parametrize("stage", ["headers", "body"])
async def test_double_cancels_leak_no_connection(stage: str) -> None:
    async with Stages() as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        server.stage = stage
        shown = asyncio.Event()
        moment = server.asked if stage == "headers" else shown

        async def reached() -> None:
            await moment.wait()
            moment.clear()

        await cancel_many(client, reached, shown.set)
        await assert_nothing_leaked(client)
        server.stage = "answer"
        async with client.stream(ASK) as stream:
            assert isinstance([event async for event in stream][-1], Finished)
        await assert_nothing_leaked(client)


async def test_double_cancels_while_connecting_leak_no_connection() -> None:
    with DeafSocket() as deaf:
        async with OpenRouter(base_url=deaf.url, max_connections=2, timeouts=Timeouts(pool=1)) as client:
            await client.prepare()

            async def connecting() -> None:
                while not pool_of(client).connections:
                    await asyncio.sleep(0)

            await cancel_many(client, connecting, lambda: None)
            await assert_nothing_leaked(client)
            assert pool_of(client).connections == []


@pytest.mark.parametrize("turns", range(12))
async def test_a_double_cancel_at_any_turn_of_the_loop_leaks_nothing(turns: int) -> None:
    async with Stages() as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        server.stage = "answer"
        await client.prepare()
        for wait in range(24):
            work = asyncio.get_running_loop().create_task(consume(client))
            for _ in range(wait):
                await asyncio.sleep(0)
            work.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
            work.cancel()
            await asyncio.wait({work})
        await assert_nothing_leaked(client)


@pytest.mark.parametrize("turns", range(3))
async def test_a_stop_right_after_any_step_of_httpx_leaks_nothing(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    traced = Exchange._traced
    steps: list[str] = []

    async def traced_then_stopped(exchange: Exchange, event: str, info: Mapping[str, Any]) -> None:
        await traced(exchange, event, info)
        steps.append(event)
        if len(steps) == stop_after:
            later(turns, exchange.stop)

    monkeypatch.setattr(Exchange, "_traced", traced_then_stopped)
    stop_after = 1
    async with Stages() as server:
        server.stage = "answer"
        while True:
            async with OpenRouter(base_url=server.url, max_connections=1) as client:
                steps.clear()
                with suppress(OrchatError):
                    await consume(client)
                await assert_nothing_leaked(client)
            if len(steps) < stop_after:
                break
            stop_after += 1
    assert stop_after > 10


def later(turns: int, call: Callable[[], None]) -> None:
    """Call after some turns of the loop."""
    asyncio.get_running_loop().call_soon(call if turns == 0 else lambda: later(turns - 1, call))


async def test_a_fetch_that_is_cancelled_twice_leaks_nothing() -> None:
    async with Stages() as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        for number in range(60):
            work = asyncio.get_running_loop().create_task(_fetch(client))
            await server.asked.wait()
            server.asked.clear()
            await double_cancel(work, turns=number % 6)
        await assert_nothing_leaked(client)


async def _fetch(client: OpenRouter) -> None:
    await client.models()


async def test_a_caller_that_is_cancelled_while_the_client_loads_spoils_nothing() -> None:
    async with Stages() as server, OpenRouter(base_url=server.url) as client:
        work = asyncio.get_running_loop().create_task(consume(client))
        await asyncio.sleep(0)
        await double_cancel(work, turns=0)
        server.stage = "answer"
        await consume(client)


async def test_a_stream_that_is_left_early_frees_its_connection() -> None:
    async with Stages() as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        server.stage = "body"
        for _ in range(5):
            async with client.stream(ASK) as stream:
                await stream.__anext__()
        await assert_nothing_leaked(client)


async def test_a_reader_that_left_while_the_server_had_to_wait_frees_its_connection() -> None:
    async def flood(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        while True:
            await peer.event(chunk("x" * 60_000))

    async with Server(flood) as server, OpenRouter(base_url=server.url, max_connections=1) as client:
        async with client.stream(ASK) as stream:
            await stream.__anext__()
            for _ in range(300):
                await asyncio.sleep(0)
        await assert_nothing_leaked(client)


async def test_a_task_that_somebody_else_cancels_ends_the_stream_as_stopped() -> None:
    async with Stages() as server, OpenRouter(base_url=server.url) as client:
        server.stage = "body"
        work = asyncio.get_running_loop().create_task(consume(client))
        await server.asked.wait()
        await client._tasks.close(cancel=True)
        await asyncio.wait({work})
        assert "stopped" in str(work.exception())
