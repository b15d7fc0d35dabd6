"""The tree of a conversation's messages: paths, branches, and what goes when a branch goes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from orchat.domain.conversation import StoredMessage
from orchat.errors import NotFound
from orchat.store import rows, search
from orchat.store.connection import Connection


def get_message(connection: Connection, id: int) -> StoredMessage:
    """One message.

    Args:
        connection: Any.
        id: Its number.

    Raises:
        NotFound: There is none.
    """
    found = rows.messages(connection, connection.execute("SELECT * FROM messages WHERE id = ?", (id,)))
    if not found:
        raise no_message(id)
    return found[0]


def path(connection: Connection, conversation_id: str, leaf_id: int | None = None) -> tuple[StoredMessage, ...]:
    """The messages from the root to a leaf.

    Args:
        connection: Any.
        conversation_id: Which conversation.
        leaf_id: The last message; None for the active leaf.

    Returns:
        Root first; nothing when the conversation is empty.

    Raises:
        NotFound: No such conversation, or the leaf is not in it.
    """
    leaf = active_leaf(connection, conversation_id) if leaf_id is None else leaf_id
    if leaf is None:
        return ()
    found = connection.execute(
        "WITH RECURSIVE up (id, parent_id) AS ("
        " SELECT id, parent_id FROM messages WHERE id = ? AND conversation_id = ?"
        " UNION ALL SELECT m.id, m.parent_id FROM messages AS m JOIN up ON m.id = up.parent_id)"
        " SELECT m.* FROM up JOIN messages AS m ON m.id = up.id ORDER BY m.id",
        (leaf, conversation_id),
    ).fetchall()
    if not found:
        raise no_message(leaf)
    return rows.messages(connection, found)


def all_messages(connection: Connection, conversation_id: str) -> tuple[StoredMessage, ...]:
    """The messages of all branches, every parent before its children: what an export needs.

    Args:
        connection: Any.
        conversation_id: Which conversation.

    Raises:
        NotFound: There is no such conversation.
    """
    active_leaf(connection, conversation_id)
    found = connection.execute("SELECT * FROM messages WHERE conversation_id = ? ORDER BY id", (conversation_id,))
    return rows.messages(connection, found)


def active_leaf(connection: Connection, conversation_id: str) -> int | None:
    """The end of the path that is shown and continued; None while there is no message.

    Args:
        connection: Any.
        conversation_id: Which conversation.

    Raises:
        NotFound: There is no such conversation.
    """
    row = connection.execute("SELECT active_leaf FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise no_conversation(conversation_id)
    leaf: int | None = row["active_leaf"]
    return leaf


def set_active_leaf(connection: Connection, conversation_id: str, id: int | None) -> None:
    """Choose the path that is shown and continued.

    Args:
        connection: In a write transaction.
        conversation_id: Which conversation.
        id: Its last message, whether it has answers or not; None for an empty path.

    Raises:
        NotFound: No such conversation, or the message is not in it.
    """
    if id is not None and get_message(connection, id).conversation_id != conversation_id:
        raise no_message(id)
    changed = connection.execute("UPDATE conversations SET active_leaf = ? WHERE id = ?", (id, conversation_id))
    must_change(changed, conversation_id)


def children(connection: Connection, id: int) -> tuple[int, ...]:
    """The messages that answer a message, the oldest first.

    Args:
        connection: Any.
        id: The message.
    """
    found = connection.execute(
        "SELECT c.id FROM messages AS m JOIN messages AS c"
        " ON c.conversation_id = m.conversation_id AND c.parent_id = m.id WHERE m.id = ? ORDER BY c.id",
        (id,),
    )
    return tuple(row["id"] for row in found)


def siblings(connection: Connection, id: int) -> tuple[int, ...]:
    """The branches at a message: itself and the others with the same parent, the oldest first.

    Args:
        connection: Any.
        id: The message.
    """
    found = connection.execute(
        "SELECT s.id FROM messages AS m JOIN messages AS s"
        " ON s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id WHERE m.id = ? ORDER BY s.id",
        (id,),
    )
    return tuple(row["id"] for row in found)


def newest_leaf(connection: Connection, id: int) -> int:
    """The end of the newest path through a message: where switching to its branch leads.

    Args:
        connection: Any.
        id: The message.

    Raises:
        NotFound: There is no such message.
    """
    return max(_subtree(connection, id))


def delete_branch(connection: Connection, id: int) -> tuple[str, ...]:
    """Delete a message with everything that follows it.

    The active path, if it led through the message, leads to the newest leaf of the parent afterwards, or to that of
    the newest other root.

    Args:
        connection: In a write transaction.
        id: The message.

    Returns:
        Digests of files that nothing refers to any more, for `Blobs.sweep` in a later transaction.

    Raises:
        NotFound: There is no such message.
    """
    message = get_message(connection, id)
    orphans = delete_messages(connection, _subtree(connection, id))
    # The foreign key has emptied the active leaf if it was among them.
    if active_leaf(connection, message.conversation_id) is None:
        start = message.parent_id
        if start is None:
            start = connection.execute(
                "SELECT max(id) AS id FROM messages WHERE conversation_id = ? AND parent_id IS NULL",
                (message.conversation_id,),
            ).fetchone()["id"]
        leaf = None if start is None else newest_leaf(connection, start)
        set_active_leaf(connection, message.conversation_id, leaf)
    return orphans


def delete_messages(connection: Connection, ids: Sequence[int]) -> tuple[str, ...]:
    """Delete messages together with everything that answers them, out of the index too.

    Args:
        connection: In a write transaction.
        ids: Messages and all their descendants.

    Returns:
        Digests of files that nothing refers to any more.
    """
    chosen = (json.dumps(ids),)
    search.remove(connection, ids)
    files = connection.execute(
        "SELECT DISTINCT sha256 FROM attachments WHERE message_id IN (SELECT value FROM json_each(?))", chosen
    ).fetchall()
    connection.execute("DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", chosen)
    used = "SELECT 1 FROM attachments WHERE sha256 = ?"
    return tuple(row["sha256"] for row in files if connection.execute(used, (row["sha256"],)).fetchone() is None)


def must_change(cursor: sqlite3.Cursor, conversation_id: str) -> None:
    """Refuse an update that met no conversation.

    Args:
        cursor: Of the update.
        conversation_id: The one it was meant for.

    Raises:
        NotFound: No row was changed.
    """
    if not cursor.rowcount:
        raise no_conversation(conversation_id)


def no_conversation(id: str) -> NotFound:
    """The error for a conversation that is not there.

    Args:
        id: As it was asked for.
    """
    return NotFound(f"There is no session {id!r}.", hint="See them all: orchat sessions list")


def no_message(id: int) -> NotFound:
    """The error for a message that is not there.

    Args:
        id: As it was asked for.
    """
    return NotFound(f"There is no message {id}.", hint="It may have been deleted: open the session again.")


def _subtree(connection: Connection, id: int) -> tuple[int, ...]:
    found = connection.execute(
        "WITH RECURSIVE down (id, conversation_id) AS ("
        " SELECT id, conversation_id FROM messages WHERE id = ?"
        " UNION ALL SELECT m.id, m.conversation_id FROM messages AS m"
        " JOIN down ON m.conversation_id = down.conversation_id AND m.parent_id = down.id)"
        " SELECT id FROM down",
        (id,),
    )
    ids = tuple(row["id"] for row in found)
    if not ids:
        raise no_message(id)
    return ids
