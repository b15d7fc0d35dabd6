"""Sessions of other programs: recognised, whole, once, and harmless."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from orchat.chat.importer.builder import Unreadable
from orchat.chat.importer.recognise import read_file
from orchat.domain.money import Usage
from orchat.domain.sessions import SavedSession
from tests.support.foreign import ELIA, LLM_RESPONSES, LLM_THREADS, chatgpt, database, node, sessions, told, written

AT = 1_700_000_000.0


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
