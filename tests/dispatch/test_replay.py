from typing import Any

import pytest

from orchat.dispatch import replay
from orchat.domain.content import ImagePart, ToolCall
from orchat.domain.events import Finished, Opened, ReasoningDelta, TextDelta
from orchat.domain.fold import Fold, Reply
from orchat.domain.money import Cost, Usage

BODY: dict[str, Any] = {"model": "a/b", "messages": [{"role": "user", "content": "hi"}], "stream": True}
URL = "https://openrouter.ai/api/v1"


def key(base_url: str = URL, **more: Any) -> str:
    return replay.cache_key({**BODY, **more}, base_url=base_url)


@pytest.mark.parametrize(
    "more",
    [{"stream": False}, {"session_id": "s"}, {"user": "u"}, {"metadata": {"a": "b"}}, {"trace": {}}],
)
def test_bookkeeping_does_not_make_another_request(more: dict[str, Any]) -> None:
    assert key(**more) == key()


@pytest.mark.parametrize("more", [{"model": "c/d"}, {"temperature": 0}, {"messages": []}, {"base_url": "http://x/v1"}])
def test_whatever_shapes_the_answer_makes_another_request(more: dict[str, Any]) -> None:
    assert key(**more) != key()


def finished(reply: Reply, reason: str = "stop") -> Finished:
    return Finished(
        reply=reply,
        finish_reason=reason,
        usage=Usage(prompt_tokens=3, completion_tokens=4, cost_pico=5),
        cost=Cost(pico=5, source="reported"),
        model="a/b-1",
        provider="Acme",
        generation_id="gen-1",
    )


def test_a_kept_answer_comes_back_whole_and_costs_nothing() -> None:
    frozen = replay.freeze(finished(Reply(text="yes", reasoning="hm")))
    assert frozen is not None
    opened, thought, text, end = replay.thaw(frozen)
    assert opened == Opened(generation_id="gen-1", model="a/b-1", provider="Acme")
    assert (thought, text) == (ReasoningDelta(text="hm"), TextDelta(text="yes"))
    assert isinstance(end, Finished)
    assert (end.cached, end.cost.pico, end.usage) == (True, 0, Usage())
    fold = Fold()
    for event in (thought, text):
        fold.add(event)
    assert fold.reply == end.reply


def test_an_answer_without_thoughts_has_no_event_for_them() -> None:
    frozen = replay.freeze(finished(Reply(text="yes")))
    assert frozen is not None
    assert [type(event) for event in replay.thaw(frozen)] == [Opened, TextDelta, Finished]


@pytest.mark.parametrize(
    "end",
    [
        finished(Reply(text="half"), "length"),
        finished(Reply()),
        finished(Reply(text="see", media=(ImagePart(url="data:,"),))),
        finished(Reply(text="call", tool_calls=(ToolCall(id="1", name="f"),))),
    ],
    ids=["cut", "empty", "picture", "tool call"],
)
def test_only_whole_answers_of_text_are_kept(end: Finished) -> None:
    assert replay.freeze(end) is None
