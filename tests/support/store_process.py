"""Another process that uses a database: ``python -m tests.support.store_process WHAT PATH …``.

It says ``ready`` when it is, then waits for a line; whoever started it decides when it goes on, or ends.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchat.clock import SystemClock
from orchat.domain.ledger import Attempt, Settlement
from orchat.store import conversations, ledger, messages, reservations, settings
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance
from orchat.store.reservations import Claim, Granted, Limits
from tests.support.clock import START

ROOT = Path(__file__).parents[2]


class Process:
    """One such process."""

    def __init__(self, what: str, path: Path, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.support.store_process", what, str(path), *map(str, arguments)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str = "go") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ask(self, *command: object) -> Any:
        """What a `pool` says to a command."""
        self.tell(json.dumps(command))
        return json.loads(self.hear())

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def wait() -> None:
    say("ready")
    sys.stdin.readline()


async def open_it(path: Path) -> None:
    wait()
    database = await Database.open(path, SystemClock())
    say(await database.read(lambda connection: connection.execute("PRAGMA user_version").fetchone()[0]))
    await database.close()


async def count(path: Path, times: str) -> None:
    """Read, then write, in one transaction: wrong at once if two processes were ever inside together."""

    def add_one(connection: Connection) -> None:
        number = int(settings.get(connection, "count") or 0)
        settings.put(connection, "count", str(number + 1))

    database = await Database.open(path, SystemClock())
    wait()
    for _ in range(int(times)):
        await database.write(add_one)
    await database.close()
    say("done")


async def pairs(path: Path) -> None:
    """Write two rows in each transaction until it is killed."""

    def two(connection: Connection, number: int) -> None:
        settings.put(connection, f"left {number}", "x" * 5000)
        settings.put(connection, f"right {number}", "x" * 5000)

    database = await Database.open(path, SystemClock())
    wait()
    number = 0
    while True:
        await database.write(two, number)
        say(number)
        number += 1


async def stay_inside(path: Path) -> None:
    """Stay in the middle of a write until it is killed."""

    def half(connection: Connection) -> None:
        settings.put(connection, "half", "written")
        wait()

    database = await Database.open(path, SystemClock())
    await database.write(half)


async def live(path: Path) -> None:
    """Begin an answer and an attempt, and never end them."""
    clock = SystemClock()
    database = await Database.open(path, clock)
    instance = await Instance.enter(database, front_end="tui", clock=clock)

    def begin(connection: Connection) -> None:
        conversations.create(connection, "c", START)
        messages.checkpoint_answer(
            connection, messages.begin_answer(connection, "c", None, owner=instance.id), "As far as it g"
        )
        messages.begin_answer(connection, "c", None, owner=instance.id)
        attempt = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f", conversation_id="c")
        ledger.note_generation(connection, ledger.begin(connection, attempt, instance.id), "gen-1")

    await database.write(begin)
    wait()
    await instance.release(database)
    await database.close()


async def pool(path: Path) -> None:
    """Do what each line of input says to the pool, and print what came of it; leave at the end of the input."""
    clock = SystemClock()
    database = await Database.open(path, clock)
    instance = await Instance.enter(database, front_end="ask", clock=clock)
    say("ready")
    for line in sys.stdin:
        what, now, *details = json.loads(line)
        if what == "reserve":
            outcome = await database.write(reservations.reserve, claim_of(instance.id, now, **details[0]), now)
            say(json.dumps([type(outcome).__name__, asdict(outcome)]))
        else:
            say(json.dumps(await database.write(ledger.settle, details[0], Settlement(outcome="done"))))
    await instance.release(database)
    await database.close()


def claim_of(owner: str, now: float, *, model: str = "m", ticket: int | None = None, **limits: int) -> Claim:
    """A request with the one key that all share."""
    attempt = Attempt(started_at=now, model=model, key_label="k", key_fingerprint="f", projected_pico=100)
    return Claim(attempt=attempt, owner=owner, limits=Limits(**limits), ticket=ticket)


async def race(path: Path, tries: str, model: str, limits: str) -> None:
    """Ask as often as told, as fast as possible, and say how often it was granted."""
    clock = SystemClock()
    database = await Database.open(path, clock)
    instance = await Instance.enter(database, front_end="ask", clock=clock)
    wait()
    granted = 0
    for number in range(int(tries)):
        now = START + number / 1000
        claim = claim_of(instance.id, now, model=model, **json.loads(limits))
        granted += isinstance(await database.write(reservations.reserve, claim, now), Granted)
    say(granted)
    wait()
    await instance.release(database)
    await database.close()


def main() -> None:
    jobs = {job.__name__: job for job in (open_it, count, pairs, stay_inside, live, pool, race)}
    what, path, *rest = sys.argv[1:]
    asyncio.run(jobs[what](Path(path), *rest))


if __name__ == "__main__":
    main()
