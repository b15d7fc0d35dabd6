"""An instance is alive for as long as it holds its lock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchat.domain.ledger import Attempt
from orchat.domain.money import Cost
from orchat.errors import StoreBusy, StoreUnwritable
from orchat.store import conversations, instances, ledger, messages
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance
from orchat.store.locks import FileLock
from tests.support.clock import START, FakeClock
from tests.support.store import open_database

pytestmark = pytest.mark.anyio


async def test_an_instance_is_seen_until_it_leaves(database: Database) -> None:
    instance = await Instance.enter(database, front_end="ask", clock=FakeClock())
    (seen,) = await database.read(instances.running)
    assert (seen.id, seen.front_end, seen.started_at) == (instance.id, "ask", START)
    await instance.release(database)
    await instance.release(database)
    assert await database.read(instances.running) == []
    assert list(database.instances.iterdir()) == []


async def test_an_instance_that_is_dropped_is_dead_at_once(database: Database) -> None:
    instance = await Instance.enter(database, front_end="ask", clock=FakeClock())
    attempt = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f")
    row = await database.write(ledger.begin, attempt, instance.id)
    assert await database.write(instances.reap) == instances.Reaped()
    instance.drop()
    instance.drop()
    (lost,) = (await database.write(instances.reap)).attempts
    assert (lost.id, lost.attempt) == (row, attempt)


async def test_an_owner_without_a_file_is_dead(database: Database) -> None:
    def begin(connection: Connection) -> int:
        conversations.create(connection, "c", START)
        return messages.begin_answer(connection, "c", None, owner="copied from another machine")

    answer = await database.write(begin)
    assert (await database.write(instances.reap)).messages == (answer,)


async def test_a_lost_attempt_costs_what_was_reserved_and_is_looked_up(database: Database) -> None:
    instance = await Instance.enter(database, front_end="ask", clock=FakeClock())
    attempt = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f", projected_pico=700)
    row = await database.write(ledger.begin, attempt, instance.id)
    await database.write(ledger.note_generation, row, "gen-1")
    instance.drop()
    await database.write(instances.reap)
    assert await database.write(instances.reap) == instances.Reaped()
    (entry,) = await database.read(ledger.due_lookups, START + 2)
    assert (entry.settlement.outcome, entry.settlement.cost) == ("lost", Cost(pico=700, source="estimated"))
    assert await database.read(ledger.spent) == 700


async def test_files_of_those_that_died_before_they_were_known_are_removed(database: Database) -> None:
    waiting = Instance.acquire(database.instances)
    for name, age_s in (("dead.lock", 0), ("old.new", 3600), ("young.new", 0), ("notes.txt", 3600)):
        file = database.instances / name
        file.touch()
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - age_s))
    (database.instances / "folder.lock").mkdir()
    instance = await Instance.enter(database, front_end="ask", clock=FakeClock())
    left = {file.name for file in database.instances.iterdir()}
    assert left == {f"{waiting.id}.lock", f"{instance.id}.lock", "young.new", "notes.txt", "folder.lock"}
    waiting.drop()
    await instance.release(database)


async def test_an_instance_that_cannot_register_gives_its_lock_back(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "orchat.db", timeout_s=0.02)
    lock = FileLock(tmp_path / "orchat.db-lock", 0)
    assert lock.take()
    with pytest.raises(StoreBusy):
        await Instance.enter(database, front_end="ask", clock=FakeClock())
    assert list(database.instances.iterdir()) == []
    lock.close()
    await database.close()


async def test_an_instance_that_cannot_sign_off_gives_its_lock_back(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "orchat.db", timeout_s=0.02)
    instance = await Instance.enter(database, front_end="ask", clock=FakeClock())
    lock = FileLock(tmp_path / "orchat.db-lock", 0)
    assert lock.take()
    with pytest.raises(StoreBusy):
        await instance.release(database)
    lock.close()
    assert await database.read(instances.running) == []
    assert await database.write(instances.reap) == instances.Reaped()
    await database.close()


def test_a_folder_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnwritable):
        Instance.acquire(tmp_path / "file" / "instances")


def test_the_lock_file_of_an_instance_is_for_its_owner_alone(tmp_path: Path) -> None:
    instance = Instance.acquire(tmp_path / "instances")
    (file,) = (tmp_path / "instances").iterdir()
    assert file.name == f"{instance.id}.lock"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    instance.drop()
