"""What was said comes back exactly as it was said."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.content import ImagePart, ToolCall
from orchat.domain.conversation import Attachment, StoredMessage
from orchat.domain.events import Cited, Timing
from orchat.domain.fold import Reply
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.errors import NotFound
from orchat.store import conversations, deletions, messages, tree
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import answer, connected

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.fixture
def talk(connection: Connection) -> Connection:
    """A database with an empty conversation ``c``."""
    conversations.create(connection, "c", START)
    return connection


def test_a_prompt_is_kept_and_leads_the_conversation(talk: Connection) -> None:
    prompt = messages.add_prompt(talk, "c", None, "  \n Hello,\tworld \n more", now=START + 5)
    assert (prompt.text, prompt.role, prompt.state, prompt.created_at) == (
        "  \n Hello,\tworld \n more",
        "user",
        "done",
        START + 5,
    )
    found = conversations.get(talk, "c")
    assert (found.title, found.active_leaf, found.updated_at, found.messages) == (
        "Hello, world",
        prompt.id,
        START + 5,
        1,
    )


def test_a_later_prompt_does_not_change_the_title(talk: Connection) -> None:
    first = messages.add_prompt(talk, "c", None, "First")
    messages.add_prompt(talk, "c", first.id, "Second")
    assert conversations.get(talk, "c").title == "First"


def test_a_title_that_was_emptied_by_hand_stays_empty(talk: Connection) -> None:
    conversations.rename(talk, "c", "")
    messages.add_prompt(talk, "c", None, "First")
    assert conversations.get(talk, "c").title == ""


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 30, ("word " * 16)[:79].rstrip() + "…"),
        ("one\r\ntwo", "one"),
    ],
)
def test_a_title_is_the_first_line_and_not_too_long(prompt: str, title: str) -> None:
    assert messages.title_of(prompt) == title


def test_an_imported_message_may_have_another_role(talk: Connection) -> None:
    assert messages.add_prompt(talk, "c", None, "Be kind.", role="system").role == "system"


def test_a_prompt_refers_to_its_files_in_their_order(talk: Connection) -> None:
    blobs = Blobs.beside(talk.path)
    files = (blobs.put(PNG, "b.png", "image/png", 10, 20), blobs.put(b"text", "a.txt", "text/plain"))
    prompt = messages.add_prompt(talk, "c", None, "Look", files)
    assert prompt.attachments == files
    assert tree.path(talk, "c")[0].attachments == files


def test_a_file_that_went_while_the_draft_waited_is_missed_before_sending(talk: Connection) -> None:
    gone = Attachment(sha256="ab" * 32, name="a.png", mime="image/png", size=3)
    with pytest.raises(NotFound, match=r"a\.png"):
        messages.add_prompt(talk, "c", None, "Look", (gone,))


def test_nothing_is_said_in_a_conversation_that_is_not_there(connection: Connection) -> None:
    with pytest.raises(NotFound, match="session 'c'"):
        messages.add_prompt(connection, "c", None, "Hello")
    with pytest.raises(NotFound, match="session 'c'"):
        messages.begin_answer(connection, "c", None)


def test_an_answer_needs_its_prompt(talk: Connection) -> None:
    conversations.create(talk, "other", START)
    elsewhere = messages.add_prompt(talk, "other", None, "Hello")
    for parent in (elsewhere.id, 99):
        with pytest.raises(NotFound, match=f"message {parent}"):
            messages.begin_answer(talk, "c", parent)


def test_an_answer_grows_and_ends(talk: Connection) -> None:
    prompt = messages.add_prompt(talk, "c", None, "Hello")
    id = messages.begin_answer(talk, "c", prompt.id, "m", owner="i", now=START + 1, key_label="work")
    growing = tree.get_message(talk, id)
    assert (growing.state, growing.model, growing.key_label, growing.text) == ("streaming", "m", "work", "")
    assert conversations.get(talk, "c").active_leaf == id

    messages.checkpoint_answer(talk, id, "Y", "Hm", "gen-1")
    messages.checkpoint_answer(talk, id, "Ye", "Hmm")
    growing = tree.get_message(talk, id)
    assert (growing.text, growing.reply.reasoning, growing.generation_id) == ("Ye", "Hmm", "gen-1")
    messages.set_generation_id(talk, id, "gen-2")

    ended = messages.finish_answer(talk, answer(id, Reply(text="Yes.", reasoning="Hmm.")))
    assert (ended.state, ended.text, ended.generation_id, ended.model, ended.key_label, ended.created_at) == (
        "done",
        "Yes.",
        "gen-2",
        "m",
        "work",
        START + 1,
    )
    messages.checkpoint_answer(talk, id, "late")
    assert tree.get_message(talk, id) == ended


def test_an_answer_that_was_deleted_meanwhile_is_missed(talk: Connection) -> None:
    id = messages.begin_answer(talk, "c", None)
    deletions.purge(talk, "c")
    messages.checkpoint_answer(talk, id, "on")
    with pytest.raises(NotFound, match=f"message {id}"):
        messages.finish_answer(talk, answer(id))


def test_a_cost_beyond_all_reason_is_unknown(talk: Connection) -> None:
    """A hostile server must not be able to break the sums."""
    id = messages.begin_answer(talk, "c", None)
    huge = replace(answer(id), cost=Cost(pico=10**30, source="reported"))
    assert messages.finish_answer(talk, huge).cost == UNKNOWN_COST


def test_a_picture_is_a_file_and_comes_back_as_it_came(talk: Connection) -> None:
    id = messages.begin_answer(talk, "c", None)
    reply = Reply(media=(ImagePart(url=PNG_URL), ImagePart(url=PNG_URL, name="cat.png", detail="low")))
    ended = messages.finish_answer(talk, answer(id, reply))
    assert ended.reply == reply
    assert [(file.name, file.mime, file.size) for file in ended.attachments] == [
        ("picture-1.png", "image/png", len(PNG)),
        ("cat.png", "image/png", len(PNG)),
    ]
    blobs = Blobs.beside(talk.path)
    assert blobs.get(ended.attachments[0].sha256) == PNG
    kept = talk.execute("SELECT extras FROM messages WHERE id = ?", (id,)).fetchone()[0]
    assert "base64," not in kept


@pytest.mark.parametrize(
    "url",
    [
        "https://host/cat.png",
        "data:image/png;base64,not base64!",
        "data:image/png;base64,aGk",
        "data:image/png;base64,aGl=",
        "data:image/png;base64,päng",
        "data:text/plain,hello",
        "data:",
        "",
    ],
)
def test_a_picture_that_could_not_come_back_as_it_came_stays_where_it_is(talk: Connection, url: str) -> None:
    id = messages.begin_answer(talk, "c", None)
    ended = messages.finish_answer(talk, answer(id, Reply(media=(ImagePart(url=url),))))
    assert [part.url for part in ended.reply.media] == [url]
    assert ended.attachments == ()


def test_a_picture_without_a_type_has_a_name_all_the_same(talk: Connection) -> None:
    id = messages.begin_answer(talk, "c", None)
    reply = Reply(media=(ImagePart(url="data:;base64,aGk="),))
    ended = messages.finish_answer(talk, answer(id, reply))
    assert ended.reply == reply
    assert ended.attachments[0].name == "picture-1.bin"


def test_a_picture_whose_file_is_gone_is_missing_but_named(talk: Connection) -> None:
    id = messages.begin_answer(talk, "c", None)
    ended = messages.finish_answer(talk, answer(id, Reply(text="Here.", media=(ImagePart(url=PNG_URL),))))
    Blobs.beside(talk.path).path(ended.attachments[0].sha256).unlink()
    again = tree.get_message(talk, id)
    assert again.reply == Reply(text="Here.")
    assert again.attachments == ended.attachments


def test_an_answer_may_be_ended_again(talk: Connection) -> None:
    id = messages.begin_answer(talk, "c", None)
    messages.finish_answer(talk, answer(id, Reply(media=(ImagePart(url=PNG_URL),))))
    ended = messages.finish_answer(talk, answer(id, Reply(text="No picture.")))
    assert (ended.reply, ended.attachments) == (Reply(text="No picture."), ())


names = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(names, json_values, max_size=4)
urls = names | st.binary(max_size=40).map(lambda data: f"data:image/png;base64,{base64.b64encode(data).decode()}")
tool_calls = st.builds(ToolCall, id=names, name=names, arguments=names)
replies = st.builds(
    Reply,
    text=st.text(),
    reasoning=st.text(),
    reasoning_details=st.none() | st.lists(json_objects, max_size=3).map(tuple),
    media=st.lists(st.builds(ImagePart, url=urls, detail=st.none() | names, name=st.none() | names), max_size=3).map(
        tuple
    ),
    citations=st.lists(st.builds(Cited, url=names, title=names), max_size=3).map(tuple),
    tool_calls=st.lists(tool_calls, max_size=3).map(tuple),
    annotations=st.lists(json_objects, max_size=3).map(tuple),
)
counts = st.integers(0, 10**9)
usages = st.builds(
    Usage,
    prompt_tokens=counts,
    completion_tokens=counts,
    reasoning_tokens=counts,
    cached_tokens=counts,
    cache_write_tokens=counts,
    cost_pico=st.none() | counts,
    estimated=st.booleans(),
)
costs = st.builds(Cost, pico=counts, source=st.sampled_from(["reported", "estimated"])) | st.just(UNKNOWN_COST)
texts = st.none() | names
answers = st.builds(
    StoredMessage,
    id=st.just(1),
    conversation_id=st.just("c"),
    parent_id=st.none(),
    role=st.just("assistant"),
    reply=replies,
    state=st.sampled_from(["done", "stopped", "cut", "failed"]),
    created_at=st.just(START),
    model=names,
    provider=texts,
    generation_id=names,
    finish_reason=texts,
    usage=st.none() | usages,
    cost=costs,
    timing=st.builds(Timing, ttft_ms=st.none() | counts, total_ms=counts),
    key_label=names,
    error=texts,
    hint=texts,
)


@settings(max_examples=80, deadline=None)
@given(said=answers)
def test_every_answer_comes_back_whole(said: StoredMessage) -> None:
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection:
        conversations.create(connection, "c", START)
        messages.begin_answer(connection, "c", None, now=START)
        kept = messages.finish_answer(connection, said)
        assert kept == replace(said, attachments=kept.attachments)
        assert tree.path(connection, "c") == (kept,)
