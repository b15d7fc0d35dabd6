"""An answer is finished when the server says so, and every other end has its name."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.content import ToolCall
from orchat.domain.events import Accepted, Finished, Opened, TextDelta
from orchat.domain.fold import Fold
from orchat.errors import (
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
from tests.support.answers import CUT, DONE, USAGE, Result, chunk, sse, streamed


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


def test_a_defect_surfaces_as_itself() -> None:
    defect = ZeroDivisionError("ours")
    assert streamed(chunk(content="hi"), failure=defect).error is defect


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
