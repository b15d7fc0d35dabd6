"""Bodies that are no stream: whole answers, errors, pages, nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchat.errors import BadRequest, UpstreamFailed
from orchat.openrouter.answer import Answer, Document
from tests.support.answers import CUT, DONE, USAGE, Result, chunk, sse
from tests.support.clock import FakeClock


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


def test_a_document_is_bounded() -> None:
    document = Document(most=4)
    document.open(200, {})
    assert document.feed(b"ab")
    assert not document.feed(b"cdef")
    assert bytes(document.body) == b"abcd"
