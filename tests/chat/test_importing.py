"""Files that are broken or nothing of this, and what comes of the others in the database."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat import errors
from orchat.chat.importer.recognise import read_file
from orchat.domain.sessions import SavedSession
from tests.support.foreign import LLM_RESPONSES, chatgpt, database, node, sessions, told, written
from tests.support.house import House

AT = 1_700_000_000.0


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
