from typing import Any

import pytest

from orchat.chat.context import build_messages, family, part_of
from orchat.domain.content import FilePart, ImagePart, Message, TextPart, ToolCall, message
from orchat.domain.conversation import LINK, Attachment, StoredMessage
from orchat.domain.fold import Reply


def said(role: Any, text: str = "", **more: Any) -> StoredMessage:
    reply = more.pop("reply", Reply(text=text))
    return StoredMessage(id=1, conversation_id="c", parent_id=None, role=role, reply=reply, **more)


def build(*path: StoredMessage, **more: Any) -> tuple[Message, ...]:
    return build_messages(path, **{"system": None, "model": "acme/one", "files": {}, **more})


def test_the_path_is_what_the_model_is_told() -> None:
    told = build(said("user", "hi"), said("assistant", "hello"), said("user", "how?"), system="Be brief.")
    assert [(each.role, each.text) for each in told] == [
        ("system", "Be brief."),
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "how?"),
    ]


def test_answers_that_failed_with_nothing_are_left_out() -> None:
    told = build(said("user", "hi"), said("assistant", state="failed", error="no"), said("user", "again"))
    assert [each.text for each in told] == ["hi", "again"]


def test_a_cut_answer_counts_as_far_as_it_came() -> None:
    assert build(said("user", "hi"), said("assistant", "Once up", state="cut"))[1].text == "Once up"


THOUGHTS = ({"type": "reasoning.text", "text": "hm", "format": "unknown"},)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [("acme/two", THOUGHTS), ("~acme/latest", THOUGHTS), ("other/one", None), (None, None), ("openrouter/auto", None)],
)
def test_thoughts_go_back_only_to_the_family_that_had_them(asked: str | None, kept: object) -> None:
    answer = said("assistant", model="acme/one-2026", reply=Reply(text="yes", reasoning_details=THOUGHTS))
    assert build(answer, model=asked)[0].reasoning_details == kept


def test_thoughts_that_lost_their_signature_are_not_sent() -> None:
    details = (
        {"type": "reasoning.text", "text": "a", "format": "anthropic-claude-v1", "signature": "s"},
        {"type": "reasoning.text", "text": "b", "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "c", "format": "anthropic-claude-v1"},
    )
    answer = said("assistant", model="acme/one", reply=Reply(text="yes", reasoning_details=details))
    assert build(answer)[0].reasoning_details == (details[0], details[2])


def test_no_thoughts_differ_from_an_empty_list_of_them() -> None:
    none = said("assistant", model="acme/one", reply=Reply(text="yes"))
    empty = said("assistant", model="acme/one", reply=Reply(text="yes", reasoning_details=()))
    assert [each.reasoning_details for each in build(none, empty)] == [None, ()]


def test_tool_calls_and_parsed_files_go_back() -> None:
    call = ToolCall(id="1", name="f")
    answer = said("assistant", reply=Reply(tool_calls=(call,), annotations=({"type": "file"},)))
    (told,) = build(answer)
    assert (told.content, told.tool_calls, told.annotations) == ((), (call,), ({"type": "file"},))


def attachment(mime: str, name: str = "a.bin") -> Attachment:
    return Attachment(sha256="0" * 64, name=name, mime=mime, size=3)


def test_files_of_a_prompt_go_with_it_text_before_pictures() -> None:
    picture, notes = attachment("image/png", "a.png"), attachment("text/plain", "notes.txt")
    prompt = said("user", "look", attachments=(picture, notes))
    (told,) = build(prompt, files={"0" * 64: b"abc"})
    assert [type(part) for part in told.content] == [TextPart, TextPart, ImagePart]


@pytest.mark.parametrize(
    ("mime", "part"),
    [
        ("image/png", ImagePart(url="data:image/png;base64,YWJj", name="a.bin")),
        ("application/pdf", FilePart(filename="a.bin", data="data:application/pdf;base64,YWJj")),
        ("text/plain", TextPart(text="\n\n[file: a.bin]\nabc\n[end of a.bin]\n")),
        (LINK, ImagePart(url="abc", name="a.bin")),
    ],
)
def test_a_file_is_sent_as_its_kind_wants(mime: str, part: object) -> None:
    assert part_of(attachment(mime), b"abc") == part


def test_a_prompt_of_a_picture_alone_has_no_empty_text() -> None:
    (told,) = build(said("user", attachments=(attachment("image/png"),)), files={"0" * 64: b"abc"})
    assert [type(part) for part in told.content] == [ImagePart]
    assert told == message("user", "", *told.content)


@pytest.mark.parametrize(
    ("model", "author"), [("acme/one", "acme"), ("~acme/x", "acme"), (None, ""), ("llama", "llama")]
)
def test_a_family_is_the_author_of_a_model(model: str | None, author: str) -> None:
    assert family(model) == author
