"""Connections that break, and what is no answer: each is named, and the text so far is kept."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from orchat.domain.events import Finished, TextDelta
from orchat.errors import ConnectionFailed, RateLimited, StreamInterrupted, UpstreamFailed
from orchat.openrouter.client import OpenRouter
from tests.support.answers import chunk
from tests.support.openrouter import ASK, ask, failure, text
from tests.support.sockets import STREAM_HEAD, Peer, Server, answered, streamed

pytestmark = pytest.mark.anyio


async def test_reading_stops_at_an_error_though_more_comes() -> None:
    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(chunk(content="x"), {"error": {"code": 502, "message": "boom"}}, chunk("stop", content="y"))
        peer.rst()

    async with Server(script) as server, OpenRouter(base_url=server.url) as client:
        error = await failure(client)
    assert isinstance(error, StreamInterrupted)
    assert error.partial.text == "x"


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
