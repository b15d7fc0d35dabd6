"""Full-text search over everything that was said.

The index is kept by `add` and `remove` rather than by triggers: in SQLite 3.40, for one, no trigger may touch FTS5
while ``trusted_schema`` is off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from orchat.domain.conversation import SearchHit
from orchat.store.connection import Connection


def search(connection: Connection, text: str, limit: int = 50) -> list[SearchHit]:
    """Messages that hold every word, the best first; the last word may be unfinished.

    Args:
        connection: Any.
        text: What the user typed; no character of it has a special meaning.
        limit: How many at most.

    Returns:
        Hits whose snippets mark the match by ``\\x02`` and ``\\x03``; none when there is no word in `text`.
    """
    query = _query(text)
    if not query:
        return []
    rows = connection.execute(
        "SELECT m.conversation_id, c.title AS conversation_title, m.id AS message_id, m.role, m.created_at,"
        " snippet(messages_fts, 0, char(2), char(3), '…', 16) AS snippet"
        " FROM messages_fts JOIN messages AS m ON m.id = messages_fts.rowid"
        " JOIN conversations AS c ON c.id = m.conversation_id"
        " WHERE messages_fts MATCH ? ORDER BY messages_fts.rank, m.id DESC LIMIT ?",
        (query, limit),
    )
    return [SearchHit(**dict(row)) for row in rows]


def add(connection: Connection, message_ids: Iterable[int]) -> None:
    """Make messages findable, once their text is final.

    Args:
        connection: In a write transaction.
        message_ids: Messages that are not in the index.
    """
    connection.execute(
        "INSERT INTO messages_fts (rowid, text) SELECT id, text FROM messages"
        " WHERE id IN (SELECT value FROM json_each(?)) AND state <> 'streaming'",
        (json.dumps(list(message_ids)),),
    )


def remove(connection: Connection, message_ids: Iterable[int]) -> None:
    """Take messages out of the index; it has to happen before their text or their state changes.

    Args:
        connection: In a write transaction.
        message_ids: Messages, in the index unless they are streaming.
    """
    connection.execute(
        "INSERT INTO messages_fts (messages_fts, rowid, text) SELECT 'delete', id, text FROM messages"
        " WHERE id IN (SELECT value FROM json_each(?)) AND state <> 'streaming'",
        (json.dumps(list(message_ids)),),
    )


def _query(text: str) -> str:
    # Quoted, nothing is an operator; a NUL would end the query inside its quotes.
    words = [word.replace('"', '""') for word in text.replace("\0", " ").split()]
    return " ".join(f'"{word}"' for word in words) + " *" if words else ""
