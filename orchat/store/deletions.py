"""What was deleted: brought back as it was, or after some days taken away for good."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchat.errors import NotFound, UsageError
from orchat.store import conversations, search, tree
from orchat.store.connection import Connection

if TYPE_CHECKING:
    from orchat.domain.sessions import Deletion


def delete_branch(connection: Connection, conversation_id: str, id: int, now: float) -> Deletion:
    """Delete a message with everything that follows it, so that `restore_branch` can bring it back.

    The active path, if it led through the message, leads to the newest leaf of the parent afterwards, or to that of
    the newest other root.

    Args:
        connection: In a write transaction.
        conversation_id: Where it is.
        id: The message.
        now: Epoch seconds.

    Raises:
        NotFound: There is no such message.
    """
    from orchat.domain.sessions import Deletion

    message = tree.get_message(connection, id, conversation_id)
    leaf = tree.active_leaf(connection, conversation_id)
    ids = tree.subtree(connection, id)
    number = connection.execute(
        "INSERT INTO deletions (conversation_id, root, active_leaf, at) VALUES (?, ?, ?, ?)",
        (conversation_id, id, leaf if leaf in ids else None, now),
    ).lastrowid
    assert number is not None
    connection.execute(
        "UPDATE messages SET deletion = ? WHERE id IN (SELECT value FROM json_each(?))", (number, json.dumps(ids))
    )
    if leaf in ids:
        start = message.parent_id if message.parent_id is not None else _newest_root(connection, conversation_id)
        leaf = None if start is None else tree.newest_leaf(connection, start)
        tree.set_active_leaf(connection, conversation_id, leaf)
    return Deletion(id=number, conversation_id=conversation_id, root=id, messages=len(ids))


def restore_branch(connection: Connection, deletion_id: int) -> Deletion:
    """Bring a deleted branch back; where the active path led through it, it does so again.

    Args:
        connection: In a write transaction.
        deletion_id: From `delete_branch`.

    Returns:
        What came back.

    Raises:
        NotFound: It is back already, or gone for good.
        UsageError: What it hangs from was deleted later and has to come back first.
    """
    from orchat.domain.sessions import Deletion

    row = connection.execute("SELECT * FROM deletions WHERE id = ?", (deletion_id,)).fetchone()
    if row is None:
        raise NotFound("There is nothing to bring back.", hint="It is back already, or was deleted too long ago.")
    tree.active_leaf(connection, row["conversation_id"])
    parent = connection.execute(
        "SELECT p.deletion FROM messages AS m JOIN messages AS p ON p.id = m.parent_id WHERE m.id = ?", (row["root"],)
    ).fetchone()
    if parent is not None and parent["deletion"] is not None:
        raise UsageError("what this branch hangs from was deleted too", hint="Bring that back first.")
    restored = connection.execute("UPDATE messages SET deletion = NULL WHERE deletion = ?", (deletion_id,))
    connection.execute("DELETE FROM deletions WHERE id = ?", (deletion_id,))
    if row["active_leaf"] is not None:
        tree.set_active_leaf(connection, row["conversation_id"], row["active_leaf"])
    return Deletion(
        id=deletion_id, conversation_id=row["conversation_id"], root=row["root"], messages=restored.rowcount
    )


def last_deletion(connection: Connection, conversation_id: str) -> int | None:
    """The branch of a conversation that was deleted last and can be brought back.

    Args:
        connection: Any.
        conversation_id: Which conversation.
    """
    row = connection.execute(
        "SELECT max(id) AS id FROM deletions WHERE conversation_id = ?", (conversation_id,)
    ).fetchone()
    found: int | None = row["id"]
    return found


def sweep(connection: Connection, before: float) -> tuple[str, ...]:
    """Take away for good what was deleted before a time. The rows in the ledger stay.

    Args:
        connection: In a write transaction.
        before: Epoch seconds.

    Returns:
        Digests of files that nothing refers to any more, for `Blobs.sweep` in a later transaction.
    """
    orphans: list[str] = []
    for row in connection.execute("SELECT id FROM conversations WHERE deleted_at < ?", (before,)).fetchall():
        orphans += purge(connection, row["id"])
    for row in connection.execute("SELECT id, root FROM deletions WHERE at < ? ORDER BY id", (before,)).fetchall():
        found = connection.execute(
            "WITH RECURSIVE down (id, conversation_id) AS ("
            " SELECT id, conversation_id FROM messages WHERE id = ?"
            " UNION ALL SELECT m.id, m.conversation_id FROM messages AS m"
            " JOIN down ON m.conversation_id = down.conversation_id AND m.parent_id = down.id)"
            " SELECT id FROM down",
            (row["root"],),
        ).fetchall()
        orphans += _delete_messages(connection, [message["id"] for message in found])
        connection.execute("DELETE FROM deletions WHERE id = ?", (row["id"],))
    return tuple(orphans)


def purge(connection: Connection, conversation_id: str) -> tuple[str, ...]:
    """Take a conversation away for good, with all its branches; its rows in the ledger stay.

    Args:
        connection: In a write transaction.
        conversation_id: Its id, deleted before or not.

    Returns:
        Digests of files that nothing refers to any more, for `Blobs.sweep` in a later transaction.

    Raises:
        NotFound: There is no such conversation.
    """
    rows = connection.execute("SELECT id FROM messages WHERE conversation_id = ?", (conversation_id,)).fetchall()
    orphans = _delete_messages(connection, [row["id"] for row in rows])
    connection.execute("DELETE FROM deletions WHERE conversation_id = ?", (conversation_id,))
    gone = connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
    if not gone.rowcount:
        conversations.get(connection, conversation_id)
    return orphans


def _newest_root(connection: Connection, conversation_id: str) -> int | None:
    row = connection.execute(
        "SELECT max(id) AS id FROM messages WHERE conversation_id = ? AND parent_id IS NULL AND deletion IS NULL",
        (conversation_id,),
    ).fetchone()
    found: int | None = row["id"]
    return found


def _delete_messages(connection: Connection, ids: Sequence[int]) -> tuple[str, ...]:
    """Delete messages together with everything that answers them, out of the index too."""
    chosen = (json.dumps(ids),)
    search.remove(connection, ids)
    files = connection.execute(
        "SELECT DISTINCT sha256 FROM attachments WHERE message_id IN (SELECT value FROM json_each(?))", chosen
    ).fetchall()
    connection.execute("DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", chosen)
    used = "SELECT 1 FROM attachments WHERE sha256 = ?"
    return tuple(row["sha256"] for row in files if connection.execute(used, (row["sha256"],)).fetchone() is None)
