"""The tree of a conversation's messages: paths, branches, and what goes when a branch goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchat.domain.conversation import StoredMessage
from orchat.errors import NotFound
from orchat.store import rows
from orchat.store.connection import Connection

if TYPE_CHECKING:
    from orchat.domain.sessions import Branch

# An answer that another one goes on with is no branch of its own, unless something was said after it. The index has to
# be named: for the sake of the order SQLite would read the whole conversation once for each of its messages.
_BRANCHES = """
SELECT m.id, s.id AS sibling FROM messages AS m JOIN messages AS s INDEXED BY messages_by_parent
  ON s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id AND s.deletion IS NULL
WHERE m.id IN (SELECT value FROM json_each(?)) AND m.deletion IS NULL AND (
  s.id = m.id
  OR NOT EXISTS (
    SELECT 1 FROM messages AS longer WHERE longer.conversation_id = s.conversation_id
      AND longer.parent_id IS s.parent_id AND longer.deletion IS NULL AND longer.continues = s.id)
  OR EXISTS (
    SELECT 1 FROM messages AS child WHERE child.conversation_id = s.conversation_id
      AND child.parent_id = s.id AND child.deletion IS NULL))
ORDER BY m.id, s.id
"""


def get_message(connection: Connection, id: int, conversation_id: str | None = None) -> StoredMessage:
    """One message that is not deleted.

    Args:
        connection: Any.
        id: Its number.
        conversation_id: Where it has to be; None: anywhere.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute("SELECT * FROM messages WHERE id = ? AND deletion IS NULL", (id,)).fetchone()
    if row is None or conversation_id not in (None, row["conversation_id"]):
        raise no_message(id)
    return rows.messages(connection, (row,))[0]


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
        " SELECT id, parent_id FROM messages WHERE id = ? AND conversation_id = ? AND deletion IS NULL"
        " UNION ALL SELECT m.id, m.parent_id FROM messages AS m JOIN up ON m.id = up.parent_id)"
        " SELECT m.* FROM up JOIN messages AS m ON m.id = up.id ORDER BY m.id",
        (leaf, conversation_id),
    )
    messages = rows.messages(connection, found)
    if not messages:
        raise no_message(leaf)
    return messages


def all_messages(connection: Connection, conversation_id: str) -> tuple[StoredMessage, ...]:
    """The messages of all branches, every parent before its children: what an export needs.

    Args:
        connection: Any.
        conversation_id: Which conversation.

    Raises:
        NotFound: There is no such conversation.
    """
    active_leaf(connection, conversation_id)
    found = connection.execute(
        "SELECT * FROM messages WHERE conversation_id = ? AND deletion IS NULL ORDER BY id", (conversation_id,)
    )
    return rows.messages(connection, found)


def active_leaf(connection: Connection, conversation_id: str) -> int | None:
    """The end of the path that is shown and continued; None while there is no message.

    Args:
        connection: Any.
        conversation_id: Which conversation.

    Raises:
        NotFound: There is no such conversation.
    """
    row = connection.execute(
        "SELECT active_leaf, deleted_at FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        raise no_conversation(conversation_id)
    if row["deleted_at"] is not None:
        raise deleted_conversation(conversation_id)
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
    active_leaf(connection, conversation_id)
    if id is not None:
        get_message(connection, id, conversation_id)
    connection.execute("UPDATE conversations SET active_leaf = ? WHERE id = ?", (id, conversation_id))


def switch(connection: Connection, conversation_id: str, id: int) -> int:
    """Show the branch of a message: the active path leads through it to the newest leaf below.

    Args:
        connection: In a write transaction.
        conversation_id: Which conversation.
        id: A message of the branch.

    Returns:
        The leaf.

    Raises:
        NotFound: No such conversation, or the message is not in it.
    """
    leaf = newest_leaf(connection, id)
    set_active_leaf(connection, conversation_id, leaf)
    return leaf


def children(connection: Connection, id: int) -> tuple[int, ...]:
    """The messages that answer a message, the oldest first.

    Args:
        connection: Any.
        id: The message.
    """
    found = connection.execute(
        "SELECT c.id FROM messages AS m JOIN messages AS c"
        " ON c.conversation_id = m.conversation_id AND c.parent_id = m.id AND c.deletion IS NULL"
        " WHERE m.id = ? AND m.deletion IS NULL ORDER BY c.id",
        (id,),
    )
    return tuple(row["id"] for row in found)


def siblings(connection: Connection, id: int) -> tuple[int, ...]:
    """The branches at a message: itself and the others with the same parent, the oldest first.

    Args:
        connection: Any.
        id: The message.
    """
    return tuple(row["sibling"] for row in connection.execute(_BRANCHES, (json.dumps([id]),)))


def branches(connection: Connection, ids: Sequence[int]) -> dict[int, Branch]:
    """Where messages stand among those in their place.

    Args:
        connection: Any.
        ids: The messages, such as those of a path.

    Returns:
        An entry for each that is not alone.
    """
    from orchat.domain.sessions import Branch

    found: dict[int, list[int]] = {}
    for row in connection.execute(_BRANCHES, (json.dumps(list(ids)),)):
        found.setdefault(row["id"], []).append(row["sibling"])
    return {
        id: Branch(ids=tuple(others), number=others.index(id) + 1) for id, others in found.items() if len(others) > 1
    }


def newest_leaf(connection: Connection, id: int) -> int:
    """The end of the newest path through a message: where switching to its branch leads.

    Args:
        connection: Any.
        id: The message.

    Raises:
        NotFound: There is no such message.
    """
    return max(subtree(connection, id))


def version(connection: Connection) -> int:
    """A number that changes whenever another connection has written to the database; asking costs almost nothing.

    Args:
        connection: Any.
    """
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def state(connection: Connection, conversation_id: str) -> str:
    """A text that changes whenever anything does that a screen shows of a conversation, whoever changed it.

    Args:
        connection: Any.
        conversation_id: Which conversation; it may be deleted or gone.
    """
    row = connection.execute(
        "SELECT json_array(c.title, c.model, c.system, c.parameters, c.persona, c.active_leaf, c.pinned, c.deleted_at,"
        " (SELECT count(*) FROM messages AS m WHERE m.conversation_id = c.id AND m.deletion IS NULL),"
        " (SELECT max(m.id) FROM messages AS m WHERE m.conversation_id = c.id),"
        " (SELECT json_group_array(json_array(m.id, length(m.text), length(m.reasoning))) FROM messages AS m"
        "  WHERE m.state = 'streaming' AND m.conversation_id = c.id)) AS state FROM conversations AS c WHERE c.id = ?",
        (conversation_id,),
    ).fetchone()
    return "" if row is None else str(row["state"])


def no_conversation(id: str) -> NotFound:
    """The error for a conversation that is not there.

    Args:
        id: As it was asked for.
    """
    return NotFound(f"There is no session {id!r}.", hint="See them all: orchat sessions list")


def deleted_conversation(id: str) -> NotFound:
    """The error for a conversation that was deleted and can be brought back.

    Args:
        id: Its id.
    """
    return NotFound(f"The session {id!r} was deleted.", hint=f"Bring it back: orchat sessions undelete {id}")


def no_message(id: int) -> NotFound:
    """The error for a message that is not there.

    Args:
        id: As it was asked for.
    """
    return NotFound(f"There is no message {id}.", hint="It may have been deleted: open the session again.")


def subtree(connection: Connection, id: int) -> tuple[int, ...]:
    """A message and everything that follows it on any branch.

    Args:
        connection: Any.
        id: The message.

    Raises:
        NotFound: There is no such message.
    """
    found = connection.execute(
        "WITH RECURSIVE down (id, conversation_id) AS ("
        " SELECT id, conversation_id FROM messages WHERE id = ? AND deletion IS NULL"
        " UNION ALL SELECT m.id, m.conversation_id FROM messages AS m"
        " JOIN down ON m.conversation_id = down.conversation_id AND m.parent_id = down.id WHERE m.deletion IS NULL)"
        " SELECT id FROM down",
        (id,),
    )
    ids = tuple(row["id"] for row in found)
    if not ids:
        raise no_message(id)
    return ids
