"""Files that are not what was expected, and many processes that open one at once."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.errors import StoreBusy, StoreDamaged, StoreError, StoreForeign, StoreNewer, StoreUnwritable
from orchat.store import conversations, ledger, messages, search, tree
from orchat.store import settings as remembered
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection, configure, connect
from orchat.store.database import Database
from orchat.store.failures import explained
from orchat.store.locks import FileLock
from orchat.store.migrate import MIGRATIONS, scripts
from tests.support.clock import START, FakeClock
from tests.support.store import answer, connected, network_mounts, open_database, raw
from tests.support.store_process import Process

pytestmark = pytest.mark.anyio

NEWEST = len(scripts(MIGRATIONS))


def test_sixteen_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "orchat.db"
    processes = [Process("open_it", path) for _ in range(16)]
    assert [process.hear() for process in processes] == ["ready"] * 16
    for process in processes:
        process.tell()
    assert [process.hear() for process in processes] == [str(NEWEST)] * 16
    assert [process.end() for process in processes] == [0] * 16


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "orchat.db").touch()
    database = await open_database(tmp_path / "orchat.db")
    assert await database.read(conversations.latest) is None
    await database.close()


async def test_a_text_file_is_foreign_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(StoreForeign) as caught:
        await open_database(path)
    assert str(path) in str(caught.value.hint)
    assert path.read_text() == "Dear diary, " * 1000


@pytest.mark.parametrize(
    "script",
    ["PRAGMA application_id = 77", "PRAGMA user_version = 3", "CREATE TABLE notes (text)"],
)
async def test_a_database_of_another_program_is_foreign_and_stays_as_it_is(tmp_path: Path, script: str) -> None:
    path = tmp_path / "orchat.db"
    with closing(raw(path)) as other:
        other.executescript(script)
    before = path.read_bytes()
    with pytest.raises(StoreForeign):
        await open_database(path)
    assert path.read_bytes() == before


async def test_a_database_of_a_newer_orchat_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    await (await open_database(path)).close()
    with closing(raw(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match=f"format 99, this one knows {NEWEST}\\b") as caught:
        await open_database(path)
    assert str(path) in str(caught.value.hint)
    assert path.read_bytes() == before


async def test_a_damaged_schema_is_found_when_opening(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    await (await open_database(path)).close()
    data = bytearray(path.read_bytes())
    data[100:110] = b"\xff" * 10
    path.write_bytes(data)
    with pytest.raises(StoreDamaged) as caught:
        await open_database(path)
    assert str(path) in str(caught.value.hint)


async def test_damaged_pages_are_found_when_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path)
    await database.write(_fill)
    root = await database.read(_root_page_of_messages)
    await database.close()
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[16:18], "big") * (root - 1)
    data[start : start + 12] = b"\x55" * 12
    path.write_bytes(data)
    database = await open_database(path)
    with pytest.raises(StoreDamaged):
        await database.read(tree.path, "c")
    await database.close()


def _root_page_of_messages(connection: Connection) -> int:
    return int(connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()[0])


def _fill(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    parent = None
    for number in range(40):
        parent = messages.add_prompt(connection, "c", parent, f"Question {number} " * 50, (), START).id
        parent = messages.begin_answer(connection, "c", parent, now=START)
        messages.finish_answer(connection, answer(parent))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    with connected(folder) as connection:
        _fill(connection)
    return folder / "orchat.db"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=30))
def test_no_damage_leads_to_anything_but_an_error_of_the_store(
    healthy: Path, tmp_path: Path, places: list[tuple[float, int]]
) -> None:
    data = bytearray(healthy.read_bytes())
    for place, value in places:
        data[int(place * len(data))] = value
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "orchat.db"
    path.write_bytes(data)
    readers = (
        lambda c: tree.path(c, "c"),
        lambda c: tree.all_messages(c, "c"),
        lambda c: search.search(c, "question"),
        conversations.list_conversations,
        ledger.usage,
    )
    with closing(connect(path, 1, Blobs.beside(path))) as connection:
        for read in (configure, *readers):
            try:
                with explained(path):
                    read(connection)
            except StoreError as error:
                assert error.hint


async def test_a_column_that_goes_by_another_name_is_damage(healthy: Path, tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    path.write_bytes(healthy.read_bytes().replace(b"    usage TEXT,", b"    usagf TEXT,"))
    with closing(connect(path, 1, Blobs.beside(path))) as connection, pytest.raises(StoreDamaged):
        tree.path(connection, "c")


async def test_a_row_that_does_not_hold_what_was_written_is_damage(database: Database) -> None:
    await database.write(_fill)
    await database.write(lambda connection: connection.execute("UPDATE messages SET extras = '[1' WHERE id = 3"))
    with pytest.raises(StoreDamaged, match="A message cannot be read"):
        await database.read(tree.path, "c")


# ---- files that cannot be written ----


async def test_a_folder_that_is_a_file_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreUnwritable, match=r"orchat\.db") as caught:
        await open_database(tmp_path / "data" / "orchat.db")
    assert str(tmp_path / "data" / "orchat.db") in str(caught.value.hint)


async def test_a_database_that_is_a_folder_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "orchat.db").mkdir()
    with pytest.raises(StoreUnwritable):
        await open_database(tmp_path / "orchat.db")


async def test_a_full_disk_loses_only_what_was_being_written(database: Database) -> None:
    await database.write(remembered.put, "before", "1")
    await database.read(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(StoreUnwritable, match="full"):
        await database.write(remembered.put, "much", "x" * 10**6)
    await database.read(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    await database.write(remembered.put, "after", "1")
    values = [await database.read(remembered.get, name) for name in ("before", "much", "after")]
    assert values == ["1", None, "1"]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_refuses_a_write_loses_only_what_was_being_written(database: Database) -> None:
    await database.write(remembered.put, "before", "1")
    with no_file_longer_than(100_000), pytest.raises(StoreUnwritable):
        await database.write(remembered.put, "much", "x" * 10**6)
    await database.write(remembered.put, "after", "1")
    values = [await database.read(remembered.get, name) for name in ("before", "much", "after")]
    assert values == ["1", None, "1"]


async def test_a_disk_that_refuses_the_first_write_leaves_a_file_that_opens_later(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    with no_file_longer_than(20_000), pytest.raises(StoreUnwritable):
        await open_database(path)
    database = await open_database(path)
    assert await database.read(conversations.latest) is None
    await database.close()


# ---- locked ----


async def test_opening_waits_for_another_process_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    with closing(FileLock(tmp_path / "orchat.db-lock", 0)) as lock, lock:
        with pytest.raises(StoreBusy, match=r"for 0\.02 s") as caught:
            await open_database(path, timeout_s=0.02)
        assert str(tmp_path) in str(caught.value.hint)
    await (await open_database(path)).close()


async def test_closing_does_not_wait_for_ever(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "orchat.db", timeout_s=0.02)
    await database.write(remembered.put, "a", "1")
    with closing(FileLock(tmp_path / "orchat.db-lock", 0)) as lock, lock:
        await database.close()
    assert not (tmp_path / "orchat.db-wal").exists()


# ---- network file systems ----


async def test_a_network_file_system_gets_no_log_and_a_warning(tmp_path: Path) -> None:
    mounts = network_mounts(tmp_path)
    path = tmp_path / "orchat.db"
    database = await Database.open(path, FakeClock(), mounts=mounts)
    await database.write(remembered.put, "a", "1")
    assert not (tmp_path / "orchat.db-wal").exists()
    assert len(database.warnings) == 1
    assert "nfs4" in database.warnings[0]
    await database.close()


async def test_a_database_that_moved_to_a_network_file_system_changes_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path)
    await database.write(remembered.put, "a", "1")
    await database.close()
    database = await Database.open(path, FakeClock(), mounts=network_mounts(tmp_path))
    assert await database.read(lambda c: c.execute("PRAGMA journal_mode").fetchone()[0]) == "delete"
    assert await database.read(remembered.get, "a") == "1"
    await database.close()
    database = await open_database(path)
    assert await database.read(lambda c: c.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"
    await database.close()


async def test_two_paths_to_one_file_share_everything_beside_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    one = await open_database(tmp_path / "real" / "orchat.db")
    two = await open_database(tmp_path / "link" / "orchat.db")
    assert (one.path, one.blobs.folder, one.instances) == (two.path, two.blobs.folder, two.instances)
    await one.write(remembered.put, "a", "1")
    assert await two.read(remembered.get, "a") == "1"
    await one.close()
    await two.close()


def test_the_tests_would_notice_that_sqlite_is_not_as_strict_as_needed() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (n INTEGER) STRICT")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO t VALUES ('text')")


def test_descriptors_do_not_leak(tmp_path: Path) -> None:
    """Every way to fail to open has to close what it opened."""
    (tmp_path / "orchat.db").write_text("text " * 1000)

    async def fail() -> None:
        with pytest.raises(StoreForeign):
            await open_database(tmp_path / "orchat.db")

    asyncio.run(fail())
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        asyncio.run(fail())
    assert len(list(Path("/dev/fd").iterdir())) <= before
