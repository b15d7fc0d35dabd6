"""What the deltas of a stream say, in the many ways in which servers say it."""

from __future__ import annotations

from typing import Any

import pytest

from orchat.domain.content import ImagePart, ToolCall
from orchat.domain.events import (
    Annotated,
    Cited,
    Event,
    MediaReceived,
    ReasoningDelta,
    ReasoningDetail,
    TextDelta,
    ToolCallDelta,
)
from tests.support.answers import DONE, Result, chunk, sse, streamed


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
