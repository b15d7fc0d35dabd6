"""Conversations: begun, found, listed, named, deleted. What is said in them is in `messages` and `tree`."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchat.domain.conversation import Conversation
from orchat.errors import NotFound
from orchat.store.connection import Connection, Value
from orchat.store.search import like
from orchat.store.tree import deleted_conversation, no_conversation

if TYPE_CHECKING:
    from orchat.domain.sessions import SessionFilter

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ALIKE = str.maketrans("oil", "011", "-")
_EPOCH_MS = 1_704_067_200_000  # 2024-01-01: 40 bits of milliseconds last from here until 2058.

_SELECT = """
SELECT c.id, c.title, c.title_is_manual, c.created_at, c.updated_at, c.model, c.system, c.parameters, c.persona,
       c.active_leaf, c.pinned, c.deleted_at,
       (SELECT count(*) FROM messages AS m WHERE m.conversation_id = c.id AND m.deletion IS NULL) AS messages,
       (SELECT json_group_array(DISTINCT m.model) FROM messages AS m
        WHERE m.conversation_id = c.id AND m.deletion IS NULL AND m.model IS NOT NULL) AS models,
       c.imported_pico
       + (SELECT coalesce(sum(a.cost_pico), 0) FROM attempts AS a WHERE a.conversation_id = c.id) AS cost_pico
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
    connection: Connection,
    id: str,
    now: float,
    title: str = "",
    model: str | None = None,
    system: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    persona: str | None = None,
) -> Conversation:
    """Begin a conversation.

    Args:
        connection: In a write transaction.
        id: From `new_id`.
        now: Epoch seconds.
        title: Empty for the first line of the first prompt.
        model: None for the configured default.
        system: System prompt.
        parameters: Fields of `ChatRequest` that every turn sets.
        persona: Where they came from.
    """
    connection.execute(
        "INSERT INTO conversations (id, title, created_at, updated_at, model, system, parameters, persona)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (id, title, now, now, model, system, _parameters_column(parameters), persona),
    )
    return get(connection, id)


def get(connection: Connection, id: str) -> Conversation:
    """One conversation that is not deleted.

    Args:
        connection: Any.
        id: Its whole id.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(f"{_SELECT} WHERE c.id = ?", (id,)).fetchone()
    if row is None:
        raise no_conversation(id)
    if row["deleted_at"] is not None:
        raise deleted_conversation(id)
    return _conversation(row)


def list_conversations(
    connection: Connection, limit: int = 50, offset: int = 0, wanted: SessionFilter | None = None
) -> list[Conversation]:
    """Conversations: those that are pinned first, then the one used last first.

    Args:
        connection: Any.
        limit: How many at most; -1 for all.
        offset: How many to leave out first.
        wanted: Which of them; None: all that are not deleted.
    """
    from orchat.domain.sessions import SessionFilter

    conditions, values = _conditions(wanted or SessionFilter())
    rows = connection.execute(
        f"{_SELECT} WHERE {conditions} ORDER BY c.pinned DESC, c.updated_at DESC, c.id DESC LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return [_conversation(row) for row in rows]


def titles(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """What conversations are called, deleted ones too.

    Args:
        connection: Any.
        ids: Which ones.

    Returns:
        By id; nothing for those that are not here.
    """
    found = connection.execute(
        "SELECT id, title FROM conversations WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {row["id"]: row["title"] for row in found}


def latest(connection: Connection) -> Conversation | None:
    """The conversation used last, if there is one.

    Args:
        connection: Any.
    """
    row = connection.execute(
        f"{_SELECT} WHERE c.deleted_at IS NULL ORDER BY c.updated_at DESC, c.id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else _conversation(row)


def resolve_id(connection: Connection, prefix: str, deleted: bool = False) -> str:
    """The id that begins with what a person typed.

    Args:
        connection: Any.
        prefix: The first characters; case, hyphens and the look-alikes of 0 and 1 do not matter.
        deleted: Look among those that were deleted, instead of the others.

    Raises:
        NotFound: None begins like this, or several do.
    """
    start = prefix.strip().lower().translate(_ALIKE)
    found = [row["id"] for row in _beginning_with(connection, start, deleted)] if start else []
    if not found:
        gone = [] if deleted or not start else _beginning_with(connection, start, deleted=True)
        raise deleted_conversation(gone[0]["id"]) if len(gone) == 1 else no_conversation(prefix)
    if len(found) > 1:
        names = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
        raise NotFound(f"Several sessions begin with {prefix!r}.", hint=f"Type more of the id: {names}")
    return str(found[0])


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
        "UPDATE conversations SET title = ?, title_is_manual = ?"
        " WHERE id = ? AND deleted_at IS NULL AND (? OR NOT title_is_manual)",
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
    _change(connection, "UPDATE conversations SET model = ? WHERE id = ? AND deleted_at IS NULL", id, model)


def set_system(connection: Connection, id: str, system: str | None) -> None:
    """Choose the system prompt.

    Args:
        connection: In a write transaction.
        id: The conversation.
        system: None for none.

    Raises:
        NotFound: There is no such conversation.
    """
    _change(connection, "UPDATE conversations SET system = ? WHERE id = ? AND deleted_at IS NULL", id, system)


def set_parameters(connection: Connection, id: str, parameters: Mapping[str, Any], persona: str | None = None) -> None:
    """Choose what the turns to come are asked with.

    Args:
        connection: In a write transaction.
        id: The conversation.
        parameters: Fields of `ChatRequest`; empty for none.
        persona: Where they came from.

    Raises:
        NotFound: There is no such conversation.
    """
    changed = connection.execute(
        "UPDATE conversations SET parameters = ?, persona = ? WHERE id = ? AND deleted_at IS NULL",
        (_parameters_column(parameters), persona, id),
    )
    if not changed.rowcount:
        get(connection, id)


def set_pinned(connection: Connection, id: str, pinned: bool) -> None:
    """Keep a conversation at the top of the list, or let it go down.

    Args:
        connection: In a write transaction.
        id: The conversation.
        pinned: Whether it stands at the top.

    Raises:
        NotFound: There is no such conversation.
    """
    _change(connection, "UPDATE conversations SET pinned = ? WHERE id = ? AND deleted_at IS NULL", id, pinned)


def delete(connection: Connection, id: str, now: float) -> None:
    """Delete a conversation, so that `restore` can bring it back until `deletions.sweep` takes it.

    Args:
        connection: In a write transaction.
        id: Its id.
        now: Epoch seconds.

    Raises:
        NotFound: There is no such conversation.
    """
    _change(connection, "UPDATE conversations SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", id, now)


def restore(connection: Connection, id: str) -> Conversation:
    """Bring a deleted conversation back as it was.

    Args:
        connection: In a write transaction.
        id: Its id; one that is not deleted stays as it is.

    Raises:
        NotFound: It is gone for good, or never was.
    """
    connection.execute("UPDATE conversations SET deleted_at = NULL WHERE id = ?", (id,))
    return get(connection, id)


def _change(connection: Connection, update: str, id: str, value: Value) -> None:
    if not connection.execute(update, (value, id)).rowcount:
        get(connection, id)


def _beginning_with(connection: Connection, start: str, deleted: bool) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT id FROM conversations WHERE substr(id, 1, ?) = ? AND (deleted_at IS NOT NULL) = ?"
        " ORDER BY updated_at DESC LIMIT 4",
        (len(start), start, deleted),
    ).fetchall()


def _conditions(wanted: SessionFilter) -> tuple[str, list[Value]]:
    found: list[tuple[str, Value]] = [("(c.deleted_at IS NOT NULL) = ?", wanted.deleted)]
    found += [("instr(fold(c.title), ?)", word) for word in wanted.title.casefold().split()]
    if wanted.model:
        answered = "EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id AND m.deletion IS NULL"
        found.append((f"{answered} AND m.model LIKE ? ESCAPE '!')", like(wanted.model)))
    if wanted.after is not None:
        found.append(("c.updated_at >= ?", wanted.after))
    if wanted.before is not None:
        found.append(("c.updated_at < ?", wanted.before))
    if wanted.pinned:
        found.append(("c.pinned = ?", True))
    return " AND ".join(condition for condition, _ in found), [value for _, value in found]


def _conversation(row: sqlite3.Row) -> Conversation:
    fields = dict(row)
    fields["models"] = tuple(sorted(json.loads(row["models"])))
    fields["parameters"] = _parameters(row["parameters"])
    return Conversation(**{**fields, "pinned": bool(row["pinned"]), "title_is_manual": bool(row["title_is_manual"])})


def _parameters_column(parameters: Mapping[str, Any] | None) -> str | None:
    if not parameters:
        return None
    from orchat.domain.parameters import to_json

    return json.dumps(to_json(parameters))


def _parameters(column: str | None) -> dict[str, Any]:
    if column is None:
        return {}
    from orchat.domain.parameters import from_json

    try:
        return from_json(json.loads(column))
    except ValueError:
        # A session is worth more than what it was to be asked with.
        return {}
