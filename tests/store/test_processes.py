"""Several processes and one database: nobody is lost, nothing is halved, the dead are buried."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.clock import SystemClock
from orchat.store import instances, ledger, search, settings, tree
from orchat.store.connection import Connection
from orchat.store.instances import Instance
from tests.support.store import open_database
from tests.support.store_process import Process

pytestmark = pytest.mark.anyio


def started(what: str, path: Path, *arguments: object, times: int = 1) -> list[Process]:
    processes = [Process(what, path, *arguments) for _ in range(times)]
    for process in processes:
        assert process.hear() == "ready"
    return processes


async def test_no_write_is_lost_when_four_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    processes = started("count", path, 50, times=4)
    for process in processes:
        process.tell()
    assert [process.hear() for process in processes] == ["done"] * 4
    assert [process.end() for process in processes] == [0] * 4
    database = await open_database(path)
    assert await database.read(settings.get, "count") == "200"
    await database.close()


async def test_a_process_killed_inside_a_write_leaves_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    (process,) = started("stay_inside", path)
    process.kill()
    database = await open_database(path, timeout_s=1)
    assert await database.read(settings.get, "half") is None
    await database.write(settings.put, "whole", "1")
    await database.close()


@pytest.mark.parametrize("acknowledged", [1, 7, 20])
async def test_a_process_killed_while_it_writes_loses_nothing_that_it_was_told_is_kept(
    tmp_path: Path, acknowledged: int
) -> None:
    path = tmp_path / "orchat.db"
    (process,) = started("pairs", path)
    process.tell()
    for number in range(acknowledged):
        assert process.hear() == str(number)
    process.kill()

    def count(connection: Connection, side: str) -> int:
        return int(connection.execute("SELECT count(*) FROM settings WHERE name LIKE ?", (f"{side} %",)).fetchone()[0])

    database = await open_database(path, timeout_s=1)
    left, right = await database.read(count, "left"), await database.read(count, "right")
    assert left == right >= acknowledged
    assert await database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    await database.close()


async def test_what_a_killed_process_left_open_is_closed_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    (process,) = started("live", path)
    database = await open_database(path)
    (alive,) = await database.read(instances.running)
    assert (alive.pid, alive.front_end) == (process.process.pid, "tui")
    assert await database.write(instances.reap) == instances.Reaped()

    process.kill()
    assert await database.read(instances.running) == []
    reaped = await database.write(instances.reap)
    assert reaped.messages == (1, 2)
    assert [(lost.id, lost.attempt.model, lost.generation_id) for lost in reaped.attempts] == [(1, "m", "gen-1")]
    cut, failed = await database.read(tree.all_messages, "c")
    assert (cut.state, cut.text) == ("cut", "As far as it g")
    assert (failed.state, failed.text) == ("failed", "")
    assert cut.error
    assert cut.hint
    assert [hit.message_id for hit in await database.read(search.search, "far")] == [1]
    (entry,) = await database.read(ledger.last_attempts)
    assert (entry.settlement.outcome, entry.settlement.cost.pico) == ("lost", None)
    assert await database.write(instances.reap) == instances.Reaped()
    assert list(database.instances.iterdir()) == []
    await database.close()


async def test_whoever_enters_closes_what_the_dead_left_open(tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    (process,) = started("live", path)
    process.kill()
    database = await open_database(path)
    instance = await Instance.enter(database, front_end="ask", clock=SystemClock())
    assert [message.state for message in await database.read(tree.all_messages, "c")] == ["cut", "failed"]
    assert [running.id for running in await database.read(instances.running)] == [instance.id]
    await instance.release(database)
    await database.close()
