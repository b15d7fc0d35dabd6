"""Model catalogues as the servers sent them."""

from __future__ import annotations

import zlib

from orchat.store.connection import Connection


def get(connection: Connection, base_url: str) -> tuple[str, float] | None:
    """The catalogue of a server, if it was ever fetched.

    Args:
        connection: Any.
        base_url: Of the server.

    Returns:
        The JSON text, and when it was fetched (epoch seconds); a damaged one counts as never fetched.
    """
    row = connection.execute("SELECT body, fetched_at FROM catalogues WHERE base_url = ?", (base_url,)).fetchone()
    if row is None:
        return None
    try:
        return zlib.decompress(row["body"]).decode(), row["fetched_at"]
    except (zlib.error, UnicodeDecodeError):
        return None


def put(connection: Connection, base_url: str, text: str, now: float) -> None:
    """Keep the catalogue of a server in the place of an older one.

    Args:
        connection: In a write transaction.
        base_url: Of the server.
        text: JSON as it came.
        now: Epoch seconds.
    """
    body = zlib.compress(text.encode("utf-8", "replace"), 3)
    connection.execute("INSERT OR REPLACE INTO catalogues VALUES (?, ?, ?)", (base_url, now, body))
