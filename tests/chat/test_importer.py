"""Sessions of other programs: recognised, whole, once, and harmless."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat import errors
from orchat.chat.importer.builder import Unreadable
from orchat.chat.importer.recognise import read_file
from orchat.domain.conversation import SavedSession, StoredMessage
from orchat.domain.money import Usage
from tests.support.foreign import ELIA, LLM_RESPONSES, LLM_THREADS, chatgpt, database, node, written
from tests.support.house import House

AT = 1_700_000_000.0


def sessions(path: Path) -> list[SavedSession]:
    _, found = read_file(path)
    assert not [session for session in found if isinstance(session, Unreadable)]
    return [session for session in found if isinstance(session, SavedSession)]


def told(session: SavedSession) -> list[tuple[str, str]]:
    """The active path: who said what."""
    known = {message.id: message for message in session.messages}
    path: list[StoredMessage] = []
    number = session.conversation.active_leaf
    while number is not None:
        path.insert(0, known[number])
        number = known[number].parent_id
    return [(message.role, message.text) for message in path]


# ---- ChatGPT ----


def test_a_conversation_of_chatgpt_keeps_its_branches(tmp_path: Path) -> None:
    whole = chatgpt(
        node("s", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
        node("q", "s", "user", "Where to?"),
        node("a1", "q", "assistant", "Rome.", at=AT + 2, metadata={"model_slug": "gpt-4"}),
        node("a2", "q", "assistant", "Oslo.", at=AT + 1, metadata={"model_slug": "gpt-4o"}),
        node("q2", "a2", "user", "Why?", at=AT + 3),
        current="q2",
    )
    (session,) = sessions(written(tmp_path / "conversations.json", [whole]))
    assert told(session) == [("user", "Where to?"), ("assistant", "Oslo."), ("user", "Why?")]
    assert [(message.text, message.model) for message in session.messages[1:3]] == [
        ("Oslo.", "gpt-4o"),
        ("Rome.", "gpt-4"),
    ]
    facts = session.conversation
    assert (facts.title, facts.created_at, facts.updated_at, facts.model) == ("Trip", AT, AT + 100, None)
    assert session.source == "chatgpt:67890"


def test_what_the_tools_of_chatgpt_did_belongs_to_one_answer(tmp_path: Path) -> None:
    whole = chatgpt(
        node("q", "root", "user", "Plot it"),
        node("t", "q", "assistant", kind="thoughts", content={"thoughts": [{"summary": "Think", "content": "hard"}]}),
        node("r", "t", "assistant", kind="reasoning_recap", content={"content": "Thought for 2 s"}),
        node(
            "c", "r", "assistant", kind="code", content={"language": "python", "text": "print(1)"}, recipient="python"
        ),
        node("o", "c", "tool", kind="execution_output", content={"text": "1"}),
        node("h", "o", "tool", "secret", metadata={"is_visually_hidden_from_conversation": True}),
        node("w", "h", "assistant", "unseen", weight=0.0),
        node("a", "w", "assistant", "Done \ue200cite\ue202turn0\ue201.", metadata={"model_slug": "o3"}),
    )
    (session,) = sessions(written(tmp_path / "c.json", whole))
    assert told(session) == [("user", "Plot it"), ("assistant", "```python\nprint(1)\n```\n\n```\n1\n```\n\nDone .")]
    assert session.messages[1].reply.reasoning == "Think\nhard"
    assert session.messages[1].model == "o3"


def test_pictures_of_chatgpt_leave_a_note(tmp_path: Path) -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1", "width": 3}
    sound = {"content_type": "audio_transcription", "text": "spoken"}
    whole = chatgpt(
        node(
            "q", "root", "user", picture, "What is it?", sound, {"content_type": "new"}, {}, 7, kind="multimodal_text"
        ),
        node(
            "a", "q", "assistant", "````\nx\n````", kind="code", content={"parts": ["a ``` b"], "language": "unknown"}
        ),
    )
    (session,) = sessions(written(tmp_path / "c.json", [whole]))
    assert told(session) == [
        (
            "user",
            "[image that is not part of the export]\nWhat is it?\nspoken\n[attachment that is not part of the export]",
        ),
        ("assistant", "````\na ``` b\n````"),
    ]


@pytest.mark.parametrize("name", ["conversations.json", "export/conversations-000.json"])
def test_the_archive_of_chatgpt_is_read_without_unpacking(tmp_path: Path, name: str) -> None:
    whole = chatgpt(node("q", "root", "user", "Where to?"))
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chat.html", "<html>")
        archive.writestr(name, json.dumps([whole]))
        archive.writestr("conversations-001.json", json.dumps(chatgpt(node("x", "root", "user", "Else"), id="2")))
    assert sorted(session.source for session in sessions(path)) == ["chatgpt:2", "chatgpt:67890"]


def test_a_tree_that_is_no_tree_is_read_all_the_same(tmp_path: Path) -> None:
    whole = chatgpt(
        node("a", "b", "user", "one"),
        node("b", "a", "assistant", "two"),
        node("c", "nowhere", "user", "three"),
        node("d", "d", "assistant", "four"),
        node("e", "f", "assistant", "five"),
        node("f", "e", "assistant", "six"),
        node("g", "c", "critic", "seven"),
        current="gone",
    )
    whole["mapping"]["broken"] = "no node"
    whole["mapping"]["odd"] = {"message": {"author": "x", "content": {"parts": 7}}, "parent": 3}
    (session,) = sessions(written(tmp_path / "c.json", [whole]))
    texts = "\n".join(message.text for message in session.messages)
    assert all(text in texts for text in ("one", "two", "three", "four", "five", "six"))
    assert all((message.parent_id or 0) < message.id for message in session.messages)


def test_what_is_no_conversation_is_told_of(tmp_path: Path) -> None:
    path = written(tmp_path / "c.json", [chatgpt(), {"title": "odd"}, 7, chatgpt(node("q", "root", "user", "x"))])
    program, found = read_file(path)
    assert program == "ChatGPT"
    assert [session.reason for session in found if isinstance(session, Unreadable)] == [
        "nothing was said in it",
        "it has no messages",
        "it has no messages",
    ]
    assert len(found) == 4


# ---- llm ----


def response(id: str, prompt: str, answer: str, **more: Any) -> dict[str, Any]:
    known = {"id": id, "model": "gpt-4o-mini", "prompt": prompt, "response": answer, "conversation_id": "c1"}
    return {**known, "datetime_utc": f"2023-11-14T22:13:2{id[-1]}.000000", "duration_ms": 900, **more}


def test_responses_of_llm_become_turns(tmp_path: Path) -> None:
    path = database(
        tmp_path / "logs.db",
        LLM_RESPONSES,
        conversations=[{"id": "c1", "name": "hello there", "model": "gpt-4o-mini"}],
        responses=[
            response("r2", "and?", "so", resolved_model="mini-2024", reasoning="hm", input_tokens=7, output_tokens=2),
            response("r1", "hello", "hi", system="Be brief."),
            response("r3", "", "", conversation_id="c1"),
            response("r9", "alone", "yes", conversation_id=None),
        ],
        attachments=[
            {"id": "img", "type": "image/png", "path": "/home/me/cat.png", "content": b"abc"},
            {"id": "web", "type": "image/png", "url": "https://e.x/dog.png"},
        ],
        prompt_attachments=[
            {"response_id": "r2", "attachment_id": "web", "order": 1},
            {"response_id": "r2", "attachment_id": "img", "order": 0},
            {"response_id": "r2", "attachment_id": "gone", "order": 2},
        ],
        fragments=[{"id": 1, "content": "A long novel."}, {"id": 2, "content": "You are kind."}],
        prompt_fragments=[{"response_id": "r2", "fragment_id": 1, "order": 0}],
        system_fragments=[{"response_id": "r1", "fragment_id": 2, "order": 0}],
        tool_calls=[{"response_id": "r3", "name": "clock", "arguments": "{}"}],
        tool_results=[{"response_id": "r2", "name": "dice", "output": "6"}],
    )
    named, alone = sessions(path)
    assert told(named) == [
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "A long novel.\n[tool result: dice]\n6\nand?\n[attached: https://e.x/dog.png]\n[attached: gone]"),
        ("assistant", "so"),
        ("assistant", "[tool call: clock({})]"),
    ]
    facts = named.conversation
    assert (facts.title, facts.system, facts.created_at) == ("hello there", "You are kind.\nBe brief.", AT + 1)
    answer = named.messages[3]
    assert (answer.model, answer.reply.reasoning, answer.timing.total_ms) == ("mini-2024", "hm", 900)
    assert answer.usage == Usage(prompt_tokens=7, completion_tokens=2)
    (file,) = named.messages[2].attachments
    assert (file.name, file.mime, named.files[file.sha256]) == ("cat.png", "image/png", b"abc")
    assert (alone.conversation.title, alone.source) == ("alone", "llm:r9")


def test_an_old_database_of_llm_without_the_later_tables(tmp_path: Path) -> None:
    path = database(
        tmp_path / "logs.db",
        "CREATE TABLE conversations (id TEXT, name TEXT, model TEXT);"
        "CREATE TABLE responses (id TEXT, prompt TEXT, response TEXT, conversation_id TEXT, datetime_utc TEXT)",
        responses=[
            {"id": "r1", "prompt": "hello", "response": "hi", "conversation_id": "c", "datetime_utc": "odd"},
            {"id": "r2", "prompt": "", "response": "", "conversation_id": "empty", "datetime_utc": ""},
        ],
    )
    _, found = read_file(path)
    assert [type(session) for session in found] == [Unreadable, SavedSession]


def test_threads_of_llm_become_trees(tmp_path: Path) -> None:
    def part(hash: str, text: str | None, position: int = 0, **more: Any) -> dict[str, Any]:
        return {"message_hash": hash, "position": position, "type": "text", "text": text, **more}

    path = database(
        tmp_path / "logs.db",
        LLM_RESPONSES + LLM_THREADS,
        conversations=[{"id": "t1", "name": "old name"}],
        responses=[response("r1", "hello", "hi", conversation_id="t1")],
        attachments=[{"id": "img", "type": "image/png", "content": b"abc"}],
        fragments=[{"id": 1, "content": "A long novel."}],
        messages=[
            {"hash": "s", "role": "system"},
            {"hash": "q", "parent_hash": "s", "role": "user"},
            {"hash": "a", "parent_hash": "q", "role": "assistant"},
            {"hash": "q2", "parent_hash": "a", "role": "user"},
            {"hash": "a2", "parent_hash": "q2", "role": "assistant"},
            {"hash": "b2", "parent_hash": "q2", "role": "assistant"},
            {"hash": "other", "parent_hash": "a", "role": "user"},
            {"hash": "loop", "parent_hash": "loop", "role": "user"},
        ],
        parts=[
            part("s", "Be brief."),
            part("q", None, payload='{"text_ref": [{"fragment": 1}, {"literal": " and?"}]}'),
            part("q", None, 1, type="attachment", payload='{"attachment": {"id": "img"}}'),
            part("a", "hm", type="reasoning"),
            part("a", "hi", 1),
            part("a", None, 2, type="tool_call", tool_name="dice", payload='{"arguments": {"sides": 6}}'),
            part("q2", None, type="tool_result", tool_name="dice", payload='{"output": "6"}'),
            part("a2", "six", payload="damaged {"),
            part("b2", "again"),
            part("other", "not in this thread"),
            part("loop", "round and round"),
        ],
        threads=[
            {"id": "t1", "name": "dice", "tip_message_hash": "b2", "datetime_utc": "2023-11-14T22:13:20Z"},
            {"id": "t2", "name": "odd", "tip_message_hash": "loop"},
            {"id": "t3", "name": "empty", "tip_message_hash": "gone"},
        ],
        turns=[
            {"id": "1", "thread_id": "t1", "tip_message_hash": "a", "model": "m", "input_tokens": 5, "duration_ms": 7},
            {
                "id": "2",
                "thread_id": "t1",
                "tip_message_hash": "a2",
                "model": "m",
                "datetime_utc": "2023-11-14T22:13:25+00:00",
            },
            {"id": "3", "thread_id": "t1", "tip_message_hash": "b2", "model": "m", "resolved_model": "n"},
            {"id": "4", "thread_id": "t1", "tip_message_hash": "gone"},
        ],
    )
    _, found = read_file(path)
    dice, odd, empty = found
    assert isinstance(dice, SavedSession) and isinstance(odd, SavedSession) and isinstance(empty, Unreadable)
    assert (dice.conversation.title, dice.conversation.system, dice.conversation.created_at) == (
        "dice",
        "Be brief.",
        AT,
    )
    assert told(dice) == [
        ("user", "A long novel. and?"),
        ("assistant", 'hi\n[tool call: dice({"sides": 6})]'),
        ("user", "[tool result: dice]\n6"),
        ("assistant", "again"),
    ]
    assert len(dice.messages) == 5
    assert [message.model for message in dice.messages] == [None, "m", None, "m", "n"]
    assert dice.messages[0].attachments[0].name == "attachment.png"
    assert (dice.messages[1].reply.reasoning, dice.messages[1].usage) == ("hm", Usage(prompt_tokens=5))
    assert dice.messages[3].created_at == AT + 5
    assert told(odd) == [("user", "round and round")]


# ---- elia ----


def test_chats_of_elia(tmp_path: Path) -> None:
    at = "2023-11-14 22:13:20.000000"
    path = database(
        tmp_path / "elia.sqlite",
        ELIA,
        chat=[
            {"id": 1, "model": "gpt-4o", "title": "Named", "started_at": at, "archived": 0},
            {"id": 2, "model": "gpt-4o", "title": None, "started_at": at, "archived": 1},
        ],
        message=[
            {"id": 1, "chat_id": 1, "role": "system", "content": "Be brief.", "timestamp": at},
            {"id": 2, "chat_id": 1, "role": "user", "content": "hello", "timestamp": at, "model": "gpt-4o"},
            {"id": 3, "chat_id": 1, "role": "assistant", "content": "hi", "timestamp": at, "model": "gpt-4o"},
            {"id": 4, "chat_id": 1, "role": "assistant", "content": "hey", "timestamp": None, "parent_id": 2},
            {"id": 5, "chat_id": 1, "role": "assistant", "content": "", "timestamp": at},
        ],
    )
    _, found = read_file(path)
    named, empty = found
    assert isinstance(named, SavedSession) and isinstance(empty, Unreadable)
    assert told(named) == [("user", "hello"), ("assistant", "hey")]
    assert [message.model for message in named.messages] == [None, "gpt-4o", None]
    facts = named.conversation
    assert (facts.title, facts.system, facts.created_at, facts.updated_at) == ("Named", "Be brief.", AT, AT)
    assert named.messages[2].created_at == AT


# ---- OrChat ----


def test_a_session_of_orchat_with_a_picture(tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}
    linked = {"type": "image_url", "image_url": {"url": "https://e.x/cat.png"}}
    broken = {"type": "image_url", "image_url": {"url": "data:image/png;base64,*"}}
    history = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "look"}, picture, linked, broken, 7]},
        {"role": "assistant", "content": "a cat"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [picture]},
        {"odd": 1},
    ]
    path = written(tmp_path / "coding_help.json", history)
    written(tmp_path / "metadata.json", {"summary": "coding_help", "created": "2023-11-14T22:13:20", "session_id": "x"})
    (session,) = sessions(path)
    assert told(session) == [("user", "look\n[picture: https://e.x/cat.png]"), ("assistant", "a cat"), ("user", "")]
    facts = session.conversation
    assert (facts.title, facts.system, facts.created_at) == ("coding help", "Be brief.", AT)
    (file,) = session.messages[0].attachments
    assert (file.name, session.files[file.sha256]) == ("picture-1.png", b"abc")


def test_a_session_of_orchat_without_its_neighbour(tmp_path: Path) -> None:
    (session,) = sessions(written(tmp_path / "a.json", [{"role": "user", "content": "hello\nyou"}]))
    assert (session.conversation.title, session.conversation.created_at) == ("hello", 0.0)
    (tmp_path / "metadata.json").write_text("[")
    _, (empty,) = read_file(written(tmp_path / "b.json", [{"role": "system", "content": "x"}]))
    assert isinstance(empty, Unreadable)
    assert empty.title == "b.json"


# ---- what is nothing of this, or broken ----


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "damaged, or no file of sessions"),
        (b"{", "damaged, or no file of sessions"),
        (b"[" * 100_000, "damaged, or no file of sessions"),
        (b"\xff\xfe\x00", "damaged, or no file of sessions"),
        (b"Dear diary", "damaged, or no file of sessions"),
        (b"[]", "holds no sessions that orchat knows"),
        (b"{}", "holds no sessions that orchat knows"),
        (b"7", "holds no sessions that orchat knows"),
        (b"PK\x03\x04 and no archive", "damaged archive"),
        (b"SQLite format 3\0 and no database", "cannot be read"),
        (b"SQLite format 3\0" + b"\2\2" * 500, "cannot be read"),
    ],
)
def test_a_file_that_is_nothing_is_told_in_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(errors.UsageError, match=words) as caught:
        read_file(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == data


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(errors.UsageError, match="cannot be read: "):
            read_file(path)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="holds no sessions"):
        read_file(database(tmp_path / "x.db", "CREATE TABLE notes (text); CREATE VIEW chat AS SELECT 1;"))


def test_archives_without_conversations_or_with_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(errors.UsageError, match=r"no conversations\.json"):
        read_file(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", " " * 100_000)
    with pytest.raises(errors.UsageError, match=r"conversations\.json in x\.zip is damaged"):
        read_file(path)
    monkeypatch.setattr("orchat.chat.importer.recognise.MOST_BYTES", 1000)
    with pytest.raises(errors.UsageError, match="larger than"):
        read_file(path)
    path.write_text(" " * 2000)
    with pytest.raises(errors.UsageError, match="larger than"):
        read_file(path)


def test_a_database_that_is_being_used_is_read_with_its_log_and_left_alone(tmp_path: Path) -> None:
    path = database(tmp_path / "logs.db", LLM_RESPONSES + "PRAGMA journal_mode=WAL;")
    assert not path.with_name("logs.db-wal").exists()
    before = sorted(tmp_path.iterdir())
    assert read_file(path) == ("llm", [])
    assert sorted(tmp_path.iterdir()) == before
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO responses (id, prompt, response) VALUES ('r', 'hello', 'hi')")
        writer.commit()
        (session,) = sessions(path)
        assert told(session) == [("user", "hello"), ("assistant", "hi")]


def test_text_that_is_no_text_is_mended(tmp_path: Path) -> None:
    path = database(tmp_path / "logs.db", LLM_RESPONSES)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO responses (id, prompt, response) VALUES ('r', CAST(X'ff68' AS TEXT), X'00ff')")
        writer.commit()
    (session,) = sessions(path)
    assert told(session) == [("user", "\ufffdh")]


KEYS = ["schema", "conversation", "messages", "mapping", "message", "author", "role", "content", "parts", "parent"]
KEYS += ["id", "reply", "state", "files", "title", "metadata", "content_type", "current_node", "attachments"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["user", "text"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, shape=st.sampled_from(["bare", "mapping", "ours", "list"]))
def test_no_json_is_more_than_unreadable(tmp_path: Path, value: object, shape: str) -> None:
    shaped: object = value
    if shape == "mapping":
        shaped = [{"mapping": value if isinstance(value, dict) else {"a": value, "b": {"message": value}}}]
    elif shape == "ours":
        inside = value if isinstance(value, dict) else {"messages": value, "files": value}
        shaped = {**inside, "schema": "orchat-conversation-1", "conversation": {"id": "0123456789ab"}}
    elif shape == "list":
        shaped = [{"role": "user", "content": [value]}, value]
    try:
        _, found = read_file(written(tmp_path / "x.json", shaped))
    except errors.UsageError as error:
        assert "\n" not in str(error)
        return
    for session in found:
        if isinstance(session, SavedSession):
            assert all((message.parent_id or 0) < message.id for message in session.messages)


# ---- into the database ----


@pytest.mark.anyio
async def test_the_same_conversation_comes_once(house: House, tmp_path: Path) -> None:
    chat = house.runtime.conversations
    nodes = [
        node("q", "root", "user", "Where to?"),
        node("a", "q", "assistant", "Oslo.", metadata={"model_slug": "gpt-4"}),
    ]
    path = written(tmp_path / "c.json", [chatgpt(*nodes), chatgpt()])
    report = await chat.import_file(path)
    assert (report.program, report.path) == ("ChatGPT", path)
    done, failed = report.sessions
    assert (done.outcome, done.title, done.messages) == ("imported", "Trip", 2)
    assert (failed.outcome, failed.id, failed.reason) == ("failed", None, "nothing was said in it")
    assert done.id is not None
    kept = await chat.get(done.id)
    assert (kept.title, kept.created_at, kept.models, kept.cost_pico) == ("Trip", AT, ("gpt-4",), 0)
    assert [hit.conversation_id for hit in await chat.search("oslo")] == [done.id]

    again = await chat.import_file(path)
    assert (again.sessions[0].outcome, again.sessions[0].id) == ("known", done.id)
    assert (again.count("known"), again.count("failed"), again.count("imported")) == (1, 1, 0)
    # Fewer messages than are here are known as well, more are not.
    assert (await chat.import_file(written(path, [chatgpt(nodes[0], id="67890")]))).count("known") == 1
    grown = written(path, [chatgpt(*nodes, node("q2", "a", "user", "Why?"))])
    (more,) = (await chat.import_file(grown)).sessions
    assert (more.outcome, more.messages) == ("imported", 3)
    assert more.id != done.id

    await chat.delete(more.id or "")
    assert (await chat.import_file(grown)).sessions[0].outcome == "deleted"
    assert len(await chat.list()) == 1


@pytest.mark.anyio
async def test_hostile_text_is_kept_as_it_is_and_does_nothing(house: House, tmp_path: Path) -> None:
    chat = house.runtime.conversations
    text = "\x1b[2J'); DROP TABLE messages; --\u202e<script>\x00 \ud83d"
    await chat.import_file(written(tmp_path / "c.json", [chatgpt(node("q", "root", "user", text), title=text)]))
    (kept,) = await chat.list()
    (message,) = await chat.path(kept.id)
    assert message.text == text.replace("\ud83d", "\ufffd")
    assert (await chat.search("DROP TABLE"))[0].conversation_id == kept.id
