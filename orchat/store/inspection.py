"""A look at a database that changes nothing: no upgrade, no new file, no lock of ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from orchat.store.connection import Connection
from orchat.store.failures import explained
from orchat.store.migrate import MIGRATIONS, recognise, scripts

SAFE_WAL = (3, 51, 3)
"""The first SQLite without the bug that loses what the log holds when it is reset by two processes at once."""
LONGEST_LIST = 5
"""Problems told of one database."""


@contextmanager
def inspected(path: Path, timeout_s: float = 5.0) -> Iterator[Connection]:
    """Open a database for reading.

    Args:
        path: A file that exists.
        timeout_s: Seconds to wait for other processes.

    Raises:
        StoreError: It cannot be opened or read, here or in the block.
    """
    real = Path(os.path.realpath(path))
    with explained(real):
        address = f"file:{quote(str(real))}?mode=ro"
        with closing(
            sqlite3.connect(address, timeout=timeout_s, isolation_level=None, factory=Connection, uri=True)
        ) as connection:
            connection.path = real
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA trusted_schema=OFF")
            yield connection


def sqlite_version() -> tuple[int, int, int]:
    """Of the library that Python uses."""
    return sqlite3.sqlite_version_info


def has_full_text() -> bool:
    """Whether that library can search texts (FTS5)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    return "ENABLE_FTS5" in options


def format_of(connection: Connection) -> tuple[int, int]:
    """The version of a database and the newest one that this orchat knows; 0 for one that is still empty.

    Args:
        connection: From `inspected`.

    Raises:
        StoreForeign: The file belongs to another program.
        StoreNewer: A newer orchat has written it.
    """
    newest = len(scripts(MIGRATIONS))
    connection.execute("BEGIN")
    try:
        return recognise(connection, newest=newest), newest
    finally:
        connection.rollback()


def journal_of(connection: Connection) -> str:
    """``wal`` or ``delete``.

    Args:
        connection: From `inspected`.
    """
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def faults_of(connection: Connection, *, quick: bool) -> list[str]:
    """What SQLite finds wrong with the file, at most a few lines.

    Args:
        connection: From `inspected`.
        quick: Do not compare indexes with their tables, which takes long in a big file.
    """
    check = "quick_check" if quick else "integrity_check"
    found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({LONGEST_LIST})")]
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(LONGEST_LIST)
    return [line for line in found if line != "ok"] + [f"row {row[1]} of {row[0]} has no {row[2]}" for row in broken]
