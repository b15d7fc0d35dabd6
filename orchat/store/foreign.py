"""Databases of other programs: looked at, never written to, and trusted in nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from orchat.errors import UsageError
from orchat.store.connection import Value

MAGIC = b"SQLite format 3\0"
Row = dict[str, Value]


class ForeignDatabase:
    """A database that is open for reading. Made by `open_foreign`.

    Args:
        source: The open database.
    """

    def __init__(self, source: sqlite3.Connection) -> None:
        self._source = source
        names = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        self.tables = frozenset(str(row["name"]) for row in names)
        """The names of its tables; views do not count."""

    def rows(self, name: str, order: str = "rowid") -> list[Row]:
        """All rows of a table, by column; none where there is no such table.

        Args:
            name: Of the table.
            order: Columns to sort by, as SQL.
        """
        if name not in self.tables:
            return []
        statement = f'SELECT * FROM "{name}" ORDER BY {order}'  # noqa: S608  # both come from our own readers
        return [dict(row) for row in self._source.execute(statement)]


@contextmanager
def open_foreign(path: Path) -> Iterator[ForeignDatabase]:
    """Look into a database of another program.

    Args:
        path: The file; nothing is written to it or beside it.

    Raises:
        UsageError: It cannot be read, or is damaged.
    """
    try:
        source = sqlite3.connect(_address(path), uri=True, timeout=5)
        try:
            source.row_factory = sqlite3.Row
            source.text_factory = _decoded
            source.execute("PRAGMA trusted_schema=OFF")
            source.execute("PRAGMA query_only=ON")
            yield ForeignDatabase(source)
        finally:
            source.close()
    except (sqlite3.Error, OSError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}", hint="Is it whole? Try a copy of it.") from None


def _address(path: Path) -> str:
    """Where a log of changes lies beside it, it has to be read too; else SQLite would create one in this folder."""
    with path.open("rb") as file:
        keeps_log = file.read(20)[18:20] == b"\2\2"
    unchanging = keeps_log and not path.with_name(f"{path.name}-wal").exists()
    return f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if unchanging else ''}"


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
