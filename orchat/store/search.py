"""Full-text search over everything that was said.

The index is kept by `add` and `remove` rather than by triggers: in SQLite 3.40, for one, no trigger may touch FTS5
while ``trusted_schema`` is off. It also holds what is deleted and can be brought back; `search` leaves that out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchat.domain.conversation import SearchHit
from orchat.store.connection import Connection, Value

if TYPE_CHECKING:
    from orchat.domain.query import SearchQuery

RANKED = 2000
"""Of more matches than this, the newest come first: weighing them all would take longer than a person waits."""
_SHOWN = 100

# CROSS JOIN: the index has to be read first, however few rows the planner expects of the others.
_MATCHES = """
SELECT m.conversation_id, c.title AS conversation_title, m.id AS message_id, m.role, m.created_at,
       snippet(messages_fts, 0, char(2), char(3), '…', 16) AS snippet
FROM messages_fts CROSS JOIN messages AS m ON m.id = messages_fts.rowid
     CROSS JOIN conversations AS c ON c.id = m.conversation_id
WHERE messages_fts MATCH ? AND m.deletion IS NULL AND c.deleted_at IS NULL
"""
_MESSAGES = """
SELECT m.conversation_id, c.title AS conversation_title, m.id AS message_id, m.role, m.created_at, m.text AS snippet
FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
WHERE m.deletion IS NULL AND c.deleted_at IS NULL
"""


def search(connection: Connection, text: str, limit: int = 50) -> list[SearchHit]:
    """Messages that hold every word: the best first, or the newest first where there are very many.

    Args:
        connection: Any.
        text: What the user typed, as `orchat.domain.query.parse_query` understands it. Without a word but with a
            ``model:``, its newest answers; with nothing but other conditions, the last message of every session.
        limit: How many at most.

    Returns:
        Hits whose snippets mark the match by ``\x02`` and ``\x03``; none when `text` says nothing.
    """
    # Every message that is saved comes by here, and few are looked for.
    from orchat.domain.query import parse_query

    query = parse_query(text)
    if query.is_empty:
        return []
    conditions, values = _conditions(query)
    if query.terms:
        return _matching(connection, query, conditions, values, limit)
    if not query.models:
        conditions += " AND m.id = c.active_leaf"
    rows = connection.execute(f"{_MESSAGES}{conditions} ORDER BY m.id DESC LIMIT ?", (*values, limit))
    hits = []
    for row in rows:
        said = " ".join(row["snippet"][: 2 * _SHOWN].split())
        snippet = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        hits.append(SearchHit(**{**dict(row), "snippet": snippet}))
    return hits


def prompts(connection: Connection, limit: int, longest: int) -> list[str]:
    """What was asked last, in whatever session, the newest first; each text once.

    Args:
        connection: Any.
        limit: How many prompts are looked at.
        longest: Characters; longer ones are left out.
    """
    rows = connection.execute(
        "SELECT m.text FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id"
        " WHERE m.role = 'user' AND m.deletion IS NULL AND c.deleted_at IS NULL AND length(m.text) BETWEEN 1 AND ?"
        " ORDER BY m.id DESC LIMIT ?",
        (longest, limit),
    )
    return list(dict.fromkeys(str(row["text"]) for row in rows))


def _matching(
    connection: Connection, query: SearchQuery, conditions: str, values: list[Value], limit: int
) -> list[SearchHit]:
    match = _match(query)
    order = "messages_fts.rowid DESC" if _is_broad(connection, query, match) else "messages_fts.rank, m.id DESC"
    rows = connection.execute(f"{_MATCHES}{conditions} ORDER BY {order} LIMIT ?", (match, *values, limit))
    return [SearchHit(**dict(row)) for row in rows]


def _is_broad(connection: Connection, query: SearchQuery, match: str) -> bool:
    # Every word that begins with one letter has to be looked up: counting them is half of the work already.
    if any(term.prefix and len(term.text) == 1 for term in query.terms):
        return True
    found = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM messages_fts WHERE messages_fts MATCH ? LIMIT ?)", (match, RANKED + 1)
    ).fetchone()
    return int(found[0]) > RANKED


def _conditions(query: SearchQuery) -> tuple[str, list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    for model in query.models:
        conditions.append(
            "(m.model LIKE ? ESCAPE '!' OR EXISTS (SELECT 1 FROM messages AS a WHERE a.conversation_id ="
            " m.conversation_id AND a.parent_id = m.id AND a.deletion IS NULL AND a.model LIKE ? ESCAPE '!'))"
        )
        values += [like(model)] * 2
    for title in query.titles:
        conditions.append("instr(fold(c.title), ?)")
        values.append(title.casefold())
    if query.after is not None:
        conditions.append("m.created_at >= ?")
        values.append(query.after)
    if query.before is not None:
        conditions.append("m.created_at < ?")
        values.append(query.before)
    return "".join(f" AND {condition}" for condition in conditions), values


def like(part: str) -> str:
    """A pattern for ``LIKE … ESCAPE '!'`` that finds a text anywhere, whatever characters it has.

    Args:
        part: As a person typed it.
    """
    escaped = part.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


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


def _match(query: SearchQuery) -> str:
    # Quoted, nothing is an operator.
    quoted = ((term.text.replace('"', '""'), term.prefix) for term in query.terms)
    return " ".join(f'"{text}" *' if prefix else f'"{text}"' for text, prefix in quoted)
