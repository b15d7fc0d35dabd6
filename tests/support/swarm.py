"""Many processes that do the same work, of which one after the other is killed, and what their ledger must say then.

The processes are forked, as a start takes longer than the life of most. So whoever starts a swarm has one thread.
"""

from __future__ import annotations

import asyncio
import os
import random
import selectors
import signal
import sqlite3
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from orchat.clock import SystemClock
from orchat.store import ledger
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance

Tell = Callable[[int], None]
"""Takes the row of a request that ended well, once its settlement is on the disk."""
Job = Callable[[Path, int, int, Tell], Awaitable[None]]
"""What a process does: the path of the database, how many requests, a seed, and whom to tell of each."""

LOG = """
CREATE TABLE swarm_log (
    step INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,
    key TEXT NOT NULL,
    change INTEGER NOT NULL,
    reserved_pico INTEGER
);
CREATE TRIGGER swarm_opened AFTER INSERT ON attempts BEGIN
    INSERT INTO swarm_log (row, key, change, reserved_pico)
    VALUES (new.id, new.key_fingerprint, 1, new.reserved_pico);
END;
CREATE TRIGGER swarm_settled AFTER UPDATE OF outcome ON attempts BEGIN
    INSERT INTO swarm_log (row, key, change) VALUES (new.id, new.key_fingerprint, -1);
END;
"""
"""Notes what happens to the rows in the order of the transactions, whatever the clocks of the processes say."""


@dataclass(slots=True, kw_only=True)
class Member:
    """A process that runs."""

    place: int
    """Its place in the swarm, which the one after it takes over."""
    left: int
    """Requests that it still has to make."""


@dataclass(slots=True, kw_only=True)
class Course:
    """What happened."""

    told: list[int] = field(default_factory=list)
    """Rows of the requests that ended well, as their processes said."""
    killed: int = 0
    """Processes that were killed."""
    failed: int = 0
    """Processes that ended with an error."""
    seconds: float = 0.0
    """How long it took."""


class Swarm:
    """Runs a job in many processes until all requests are made, however many of the processes die.

    Args:
        path: The database; it exists.
        job: What each does.
        processes: How many at the same time.
        requests: How many each place in the swarm has to make.
        kill_every_s: Seconds from one kill to the next; 0 kills nobody.
        kill_for_s: Seconds after which nobody is killed any more.
        seed: Chooses whom.
    """

    def __init__(
        self,
        path: Path,
        job: Job,
        *,
        processes: int,
        requests: int,
        kill_every_s: float = 0.0,
        kill_for_s: float = 0.0,
        seed: int = 1,
    ) -> None:
        self._path = path
        self._job = job
        self._kill_every_s = kill_every_s
        self._kill_for_s = kill_for_s
        self._random = random.Random(seed)
        self._members: dict[int, Member] = {}
        self._todo = [Member(place=place, left=requests) for place in range(processes)]
        self._course = Course()
        self._reader, self._writer = os.pipe()

    def run(self) -> Course:
        """Run to the end."""
        began = next_kill = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            while self._members or self._todo:
                while self._todo:
                    self._fork(self._todo.pop())
                if selector.select(0.01):
                    self._listen()
                now = time.monotonic()
                if self._kill_every_s and now >= next_kill and now - began < self._kill_for_s:
                    next_kill = max(next_kill + self._kill_every_s, now - self._kill_every_s)
                    self._kill()
                self._bury()
        os.close(self._reader)
        os.close(self._writer)
        self._course.seconds = time.monotonic() - began
        return self._course

    def _fork(self, member: Member) -> None:
        seed = self._random.getrandbits(32)
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            self._members[pid] = member
            return
        status = 1
        try:
            asyncio.run(self._work(member, seed))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    async def _work(self, member: Member, seed: int) -> None:
        # Shorter than a pipe takes at once, so lines of several processes never mix.
        def tell(row: int) -> None:
            os.write(self._writer, f"{os.getpid()} {row}\n".encode())

        await self._job(self._path, member.left, seed, tell)

    def _listen(self) -> None:
        text = os.read(self._reader, 65_536)
        while not text.endswith(b"\n"):
            text += os.read(self._reader, 65_536)
        for line in text.splitlines():
            pid, row = map(int, line.split())
            self._members[pid].left -= 1
            self._course.told.append(row)

    def _kill(self) -> None:
        if self._members:
            os.kill(self._random.choice(list(self._members)), signal.SIGKILL)

    def _bury(self) -> None:
        for pid in list(self._members):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            while select_now(self._reader):
                self._listen()
            member = self._members.pop(pid)
            if os.WIFSIGNALED(status):
                self._course.killed += 1
                if member.left:
                    self._todo.append(member)
            elif os.WEXITSTATUS(status):
                self._course.failed += 1


def select_now(descriptor: int) -> bool:
    """Whether there is anything to read."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))


def watch(path: Path) -> None:
    """Let a database note in what order rows are opened and settled."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(LOG)


async def buried(path: Path) -> list[str]:
    """Let one more instance come and go, as whoever starts next does, and look for what should not be there.

    Returns:
        A line for each thing that is left over.
    """
    clock = SystemClock()
    database = await Database.open(path, clock)
    instance = await Instance.enter(database, front_end="ask", clock=clock)
    faults = await database.read(ledger.drift)
    faults += await database.read(_left_over, instance.id)
    await instance.release(database)
    folder = database.instances
    await database.close()
    faults += [f"a lock file is left over: {file.name}" for file in folder.glob("*.lock")]
    return faults


def _left_over(connection: Connection, own: str) -> list[str]:
    questions = {
        "open rows": "SELECT count(*) FROM attempts WHERE outcome = 'open'",
        "places in the queue": "SELECT count(*) FROM queue",
        "instances": f"SELECT count(*) FROM instances WHERE id <> '{own}'",
        "reserved amounts": "SELECT count(*) FROM attempts WHERE reserved_pico IS NOT NULL",
    }
    counts = {name: connection.execute(question).fetchone()[0] for name, question in questions.items()}
    return [f"{number} {name} are left over" for name, number in counts.items() if number]


def faults_of_course(path: Path, course: Course, *, max_in_flight: int, cost_of: Callable[[int], int]) -> list[str]:
    """Compare what the ledger says with what happened.

    Args:
        path: The database, after `buried`.
        course: What the processes told.
        max_in_flight: The cap of each key.
        cost_of: What a request that ended well cost, by what was reserved for it; a lost one costs all of that.

    Returns:
        A line for each difference.
    """
    with closing(sqlite3.connect(path)) as connection:
        log = connection.execute("SELECT row, key, change, reserved_pico FROM swarm_log ORDER BY step").fetchall()
        rows = connection.execute("SELECT id, outcome, cost_pico FROM attempts").fetchall()
    faults = []
    running: dict[str, int] = defaultdict(int)
    settled: dict[int, int] = defaultdict(int)
    reserved: dict[int, int] = {}
    for row, key, change, pico in log:
        running[key] += change
        if running[key] > max_in_flight:
            faults.append(f"{running[key]} requests of {key} ran at the same time when row {row} was opened")
        if change > 0:
            reserved[row] = pico
        else:
            settled[row] += 1
    for row, outcome, cost in rows:
        expected = cost_of(reserved[row]) if outcome == "done" else reserved[row]
        if outcome not in ("done", "lost") or cost != expected:
            faults.append(f"row {row} is {outcome} and costs {cost}, not {expected}")
        if settled[row] != 1:
            faults.append(f"row {row} was settled {settled[row]} times")
    done = {row for row, outcome, _ in rows if outcome == "done"}
    if len(set(course.told)) != len(course.told) or not set(course.told) <= done:
        faults.append("requests that ended well are not in the ledger as such")
    return faults


def most_in_a_minute(path: Path) -> int:
    """The most requests to free models that any account started within 60 s."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT account, started_at FROM attempts WHERE is_free = 1 ORDER BY 1, 2"
        ).fetchall()
    most = first = 0
    for last, (account, at) in enumerate(found):
        while found[first][0] != account or found[first][1] <= at - ledger.MINUTE_S:
            first += 1
        most = max(most, last - first + 1)
    return most
