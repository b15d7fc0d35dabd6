"""The client against real sockets that behave, misbehave and vanish."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from orchat.config.sections import ApiSettings
from orchat.domain.content import message
from orchat.domain.events import Accepted, Event, Finished, Opened, TextDelta
from orchat.domain.request import ChatRequest
from orchat.domain.secret import Secret
from orchat.errors import (
    BadRequest,
    ConnectionFailed,
    KeyRejected,
    OrchatError,
    RateLimited,
    StreamInterrupted,
    TimedOut,
    UpstreamFailed,
    UsageError,
)
from orchat.openrouter.client import Attribution, OpenRouter, Timeouts
from orchat.openrouter.exchange import Watch
from tests.support.clock import FakeClock
from tests.support.sockets import LAST_CHUNK, STREAM_HEAD, DeafSocket, Peer, Server, answered, streamed

pytestmark = pytest.mark.anyio

ASK = ChatRequest(messages=(message("user", "hi"),), model="maker/model")
KEY = Secret("sk-or-v1-0123456789abcdef")
DONE = "[DONE]"


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "gen-1", "model": "maker/model-1", "provider": "P", "choices": [choice]}


async def ask(client: OpenRouter, request: ChatRequest = ASK, key: Secret | None = KEY) -> list[Event]:
    async with client.stream(request, key) as stream:
        return [event async for event in stream]


async def failure(client: OpenRouter, request: ChatRequest = ASK, key: Secret | None = KEY) -> OrchatError:
    with pytest.raises(OrchatError) as caught:
        await ask(client, request, key)
    return caught.value


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.partition(":")[2].strip()
    return None


# ---- asking -----------------------------------------------------------------------------------------------


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


async def test_openrouter_is_told_who_asks_and_other_servers_are_not() -> None:
    async with Server(streamed(chunk("stop", content="x"), DONE)) as server:
        async with OpenRouter(base_url=server.url, dialect="openrouter") as client:
            await ask(client)
        async with OpenRouter(base_url=server.url, app=Attribution(referer="", title="", categories=("x",))) as client:
            assert client.dialect == "openai"
            await ask(client, key=None)
        no_app = Attribution(referer="", title="")
        async with OpenRouter(base_url=server.url, dialect="openrouter", app=no_app) as client:
            await ask(client)
    first, second, third = server.requests
    assert first.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert header(first, "authorization") == f"Bearer {KEY.reveal()}"
    assert header(first, "http-referer") == "https://github.com/orchat/orchat"
    assert header(first, "x-openrouter-title") == "orchat"
    assert header(first, "x-openrouter-categories") == "cli-agent,general-chat"
    assert (
        header(
            first,
            "user-agent",
        )
        == "orchat/0.1.0"
    )
    assert header(first, "accept") == "text/event-stream"
    names = ("http-referer", "x-openrouter-title", "x-openrouter-categories")
    assert [header(second, name) for name in (*names, "authorization")] == [None] * 4
    assert [header(third, name) for name in names] == [None] * 3
    assert b"stream_options" in second
    assert b"stream_options" not in first


async def test_the_body_is_what_the_client_says_it_would_send() -> None:
    request = ChatRequest(messages=(message("user", "é👩\ud83d"),), model="m", temperature=0.5)
    async with Server(streamed(chunk("stop", content="x"), DONE)) as server, OpenRouter(base_url=server.url) as client:
        await ask(client, request)
        body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
        assert client.body(request)["messages"] == [{"role": "user", "content": "é👩\ud83d"}]
    assert body["messages"] == [{"role": "user", "content": "é👩?"}]


async def test_a_value_that_json_does_not_know_is_refused_before_sending() -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        for extra in ({"x": object()}, {"x": float("nan")}):
            error = await failure(client, ChatRequest(messages=ASK.messages, extra=extra))
            assert isinstance(error, UsageError)
        assert server.requests == []


@pytest.mark.parametrize("key", ["", "sk or", "sk-or\n", "sk-ör", "\x7f"])
async def test_a_key_that_is_none_is_refused_before_sending_and_not_repeated(key: str) -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client, key=Secret(key))
        assert isinstance(error, KeyRejected)
        assert not key or key not in f"{error}{error.hint}"
        assert server.requests == []


async def test_nothing_is_sent_before_the_first_event_is_asked_for() -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        async with client.stream(ASK):
            pass
        assert server.connections == 0


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


async def test_reading_stops_at_an_error_though_more_comes() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"), {"error": {"code": 502, "message": "boom"}}, chunk("stop", content="y"))
        peer.rst()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, StreamInterrupted)
    assert error.partial.text == "x"


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


# ---- breaking ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "word"), [("fin", "(FIN)"), ("rst", "(RST)")])
async def test_a_cut_stream_keeps_the_text_so_far(end: str, word: str) -> None:
    released = asyncio.Event()

    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="so far"))
        await released.wait()
        peer.fin() if end == "fin" else peer.rst()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        events = []
        with pytest.raises(StreamInterrupted) as caught:
            async with client.stream(ASK) as stream:
                async for event in stream:
                    events.append(event)
                    if isinstance(event, TextDelta):
                        released.set()
    error = caught.value
    assert text(events) == error.partial.text == "so far"
    assert error.reason == "cut"
    assert isinstance(error.cause, ConnectionFailed)
    assert word in str(error)
    assert error.request_id == "gen-1"


@pytest.mark.parametrize(("end", "word"), [("fin", "(FIN)"), ("rst", "(RST)")])
async def test_a_connection_that_breaks_before_the_answer_may_be_tried_again(end: str, word: str) -> None:
    async def script(peer: Peer, _: bytes) -> None:
        peer.fin() if end == "fin" else peer.rst()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, ConnectionFailed)
    assert word in str(error)
    assert error.retryable
    assert not error.body_started
    assert error.model == "maker/model"


async def test_a_clean_end_without_a_finish_reason_is_no_end() -> None:
    async with Server(streamed(chunk(content="x"))) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, StreamInterrupted)
    assert error.reason == "ended_early"


async def test_a_server_without_done_is_finished_when_it_ends_in_order() -> None:
    async with Server(streamed(chunk("stop", content="x"))) as server, OpenRouter(base_url=server.url) as client:
        assert isinstance((await ask(client))[-1], Finished)


async def test_what_is_not_http_is_named() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(b"SSH-2.0-OpenSSH\r\n\r\n")
        peer.fin()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, UpstreamFailed)
    assert "proper HTTP" in str(error)


async def test_a_closed_port_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with OpenRouter(base_url=f"http://127.0.0.1:{port}/v1") as client:
        error = await failure(client)
    assert isinstance(error, ConnectionFailed)
    assert str(error) == "127.0.0.1 refuses the connection."
    assert error.hint


async def test_a_plain_port_behind_https_is_named() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    plain = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with plain, OpenRouter(base_url=f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/v1") as client:
        error = await failure(client)
    assert isinstance(error, ConnectionFailed)
    assert str(error) == "No secure connection to 127.0.0.1 (TLS)."


async def test_a_host_that_cannot_be_one_is_named() -> None:
    async with OpenRouter(base_url="http://" + "a" * 70 + ".localhost/v1") as client:
        error = await failure(client)
    assert isinstance(error, ConnectionFailed)
    assert error.hint


async def test_an_error_of_the_server_carries_its_facts() -> None:
    body = json.dumps({"error": {"message": "Slow down", "code": 429}}).encode()
    script = answered(body, status="429 Too Many", headers="retry-after: 3\r\nx-generation-id: gen-5")
    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.request_id, error.status) == (3.0, "gen-5", 429)


async def test_a_page_with_status_200_is_no_answer() -> None:
    page = answered(b"<html><title>Captive portal</title>", headers="content-type: text/html")
    async with Server(page) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert "Captive portal" in str(error)


async def test_an_empty_body_is_no_answer() -> None:
    async with Server(answered(b"")) as server, OpenRouter(base_url=server.url) as client:
        assert isinstance(await failure(client), UpstreamFailed)


# ---- time -------------------------------------------------------------------------------------------------


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


# ---- everything else --------------------------------------------------------------------------------------


async def routes(peer: Peer, request: bytes) -> None:
    target = request.split(b" ")[1]
    bodies: dict[bytes, object] = {
        b"/v1/models": {"data": [{"id": "a/b"}, {"id": "c/d"}]},
        b"/v1/key": {"data": {"label": "L", "limit": 1}},
        b"/v1/credits": {"data": {"total_credits": 2, "total_usage": 1}},
        b"/v1/generation?id=gen%201": {"data": {"id": "gen 1", "total_cost": 0.5}},
        b"/v1/models/a/b:free/endpoints": {"data": {"endpoints": [{"provider_name": "P"}]}},
    }
    status = "200 OK" if target in bodies else "404 Not Found"
    body = json.dumps(bodies.get(target, {"error": {"message": "Not Found", "code": 404}})).encode()
    await answered(body, status=status)(peer, request)


async def test_models_keys_credits_generations_and_endpoints_are_fetched() -> None:
    async with Server(routes) as server, OpenRouter(base_url=server.url, dialect="openrouter") as client:
        assert [model.id for model in await client.models()] == ["a/b", "c/d"]
        assert json.loads(await client.models_raw(KEY))["data"][0] == {"id": "a/b"}
        assert (await client.key_status(KEY)).limit_pico == 10**12
        assert (await client.credits(KEY)).balance_pico == 10**12
        assert (await client.generation("gen 1", KEY)).usage.cost_pico == 5 * 10**11
        assert (await client.endpoints("a/b:free"))[0].provider == "P"
        with pytest.raises(BadRequest) as caught:
            await client.generation("gen-2", KEY)
    assert caught.value.status == 404
    assert header(server.requests[0], "authorization") is None
    assert header(server.requests[1], "authorization") == f"Bearer {KEY.reveal()}"
    assert header(server.requests[0], "x-openrouter-title") == "orchat"
    assert server.connections == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
async def test_what_is_not_json_is_no_key_status(body: bytes) -> None:
    async with Server(answered(body)) as server, OpenRouter(base_url=server.url) as client:
        with pytest.raises(UpstreamFailed, match="did not answer with JSON"):
            await client.key_status(KEY)


async def test_a_broken_connection_is_no_list_of_models() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nxxx")
        peer.fin()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        with pytest.raises(ConnectionFailed):
            await client.models()


async def test_a_client_is_made_from_the_settings() -> None:
    api = ApiSettings(base_url="http://localhost:1/v1/", dialect="openrouter", idle_timeout_s=7, app_title="mine")
    client = OpenRouter.from_settings(api, clock=FakeClock())
    assert (client.base_url, client.dialect) == ("http://localhost:1/v1", "openrouter")
    assert client._timeouts == Timeouts(idle=7)
    assert client._app.title == "mine"
    auto = OpenRouter.from_settings(ApiSettings())
    assert (auto.base_url, auto.dialect) == ("https://openrouter.ai/api/v1", "openrouter")
    await auto.aclose()


async def test_a_closed_client_says_so_and_closes_twice() -> None:
    async with Server(routes) as server:
        client = OpenRouter(base_url=server.url)
        await client.models()
        await client.aclose()
        await client.aclose()
        with pytest.raises(UsageError, match="closed"):
            await client.models()
        assert isinstance(await failure(client), UsageError)


async def test_closing_the_client_ends_a_running_stream_as_stopped() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"))
        await peer.gone()

    async with Server(script) as server:
        client = OpenRouter(base_url=server.url)
        with pytest.raises(StreamInterrupted) as caught:
            async with client.stream(ASK) as stream:
                async for event in stream:
                    if isinstance(event, TextDelta):
                        (exchange,) = client._exchanges
                        exchange.stop()
                        await client.aclose()
    assert caught.value.reason == "cancelled"


async def test_a_client_can_be_prepared_beforehand() -> None:
    async with Server(routes) as server, OpenRouter(base_url=server.url) as client:
        await asyncio.gather(client.prepare(), client.prepare())
        assert len(await client.models()) == 2


async def test_no_key_is_in_any_log_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with Server(answered(b"", status="401 No")) as server, OpenRouter(base_url=server.url) as client:
        with caplog.at_level(logging.DEBUG):
            try:
                await ask(client)
            except KeyRejected as error:
                story = traceback.TracebackException.from_exception(error, capture_locals=True)
                told = "".join(story.format())
    assert "0123456789abcdef" not in told
    assert "0123456789abcdef" not in caplog.text
    assert "KeyRejected" in told
