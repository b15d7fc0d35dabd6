"""The response cache: answers to requests that were asked before, for those who want that."""

from __future__ import annotations

from orchat.store.connection import Connection

MOST_KEPT = 1000
"""Answers; the ones that expire first go first."""


def get(connection: Connection, key_hash: str, now: float) -> str | None:
    """The answer kept for a request, unless it has expired.

    Args:
        connection: Any.
        key_hash: Digest of the whole request.
        now: Epoch seconds.

    Returns:
        JSON, as it was put.
    """
    row = connection.execute(
        "SELECT reply FROM responses WHERE key_hash = ? AND expires_at > ?", (key_hash, now)
    ).fetchone()
    return None if row is None else str(row["reply"])


def put(connection: Connection, key_hash: str, reply: str, ttl_s: float, now: float) -> None:
    """Keep an answer.

    Args:
        connection: In a write transaction.
        key_hash: Digest of the whole request.
        reply: JSON.
        ttl_s: Seconds until it expires.
        now: Epoch seconds.
    """
    connection.execute("INSERT OR REPLACE INTO responses VALUES (?, ?, ?)", (key_hash, reply, now + ttl_s))
    connection.execute("DELETE FROM responses WHERE expires_at <= ?", (now,))
    connection.execute(
        "DELETE FROM responses WHERE key_hash IN"
        " (SELECT key_hash FROM responses ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
        (MOST_KEPT,),
    )


def clear(connection: Connection) -> int:
    """Forget all answers.

    Args:
        connection: In a write transaction.

    Returns:
        How many there were.
    """
    return connection.execute("DELETE FROM responses").rowcount
