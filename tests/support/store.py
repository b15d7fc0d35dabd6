"""Real databases for tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orchat.clock import Clock
from orchat.domain.conversation import StoredMessage
from orchat.domain.fold import Reply
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection, configure, connect
from orchat.store.database import Database
from orchat.store.filesystem import private_file
from orchat.store.locks import FileLock
from orchat.store.migrate import MIGRATIONS, upgrade
from tests.support.clock import START, FakeClock


@contextmanager
def connected(folder: Path) -> Iterator[Connection]:
    """A new database, without a thread around it: what the functions of the store receive."""
    path = folder / "orchat.db"
    private_file(path)
    with closing(connect(path, 1, Blobs.beside(path))) as connection:
        # No test cuts the power, and every flush of the disk costs milliseconds.
        connection.execute("PRAGMA synchronous=OFF")
        with closing(FileLock(folder / "orchat.db-lock", 1)) as lock:
            upgrade(connection, lock, FakeClock(), folder=MIGRATIONS, journal="wal")
        configure(connection)
        connection.execute("PRAGMA synchronous=OFF")
        yield connection


async def open_database(path: Path, *, clock: Clock | None = None, timeout_s: float = 15.0) -> Database:
    return await Database.open(path, clock or FakeClock(), timeout_s=timeout_s)


def network_mounts(folder: Path, kind: str = "nfs4") -> Path:
    """A table of mounts that says that `folder` lies on a network file system."""
    table = folder / "mounts"
    table.write_text(f"/dev/vda / ext4 rw 0 0\nbroken\nserver:/x {folder} {kind} rw 0 0\n")
    return table


def raw(path: Path) -> sqlite3.Connection:
    """A connection of another program to the same file."""
    return sqlite3.connect(path, isolation_level=None, timeout=5)


def answer(
    id: int, reply: Reply | None = None, *, conversation_id: str = "c", parent_id: int | None = None
) -> StoredMessage:
    """A finished answer, as the chat hands it in."""
    return StoredMessage(
        id=id,
        conversation_id=conversation_id,
        parent_id=parent_id,
        role="assistant",
        reply=reply or Reply(text="Yes."),
        created_at=START,
    )
