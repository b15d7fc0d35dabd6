"""HTTP as clients really send it: in pieces, in a hurry, or not at all."""

from __future__ import annotations

import asyncio
import json
import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.demo.wire import MAX_BODY, MAX_HEAD
from tests.support.demo import body_of, get, http, post, raw_exchange

pytestmark = pytest.mark.anyio


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


MALFORMED = [
    b"hello\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
    b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"x" * (MAX_HEAD + 1),
]


@pytest.mark.parametrize("data", MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_http_is_refused_and_the_server_lives(server: DemoServer, data: bytes) -> None:
    answer = await raw_exchange(server, data)
    assert status_of(answer) in (400, 404)
    assert b"Connection: close" in answer or data.startswith(b"GET / HTTP")
    assert (await post(server)).status_code == 200


async def test_a_request_that_breaks_off_is_forgotten(server: DemoServer) -> None:
    whole = http(body_of())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(whole[:-4])
    writer.close()
    await writer.wait_closed()
    await server.connections(0)
    assert server.requests == []
    assert reader.at_eof()


@pytest.mark.parametrize("answering", [False, True])
async def test_a_reset_by_the_client_is_a_leaving(server: DemoServer, answering: bool) -> None:
    server.script(stall(stage="body", text="Once"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(http(body_of(stream=True)) if answering else b"POST /")
    if answering:
        await reader.readuntil(b"Once")
    await server.connections(1)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    await server.connections(0)
    assert [request.outcome for request in server.requests] == ["client left"] * answering


@given(data=st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_bytes_crash_the_server(server: DemoServer, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert (await get(server, "/models/count")).status_code == 200


async def test_a_body_can_come_byte_by_byte(server: DemoServer) -> None:
    server.script(say("Hello"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for byte in http(body_of("slowly")):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    answer = await reader.read()
    writer.close()
    assert b"Hello" in answer
    assert server.chats[0].prompt == "slowly"


async def test_requests_can_be_sent_ahead(server: DemoServer) -> None:
    server.script(say("one"), say("two"))
    answer = await raw_exchange(server, http(body_of(), close=False) + http(body_of()))
    assert answer.index(b"one") < answer.index(b"two")
    assert server.connections_made == 1


async def test_a_request_that_arrives_during_an_answer_waits_its_turn(server: DemoServer) -> None:
    go = asyncio.Event()
    server.script(stall(stage="body", until=go, text="one"), say("two"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(http(body_of(stream=True), close=False))
    await reader.readuntil(b"one")
    second = http(body_of())
    writer.write(second[:50])
    await writer.drain()
    await asyncio.sleep(0)
    go.set()
    writer.write(second[50:])
    assert b"two" in await reader.read()
    writer.close()


async def test_too_much_sent_ahead_is_left_in_the_socket(server: DemoServer) -> None:
    go = asyncio.Event()
    server.script(stall(stage="body", until=go, text="one"), say("two"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(http(body_of(stream=True), close=False))
    await reader.readuntil(b"one")
    writer.write(http(body_of("x" * 300_000)))
    for _ in range(50):
        await asyncio.sleep(0)
    go.set()
    assert b"two" in await reader.read()
    writer.close()


async def test_expect_continue_is_answered_before_the_body(server: DemoServer) -> None:
    server.script(say("Hello"))
    body = json.dumps(body_of()).encode()
    head = "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nExpect: 100-continue\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(body)
    assert b"Hello" in await reader.read()
    writer.close()


async def test_http_1_0_closes_after_the_answer(server: DemoServer) -> None:
    answer = await raw_exchange(server, b"GET /api/v1/models/count HTTP/1.0\r\n\r\n")
    assert status_of(answer) == 200
    assert b"Connection: close" in answer


async def test_repeated_headers_are_joined(server: DemoServer) -> None:
    await raw_exchange(server, b"GET /api/v1/x HTTP/1.1\r\nHost: d\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n")
    assert server.requests[0].headers["x-a"] == "1, 2"


async def test_an_announced_body_that_is_too_large_is_refused_unread(server: DemoServer) -> None:
    head = f"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head.encode() + b"x" * 100_000)
    answer = await reader.read()
    writer.close()
    assert status_of(answer) == 413
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == 413


async def test_an_unannounced_body_that_is_too_large_is_refused(server: DemoServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    part = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    for _ in range(MAX_BODY // 0x100000 + 1):
        writer.write(part)
    answer = await reader.read()
    writer.close()
    assert status_of(answer) == 413


async def test_a_refused_upload_that_goes_on_is_dropped_in_the_end(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchat.demo.wire.LINGER_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"nonsense\r\n\r\n")
    assert status_of(await reader.read()) == 400
    await server.connections(0)
    writer.close()
