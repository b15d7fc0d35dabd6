"""The scripted server says exactly what the script says."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest

from orchat.demo.answer import Step, UsageShape
from orchat.demo.script import (
    cut_after,
    empty200,
    error_event,
    event,
    fail,
    fault,
    html200,
    limit,
    raw,
    say,
    stall,
)
from orchat.demo.server import DemoServer
from orchat.demo.stage import Recorded
from tests.support.clock import FakeClock
from tests.support.demo import body_of, broken, client_of, events_of, get, post, raw_exchange, stream, text_in, usage_in
from tests.support.demo import http as http_bytes

pytestmark = pytest.mark.anyio


async def test_a_streamed_answer_is_framed_as_the_real_one(server: DemoServer) -> None:
    server.script(say("Hello world", comments=2))
    answer = await post(server, body_of(stream=True, model="a/b"))
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.content.startswith(b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: {")
    assert answer.content.endswith(b"\n\ndata: [DONE]\n\n")
    events = events_of(answer.content)
    assert text_in(events) == "Hello world"
    assert {e["id"] for e in events[:-1]} == {answer.headers["x-generation-id"]}
    assert {(e["object"], e["model"], e["provider"]) for e in events[:-1]} == {("chat.completion.chunk", "a/b", "Demo")}
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["usage"]["completion_tokens"] == 3


async def test_each_event_is_one_chunk_of_the_transfer(server: DemoServer) -> None:
    server.script(say("ab", chunk_size=1))
    data = await raw_exchange(server, http_bytes(body_of(stream=True)))
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    sizes = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        sizes.append(rest[:length])
        assert rest[length : length + 2] == b"\r\n"
        rest = rest[length + 2 :]
    assert sizes.pop() == b""
    assert all(part.startswith(b"data: ") and part.count(b"\n\n") == 1 for part in sizes)
    assert len(sizes) == 5


async def test_a_whole_answer_is_one_completion(server: DemoServer) -> None:
    server.script(say("Hello", reasoning="Hm.", citations=[("https://x.test", "X")], finish="length", provider="P"))
    answer = await post(server, body_of(model="a/b"))
    whole = answer.json()
    assert whole["object"] == "chat.completion"
    assert (whole["model"], whole["provider"], whole["id"]) == ("a/b", "P", answer.headers["x-generation-id"])
    choice = whole["choices"][0]
    assert choice["finish_reason"] == "length"
    assert (choice["message"]["content"], choice["message"]["reasoning"]) == ("Hello", "Hm.")
    assert choice["message"]["reasoning_details"][0]["text"] == "Hm."
    assert choice["message"]["annotations"][0]["url_citation"]["url"] == "https://x.test"
    assert whole["usage"]["completion_tokens_details"]["reasoning_tokens"] == 1


@pytest.mark.parametrize(
    ("shape", "choices"),
    [
        ("current", [("stop", True)]),
        ("2026-03", []),
        ("2025-11", [(None, True)]),
    ],
)
async def test_usage_comes_in_each_of_its_three_shapes(
    server: DemoServer, shape: UsageShape, choices: list[tuple[str | None, bool]]
) -> None:
    server.script(say("Hello", usage_shape=shape))
    last = (await stream(server))[-2]
    assert [(c["finish_reason"], "delta" in c) for c in last["choices"]] == choices
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + 2


async def test_usage_finish_and_done_can_be_left_out(server: DemoServer) -> None:
    server.script(say("Hello", usage_shape="absent", finish_chunk=False, done=False), say("x", usage_shape="absent"))
    events = await stream(server)
    assert [e["choices"][0]["finish_reason"] for e in events] == [None]
    assert "usage" not in (await post(server)).json()


async def test_usage_can_be_overruled(server: DemoServer) -> None:
    server.script(say("Hello", usage={"cost": 0.25, "prompt_tokens": 7}))
    usage = usage_in(await stream(server))
    assert (usage["cost"], usage["prompt_tokens"], usage["completion_tokens"]) == (0.25, 7, 2)
    assert (await get(server, "/key")).json()["data"]["usage"] == 0.25


async def test_thoughts_come_twice_and_are_signed(server: DemoServer) -> None:
    server.script(say("Yes", reasoning="Let me think"), say("Yes", reasoning="abc", reasoning_details=False))
    events = await stream(server)
    details = [d for e in events[:-1] for c in e["choices"] for d in c["delta"].get("reasoning_details", ())]
    assert text_in(events, "reasoning") == "Let me think" == "".join(d.get("text", "") for d in details)
    assert "signature" in details[-1] and "text" not in details[-1]
    plain = await stream(server)
    assert text_in(plain, "reasoning") == "abc"
    assert not any("reasoning_details" in c["delta"] for e in plain[:-1] for c in e["choices"])


async def test_images_citations_and_tool_calls_come_as_deltas(server: DemoServer) -> None:
    server.script(
        say("See", images=[b"png", "https://x.test/a.png"], citations=[("u", "t")], tool_calls=[("f", '{"a":1}')]),
        say(tool_calls=[("f", "{}")], finish="tool_calls"),
    )
    deltas = [c["delta"] for e in (await stream(server))[:-1] for c in e["choices"]]
    urls = [i["image_url"]["url"] for d in deltas for i in d.get("images", ())]
    assert urls == ["data:image/png;base64," + base64.b64encode(b"png").decode(), "https://x.test/a.png"]
    assert [d["annotations"][0]["type"] for d in deltas if "annotations" in d] == ["url_citation"]
    assert [d["tool_calls"][0]["function"] for d in deltas if "tool_calls" in d] == [
        {"name": "f", "arguments": '{"a":1}'}
    ]
    whole = (await post(server)).json()["choices"][0]
    assert whole["message"]["content"] is None
    assert whole["message"]["tool_calls"][0]["function"]["name"] == "f"


async def test_more_headers_another_model_and_comments_between(server: DemoServer) -> None:
    server.script(say("abcd", chunk_size=1, comment_every=2, model="x/y", headers={"X-More": "1"}))
    answer = await post(server, body_of(stream=True))
    assert answer.headers["x-more"] == "1"
    assert answer.content.count(b": OPENROUTER PROCESSING") == 2
    assert events_of(answer.content)[0]["model"] == "x/y"


async def test_u2028_and_lone_surrogates_survive_the_encoding(server: DemoServer) -> None:
    server.script(say("a\u2028b\ud800c", chunk_size=99))
    answer = await post(server, body_of(stream=True))
    assert "\u2028".encode() in answer.content
    assert text_in(events_of(answer.content)) == "a\u2028b?c"


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


async def test_steps_are_taken_in_order_and_then_the_models_answer(server: DemoServer) -> None:
    server.script(fault("503"), say("Hello"))
    assert [(await post(server)).status_code for _ in range(2)] == [503, 200]
    third = (await post(server)).json()
    assert "demo writer" in third["choices"][0]["message"]["content"]


async def test_other_paths_can_be_scripted(server: DemoServer) -> None:
    server.script(fault("500"), path="/models")
    assert [(await get(server, "/models")).status_code for _ in range(2)] == [500, 200]


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
