from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.content import ImagePart
from orchat.domain.events import (
    Annotated,
    Attempted,
    Cited,
    Event,
    MediaReceived,
    Opened,
    ReasoningDelta,
    ReasoningDetail,
    TextDelta,
    ToolCallDelta,
)
from orchat.domain.fold import Fold, Reply


def folded(*events: Event) -> Reply:
    fold = Fold()
    for event in events:
        fold.add(event)
    return fold.reply


@given(st.lists(st.text(max_size=10), max_size=10))
def test_text_is_the_sum_of_its_pieces(pieces: list[str]) -> None:
    fold = Fold()
    for piece in pieces:
        fold.add(TextDelta(text=piece))
    assert fold.text == fold.reply.text == "".join(pieces)


def test_nothing_folds_to_an_empty_reply() -> None:
    reply = folded(Attempted(number=1, model="a/b", key_label="work"), Opened())
    assert reply == Reply()
    assert reply.is_empty


def test_thoughts_are_kept_apart_from_the_answer() -> None:
    reply = folded(ReasoningDelta(text="hm, "), ReasoningDelta(text="so"), TextDelta(text="yes"))
    assert (reply.reasoning, reply.text) == ("hm, so", "yes")
    assert not reply.is_empty


def test_fragments_of_one_thought_are_joined_and_its_signature_kept() -> None:
    reply = folded(
        ReasoningDetail(detail={"type": "reasoning.text", "index": 0, "text": "a", "format": None}),
        ReasoningDetail(detail={"type": "reasoning.text", "index": 0, "text": "b", "format": "anthropic-claude-v1"}),
        ReasoningDetail(detail={"type": "reasoning.text", "index": 0, "signature": "s", "text": None}),
    )
    assert reply.reasoning_details == (
        {"type": "reasoning.text", "index": 0, "text": "ab", "format": "anthropic-claude-v1", "signature": "s"},
    )


def test_thoughts_of_another_index_type_or_without_index_stand_alone() -> None:
    fragments: list[dict[str, object]] = [
        {"type": "reasoning.text", "index": 0, "text": "a"},
        {"type": "reasoning.text", "index": 1, "text": "b"},
        {"type": "reasoning.encrypted", "index": 1, "data": "c"},
        {"type": "reasoning.text", "text": "d"},
        {"type": "reasoning.text", "text": "e"},
    ]
    reply = folded(*(ReasoningDetail(detail=fragment) for fragment in fragments))
    assert reply.reasoning_details == tuple(fragments)


def test_an_empty_list_of_thoughts_differs_from_none() -> None:
    fold = Fold()
    assert fold.reply.reasoning_details is None
    fold.expect_details()
    assert fold.reply.reasoning_details == ()
    fold.add(ReasoningDetail(detail={"type": "reasoning.text", "text": "a"}))
    fold.expect_details()
    assert fold.reply.reasoning_details == ({"type": "reasoning.text", "text": "a"},)


def test_tool_calls_are_put_together_from_fragments() -> None:
    reply = folded(
        ToolCallDelta(index=1, id="b", name="second"),
        ToolCallDelta(index=0, id="a", name="first", arguments='{"x":'),
        ToolCallDelta(index=0, id="ignored", name="ignored", arguments=" 1} \n"),
    )
    first, second = reply.tool_calls
    assert (first.id, first.name, first.arguments) == ("a", "first", '{"x": 1}')
    assert (second.id, second.name, second.arguments) == ("b", "second", "{}")


def test_a_call_without_an_id_gets_one() -> None:
    assert folded(ToolCallDelta(index=3, name="f")).tool_calls[0].id == "call_3"


def test_a_source_is_named_once() -> None:
    reply = folded(Cited(url="https://a", title="A"), Cited(url="https://b"), Cited(url="https://a", title="again"))
    assert [(cited.url, cited.title) for cited in reply.citations] == [("https://a", "A"), ("https://b", "")]


def test_pictures_and_parsed_files_are_kept() -> None:
    picture = ImagePart(url="data:image/png;base64,AA==")
    reply = folded(MediaReceived(part=picture), Annotated(annotation={"type": "file"}))
    assert reply.media == (picture,)
    assert reply.annotations == ({"type": "file"},)
