"""The scripted server says exactly what the script says."""

from __future__ import annotations

import base64

import pytest

from orchat.demo.answer import UsageShape
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from tests.support.demo import body_of, events_of, get, post, raw_exchange, stream, text_in, usage_in
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


async def test_steps_are_taken_in_order_and_then_the_models_answer(server: DemoServer) -> None:
    server.script(fault("503"), say("Hello"))
    assert [(await post(server)).status_code for _ in range(2)] == [503, 200]
    third = (await post(server)).json()
    assert "demo writer" in third["choices"][0]["message"]["content"]


async def test_other_paths_can_be_scripted(server: DemoServer) -> None:
    server.script(fault("500"), path="/models")
    assert [(await get(server, "/models")).status_code for _ in range(2)] == [500, 200]
