"""One thread, one transaction a call, and nothing by halves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchat.errors import NotFound, StoreError, StoreUnwritable
from orchat.store import settings
from orchat.store.connection import Connection
from orchat.store.database import OLDEST_SQLITE, Database, require
from tests.support.store import open_database, raw

pytestmark = pytest.mark.anyio


async def test_what_was_written_is_read(database: Database) -> None:
    await database.write(settings.put, "a", "1")
    assert await database.read(settings.get, "a") == "1"


async def test_what_was_written_is_there_after_the_database_was_closed(tmp_path: Path) -> None:
    first = await open_database(tmp_path / "orchat.db")
    await first.write(settings.put, name="a", value="1")
    await first.close()
    second = await open_database(tmp_path / "orchat.db")
    assert await second.read(settings.get, name="a") == "1"
    await second.close()


async def test_every_setting_is_as_measured(database: Database) -> None:
    def ask(connection: Connection) -> list[object]:
        names = ("busy_timeout", "journal_mode", "synchronous", "foreign_keys", "trusted_schema", "application_id")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.read(ask) == [15000, "wal", 2, 1, 0, 0x6F726368]
    assert database.warnings == ()


async def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "a" / "b" / "orchat.db")
    await database.write(settings.put, "a", "1")
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "b").iterdir()}
    assert files == dict.fromkeys(("orchat.db", "orchat.db-lock", "orchat.db-wal", "orchat.db-shm"), 0o600)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")} == {0o700}
    await database.close()


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        settings.put(connection, "a", "1")
        raise NotFound("gone")

    with pytest.raises(NotFound):
        await database.write(half)
    assert await database.read(settings.get, "a") is None
    await database.write(settings.put, "b", "the lock is free again")


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnwritable):
        await database.read(settings.put, "a", "1")
    await database.write(settings.put, "a", "2")
    assert await database.read(settings.get, "a") == "2"


async def test_a_read_sees_one_moment(database: Database) -> None:
    await database.write(settings.put, "a", "before")

    def twice(connection: Connection) -> tuple[str | None, str | None]:
        first = settings.get(connection, "a")
        other = raw(database.path)
        other.execute("UPDATE settings SET value = 'after'")
        other.close()
        return first, settings.get(connection, "a")

    assert await database.read(twice) == ("before", "before")
    assert await database.read(settings.get, "a") == "after"


async def test_a_cancelled_write_is_whole_all_the_same(database: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        settings.put(connection, "left", "1")
        inside.set()
        go_on.wait()
        settings.put(connection, "right", "1")

    writing = asyncio.get_running_loop().create_task(database.write(slow))
    await asyncio.to_thread(inside.wait)
    queued = asyncio.get_running_loop().create_task(database.write(settings.put, "queued", "1"))
    await asyncio.sleep(0)
    for task in (writing, queued):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    assert [await database.read(settings.get, name) for name in ("left", "right", "queued")] == ["1", "1", "1"]


async def test_a_cancelled_write_that_fails_says_nothing_later(database: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        settings.put(connection, "a", "1")
        inside.set()
        go_on.wait()
        raise NotFound("nobody hears this")

    writing = asyncio.get_running_loop().create_task(database.write(slow))
    await asyncio.to_thread(inside.wait)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()
    assert await database.read(settings.get, "a") is None


def test_a_write_ends_even_when_its_loop_has_ended(tmp_path: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        inside.set()
        go_on.wait()
        settings.put(connection, "a", "1")

    async def leave() -> Database:
        database = await open_database(tmp_path / "orchat.db")
        writing = asyncio.get_running_loop().create_task(database.write(slow))
        await asyncio.to_thread(inside.wait)
        writing.cancel()
        return database

    async def read(database: Database) -> str | None:
        value = await database.read(settings.get, "a")
        await database.close()
        return value

    database = asyncio.run(leave())
    go_on.set()
    assert asyncio.run(read(database)) == "1"


async def test_closing_waits_for_what_was_handed_in(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "orchat.db")
    writes = [asyncio.get_running_loop().create_task(database.write(settings.put, str(n), "1")) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert all(task.done() and task.exception() is None for task in await settled(writes))
    await database.close()
    again = await open_database(tmp_path / "orchat.db")
    assert [await again.read(settings.get, str(n)) for n in range(20)] == ["1"] * 20
    await again.close()


async def settled(tasks: list[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    await asyncio.wait(tasks)
    return tasks


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "orchat.db")
    await database.close()
    with pytest.raises(StoreError, match="closed"):
        await database.read(settings.get, "a")


async def test_an_opening_that_is_cancelled_leaves_nothing_open(tmp_path: Path) -> None:
    opening = asyncio.get_running_loop().create_task(open_database(tmp_path / "orchat.db"))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("orchat-store")]
    for thread in threads:
        await asyncio.to_thread(thread.join)
    # The last one to close removes the write-ahead log.
    assert not (tmp_path / "orchat.db-wal").exists()


async def test_half_an_emoji_is_mended_and_not_refused(database: Database) -> None:
    await database.write(settings.put, "lone", "a\ud83d")
    await database.write(settings.put, "pair", "\ud83d\ude00")
    assert await database.read(settings.get, "lone") == "a�"
    assert await database.read(settings.get, "pair") == "😀"

    def by_name(connection: Connection) -> str:
        return str(connection.execute("SELECT :text", {"text": "\udc80", "number": 1}).fetchone()[0])

    assert await database.read(by_name) == "�"


async def test_a_mistake_in_sql_is_one_line(database: Database) -> None:
    with pytest.raises(StoreError, match=r"^SQLite failed: no such table: nowhere\.$") as caught:
        await database.read(lambda connection: connection.execute("SELECT *\nFROM nowhere"))
    assert str(database.path) in str(caught.value.hint)


def test_an_sqlite_without_strict_tables_is_refused(tmp_path: Path) -> None:
    require(OLDEST_SQLITE, tmp_path)
    with pytest.raises(StoreError, match=r"SQLite 3\.34\.1; orchat needs 3\.37\.0"):
        require((3, 34, 1), tmp_path)


def test_importing_the_database_is_light() -> None:
    heavy = ("json", "secrets", "decimal", "orchat.domain.conversation", "platformdirs", "importlib.resources")
    code = f"import sys, orchat.store.database; print([name for name in {heavy!r} if name in sys.modules])"
    # Without site, so that only what orchat itself imports is seen.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
