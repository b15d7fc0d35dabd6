"""An answer is finished when the server says so, and every other end has its name."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.content import ImagePart, ToolCall
from orchat.domain.events import (
    Accepted,
    Annotated,
    Cited,
    Event,
    Finished,
    MediaReceived,
    Opened,
    ReasoningDelta,
    ReasoningDetail,
    TextDelta,
    ToolCallDelta,
)
from orchat.domain.fold import Fold
from orchat.errors import (
    BadRequest,
    ConnectionFailed,
    ContentRefused,
    ContextTooLong,
    KeyRejected,
    OrchatError,
    RateLimited,
    RequestFailed,
    StreamInterrupted,
    TimedOut,
    UpstreamFailed,
)
from orchat.openrouter.answer import Answer, Document
from tests.support.clock import FakeClock

DONE = "[DONE]"
CUT = ConnectionFailed("cut")


def chunk(finish: str | None = None, *, usage: dict[str, Any] | None = None, **delta: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": "gen-1",
        "model": "maker/model-1",
        "provider": "P",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return body if usage is None else body | {"usage": usage}


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.001}


class Result:
    """The events of one answer and its error, whatever the pieces."""

    def __init__(
        self,
        body: bytes,
        *,
        failure: Exception | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
        take: bool = True,
    ) -> None:
        self.clock = FakeClock()
        answer = Answer(model="asked/model", clock=self.clock)
        answer.open(status, {"content-type": "text/event-stream"} if headers is None else headers)
        self.events: list[Event] = []
        step = cut or max(1, len(body))
        for at in range(0, len(body), step):
            self.clock.advance(0.5)
            if not answer.feed(body[at : at + step]):
                break
            if take:
                self.events += answer.take()
                assert answer.waiting == 0
        last, self.error = answer.finish(failure)
        self.events += last

    @property
    def finished(self) -> Finished:
        assert self.error is None
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    @property
    def broken(self) -> StreamInterrupted:
        assert isinstance(self.error, StreamInterrupted)
        assert not any(isinstance(event, Finished) for event in self.events)
        return self.error

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def sse(*payloads: object) -> bytes:
    texts = (payload if isinstance(payload, str) else json.dumps(payload) for payload in payloads)
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def streamed(*payloads: object, failure: Exception | None = None, **more: Any) -> Result:
    return Result(sse(*payloads), failure=failure, **more)


def test_a_plain_answer_is_told_in_order() -> None:
    result = Result(
        sse(
            chunk(role="assistant", content=""),
            chunk(content="Hel"),
            chunk(content="lo"),
            chunk("stop", usage=USAGE),
            DONE,
        ),
        headers={"x-generation-id": "gen-9", "content-type": "text/event-stream"},
        cut=40,
    )
    assert result.events[0] == Accepted(generation_id="gen-9")
    assert result.events[1] == Opened(generation_id="gen-9", model="maker/model-1", provider="P")
    assert all(isinstance(event, TextDelta) for event in result.events[2:-1])
    finished = result.finished
    assert finished.reply.text == "Hello"
    assert (finished.finish_reason, finished.model, finished.provider) == ("stop", "maker/model-1", "P")
    assert finished.generation_id == "gen-9"
    assert finished.usage.completion_tokens == 2
    assert (finished.cost.pico, finished.cost.source) == (10**9, "reported")
    assert finished.timing.ttft_ms is not None
    assert 0 < finished.timing.ttft_ms < finished.timing.total_ms


def test_text_of_one_read_is_one_event() -> None:
    result = streamed(chunk(content="a"), chunk(content="b"), chunk(content="c"), chunk("stop"), DONE)
    assert result.events[2:-1] == [TextDelta(text="abc")]


@pytest.mark.parametrize(
    "end",
    [
        (chunk("stop", content=""), chunk(None, usage=USAGE, content="")),
        (chunk("stop"), {"choices": [], "usage": USAGE}),
        (chunk("stop"), chunk("stop", usage=USAGE)),
        (chunk("length", usage={"completion_tokens": 1}), chunk("stop", usage=USAGE)),
        (chunk("stop", usage=USAGE), chunk(None, usage={})),
        (chunk("stop", usage=USAGE), {"choices": None, "usage": None}),
        (chunk("stop", usage=USAGE), {"id": None, "choices": [{"delta": None, "finish_reason": ""}, 7]}),
        ({"choices": [{"index": 1, "delta": {"content": "other"}}]}, chunk("stop", usage=USAGE)),
        (chunk("stop", usage=USAGE) | {"choices": [{"finish_reason": 5}, {"finish_reason": "stop"}]},),
    ],
)
@pytest.mark.parametrize("done", [(), (DONE,), (" [DONE] ",)])
def test_usage_and_finish_reason_come_in_many_shapes(end: tuple[Any, ...], done: tuple[Any, ...]) -> None:
    finished = streamed(chunk(content="hi"), *end, *done).finished
    assert finished.finish_reason == "stop"
    assert finished.usage.completion_tokens == 2
    assert finished.reply.text == "hi"


def test_nothing_is_read_after_done() -> None:
    assert (
        streamed(chunk("stop", content="hi"), DONE, chunk(content=" more"), {"error": "late"}).finished.reply.text
        == "hi"
    )


def test_an_answer_without_usage_has_an_unknown_cost() -> None:
    finished = streamed(chunk("stop", content="hi"), DONE).finished
    assert finished.cost.pico is None
    assert finished.generation_id == "gen-1"


@pytest.mark.parametrize(
    ("payloads", "failure", "reason"),
    [
        ((chunk(content="hi"),), None, "ended_early"),
        ((chunk(content="hi"), DONE), None, "ended_early"),
        ((chunk(content="hi"),), CUT, "cut"),
        ((chunk("stop", content="hi"),), CUT, "cut"),
        ((chunk(content="hi"),), TimedOut("late", stage="idle"), "idle"),
        ((chunk(content="hi"),), UpstreamFailed("damaged"), "protocol"),
        ((chunk(content="hi"),), RequestFailed("stopped"), "cancelled"),
        ((chunk(content="hi"), {"error": {"code": 502, "message": "boom"}}), None, "error_event"),
        ((chunk("length", content="hi"), chunk(usage=USAGE) | {"error": {"code": 400}}), None, "error_event"),
        ((chunk(content="hi"), {"choices": [{"error": {"message": "boom"}}]}), None, "error_event"),
        ((chunk(content="hi"), chunk("error"), DONE), None, "error_event"),
        ((chunk(content="hi"), "{", "nope", "[]", "7", chunk("stop")), None, "protocol"),
        ((chunk(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": '{"a"'}}]), DONE), None, "ended_early"),
        ((chunk(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "{}"}}]),), None, "ended_early"),
        ((chunk(annotations=[{"type": "file", "file": {"hash": "h"}}]), chunk("stop"), DONE), None, "ended_early"),
    ],
)
def test_a_cut_answer_keeps_the_text_so_far_and_names_the_end(
    payloads: tuple[Any, ...], failure: Exception | None, reason: str
) -> None:
    broken = streamed(*payloads, failure=failure).broken
    assert broken.reason == reason
    assert isinstance(broken.cause, OrchatError)
    assert failure is None or broken.cause is failure
    assert broken.partial.text in ("hi", "")
    assert not broken.retryable
    assert broken.body_started
    assert (broken.provider, broken.request_id, broken.model) == ("P", "gen-1", "asked/model")


def test_the_usage_of_a_broken_answer_is_kept() -> None:
    broken = streamed(chunk(content="hi"), chunk(usage=USAGE) | {"error": {"code": 502, "message": "x"}}).broken
    assert isinstance(broken.cause, UpstreamFailed)
    assert broken.cause.usage is not None
    assert broken.usage is not None
    assert broken.usage.cost_pico == 10**9


@pytest.mark.parametrize(
    ("payloads", "kind"),
    [
        (({"id": "gen-1", "error": {"code": 502, "message": "boom"}, "choices": []},), UpstreamFailed),
        (({"error": {"message": "too long", "metadata": {"error_type": "context_length_exceeded"}}},), ContextTooLong),
        (({"error": {"code": 401, "message": "User not found."}},), KeyRejected),
        (({"error": {"code": 429, "message": "slow"}}, DONE), RateLimited),
        ((chunk("error"), DONE), UpstreamFailed),
        ((chunk("content_filter"), DONE), ContentRefused),
        (("{", "{", "{", "{"), UpstreamFailed),
        ((DONE,), UpstreamFailed),
        ((chunk(content=""),), UpstreamFailed),
        ((), UpstreamFailed),
    ],
)
def test_an_answer_that_never_began_fails_as_what_it_is(payloads: tuple[Any, ...], kind: type[OrchatError]) -> None:
    result = streamed(*payloads)
    assert type(result.error) is kind
    assert result.kinds() == ["Accepted"]
    assert getattr(result.error, "request_id", None) in ("gen-1", None)


@pytest.mark.parametrize(
    ("usage", "retryable"), [(None, True), ({"completion_tokens": 0, "cost": 0}, True), (USAGE, False)]
)
def test_an_empty_answer_is_asked_again_only_if_nothing_was_billed(
    usage: dict[str, Any] | None, retryable: bool
) -> None:
    result = streamed(chunk("stop", usage=usage), DONE)
    assert isinstance(result.error, UpstreamFailed)
    assert "without saying anything" in str(result.error)
    assert result.error.retryable is retryable


@pytest.mark.parametrize("delta", [{}, {"reasoning": "hmm"}])
def test_thoughts_may_use_up_the_whole_length(delta: dict[str, Any]) -> None:
    finished = streamed(chunk("length", usage=USAGE, **delta), DONE).finished
    assert finished.finish_reason == "length"
    assert finished.reply.reasoning == delta.get("reasoning", "")
    assert finished.timing.ttft_ms == (500 if delta else None)


def test_a_filter_that_strikes_in_the_middle_is_a_finish_reason() -> None:
    assert streamed(chunk(content="hi"), chunk("content_filter"), DONE).finished.finish_reason == "content_filter"


def test_tool_calls_need_no_finish_reason_when_done_was_said() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a": 1}'}}
    finished = streamed(chunk(tool_calls=[call]), DONE).finished
    assert finished.finish_reason == "tool_calls"
    assert finished.reply.tool_calls == (ToolCall(id="c", name="f", arguments='{"a": 1}'),)


def test_a_few_damaged_events_are_skipped_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "orchat.openrouter"):
        finished = streamed(chunk(content="a"), "{", "x", "null", chunk("stop", content="b"), DONE).finished
    assert finished.reply.text == "ab"
    assert "3 events skipped" in caplog.text


def test_deeply_nested_json_is_a_damaged_event() -> None:
    assert streamed("[" * 100_000, chunk("stop", content="b"), DONE).finished.reply.text == "b"


# ---- what deltas say --------------------------------------------------------------------------------------


def deltas(*given: dict[str, Any]) -> list[Event]:
    result = streamed(*(chunk(**delta) for delta in given), chunk("stop", content="."), DONE, take=False)
    return [event for event in result.events[2:-1] if event != TextDelta(text=".")]


def test_thoughts_that_come_twice_are_shown_once_and_kept() -> None:
    first = {"type": "reasoning.text", "index": 0, "text": "I th", "format": None}
    second = {"type": "reasoning.text", "index": 0, "text": "ink", "format": "anthropic-claude-v1"}
    signature = {"type": "reasoning.text", "index": 0, "signature": "sig"}
    assert deltas(
        {"reasoning": "I th", "reasoning_details": [first]},
        {"reasoning": "ink", "reasoning_details": [second]},
        {"reasoning": None, "reasoning_details": [signature], "content": ""},
    ) == [
        ReasoningDelta(text="I think"),
        ReasoningDetail(
            detail={
                "type": "reasoning.text",
                "index": 0,
                "text": "I think",
                "format": "anthropic-claude-v1",
                "signature": "sig",
            }
        ),
    ]


@pytest.mark.parametrize(
    ("delta", "shown"),
    [
        ({"reasoning": "a"}, "a"),
        ({"reasoning_content": "a"}, "a"),
        ({"reasoning": "a", "reasoning_content": "a"}, "a"),
        ({"reasoning": "a", "reasoning_details": []}, "a"),
        ({"reasoning": "a", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, "a"),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "a"}]}, "a"),
        ({"reasoning": "[REDACTED]", "content": "x"}, ""),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "[REDACTED]"}]}, ""),
        ({"reasoning": {"not": "text"}, "content": "x"}, ""),
        ({"reasoning_details": "x", "content": "x"}, ""),
    ],
)
def test_thoughts_are_found_under_every_name(delta: dict[str, Any], shown: str) -> None:
    said = [event.text for event in deltas(delta) if isinstance(event, ReasoningDelta)]
    assert "".join(said) == shown


def test_an_explicit_empty_list_of_thoughts_is_kept() -> None:
    assert streamed(chunk("stop", content="x", reasoning_details=[]), DONE).finished.reply.reasoning_details == ()
    assert streamed(chunk("stop", content="x"), DONE).finished.reply.reasoning_details is None
    assert streamed(chunk("stop", content="x", reasoning_details=None), DONE).finished.reply.reasoning_details is None


def test_text_and_thoughts_keep_their_order() -> None:
    assert deltas({"reasoning": "a"}, {"content": "b"}, {"content": "c"}, {"reasoning": "d"}) == [
        ReasoningDelta(text="a"),
        TextDelta(text="bc"),
        ReasoningDelta(text="d"),
    ]


def test_pictures_sources_and_files_become_events() -> None:
    url = "data:image/png;base64,AAAA"
    parsed = {"type": "file", "file": {"hash": "h", "content": []}}
    assert deltas(
        {"content": "x", "images": [{"type": "image_url", "image_url": {"url": url}}, {"image_url": url}, {}]},
        {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://a", "title": "A"}}]},
        {"annotations": [{"type": "url_citation", "url_citation": {"title": "no link"}}, parsed, parsed]},
        {"annotations": [{"type": "file_annotation", "file_annotation": {"file_id": "1"}}]},
    ) == [
        TextDelta(text="x"),
        MediaReceived(part=ImagePart(url=url)),
        MediaReceived(part=ImagePart(url=url)),
        Cited(url="https://a", title="A"),
        Annotated(annotation=parsed),
        Annotated(annotation={"type": "file_annotation", "file_annotation": {"file_id": "1"}}),
    ]


def test_content_may_be_a_list_of_parts() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "https://x"}},
        {"type": "new"},
        5,
    ]
    assert deltas({"content": parts}, {"content": 5}) == [
        TextDelta(text="a"),
        MediaReceived(part=ImagePart(url="https://x")),
    ]


def test_a_refusal_and_a_transcript_are_what_was_said() -> None:
    said = deltas({"refusal": "I will not"}, {"audio": {"data": "AA", "transcript": " say"}}, {"audio": {"data": "A"}})
    assert said == [TextDelta(text="I will not say.")]
    assert deltas({"refusal": 5, "reasoning": "x"}) == [ReasoningDelta(text="x")]


def test_fragments_of_tool_calls_are_put_together() -> None:
    finished = streamed(
        chunk(tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"x":'}}]),
        chunk(tool_calls=[{"index": 1, "id": "", "function": {"name": "g"}}]),
        chunk(
            tool_calls=[{"index": 0, "function": {"arguments": "1}"}}, {"index": 0, "function": {"arguments": " \n"}}]
        ),
        chunk("tool_calls"),
        DONE,
    ).finished
    assert finished.reply.tool_calls == (
        ToolCall(id="a", name="f", arguments='{"x":1}'),
        ToolCall(id="call_1", name="g", arguments="{}"),
    )


@pytest.mark.parametrize(
    "calls",
    [
        [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}, {"id": "b", "function": {"name": "g"}}],
        [{"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}}, {"id": "b", "function": {"name": "g"}}],
    ],
)
def test_tool_calls_without_index_are_told_apart(calls: list[dict[str, Any]]) -> None:
    events = deltas({"tool_calls": calls}, {"tool_calls": [{"id": "b", "function": {"arguments": "{}"}}]})
    assert events == [
        ToolCallDelta(index=0, id="a", name="f", arguments='{"x": 1}'),
        ToolCallDelta(index=1, id="b", name="g"),
        ToolCallDelta(index=1, id="b", arguments="{}"),
    ]


def test_tool_calls_without_index_and_id_are_told_apart_by_name() -> None:
    events = deltas(
        {"tool_calls": [{"function": {"arguments": "{"}}, {"function": {"arguments": "}"}}]},
        {"tool_calls": [{"function": {"name": "g"}}, {"function": {"name": "g"}}]},
    )
    assert [event.index for event in events if isinstance(event, ToolCallDelta)] == [0, 0, 1, 2]


@pytest.mark.parametrize("take", [True, False])
def test_an_emoji_cut_in_two_json_strings_is_whole_again(take: bool) -> None:
    body = sse('{"choices":[{"delta":{"content":"a\\ud83d"}}]}', '{"choices":[{"delta":{"content":"\\ude00b"}}]}')
    body += sse(chunk("stop"), DONE)
    assert Result(body, cut=len(body) // 3, take=take).finished.reply.text == "a😀b"


@pytest.mark.parametrize("more", [{"content": "x"}, {"reasoning": "y"}, {}])
def test_half_an_emoji_does_not_spoil_the_text(more: dict[str, Any]) -> None:
    finished = Result(
        sse('{"choices":[{"delta":{"content":"\\ud83d"}}]}') + sse(chunk(**more), chunk("stop"), DONE), cut=30
    )
    assert finished.finished.reply.text.startswith("\ufffd")


# ---- bodies that are no stream ----------------------------------------------------------------------------


def whole(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps(
        {"id": "gen-1", "model": "m", "provider": "P", "choices": [choice], "usage": USAGE} | more
    ).encode()


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("cut", [None, 1, 7])
@pytest.mark.parametrize("space", [b"", b"\n   \n", b"\xef\xbb\xbf"])
def test_a_whole_answer_gives_the_same_events(cut: int | None, space: bytes) -> None:
    body = space + whole({"content": "hi", "reasoning": "hm"})
    result = Result(body, headers=JSON, cut=cut if space != b"\xef\xbb\xbf" else None)
    assert result.kinds() == ["Accepted", "Opened", "TextDelta", "ReasoningDelta", "Finished"]
    assert result.finished.usage.completion_tokens == 2
    assert result.finished.timing.ttft_ms is not None


def test_a_whole_answer_without_finish_reason_is_whole_all_the_same() -> None:
    assert Result(whole({"content": "hi"}, None), headers=JSON).finished.finish_reason == "unknown"


def test_an_error_in_a_whole_answer_is_an_error() -> None:
    failed = Result(b'{"error": {"code": 502, "message": "boom"}}', headers=JSON)
    assert isinstance(failed.error, UpstreamFailed)
    assert failed.error.status == 502
    body = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "error", "error": {"code": 502}}]})
    assert Result(body.encode(), headers=JSON).broken.partial.text == "hi"


def test_a_whole_answer_that_was_cut_is_a_broken_connection() -> None:
    assert Result(whole({"content": "hi"})[:-9], headers=JSON, failure=CUT).error is CUT


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<!doctype html><title>Just a moment</title>", "text/html", "an HTML page (“Just a moment”)"),
        (b" <html>", "text/event-stream", "an HTML page"),
        (b'{"hello": 1}', "application/json", "a document"),
        (b"[1, 2", "application/json", "a document"),
        (b"service unavailable", "text/plain; charset=x", "something of type text/plain"),
        (b"", "text/html", "is empty"),
        (b"  ", "application/json", "is empty"),
        (b"", "", "is empty"),
        (b": still thinking\n\n", "text/event-stream", "is empty"),
        (b"data: " + b"x" * (1 << 20) + b"\n\n", "text/event-stream", "a line of more than 1 MiB"),
    ],
)
def test_what_is_no_answer_is_named(body: bytes, kind: str, words: str) -> None:
    error = Result(body, headers={"content-type": kind}).error
    assert isinstance(error, UpstreamFailed)
    assert words in str(error)
    assert error.retryable
    assert error.hint


def test_a_stream_of_another_type_is_read_all_the_same() -> None:
    body = sse(chunk("stop", content="hi"), DONE)
    assert Result(body, headers={"content-type": "text/plain"}).finished.reply.text == "hi"
    late = Result(sse(chunk(content="")), headers={"content-type": "text/plain"})
    assert "ended" not in str(late.error)


def test_a_refused_request_is_not_accepted() -> None:
    refused = Result(b'{"error": {"message": "no"}}', status=400, headers={"x-generation-id": "gen-4"})
    assert isinstance(refused.error, BadRequest)
    assert refused.error.request_id == "gen-4"
    assert refused.events == []


def test_an_endless_error_page_is_not_read_to_its_end() -> None:
    answer = Answer(model=None, clock=FakeClock())
    answer.open(502, {})
    fed = 0
    while answer.feed(b"<p>" * 10_000):
        fed += 30_000
    assert fed < 300_000
    assert isinstance(answer.finish(None)[1], UpstreamFailed)


def test_a_connection_that_never_answered_fails_as_such() -> None:
    answer = Answer(model=None, clock=FakeClock())
    assert answer.finish(CUT) == ([], CUT)


def test_a_defect_surfaces_as_itself() -> None:
    defect = ZeroDivisionError("ours")
    assert streamed(chunk(content="hi"), failure=defect).error is defect


def test_a_document_is_bounded() -> None:
    document = Document(most=4)
    document.open(200, {})
    assert document.feed(b"ab")
    assert not document.feed(b"cdef")
    assert bytes(document.body) == b"abcd"


# ---- properties -------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        chunk(content="a"),
        chunk(content="é👩"),
        chunk(role="assistant", content=""),
        chunk(reasoning="t", reasoning_details=[{"type": "reasoning.text", "text": "t", "index": 0}]),
        chunk(images=[{"image_url": {"url": "data:image/png;base64,A"}}]),
        chunk(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]),
        chunk("stop"),
        chunk("length", usage=USAGE),
        chunk("error"),
        {"choices": [], "usage": USAGE},
        {"error": {"code": 502, "message": "boom"}},
        "{",
        DONE,
        ": comment",
    ]
)


def as_bytes(script: list[object]) -> bytes:
    return b"".join(b": comment\n\n" if piece == ": comment" else sse(piece) for piece in script)


def shape(result: Result) -> tuple[object, ...]:
    fold = Fold()
    for event in result.events:
        fold.add(event)
    last = result.events[-1]
    ended = (last.finish_reason, last.usage) if isinstance(last, Finished) else None
    return fold.reply, ended, type(result.error), str(result.error), getattr(result.error, "reason", None)


@settings(max_examples=150, deadline=None)
@given(script=st.lists(pieces, max_size=8), cut=st.integers(1, 400), failure=st.sampled_from([None, CUT]))
def test_any_script_keeps_the_grammar_and_any_cut_tells_the_same(
    script: list[object], cut: int, failure: Exception | None
) -> None:
    body = as_bytes(script)
    whole = Result(body, failure=failure)
    for result in (whole, Result(body, failure=failure, cut=cut), Result(body, failure=failure, cut=cut, take=False)):
        kinds = result.kinds()
        assert kinds[0] == "Accepted"
        assert kinds.count("Accepted") == 1
        assert kinds.count("Opened") == (1 if len(kinds) > 1 else 0)
        assert "Opened" not in kinds or kinds[1] == "Opened"
        assert ("Finished" in kinds) == (result.error is None)
        assert "Finished" not in kinds[:-1]
        if isinstance(result.error, StreamInterrupted):
            fold = Fold()
            for event in result.events:
                fold.add(event)
            assert result.error.partial == fold.reply
        else:
            assert (len(kinds) > 1) == (result.error is None)
        assert shape(result) == shape(whole)


def test_every_byte_may_be_its_own_read() -> None:
    body = as_bytes(
        [": comment", chunk(content="é👩‍💻"), chunk(reasoning="t"), chunk("stop", usage=USAGE), DONE]
    ).replace(b"\n", b"\r\n")
    assert shape(Result(body, cut=1)) == shape(Result(body))
    assert Result(body).finished.reply.text == "é👩‍💻"
