"""Instances: processes that hold a runtime, and what those left open that died.

An instance holds a lock on a file of its own for its life. The kernel drops the lock however the process ends, so there
is no heartbeat, and a process id that comes again proves nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.clock import Clock
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import UNKNOWN_COST, Cost
from orchat.store import entries, ledger, owners, search
from orchat.store.connection import Connection
from orchat.store.failures import explained
from orchat.store.filesystem import private_folder
from orchat.store.locks import FileLock

if TYPE_CHECKING:
    from orchat.store.database import Database

_CUT = "orchat ended before the answer was complete."
_NEW_FOR_S = 60.0
_CUT_HINT = "What had arrived is kept; ask again, or go on from here."


class Instance:
    """One process, alive for as long as it holds its lock. Made by `acquire` or `enter`.

    Args:
        id: Names it in the ledger and in answers that arrive.
        lock: The lock that shows it is alive.
    """

    def __init__(self, id: str, lock: FileLock) -> None:
        self.id = id
        self._lock: FileLock | None = lock

    @classmethod
    def acquire(cls, folder: Path) -> Instance:
        """Become an instance.

        Args:
            folder: `Database.instances`; created with mode 0700.

        Raises:
            StoreUnwritable: The folder cannot be written.
        """
        id = os.urandom(8).hex()
        with explained(folder):
            final = owners.lock_file(private_folder(folder), id)
            lock = FileLock(final.with_suffix(".new"), 0)
            lock.take()
            # Under its final name, the file is never seen unlocked.
            lock.path.replace(final)
            lock.path = final
        return cls(id, lock)

    @classmethod
    async def enter(cls, database: Database, *, front_end: str, clock: Clock) -> Instance:
        """Become an instance that others see, and close what dead ones left open.

        Args:
            database: An open database.
            front_end: ``tui``, ``ask``, ``library`` …
            clock: Tells the time.
        """
        instance = cls.acquire(database.instances)
        try:
            await database.write(_enter, instance.id, front_end, clock.now())
        except BaseException:
            instance.drop()
            raise
        return instance

    async def release(self, database: Database) -> None:
        """Leave; a second call does nothing.

        Args:
            database: The one that was entered.
        """
        if self._lock is not None:
            try:
                await database.write(leave, self.id)
            finally:
                self.drop()

    def drop(self) -> None:
        """Give up the lock, as if the process had died; what is still open is then anyone's to reap."""
        if self._lock is not None:
            with suppress(OSError):
                self._lock.path.unlink()
            self._lock.close()
            self._lock = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An instance that has entered and not left."""

    id: str
    """Names it in the ledger."""
    pid: int
    """Its process, on this machine."""
    front_end: str
    """``tui``, ``ask``, ``library`` …"""
    started_at: float
    """Epoch seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAttempt:
    """An attempt whose process died before it could settle."""

    id: int
    """Its row in the ledger."""
    attempt: Attempt
    """What was sent."""
    generation_id: str | None
    """Finds out what it cost, if the server had answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What was found open and closed."""

    attempts: tuple[LostAttempt, ...] = ()
    """Settled as ``lost``, at the cost that was reserved for them, or at an unknown one."""
    messages: tuple[int, ...] = ()
    """Closed as ``cut``, or as ``failed`` where nothing had arrived."""


def register(connection: Connection, id: str, front_end: str, now: float) -> None:
    """Note an instance.

    Args:
        connection: In a write transaction.
        id: Of an instance that holds its lock.
        front_end: ``tui``, ``ask``, ``library`` …
        now: Epoch seconds.
    """
    connection.execute("INSERT INTO instances VALUES (?, ?, ?, ?)", (id, os.getpid(), front_end, now))


def leave(connection: Connection, id: str) -> None:
    """Forget an instance, and what it stood in line for.

    Args:
        connection: In a write transaction.
        id: The instance.
    """
    connection.execute("DELETE FROM queue WHERE owner = ?", (id,))
    connection.execute("DELETE FROM instances WHERE id = ?", (id,))


def running(connection: Connection) -> list[Running]:
    """The instances that are alive, the oldest first.

    Args:
        connection: Any.
    """
    folder = owners.folder_of(connection.path)
    rows = connection.execute("SELECT * FROM instances ORDER BY started_at, id").fetchall()
    return [Running(**dict(row)) for row in rows if not owners.is_dead(folder, row["id"])]


def reap(connection: Connection) -> Reaped:
    """Close what instances left open that died.

    Args:
        connection: In a write transaction, so that two instances never reap at once.

    Returns:
        Attempts to be looked up at the server, and the answers that were cut.
    """
    folder = owners.folder_of(connection.path)
    known = connection.execute(
        "SELECT id FROM instances"
        " UNION SELECT owner FROM queue"
        " UNION SELECT owner FROM attempts WHERE outcome = 'open'"
        " UNION SELECT owner FROM messages WHERE state = 'streaming' AND owner IS NOT NULL"
    ).fetchall()
    attempts: list[LostAttempt] = []
    messages: list[int] = []
    for owner in (row["id"] for row in known if owners.is_dead(folder, row["id"])):
        attempts += _close_attempts(connection, owner)
        messages += _close_messages(connection, owner)
        leave(connection, owner)
        with suppress(OSError):
            owners.lock_file(folder, owner).unlink(missing_ok=True)
    return Reaped(attempts=tuple(attempts), messages=tuple(messages))


def _enter(connection: Connection, id: str, front_end: str, now: float) -> None:
    register(connection, id, front_end, now)
    reap(connection)
    _sweep(owners.folder_of(connection.path), id)


def _sweep(folder: Path, id: str) -> None:
    """Remove the files of those that died before they were known to the database."""
    own = owners.lock_file(folder, id).stat().st_mtime
    for file in folder.iterdir():
        # Whoever leaves removes its own at any time.
        with suppress(OSError):
            # A new file is not locked at once.
            is_old = file.suffix == ".new" and file.stat().st_mtime < own - _NEW_FOR_S
            if is_old or (file.suffix == ".lock" and owners.is_dead(folder, file.stem)):
                file.unlink()


def _close_attempts(connection: Connection, owner: str) -> list[LostAttempt]:
    rows = connection.execute("SELECT * FROM attempts WHERE outcome = 'open' AND owner = ?", (owner,)).fetchall()
    for row in rows:
        reserved = row["reserved_pico"]
        cost = UNKNOWN_COST if reserved is None else Cost(pico=reserved, source="estimated")
        ledger.settle(connection, row["id"], Settlement(outcome="lost", cost=cost))
    return [
        LostAttempt(id=row["id"], attempt=entries.attempt_of(row), generation_id=row["generation_id"]) for row in rows
    ]


def _close_messages(connection: Connection, owner: str) -> list[int]:
    rows = connection.execute("SELECT id FROM messages WHERE state = 'streaming' AND owner = ?", (owner,)).fetchall()
    ids = [row["id"] for row in rows]
    connection.execute(
        "UPDATE messages SET state = CASE WHEN text = '' AND reasoning = '' THEN 'failed' ELSE 'cut' END,"
        " error = ?, hint = ?, owner = NULL WHERE state = 'streaming' AND owner = ?",
        (_CUT, _CUT_HINT, owner),
    )
    search.add(connection, ids)
    return ids
