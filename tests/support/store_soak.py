"""Processes reserve and settle over four keys while one after the other is killed; nothing may be lost or left over.

Run as ``python -m tests.support.store_soak [--processes N] [--requests N] [--cap N] [--kill-for SECONDS]``. It fails on
any fault.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from orchat.clock import SystemClock
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost
from orchat.store import ledger, reports, reservations
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance
from orchat.store.reports import Report
from orchat.store.reservations import Claim, Granted, Limits, Waiting
from tests.support.pool import FREE, PAID
from tests.support.swarm import Course, Swarm, Tell, buried, faults_of_course, most_in_a_minute, watch

KEYS = {"key0": "acme", "key1": "acme", "key2": "home", "key3": "home"}
FREE_PER_MINUTE = 400
FREE_SHARE = 0.05
KILL_EVERY_S = 0.05


class Worker:
    """One process of the swarm.

    Args:
        cap: Requests of each key at the same time.
    """

    def __init__(self, cap: int) -> None:
        self._limits = Limits(free_per_minute=FREE_PER_MINUTE, max_in_flight=cap)

    async def run(self, path: Path, requests: int, seed: int, tell: Tell) -> None:
        clock, chance = SystemClock(), random.Random(seed)
        database = await Database.open(path, clock, timeout_s=60)
        instance = await Instance.enter(database, front_end="library", clock=clock)
        for _ in range(requests):
            key = chance.choice(list(KEYS))
            attempt = Attempt(
                started_at=clock.now(),
                model=FREE if chance.random() < FREE_SHARE else PAID,
                key_label=key,
                key_fingerprint=key,
                projected_pico=2 * chance.randint(1, 10**9),
            )
            row = await self._admitted(database, Claim(attempt=attempt, owner=instance.id, limits=self._limits))
            await clock.sleep(chance.uniform(0, 0.02))
            cost = Cost(pico=cost_of(attempt.projected_pico or 0), source="reported")
            await database.write(ledger.settle, row, Settlement(outcome="done", cost=cost))
            tell(row)
        await instance.release(database)
        await database.close()

    async def _admitted(self, database: Database, claim: Claim) -> int:
        clock = SystemClock()
        while True:
            outcome = await database.write(reservations.reserve, claim, clock.now())
            if isinstance(outcome, Granted):
                return outcome.row
            assert isinstance(outcome, Waiting)
            claim = replace(claim, ticket=outcome.ticket)
            await clock.sleep(min(outcome.seconds, 1))


def cost_of(reserved_pico: int) -> int:
    """What a request costs in the end."""
    return reserved_pico // 2


async def prepared(path: Path) -> None:
    """A database that knows the accounts of the keys."""

    def accounts(connection: Connection) -> None:
        for key, account in KEYS.items():
            reports.put(connection, Report(fingerprint=key, at=1, account=account))

    database = await Database.open(path, SystemClock())
    await database.write(accounts)
    await database.close()


def soak(path: Path, *, processes: int, requests: int, cap: int, kill_for_s: float) -> tuple[Course, list[str]]:
    """Run the swarm and look for faults.

    Returns:
        What happened, and a line for each fault.
    """
    asyncio.run(prepared(path))
    watch(path)
    course = Swarm(
        path,
        Worker(cap).run,
        processes=processes,
        requests=requests,
        kill_every_s=KILL_EVERY_S,
        kill_for_s=kill_for_s,
    ).run()
    faults = asyncio.run(buried(path))
    faults += faults_of_course(path, course, max_in_flight=cap, cost_of=cost_of)
    if most_in_a_minute(path) > FREE_PER_MINUTE:
        faults.append(f"{most_in_a_minute(path)} free requests within a minute")
    if course.failed:
        faults.append(f"{course.failed} processes ended with an error")
    if len(course.told) != processes * requests:
        faults.append(f"{len(course.told)} of {processes * requests} requests ended well")
    return course, faults


def main() -> None:
    """Print what happened and every fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--cap", type=int, default=8)
    parser.add_argument("--kill-for", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        course, faults = soak(
            Path(folder) / "orchat.db",
            processes=given.processes,
            requests=given.requests,
            cap=given.cap,
            kill_for_s=given.kill_for,
        )
    print(
        f"{len(course.told)} requests, {course.killed} processes killed, {course.seconds:.1f} s, {len(faults)} faults"
    )
    for fault in faults[:20]:
        print(f"  {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
