"""Files of other programs, written as they write them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from orchat.chat.importer.builder import Unreadable
from orchat.chat.importer.recognise import read_file
from orchat.domain.conversation import StoredMessage
from orchat.domain.sessions import SavedSession

# As llm 0.26 has them, without the tables of its embeddings.
LLM_RESPONSES = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
  response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT,
  input_tokens INTEGER, output_tokens INTEGER, token_details TEXT, schema_id TEXT, resolved_model TEXT, reasoning TEXT);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, arguments TEXT,
  tool_call_id TEXT);
CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT,
  tool_call_id TEXT);
"""
# As llm 0.32 adds them.
LLM_THREADS = """
CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT, provider_metadata TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT, text TEXT,
  payload TEXT);
CREATE TABLE threads (id TEXT PRIMARY KEY, name TEXT, tip_message_hash TEXT, forked_from TEXT, datetime_utc TEXT);
CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT, model TEXT,
  resolved_model TEXT, options_json TEXT, schema_id TEXT, input_tokens INTEGER, output_tokens INTEGER,
  token_details TEXT, duration_ms INTEGER, datetime_utc TEXT, response_json TEXT);
"""
ELIA = """
CREATE TABLE system_prompt (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR NOT NULL, prompt VARCHAR,
  created_at DATETIME);
CREATE TABLE chat (id INTEGER NOT NULL PRIMARY KEY, model VARCHAR NOT NULL, title VARCHAR, started_at DATETIME,
  archived BOOLEAN NOT NULL);
CREATE TABLE message (id INTEGER NOT NULL PRIMARY KEY, chat_id INTEGER, role VARCHAR NOT NULL, content VARCHAR NOT NULL,
  timestamp DATETIME, meta JSON, parent_id INTEGER, model VARCHAR);
"""


def database(path: Path, schema: str, **tables: list[dict[str, Any]]) -> Path:
    """A database with some rows in it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
        for name, rows in tables.items():
            for row in rows:
                columns = ", ".join(f'"{column}"' for column in row)
                marks = ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', tuple(row.values()))
        connection.commit()
    return path


def node(
    key: str,
    parent: str | None,
    role: str,
    *parts: object,
    at: float | None = 1_700_000_000.0,
    kind: str = "text",
    metadata: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One entry of a conversation's mapping in ChatGPT's export."""
    content: dict[str, Any] = {"content_type": kind, "parts": list(parts)}
    content.update(more.pop("content", {}))
    message = {
        "id": key,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": at,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": metadata or {},
        "recipient": "all",
        "channel": None,
        **more,
    }
    return {"id": key, "message": message, "parent": parent, "children": []}


def chatgpt(
    *nodes: dict[str, Any], id: str = "67890", title: str = "Trip", current: str | None = None
) -> dict[str, Any]:
    """One conversation of ChatGPT's export; its first node is the empty root that every tree there has."""
    root: dict[str, Any] = {"id": "root", "message": None, "parent": None, "children": []}
    mapping = {entry["id"]: entry for entry in (root, *nodes)}
    for entry in nodes:
        parent = mapping.get(entry["parent"] or "")
        if parent is not None:
            parent["children"].append(entry["id"])
    return {
        "title": title,
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_100.0,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": current or (nodes[-1]["id"] if nodes else "root"),
        "conversation_id": id,
        "id": id,
        "is_archived": False,
        "default_model_slug": "gpt-4o",
    }


def written(path: Path, value: object) -> Path:
    """JSON in a file."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def sessions(path: Path) -> list[SavedSession]:
    """The sessions of a file in which each can be read."""
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
