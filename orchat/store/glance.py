"""What a shell completes from: read at once, without lock, thread or loop; nothing where anything is in the way."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

PATIENCE_S = 0.2
"""Seconds to wait for other processes; nobody waits longer for a key press."""

Choices: TypeAlias = list[tuple[str, str]]
"""What can be chosen, each with a word on it."""


def sessions(database: Path, beginning: str, *, deleted: bool = False, most: int = 50) -> Choices:
    """Ids that begin so, each with its title; the session used last first."""
    state = "NOT NULL" if deleted else "NULL"
    statement = (
        f"SELECT id, title FROM conversations WHERE deleted_at IS {state} "  # noqa: S608  # a constant of two
        "AND substr(id, 1, length(?)) = ? ORDER BY updated_at DESC LIMIT ?"
    )
    return _rows(database, statement, beginning, beginning, most)


def key_labels(database: Path) -> Choices:
    """The labels of all keys, in their order."""
    return _rows(database, "SELECT label, CASE disabled WHEN 1 THEN 'disabled' ELSE '' END FROM keys ORDER BY position")


def models(database: Path, base_url: str) -> Choices:
    """Ids and names of the catalogue that was fetched last, that of this server if there is one."""
    statement = "SELECT body, '' FROM catalogues ORDER BY base_url = ? DESC, fetched_at DESC LIMIT 1"
    for body, _ in _rows(database, statement, base_url):
        try:
            found = json.loads(zlib.decompress(body))["data"]
            return [(str(model["id"]), str(model.get("name") or "")) for model in found]
        except (zlib.error, ValueError, LookupError, TypeError, AttributeError):
            return []
    return []


def _rows(database: Path, statement: str, *parameters: str | int) -> list[tuple[Any, str]]:
    if not database.exists():
        return []
    address = f"file:{quote(str(database))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, timeout=PATIENCE_S, uri=True)) as connection:
            return list(connection.execute(statement, parameters))
    except sqlite3.Error:
        return []
