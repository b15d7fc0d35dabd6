"""From any older database, or from none, to the newest: numbered scripts, one transaction each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from orchat.clock import Clock
from orchat.errors import StoreDamaged, StoreForeign, StoreNewer
from orchat.store.connection import Connection
from orchat.store.failures import backups_folder, failure
from orchat.store.filesystem import flush, private_file, private_folder
from orchat.store.locks import FileLock

APPLICATION_ID = 0x6F726368
"""``orch``: how orchat knows its own files."""
MIGRATIONS = Path(__file__).with_name("migrations")
"""The scripts that come with orchat."""
_COPIES_KEPT = 3


def scripts(folder: Path) -> tuple[Path, ...]:
    """The migrations in a folder, in order: ``0001_….sql`` leads to version 1."""
    return tuple(sorted(folder.glob("[0-9]*.sql")))


def upgrade(connection: Connection, lock: FileLock, clock: Clock, *, folder: Path, journal: str) -> None:
    """Bring a database to the newest version and its journal to the wanted mode; does nothing when both are there.

    Args:
        connection: Outside any transaction, foreign keys still off.
        lock: The write lock of the database.
        clock: Dates the copy that is made before an upgrade.
        folder: The migrations.
        journal: ``wal`` or ``delete``.

    Raises:
        StoreForeign: The file belongs to another program.
        StoreNewer: A newer orchat has written it.
    """
    migrations = scripts(folder)
    version = _look(connection, len(migrations))
    if version == len(migrations) and _journal(connection) == journal:
        return
    with lock:
        version = _look(connection, len(migrations))
        if _journal(connection) != journal:
            connection.execute(f"PRAGMA journal_mode={journal}")
        if 0 < version < len(migrations):
            back_up(connection, clock, version)
        for number, script in enumerate(migrations[version:], start=version + 1):
            _apply(connection, script, number)


def recognise(connection: Connection, *, newest: int) -> int:
    """The version of a database; 0 for one that is still empty.

    Args:
        connection: In a transaction: between two of these questions, another process may finish creating the database.
        newest: The newest version that this orchat knows.

    Raises:
        StoreForeign: The file belongs to another program.
        StoreNewer: A newer orchat has written it.
    """
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if owner != APPLICATION_ID:
        if owner or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise failure(StoreForeign, "The database belongs to another program", connection.path)
        return 0
    if version > newest:
        raise StoreNewer(
            f"The database was written by a newer orchat (format {version}, this one knows {newest}).",
            hint=f"Upgrade orchat, or choose another folder with ORCHAT_HOME: {connection.path}",
        )
    return version


def back_up(connection: Connection, clock: Clock, version: int) -> Path:
    """Write a consistent copy beside the database, and keep only the newest few.

    Args:
        connection: Outside any transaction.
        clock: Dates the copy.
        version: Goes into the name.

    Returns:
        The copy.
    """
    folder = private_folder(backups_folder(connection.path))
    stamp = datetime.fromtimestamp(clock.now(), tz=timezone.utc).strftime("%Y%m%dT%H%M%S%f")
    copy = folder / f"{stamp}-v{version}.db"
    private_file(copy)
    connection.execute("VACUUM INTO ?", (str(copy),))
    flush(copy)
    for old in sorted(folder.glob("*.db"))[:-_COPIES_KEPT]:
        old.unlink(missing_ok=True)
    return copy


def _look(connection: Connection, newest: int) -> int:
    connection.execute("BEGIN")
    try:
        return recognise(connection, newest=newest)
    finally:
        connection.rollback()


def _journal(connection: Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _apply(connection: Connection, script: Path, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Whoever does not honour the file lock may have been here since the version was read.
        if recognise(connection, newest=number) < number:
            for statement in _statements(script.read_text(encoding="utf-8")):
                connection.execute(statement)
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise failure(StoreDamaged, f"Upgrade {script.stem} finds rows without their parent", connection.path)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _statements(script: str) -> Iterator[str]:
    # executescript would commit first, and the script must share the transaction with its version number.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
