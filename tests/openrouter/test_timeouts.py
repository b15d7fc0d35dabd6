"""No silence of a server is waited for longer than was said."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from orchat.domain.content import message
from orchat.domain.request import ChatRequest
from orchat.errors import StreamInterrupted, TimedOut
from orchat.openrouter.client import OpenRouter, Timeouts
from orchat.openrouter.exchange import Watch
from tests.support.answers import chunk
from tests.support.openrouter import ASK, failure
from tests.support.sockets import STREAM_HEAD, DeafSocket, Peer, Server

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("begun", [False, True])
async def test_a_server_that_says_nothing_is_left(begun: bool) -> None:
    async def script(peer: Peer, _: bytes) -> None:
        if begun:
            await peer.send(STREAM_HEAD)
        await peer.gone()

    async with Server(script) as server, OpenRouter(base_url=server.url, timeouts=Timeouts(first_byte=0.3)) as client:
        error = await failure(client)
    assert isinstance(error, TimedOut)
    assert error.stage == "first_byte"
    assert error.retryable
    assert error.body_started is begun


async def test_silence_in_the_middle_keeps_the_text() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"))
        await peer.gone()

    async with Server(script) as server, OpenRouter(base_url=server.url, timeouts=Timeouts(idle=0.1)) as client:
        error = await failure(client)
    assert isinstance(error, StreamInterrupted)
    assert error.reason == "idle"
    assert isinstance(error.cause, TimedOut)
    assert (error.cause.stage, error.partial.text) == ("idle", "x")


class ManualLoop:
    """Time and timers of an event loop, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> ManualLoop:
        self.timers.append((when, call))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def move_to(self, now: float) -> None:
        self.now = now
        due = [timer for timer in self.timers if timer[0] <= now]
        self.timers = [timer for timer in self.timers if timer not in due]
        for _, call in due:
            call()


async def test_every_byte_moves_the_limit_of_silence_and_the_first_ends_its_own() -> None:
    expired: list[tuple[str, float]] = []
    watch = Watch(lambda stage, seconds: expired.append((stage, seconds)))
    loop = ManualLoop()
    watch._loop = loop  # type: ignore[assignment]  # a loop whose time stands still
    watch.arm("first_byte", 90)
    loop.move_to(89)
    watch.heard("idle", 120)
    for now in (150, 208, 300):
        loop.move_to(now)
        watch.heard("idle", 120)
    assert len(loop.timers) == 1
    loop.move_to(329)
    loop.move_to(419)
    assert expired == []
    loop.move_to(420)
    assert expired == [("idle", 120)]
    watch.disarm()
    watch.arm("linger", 1)
    watch.disarm()
    loop.move_to(999)
    assert len(expired) == 1


async def test_a_whole_answer_has_a_limit_in_all() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        await peer.send(b" ")
        await peer.gone()

    async with Server(script) as server, OpenRouter(base_url=server.url, timeouts=Timeouts(total=0.1)) as client:
        error = await failure(client, ChatRequest(messages=ASK.messages, stream=False))
    assert isinstance(error, TimedOut)
    assert error.stage == "total"


async def test_a_port_that_never_accepts_is_left() -> None:
    with DeafSocket() as deaf:
        async with OpenRouter(base_url=deaf.url, timeouts=Timeouts(connect=0.05)) as client:
            error = await failure(client)
    assert isinstance(error, TimedOut)
    assert error.stage == "connect"


async def test_a_full_pool_is_named() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"))
        await peer.gone()

    timeouts = Timeouts(pool=0.05)
    async with (
        Server(script) as server,
        OpenRouter(base_url=server.url, timeouts=timeouts, max_connections=1) as client,
        client.stream(ASK) as stream,
    ):
        await stream.__anext__()
        error = await failure(client)
    assert isinstance(error, TimedOut)
    assert error.stage == "pool"


async def test_a_server_that_takes_nothing_is_left() -> None:
    request = ChatRequest(messages=(message("user", "x" * 30_000_000),))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with OpenRouter(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1", timeouts=Timeouts(write=0.05)
        ) as client:
            error = await failure(client, request)
    assert isinstance(error, TimedOut)
    assert error.stage == "write"
