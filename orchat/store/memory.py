"""A database that is nowhere but in memory, for what must leave no trace on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchat.clock import Clock
from orchat.store.blobs import Blobs
from orchat.store.connection import configure, connect
from orchat.store.database import Database
from orchat.store.locks import FileLock
from orchat.store.migrate import MIGRATIONS, upgrade

if TYPE_CHECKING:
    from orchat.domain.conversation import Attachment

NOWHERE = Path(":memory:")


class MemoryBlobs(Blobs):
    """Files in memory.

    Args:
        kept: The files on the disk, where one is looked for that is not here.
    """

    def __init__(self, kept: Blobs) -> None:
        super().__init__(NOWHERE)
        self._kept = kept
        self._files: dict[str, bytes] = {}

    def has(self, sha256: str) -> bool:
        """Whether the bytes with this digest are there."""
        return sha256 in self._files or self._kept.has(sha256)

    def put(self, data: bytes, name: str, mime: str, width: int | None = None, height: int | None = None) -> Attachment:
        """Keep some bytes until the database is closed."""
        import hashlib

        from orchat.domain.conversation import Attachment

        digest = hashlib.sha256(data).hexdigest()
        self._files[digest] = data
        return Attachment(sha256=digest, name=name, mime=mime, size=len(data), width=width, height=height)

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest; raises as `Blobs.get` does."""
        found = self._files.get(sha256)
        return self._kept.get(sha256) if found is None else found


class MemoryDatabase(Database):
    """A new, empty database in memory; nothing of it outlives `close`. Made by `begin`."""

    @classmethod
    async def begin(cls, beside: Database, clock: Clock) -> MemoryDatabase:
        """Open one.

        Args:
            beside: The database on the disk, whose files can be seen from here.
            clock: Dates nothing here; upgrades ask for it.
        """
        database = cls(NOWHERE, 0.0)
        database.blobs = MemoryBlobs(beside.blobs)
        await database._run(lambda: database._open(clock, NOWHERE, MIGRATIONS))
        return database

    def _prepare(self, clock: Clock, mounts: Path, migrations: Path) -> None:
        del mounts
        self._lock = lock = _Unlocked()
        self._connection = connection = connect(self.path, 0.0, self.blobs)
        upgrade(connection, lock, clock, folder=migrations, journal="memory")
        configure(connection)


class _Unlocked(FileLock):
    """Stands where a lock is asked for although nobody else can come."""

    def __init__(self) -> None:
        self.path = NOWHERE
        self._timeout_s = 0.0

    def take(self) -> bool:
        return True

    def release(self) -> None:
        pass

    def close(self) -> None:
        pass
