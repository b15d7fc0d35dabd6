"""Sessions made of other sessions, and put in from outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchat.domain.conversation import Conversation, StoredMessage
from orchat.store import conversations, rows, search, tree
from orchat.store.connection import Connection

if TYPE_CHECKING:
    from orchat.domain.sessions import SavedSession

_COPY = """
INSERT INTO messages (
  conversation_id, parent_id, continues, state, role, created_at, model, provider, generation_id, finish_reason, usage,
  cost_pico, cost_source, ttft_ms, total_ms, key_label, error, hint, text, reasoning, extras)
SELECT
  ?, ?, ?, CASE state WHEN 'streaming' THEN 'stopped' ELSE state END, role, created_at, model, provider, generation_id,
  finish_reason, usage, cost_pico, cost_source, ttft_ms, total_ms, key_label, error, hint, text, reasoning, extras
FROM messages WHERE id = ?
"""
_COPY_FILES = """
INSERT INTO attachments
SELECT json_extract(pair.value, '$[1]'), position, sha256, name, mime, size, width, height
FROM json_each(?) AS pair JOIN attachments ON message_id = json_extract(pair.value, '$[0]')
"""
_INSERT = """
INSERT INTO messages (
  conversation_id, parent_id, continues, state, role, created_at, model, provider, generation_id, finish_reason, usage,
  cost_pico, cost_source, ttft_ms, total_ms, key_label, error, hint, text, reasoning, extras)
VALUES (
  :conversation_id, :parent_id, :continues, :state, :role, :created_at, :model, :provider, :generation_id,
  :finish_reason, :usage, :cost_pico, :cost_source, :ttft_ms, :total_ms, :key_label, :error, :hint, :text, :reasoning,
  :extras)
"""


def fork(connection: Connection, conversation_id: str, message_id: int, id: str, now: float) -> Conversation:
    """Copy the path to a message into a session of its own.

    Args:
        connection: In a write transaction.
        conversation_id: Where the message is.
        message_id: The last message that is copied.
        id: Of the new session, from `conversations.new_id`.
        now: Epoch seconds.

    Raises:
        NotFound: No such conversation, or the message is not in it.
    """
    path = tree.path(connection, conversation_id, message_id)
    _begin(connection, conversation_id, id, now, "fork")
    new = _copy(connection, [message.id for message in path], id)
    tree.set_active_leaf(connection, id, new[message_id])
    return conversations.get(connection, id)


def duplicate(connection: Connection, conversation_id: str, id: str, now: float) -> Conversation:
    """Copy a session with all its branches.

    Args:
        connection: In a write transaction.
        conversation_id: The session.
        id: Of the new one, from `conversations.new_id`.
        now: Epoch seconds.

    Raises:
        NotFound: There is no such conversation.
    """
    origin = _begin(connection, conversation_id, id, now, "copy")
    found = connection.execute(
        "SELECT id FROM messages WHERE conversation_id = ? AND deletion IS NULL ORDER BY id", (conversation_id,)
    ).fetchall()
    new = _copy(connection, [row["id"] for row in found], id)
    if origin.active_leaf is not None:
        tree.set_active_leaf(connection, id, new[origin.active_leaf])
    return conversations.get(connection, id)


def insert(connection: Connection, saved: SavedSession, id: str, content_hash: str | None = None) -> Conversation:
    """Put in a session from outside, with all its branches.

    Args:
        connection: In a write transaction.
        saved: The session; its files are kept already.
        id: Under which it will be kept.
        content_hash: Kept beside the source, so that the same session is known when it comes again.

    Returns:
        The conversation; its messages have new numbers.
    """
    facts = saved.conversation
    conversations.create(
        connection, id, facts.created_at, facts.title, facts.model, facts.system, facts.parameters, facts.persona
    )
    new: dict[int, int] = {}
    for message in saved.messages:
        new[message.id] = _insert(connection, id, message, new)
    search.add(connection, new.values())
    # Attempts may be in the ledger already: then the session comes home.
    known = conversations.get(connection, id).cost_pico
    connection.execute(
        "UPDATE conversations SET updated_at = ?, title_is_manual = ?, pinned = ?, source = ?, source_hash = ?,"
        " imported_pico = ?, active_leaf = ? WHERE id = ?",
        (
            facts.updated_at,
            facts.title_is_manual,
            facts.pinned,
            saved.source or None,
            content_hash,
            max(0, facts.cost_pico - known),
            new.get(facts.active_leaf or 0),
            id,
        ),
    )
    return conversations.get(connection, id)


def of_source(connection: Connection, source: str) -> tuple[tuple[str, str, bool], ...]:
    """The sessions that were imported from one place.

    Args:
        connection: Any.
        source: See `SavedSession.source`.

    Returns:
        For each its id, the hash of its content as it was imported, and whether it is deleted.
    """
    found = connection.execute(
        "SELECT id, source_hash, deleted_at FROM conversations WHERE source = ? ORDER BY id", (source,)
    )
    return tuple((row["id"], row["source_hash"] or "", row["deleted_at"] is not None) for row in found)


def is_taken(connection: Connection, id: str) -> bool:
    """Whether a session has this id, deleted or not.

    Args:
        connection: Any.
        id: A whole id.
    """
    return connection.execute("SELECT 1 FROM conversations WHERE id = ?", (id,)).fetchone() is not None


def _begin(connection: Connection, conversation_id: str, id: str, now: float, what: str) -> Conversation:
    origin = conversations.get(connection, conversation_id)
    title = f"{origin.title} ({what})" if origin.title else ""
    conversations.create(connection, id, now, title, origin.model, origin.system, origin.parameters, origin.persona)
    return origin


def _copy(connection: Connection, ids: Sequence[int], conversation_id: str) -> dict[int, int]:
    """Copy messages, parents before children; an answer that still arrives is copied as far as it is."""
    new: dict[int, int] = {}
    for old in ids:
        row = connection.execute("SELECT parent_id, continues FROM messages WHERE id = ?", (old,)).fetchone()
        above = (new.get(row["parent_id"]), new.get(row["continues"]))
        copied = connection.execute(_COPY, (conversation_id, *above, old)).lastrowid
        assert copied is not None
        new[old] = copied
    connection.execute(_COPY_FILES, (json.dumps(list(new.items())),))
    search.add(connection, new.values())
    return new


def _insert(connection: Connection, conversation_id: str, message: StoredMessage, new: dict[int, int]) -> int:
    columns, pictures = rows.reply_columns(message.reply, connection.blobs)
    cost = rows.money(message.cost)
    fields = {
        **columns,
        "conversation_id": conversation_id,
        "parent_id": new.get(message.parent_id or 0),
        "continues": new.get(message.continues or 0),
        "role": message.role,
        "state": "cut" if message.state == "streaming" else message.state,
        "created_at": message.created_at,
        "model": message.model,
        "provider": message.provider,
        "generation_id": message.generation_id,
        "finish_reason": message.finish_reason,
        "usage": rows.usage_json(message.usage),
        "cost_pico": cost.pico,
        "cost_source": cost.source,
        "ttft_ms": message.timing.ttft_ms,
        "total_ms": message.timing.total_ms,
        "key_label": message.key_label,
        "error": message.error,
        "hint": message.hint,
    }
    id = connection.execute(_INSERT, fields).lastrowid
    assert id is not None
    rows.add_attachments(connection, id, message.attachments or pictures)
    return id
