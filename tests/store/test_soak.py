"""The soak of the store, for a few seconds; the long one is `make soak`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from orchat.domain.ledger import Settlement
from orchat.domain.money import Cost
from orchat.store import ledger
from tests.support.clock import START
from tests.support.pool import FREE, granted, pool_on
from tests.support.store import connected
from tests.support.store_process import ROOT
from tests.support.swarm import Course, faults_of_course, most_in_a_minute, watch


def test_killed_processes_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    sizes = ["--processes", "8", "--requests", "12", "--cap", "1", "--kill-for", "2.5"]
    # Most of these processes cannot write down what they covered.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.store_soak", *sizes],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("96 requests, ")
    killed = int(done.stdout.split(", ")[1].split()[0])
    assert killed >= 10


def half(reserved_pico: int) -> int:
    return reserved_pico // 2


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """What a swarm of two would leave: one request ended well, one was lost, at the same time."""
    with connected(tmp_path) as connection, pool_on(connection) as pool:
        watch(connection.path)
        first, second = (granted(pool.ask(START, model=FREE, projected=100)).row for _ in range(2))
        ledger.settle(connection, first, Settlement(outcome="done", cost=Cost(pico=50, source="reported")))
        ledger.settle(connection, second, Settlement(outcome="lost", cost=Cost(pico=100, source="estimated")))
        return connection.path


def test_what_was_told_and_what_is_written_agree(watched: Path) -> None:
    assert faults_of_course(watched, Course(told=[1]), max_in_flight=2, cost_of=half) == []
    assert most_in_a_minute(watched) == 2


@pytest.mark.parametrize(
    ("damage", "course", "cap", "fault"),
    [
        ("SELECT 1", Course(told=[1]), 1, "2 requests of f ran at the same time"),
        ("SELECT 1", Course(told=[1, 1]), 2, "requests that ended well are not in the ledger"),
        ("SELECT 1", Course(told=[2]), 2, "requests that ended well are not in the ledger"),
        ("UPDATE attempts SET cost_pico = 99 WHERE id = 2", Course(), 2, "row 2 is lost and costs 99, not 100"),
        ("UPDATE attempts SET outcome = 'done' WHERE id = 2", Course(), 2, "row 2 is done and costs 100, not 50"),
        ("UPDATE attempts SET outcome = 'lost' WHERE id = 2", Course(), 2, "row 2 was settled 2 times"),
    ],
)
def test_what_does_not_agree_is_found(watched: Path, damage: str, course: Course, cap: int, fault: str) -> None:
    with closing(sqlite3.connect(watched)) as connection:
        connection.execute(damage)
        connection.commit()
    assert faults_of_course(watched, course, max_in_flight=cap, cost_of=half)[0].startswith(fault)
