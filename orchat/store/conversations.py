"""Conversations: begun, found, listed, named, deleted. What is said in them is in `messages` and `tree`."""

from __future__ import annotations

import os
import sqlite3

from orchat.domain.conversation import Conversation
from orchat.errors import NotFound
from orchat.store.connection import Connection
from orchat.store.tree import delete_messages, must_change, no_conversation

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ALIKE = str.maketrans("oil", "011", "-")
_EPOCH_MS = 1_704_067_200_000  # 2024-01-01: 40 bits of milliseconds last from here until 2058.

_SELECT = """
SELECT c.id, c.title, c.created_at, c.updated_at, c.model, c.system, c.active_leaf,
       (SELECT count(*) FROM messages AS m WHERE m.conversation_id = c.id) AS messages,
       (SELECT coalesce(sum(a.cost_pico), 0) FROM attempts AS a WHERE a.conversation_id = c.id) AS cost_pico
FROM conversations AS c
"""


def new_id(now: float) -> str:
    """An id for a new conversation: 12 letters and digits that sort by time.

    Args:
        now: Epoch seconds.

    Returns:
        40 bits of time and 20 of chance in Crockford's base 32, lower case.
    """
    time = min(max(int(now * 1000) - _EPOCH_MS, 0), 2**40 - 1)
    # What `secrets` would return, without the 3 ms that importing it takes.
    chance = int.from_bytes(os.urandom(3), "big") & 0xFFFFF
    number = time << 20 | chance
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(55, -1, -5))


def create(
    connection: Connection, id: str, now: float, title: str = "", model: str | None = None, system: str | None = None
) -> Conversation:
    """Begin a conversation.

    Args:
        connection: In a write transaction.
        id: From `new_id`.
        now: Epoch seconds.
        title: Empty for the first line of the first prompt.
        model: None for the configured default.
        system: System prompt.
    """
    connection.execute(
        "INSERT INTO conversations (id, title, created_at, updated_at, model, system) VALUES (?, ?, ?, ?, ?, ?)",
        (id, title, now, now, model, system),
    )
    return get(connection, id)


def get(connection: Connection, id: str) -> Conversation:
    """One conversation.

    Args:
        connection: Any.
        id: Its whole id.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(f"{_SELECT} WHERE c.id = ?", (id,)).fetchone()
    if row is None:
        raise no_conversation(id)
    return _conversation(row)


def list_conversations(connection: Connection, limit: int = 50, offset: int = 0) -> list[Conversation]:
    """Conversations, the one used last first.

    Args:
        connection: Any.
        limit: How many at most; -1 for all.
        offset: How many to leave out first.
    """
    rows = connection.execute(f"{_SELECT} ORDER BY c.updated_at DESC, c.id DESC LIMIT ? OFFSET ?", (limit, offset))
    return [_conversation(row) for row in rows]


def latest(connection: Connection) -> Conversation | None:
    """The conversation used last, if there is one.

    Args:
        connection: Any.
    """
    return next(iter(list_conversations(connection, 1)), None)


def resolve_id(connection: Connection, prefix: str) -> str:
    """The id that begins with what a person typed.

    Args:
        connection: Any.
        prefix: The first characters; case, hyphens and the look-alikes of 0 and 1 do not matter.

    Raises:
        NotFound: None begins like this, or several do.
    """
    start = prefix.strip().lower().translate(_ALIKE)
    rows = connection.execute(
        "SELECT id FROM conversations WHERE substr(id, 1, ?) = ? ORDER BY updated_at DESC LIMIT 4", (len(start), start)
    ).fetchall()
    if not start or not rows:
        raise no_conversation(prefix)
    if len(rows) > 1:
        names = ", ".join(row["id"] for row in rows[:3]) + (" …" if len(rows) > 3 else "")
        raise NotFound(f"Several sessions begin with {prefix!r}.", hint=f"Type more of the id: {names}")
    return str(rows[0]["id"])


def rename(connection: Connection, id: str, title: str, manual: bool = True) -> bool:
    """Give a conversation a title.

    Args:
        connection: In a write transaction.
        id: Its id.
        title: Raw text.
        manual: A person chose it; no automatic title takes its place later.

    Returns:
        False when the title is automatic and a person has chosen another one.

    Raises:
        NotFound: There is no such conversation.
    """
    changed = connection.execute(
        "UPDATE conversations SET title = ?, title_is_manual = ? WHERE id = ? AND (? OR NOT title_is_manual)",
        (title, manual, id, manual),
    )
    if not changed.rowcount:
        get(connection, id)
    return changed.rowcount > 0


def set_model(connection: Connection, id: str, model: str | None) -> None:
    """Choose the model of the turns to come.

    Args:
        connection: In a write transaction.
        id: The conversation.
        model: None for the configured default.

    Raises:
        NotFound: There is no such conversation.
    """
    must_change(connection.execute("UPDATE conversations SET model = ? WHERE id = ?", (model, id)), id)


def set_system(connection: Connection, id: str, system: str | None) -> None:
    """Choose the system prompt.

    Args:
        connection: In a write transaction.
        id: The conversation.
        system: None for none.

    Raises:
        NotFound: There is no such conversation.
    """
    must_change(connection.execute("UPDATE conversations SET system = ? WHERE id = ?", (system, id)), id)


def delete(connection: Connection, id: str) -> tuple[str, ...]:
    """Delete a conversation with all its branches; its rows in the ledger stay.

    Args:
        connection: In a write transaction.
        id: Its id.

    Returns:
        Digests of files that nothing refers to any more, for `Blobs.sweep` in a later transaction.

    Raises:
        NotFound: There is no such conversation.
    """
    rows = connection.execute("SELECT id FROM messages WHERE conversation_id = ?", (id,)).fetchall()
    orphans = delete_messages(connection, [row["id"] for row in rows])
    must_change(connection.execute("DELETE FROM conversations WHERE id = ?", (id,)), id)
    return orphans


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(**dict(row))
