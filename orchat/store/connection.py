"""The one kind of connection that the functions of this package receive."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from orchat.store.blobs import Blobs

Value: TypeAlias = str | bytes | int | float | None
Parameters: TypeAlias = Sequence[Value] | Mapping[str, Value]


class Connection(sqlite3.Connection):
    """A connection that knows its file and takes any text that Python can hold."""

    path: Path
    """The database."""
    blobs: Blobs
    """The files that belong to it."""

    def execute(self, sql: str, parameters: Parameters = (), /) -> sqlite3.Cursor:  # type: ignore[override]  # narrower
        """Run one statement; half an emoji (a lone surrogate, as JSON may bring) is mended rather than refused."""
        try:
            return super().execute(sql, parameters)
        except UnicodeEncodeError:
            if isinstance(parameters, Mapping):
                return super().execute(sql, {name: _mended(value) for name, value in parameters.items()})
            return super().execute(sql, [_mended(value) for value in parameters])


def _mended(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def connect(path: Path, timeout_s: float, blobs: Blobs) -> Connection:
    """Open a database that exists, with nothing set but the time to wait for locks.

    Args:
        path: The file; ``:memory:`` for none.
        timeout_s: Seconds that SQLite waits for another connection's lock.
        blobs: The files that belong to it.
    """
    # `timeout` sets the busy timeout before the first statement: switching to WAL already needs it.
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, factory=Connection)
    connection.path, connection.blobs = path, blobs
    connection.row_factory = sqlite3.Row
    # SQLite itself knows upper and lower case in English alone.
    connection.create_function("fold", 1, str.casefold, deterministic=True)
    return connection


def configure(connection: Connection) -> None:
    """Set what every connection to an up-to-date database has to have.

    Args:
        connection: Outside any transaction.
    """
    for setting in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {setting}")
    # Reads the schema, so that a damaged one is found now and not in the middle of an answer.
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()
