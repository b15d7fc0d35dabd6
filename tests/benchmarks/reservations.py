"""What an attempt costs in the database: its reservation and its settlement, both flushed to the disk, with limits,
a queue and budgets, while other processes do the same.

Run as ``python -m tests.benchmarks.reservations [ATTEMPTS]``. The figures depend on the disk.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from orchat.clock import SystemClock
from orchat.domain.events import Timing
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.store import ledger, reservations
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance
from orchat.store.reservations import BudgetLine, Claim, Granted, Limits
from tests.benchmarks.measure import ROOT

ATTEMPTS = 60
PROCESSES = (1, 8, 16, 32)
OLD_ROWS = 10_000
"""Attempts of the same day that are in the ledger already."""
GOAL_P99_MS, GOAL_WORST_MS, GOAL_AT = 150.0, 500.0, 16

LIMITS = Limits(free_per_minute=20, min_interval_s=0, max_in_flight=100)
BUDGETS = (
    BudgetLine(scope="day", limit_pico=10**16),
    BudgetLine(scope="session", limit_pico=10**16),
    BudgetLine(scope="key", limit_pico=10**16),
)
DONE = Settlement(
    outcome="done",
    model_used="maker/model",
    provider="Provider",
    usage=Usage(prompt_tokens=900, completion_tokens=300, cost_pico=4 * 10**9),
    cost=Cost(pico=4 * 10**9, source="reported"),
    timing=Timing(ttft_ms=400, total_ms=3000),
    finish_reason="stop",
)


def attempt(now: float, conversation: str) -> Attempt:
    """One attempt as the dispatcher announces it."""
    return Attempt(
        started_at=now,
        model="maker/model",
        key_label="work",
        key_fingerprint="0badcafe",
        account="0badcafe",
        conversation_id=conversation,
        projected_pico=6 * 10**9,
    )


def fill(connection: Connection, now: float) -> None:
    """A busy day: the sums of budgets run over its rows."""
    for number in range(OLD_ROWS):
        ledger.settle(connection, ledger.begin(connection, attempt(now, f"c{number % 50}"), "i"), DONE)


async def prepared(path: Path) -> None:
    """A database with that day."""
    clock = SystemClock()
    database = await Database.open(path, clock)
    await database.write(fill, clock.now())
    await database.close()


async def worker(path: Path, attempts: int) -> None:
    """Reserve and settle again and again, and print how long each pair took, in ms."""
    clock = SystemClock()
    database = await Database.open(path, clock)
    instance = await Instance.enter(database, front_end="library", clock=clock)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(attempts):
        claim = Claim(attempt=attempt(clock.now(), instance.id), owner=instance.id, limits=LIMITS, budgets=BUDGETS)
        began = clock.monotonic()
        outcome = await database.write(reservations.reserve, claim, clock.now())
        reserved = clock.monotonic()
        assert isinstance(outcome, Granted)
        await clock.sleep(0.005)
        ending = clock.monotonic()
        await database.write(ledger.settle, outcome.row, DONE)
        print((reserved - began + clock.monotonic() - ending) * 1000, flush=True)
    await instance.release(database)
    await database.close()


def measured(path: Path, processes: int, attempts: int) -> list[float]:
    """The times of all attempts of so many processes, in ms, in ascending order."""
    command = [sys.executable, "-m", "tests.benchmarks.reservations", "worker", str(path), str(attempts)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(processes)
        ]
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        times = [float(line) for process in running for line in process.communicate()[0].splitlines()]
    if len(times) != processes * attempts:
        raise SystemExit("a process failed")
    return sorted(times)


def main() -> None:
    """Print a line for each number of processes."""
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(worker(Path(sys.argv[2]), int(sys.argv[3])))
        return
    attempts = int(sys.argv[1]) if len(sys.argv) > 1 else ATTEMPTS
    print(f"\nReserve and settle, per attempt, {OLD_ROWS:,} rows of the day before it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orchat.db"
        asyncio.run(prepared(path))
        for processes in PROCESSES:
            times = measured(path, processes, attempts)
            p50, p99, worst = statistics.median(times), times[int(len(times) * 0.99)], times[-1]
            met = p99 < GOAL_P99_MS and worst < GOAL_WORST_MS
            goal = f"   goal < {GOAL_P99_MS:g} / {GOAL_WORST_MS:g} ms: {'met' if met else 'MISSED'}"
            print(
                f"  {processes:>2} processes   p50 {p50:>7.1f} ms   p99 {p99:>7.1f} ms   worst {worst:>7.1f} ms"
                + (goal if processes == GOAL_AT else "")
            )


if __name__ == "__main__":
    main()
