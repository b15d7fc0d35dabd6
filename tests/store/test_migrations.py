"""From older databases to the newest, whoever comes first and whatever happens in between."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from pathlib import Path

import pytest

from orchat.errors import StoreDamaged, StoreError, StoreNewer
from orchat.store import settings
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.migrate import MIGRATIONS, scripts
from tests.support.clock import FakeClock
from tests.support.store import open_database, raw

pytestmark = pytest.mark.anyio

NEWEST = len(scripts(MIGRATIONS))
STEP = "ALTER TABLE settings ADD COLUMN note TEXT;\nUPDATE settings SET note = 'kept; ' || value;\n"


def migrations(folder: Path, *more: str) -> Path:
    """Those that come with orchat, and some from the future."""
    folder.mkdir(exist_ok=True)
    own = [script.read_text(encoding="utf-8") for script in scripts(MIGRATIONS)]
    for number, text in enumerate((*own, *more), start=1):
        (folder / f"{number:04}_step.sql").write_text(text, encoding="utf-8")
    return folder


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(script.name.partition("_")[0]) for script in scripts(MIGRATIONS)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", script.stem) for script in scripts(MIGRATIONS))


def note(connection: Connection) -> str:
    return str(connection.execute("SELECT note FROM settings").fetchone()[0])


def version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def test_an_upgrade_keeps_everything_and_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path)
    await database.write(settings.put, "a", "1")
    await database.close()
    assert not (tmp_path / "orchat-backups").exists()

    database = await Database.open(path, FakeClock(), migrations=migrations(tmp_path / "new", STEP))
    assert (await database.read(version), await database.read(note)) == (NEWEST + 1, "kept; 1")
    await database.close()

    (copy,) = (tmp_path / "orchat-backups").iterdir()
    assert copy.name == f"20260921T141320000000-v{NEWEST}.db"
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    restored = await open_database(copy)
    assert (await restored.read(version), await restored.read(settings.get, "a")) == (NEWEST, "1")
    await restored.close()


async def test_only_three_copies_are_kept(tmp_path: Path) -> None:
    path, clock = tmp_path / "orchat.db", FakeClock()
    await (await open_database(path)).close()
    for number in range(5):
        clock.advance(60)
        steps = [f"CREATE TABLE extra_{n} (a TEXT) STRICT;" for n in range(number + 1)]
        folder = migrations(tmp_path / "new", *steps)
        await (await Database.open(path, clock, migrations=folder)).close()
    names = sorted(copy.name.partition("-")[2] for copy in (tmp_path / "orchat-backups").iterdir())
    assert names == [f"v{NEWEST + more}.db" for more in (2, 3, 4)]


async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path)
    await database.write(settings.put, "a", "1")
    await database.close()
    broken = migrations(tmp_path / "new", STEP + "UPDATE nowhere SET x = 1;\n")
    with pytest.raises(StoreError, match="no such table: nowhere"):
        await Database.open(path, FakeClock(), migrations=broken)
    database = await open_database(path)
    columns = await database.read(lambda c: [row["name"] for row in c.execute("PRAGMA table_info(settings)")])
    assert columns == ["name", "value"]
    await database.close()


async def test_of_several_upgrades_those_before_the_broken_one_stay(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    broken = migrations(tmp_path / "new", STEP, "UPDATE nowhere SET x = 1;\n")
    with pytest.raises(StoreError):
        await Database.open(path, FakeClock(), migrations=broken)
    (broken / f"{NEWEST + 2:04}_step.sql").unlink()
    database = await Database.open(path, FakeClock(), migrations=broken)
    assert await database.read(version) == NEWEST + 1
    await database.close()


async def test_an_upgrade_that_would_orphan_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    await (await open_database(path)).close()
    orphan = "INSERT INTO attachments VALUES (77, 0, 's', 'n', 'm', 1, NULL, NULL);\n"
    with pytest.raises(StoreDamaged, match="rows without their parent"):
        await Database.open(path, FakeClock(), migrations=migrations(tmp_path / "new", orphan))
    database = await open_database(path)
    assert await database.read(version) == NEWEST
    await database.close()


async def test_an_upgrade_is_made_once_when_several_ask_for_it(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path)
    await database.write(settings.put, "a", "1")
    await database.close()
    folder = migrations(tmp_path / "new", STEP)
    opened = await asyncio.gather(*(Database.open(path, FakeClock(), migrations=folder) for _ in range(6)))
    assert [await database.read(note) for database in opened] == ["kept; 1"] * 6
    for database in opened:
        await database.close()
    assert len(list((tmp_path / "orchat-backups").iterdir())) == 1


async def test_a_step_that_someone_without_the_lock_made_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    """The version counts only inside the transaction that changes it."""
    path = tmp_path / "orchat.db"
    await (await open_database(path)).close()
    folder = migrations(tmp_path / "new", STEP, "CREATE TABLE third (a TEXT) STRICT;\n")

    class Meddling(FakeClock):
        """Asked for the time when the copy is made: after the version was read, before anything is changed."""

        def now(self) -> float:
            with closing(raw(path)) as stranger:
                stranger.executescript(STEP + f"PRAGMA user_version = {NEWEST + 1};")
            return super().now()

    database = await Database.open(path, Meddling(), migrations=folder)
    assert await database.read(version) == NEWEST + 2
    await database.close()


async def test_an_older_orchat_refuses_what_a_newer_one_has_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    await (await Database.open(path, FakeClock(), migrations=migrations(tmp_path / "new", STEP))).close()
    with pytest.raises(StoreNewer):
        await open_database(path)
