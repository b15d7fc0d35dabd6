"""The database: one connection in one thread, one transaction a call, many processes side by side."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from orchat.clock import Clock
from orchat.errors import StoreBusy, StoreError
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection, configure, connect
from orchat.store.failures import explained, failure
from orchat.store.filesystem import MOUNTS, network_type, private_file, private_folder
from orchat.store.locks import FileLock
from orchat.store.migrate import MIGRATIONS, upgrade

P = ParamSpec("P")
T = TypeVar("T")

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""


class Database:
    """A database that is open. Made by `Database.open`.

    Whatever is handed to `write` or `read` runs to its end in the database's own thread: cancelling the await that
    waits for it takes away the answer, never half of the transaction.

    Args:
        path: The file, absolute and without symbolic links.
        timeout_s: Seconds to wait for other processes.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self.blobs = Blobs.beside(path)
        self.instances = path.with_name(f"{path.stem}-instances")
        self.warnings: tuple[str, ...] = ()
        self._timeout_s = timeout_s
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="orchat-store")
        self._closed = False
        self._connection: Connection | None = None
        self._lock: FileLock | None = None

    @classmethod
    async def open(
        cls, path: Path, clock: Clock, *, timeout_s: float = 15.0, mounts: Path = MOUNTS, migrations: Path = MIGRATIONS
    ) -> Database:
        """Open a database, and create or upgrade it first where that is needed.

        Args:
            path: The file; its folder is created with mode 0700, the file with 0600.
            clock: Dates the copy made before an upgrade.
            timeout_s: Seconds to wait for other processes, here and in every later call.
            mounts: The system's table of mounts, which tells network file systems.
            migrations: Folder of the numbered scripts.

        Raises:
            StoreBusy: Another process held the database for longer than `timeout_s`.
            StoreNewer: A newer orchat has written it.
            StoreForeign: The file is not an orchat database.
            StoreDamaged: SQLite says that the file is malformed.
            StoreUnwritable: Read-only, full disk, wrong owner.
        """
        database = cls(_real(path), timeout_s)
        try:
            await database._run(partial(database._open, clock, mounts, migrations))
        except BaseException:
            # An opening that was cancelled may be over only now.
            database._closed = True
            database._executor.submit(database._shut)
            database._executor.shutdown(wait=False)
            raise
        return database

    async def write(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(connection, …)` in one write transaction, which is on the disk when this returns.

        Args:
            function: A plain function of this package, or one made of several.
            *args: Passed on.
            **kwargs: Passed on.

        Returns:
            What the function returns.

        Raises:
            StoreError: Nothing was written.
        """
        return await self._run(lambda: self._write(lambda connection: function(connection, *args, **kwargs)))

    async def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(connection, …)` on one consistent view of the database; it cannot write.

        Args:
            function: A plain function of this package, or one made of several.
            *args: Passed on.
            **kwargs: Passed on.

        Returns:
            What the function returns.

        Raises:
            StoreError: The database could not be read.
        """
        return await self._run(lambda: self._read(lambda connection: function(connection, *args, **kwargs)))

    async def close(self) -> None:
        """Finish what was handed in, then close the file; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._submit(self._shut)
        finally:
            self._executor.shutdown(wait=False)

    async def _run(self, job: Callable[[], T]) -> T:
        if self._closed:
            raise failure(StoreError, "The database is closed", self.path)
        return await self._submit(job)

    async def _submit(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                with explained(self.path):
                    result = job()
            except BaseException as error:
                deliver = partial(_fail, answer, error)
            else:
                deliver = partial(_succeed, answer, result)
            # The loop may be gone by now; then nobody waits, and the transaction counts all the same.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(deliver)

        self._executor.submit(work)
        return await answer

    # Everything below runs in the database's own thread.

    def _open(self, clock: Clock, mounts: Path, migrations: Path) -> None:
        try:
            self._prepare(clock, mounts, migrations)
        except BaseException:
            self._shut()
            raise

    def _prepare(self, clock: Clock, mounts: Path, migrations: Path) -> None:
        require(sqlite3.sqlite_version_info, self.path)
        private_folder(self.path.parent)
        private_file(self.path)
        self._lock = FileLock(self.path.with_name(f"{self.path.name}-lock"), self._timeout_s)
        network = network_type(self.path.parent, mounts)
        if network:
            self.warnings = (
                f"The database lies on a network file system ({network}): it is slower there, and less safe.",
            )
        self._connection = connection = connect(self.path, self._timeout_s, self.blobs)
        upgrade(connection, self._lock, clock, folder=migrations, journal="delete" if network else "wal")
        configure(connection)

    def _write(self, call: Callable[[Connection], T]) -> T:
        connection, lock = self._open_parts()
        with lock:
            return _transaction(connection, "BEGIN IMMEDIATE", call)

    def _read(self, call: Callable[[Connection], T]) -> T:
        connection, _ = self._open_parts()
        # A write that starts as a read fails under contention, so it must not work by chance in between.
        connection.execute("PRAGMA query_only=ON")
        try:
            return _transaction(connection, "BEGIN", call)
        finally:
            connection.execute("PRAGMA query_only=OFF")

    def _open_parts(self) -> tuple[Connection, FileLock]:
        assert self._connection is not None
        assert self._lock is not None
        return self._connection, self._lock

    def _shut(self) -> None:
        if self._lock is None:
            return
        # Closing writes the log back, which belongs under the lock; without it, it has to close all the same.
        with suppress(StoreBusy):
            self._lock.wait()
        if self._connection is not None:
            self._connection.close()
        self._lock.close()
        self._connection = self._lock = None


def require(version: tuple[int, int, int], path: Path) -> None:
    """Refuse an SQLite that is too old.

    Args:
        version: Of the library that Python uses.
        path: The database that cannot be opened with it.

    Raises:
        StoreError: It is older than `OLDEST_SQLITE`.
    """
    if version < OLDEST_SQLITE:
        found, wanted = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SQLITE))
        raise StoreError(
            f"This Python comes with SQLite {found}; orchat needs {wanted}.",
            hint=f"Install orchat with a newer Python; the database is {path}",
        )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _transaction(connection: Connection, begin: str, call: Callable[[Connection], T]) -> T:
    connection.execute(begin)
    try:
        result = call(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise
    return result


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
