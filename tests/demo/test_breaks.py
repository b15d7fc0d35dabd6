"""The scripted server breaks down exactly as the script says."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from orchat.demo.answer import Step
from orchat.demo.script import cut_after, empty200, error_event, event, fail, html200, limit, raw, stall
from orchat.demo.server import DemoServer
from tests.support.clock import FakeClock
from tests.support.demo import body_of, broken, events_of, post, raw_exchange, stream, text_in
from tests.support.demo import http as http_bytes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("how", "error"), [("fin", httpx.RemoteProtocolError), ("rst", httpx.ReadError)])
async def test_a_cut_keeps_what_came_before(server: DemoServer, how: Any, error: type[Exception]) -> None:
    server.script(cut_after(5, how=how, text="Once upon a time"))
    data, ended = await broken(server)
    assert isinstance(ended, error)
    assert text_in(events_of(data)) == "Once "
    assert (await server.finished(1))[0].outcome == "cut"


async def test_a_whole_answer_can_be_cut_too(server: DemoServer) -> None:
    server.script(cut_after(3))
    with pytest.raises(httpx.RemoteProtocolError):
        await post(server)


@pytest.mark.parametrize("stage", ["headers", "first_byte", "body"])
async def test_a_stall_lasts_until_the_client_leaves(server: DemoServer, stage: Any) -> None:
    server.script(stall(stage=stage, text="Once upon a time"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(http_bytes(body_of(stream=True)))
    if stage != "headers":
        await reader.readuntil(b"\r\n\r\n")
    if stage == "body":
        await reader.readuntil(b"time")
    await server.received(1)
    assert server.chats[0].outcome == ""
    writer.close()
    await writer.wait_closed()
    assert (await server.finished(1))[0].outcome == "client left"
    await server.connections(0)


@pytest.mark.parametrize("stage", ["headers", "first_byte", "body"])
async def test_a_stall_that_ends_leads_to_a_whole_answer(server: DemoServer, stage: Any) -> None:
    go = asyncio.Event()
    server.script(stall(stage=stage, until=go, text="Once upon a time", chars=4, reasoning="Hm", images=["u"]))
    asking = asyncio.ensure_future(stream(server))
    await server.received(1)
    go.set()
    events = await asking
    assert text_in(events) == "Once upon a time"
    assert text_in(events, "reasoning") == "Hm"
    assert sum("images" in c["delta"] for e in events[:-1] for c in e["choices"]) == 1
    assert events[-1] == "[DONE]"


async def test_a_whole_answer_can_stall(server: DemoServer) -> None:
    go = asyncio.Event()
    go.set()
    server.script(stall(stage="body", until=go, text="Hello"))
    assert (await post(server)).json()["choices"][0]["message"]["content"] == "Hello"


ERRORS: list[tuple[Any, dict[str, Any]]] = [
    ("documented", {"code": 502, "finish": "error"}),
    ("string_code", {"code": "server_error", "finish": "error"}),
    ("with_usage", {"code": 502, "finish": None}),
    ("empty_choices", {"code": 502}),
]


@pytest.mark.parametrize(("shape", "expected"), ERRORS)
async def test_an_error_event_has_the_recorded_shape(server: DemoServer, shape: Any, expected: dict[str, Any]) -> None:
    server.script(error_event("middle", shape=shape, text="Once"))
    events = await stream(server)
    assert text_in(events) == "Once"
    failed = events[-2]
    assert failed["error"]["code"] == expected["code"]
    assert failed["error"]["metadata"] == {"error_type": "provider_unavailable"}
    assert [c["finish_reason"] for c in failed["choices"]] == ([expected["finish"]] if "finish" in expected else [])
    assert ("usage" in failed) == (shape == "with_usage")
    assert server.chats[0].outcome == "failed"


async def test_an_error_event_can_be_bare_or_say_nothing(server: DemoServer) -> None:
    server.script(
        error_event("only", shape="bare", message="boom"),
        error_event(shape="finish_only"),
        error_event("first", metadata={}, code=429, after="and then"),
        error_event(shape="string_code", code="rate_limited"),
    )
    assert await stream(server) == [{"error": {"message": "boom", "type": "server_error", "param": None, "code": None}}]
    ended = await stream(server)
    assert (ended[-2]["choices"][0]["finish_reason"], "error" in ended[-2]) == ("error", False)
    first = await stream(server)
    assert first[0]["error"] == {"code": 429, "message": "Provider returned error"}
    assert text_in(first[1:]) == "and then"
    assert (await stream(server))[-2]["error"]["code"] == "rate_limited"


async def test_an_error_without_streaming_is_a_body_with_status_200(server: DemoServer) -> None:
    server.script(error_event(code=503))
    answer = await post(server)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == 503
    assert server.chats[0].outcome == "failed"


async def test_html_and_nothing_with_status_200(server: DemoServer) -> None:
    server.script(html200(), empty200())
    page = await post(server)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=UTF-8")
    assert "<html>" in page.text
    assert "x-generation-id" not in page.headers
    empty = await post(server, body_of(stream=True))
    assert (empty.status_code, empty.content) == (200, b"")
    assert empty.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("end", "error"), [("end", None), ("fin", httpx.RemoteProtocolError), ("rst", httpx.ReadError)]
)
async def test_raw_bytes_arrive_as_they_are(server: DemoServer, end: Any, error: type[Exception] | None) -> None:
    server.script(raw(b"\xef\xbb\xbf", event({"choices": []}), b"data: \xff\n\n", end=end, headers={"X-Raw": "1"}))
    data, ended = await broken(server)
    assert data == b'\xef\xbb\xbfdata: {"choices":[]}\n\ndata: \xff\n\n'
    assert type(ended) is (error or type(None))
    assert server.chats[0].outcome == ("done" if end == "end" else "cut")


@pytest.mark.parametrize(("end", "expected"), [("fin", b"nonsense"), ("rst", None)])
async def test_raw_bytes_can_replace_http(server: DemoServer, end: Any, expected: bytes | None) -> None:
    server.script(raw(b"non", b"sense", framing="wire", end=end))
    if expected is None:
        with pytest.raises(httpx.TransportError):
            await post(server)
    else:
        assert await raw_exchange(server, http_bytes(body_of())) == expected


async def test_a_failure_carries_what_it_is_given(server: DemoServer) -> None:
    server.script(
        fail(418, message="tea", metadata={"a": 1}, headers={"Retry-After": "3"}),
        fail(500, body="<html>no</html>"),
        fail(400, body={"odd": True}),
        fail(502, body=b"\xff"),
    )
    tea = await post(server)
    assert (tea.status_code, tea.headers["retry-after"]) == (418, "3")
    assert tea.json() == {"error": {"code": 418, "message": "tea", "metadata": {"a": 1}}}
    page = await post(server)
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=UTF-8")
    assert (await post(server)).json() == {"odd": True}
    assert (await post(server)).content == b"\xff"
    assert [r.outcome for r in server.chats] == ["failed"] * 4


async def test_a_limit_admits_so_many_and_tells_when_it_resets() -> None:
    clock = FakeClock()
    async with DemoServer(pace=0, clock=clock) as server:
        server.script(limit(2))
        assert [(await post(server)).status_code for _ in range(3)] == [200, 200, 429]
        refused = await post(server)
        assert refused.headers["x-ratelimit-limit"] == "2"
        assert refused.headers["x-ratelimit-reset"] == str(int((clock.now() + 60) * 1000))
        assert refused.json()["error"]["metadata"]["headers"]["X-RateLimit-Remaining"] == "0"
        clock.advance(60)
        assert (await post(server)).status_code == 200
        server.script(limit(0, window="day"))
        assert "free-models-per-day" in (await post(server)).json()["error"]["message"]


async def test_a_defect_of_a_step_is_raised_when_the_server_stops() -> None:
    class Defect:
        async def play(self, stage: object) -> None:
            raise ZeroDivisionError

    step: Step = Defect()
    with pytest.raises(ZeroDivisionError):
        async with DemoServer(pace=0) as server:
            server.script(step)
            with pytest.raises(httpx.RemoteProtocolError):
                await post(server)
            assert (await server.finished(1))[0].outcome == "crashed"
