"""Several processes ask for admission: together they stay within every limit, in their order, whoever dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchat.store import instances, ledger
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.pool import FREE
from tests.support.store import open_database
from tests.support.store_process import Process

pytestmark = pytest.mark.anyio

ONE = {"max_in_flight": 1}


class Members:
    """Processes on one database.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: list[Process] = []

    def start(self, what: str, *arguments: object) -> Process:
        process = Process(what, self.path, *arguments)
        self.processes.append(process)
        assert process.hear() == "ready"
        return process

    def end(self) -> None:
        for process in self.processes:
            if process.process.poll() is None:
                process.kill()


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    made = Members(tmp_path / "orchat.db")
    yield made
    made.end()


def reserve(process: Process, now: float, **details: Any) -> dict[str, Any]:
    kind, outcome = process.ask("reserve", now, {"model": "m", **ONE, **details})
    return {"kind": kind, **outcome}


@pytest.mark.parametrize(
    ("limits", "model", "most"), [({"max_in_flight": 10}, "m", 10), ({"free_per_minute": 10}, FREE, 10)]
)
async def test_processes_that_ask_at_once_never_get_more_than_there_is(
    members: Members, limits: dict[str, int], model: str, most: int
) -> None:
    processes = [members.start("race", 12, model, json.dumps(limits)) for _ in range(4)]
    for process in processes:
        process.tell()
    assert sum(int(process.hear()) for process in processes) == most
    for process in processes:
        assert process.hear() == "ready"
        process.tell()
    assert [process.end() for process in processes] == [0] * 4


async def test_requests_of_several_processes_go_in_their_order(members: Members) -> None:
    first, second, third = (members.start("pool") for _ in range(3))
    running = reserve(first, START)
    line = [(process, reserve(process, START)["ticket"]) for process in (third, first, second)]
    while line:
        first.ask("settle", START, running["row"])
        for process, ticket in reversed(line[1:]):
            assert reserve(process, START + 1, ticket=ticket)["kind"] == "Waiting"
        process, ticket = line.pop(0)
        running = reserve(process, START + 1, ticket=ticket)
        assert running["kind"] == "Granted"


async def test_a_killed_process_blocks_nobody_and_its_request_is_charged_once(members: Members) -> None:
    dead, alive = members.start("pool"), members.start("pool")
    row = reserve(dead, START)["row"]
    reserve(dead, START)
    wait = reserve(alive, START)
    assert (wait["kind"], wait["ahead"]) == ("Waiting", 1)
    dead.kill()
    assert reserve(alive, START + 2, ticket=wait["ticket"])["kind"] == "Granted"

    def state(connection: Connection) -> tuple[int, list[str], list[tuple[object, ...]]]:
        queued = connection.execute("SELECT count(*) FROM queue").fetchone()[0]
        rows: list[tuple[object, ...]] = [
            (entry.id, entry.settlement.outcome, entry.settlement.cost.pico)
            for entry in ledger.last_attempts(connection)
        ]
        return queued, ledger.drift(connection), rows

    database = await open_database(members.path)
    queued, drift, rows = await database.read(state)
    assert (queued, drift) == (0, [])
    assert rows == [(row + 1, "open", None), (row, "lost", 100)]
    assert alive.end() == 0
    assert (await database.write(instances.reap)).attempts != ()
    assert await database.read(ledger.spent) == 200
    await database.close()
