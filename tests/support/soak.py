"""Many processes, one server, and afterwards the books of both sides against each other.

A request has one name on both sides: its conversation in the ledger is the ``user`` of its POST. So every POST can be
matched with a row, one by one, and what a killed process leaves is explained rather than allowed for.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchat.client import AsyncClient
from orchat.clock import SystemClock
from orchat.domain.money import to_pico
from orchat.paths import Paths
from orchat.store import audit
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.instances import Instance
from tests.support.house import keep_keys, key_of

ROOT = Path(__file__).parents[2]
_DIALECT = {"api.dialect": "openrouter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is asked of the pool."""

    processes: int
    """Clients that live at the same time."""
    keys: int
    """Keys among which they are divided."""
    cap: int
    """Most requests of one key at the same time."""
    wanted: int = 4
    """Requests that each client would like to have running."""
    requests: int = 0
    """Requests of each client; 0: until the time is over."""
    seconds: float = 3600.0
    """When clients begin no new request."""
    pace: float = 0.1
    """Of the models: at 1 an answer takes about 600 ms."""
    kill_every_s: float = 0.0
    """A client, chosen by chance, is killed so often, and another one takes its place; 0: none is."""

    @property
    def labels(self) -> list[str]:
        """The keys, by what they are called."""
        return [f"key{number}" for number in range(self.keys)]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What both sides say."""

    faults: list[str] = field(default_factory=list)
    """What does not agree; nothing of it may be."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows of the ledger, by outcome."""
    never_arrived: int = 0
    """Lost rows whose process was killed before its POST had arrived."""
    ours: dict[str, int] = field(default_factory=dict)
    """Rows by key, without those."""
    theirs: dict[str, int] = field(default_factory=dict)
    """POSTs by key, as the server counted them."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Most requests at the same time by key, as the server saw them."""
    killed: int = 0
    """Processes that were killed."""
    waits_s: list[float] = field(default_factory=list)
    """How long each request of a client that ended waited for its turn."""
    seconds: float = 0.0
    """From the first request to the end of the last."""

    def report(self) -> Iterator[str]:
        """Lines for people."""
        sent = sum(self.theirs.values())
        yield f"{sent:,} requests in {self.seconds:.0f} s ({sent / self.seconds:.0f} a second), {self.killed} kills"
        yield f"rows by outcome: {dict(self.rows)}; lost before they had arrived: {self.never_arrived}"
        yield f"ours by key: {self.ours}; the server's: {self.theirs}"
        yield f"most at the same time by key: {self.peaks}"
        if self.waits_s:
            waits = sorted(self.waits_s)
            median, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
            yield f"waited for a turn: p50 {median:.1f} s, p99 {p99:.1f} s, longest {waits[-1]:.1f} s"
        yield f"faults: {len(self.faults)}"
        yield from (f"  {fault}" for fault in self.faults[:20])


class Worker:
    """A process that does one thing for each line of JSON, and answers with one."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], errors: Path) -> None:
        self._errors = errors.open("wb")
        command = [sys.executable, "-m", "tests.support.soak_process", *arguments]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, Path(self._errors.name).read_text()
        return json.loads(line)

    def ask(self, value: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(value)}\n")
        self._process.stdin.flush()
        return self.hear()


class Crowd:
    """The clients of one soak."""

    def __init__(self, plan: Plan, folder: Path, server: str, nursery: Worker) -> None:
        self._plan = plan
        self._nursery = nursery
        self._until = time.monotonic() + plan.seconds
        self._job = {
            "settings": {
                **_DIALECT,
                "api.base_url": server,
                "limits.max_in_flight": plan.cap,
                # A budget makes every row reserve what it may cost, and so tells what a lost one is charged.
                "budget.day_usd": 1_000_000.0,
                "retry.attempts": 1,
                "retry.base_s": 0.01,
            },
            "home": str(folder / "home"),
            "wanted": plan.wanted,
            "requests": plan.requests,
            "until": self._until,
            "results": str(folder / "results"),
        }
        self._born = 0
        self._alive: dict[int, int] = {}
        self.killed: dict[int, float] = {}
        """Number of the client to when it was killed, on the monotonic clock."""
        self.failed: list[str] = []
        """Clients that ended otherwise than they should."""

    def run(self) -> None:
        """Have all requests sent, and wait until the last client has left."""
        for _ in range(self._plan.processes):
            self._fork()
        at = time.monotonic()
        while self._plan.kill_every_s and (at := at + self._plan.kill_every_s) < self._until:
            time.sleep(max(0.0, at - time.monotonic()))
            self._kill()
            self._fork()
        for pid, number in self._alive.items():
            self._ended(number, self._nursery.ask(("wait", pid)))

    def _fork(self) -> None:
        """Half of the clients choose a key of the ring, the others are given theirs."""
        label = self._plan.labels[self._born % self._plan.keys]
        is_given = self._born // self._plan.keys % 2
        key = key_of(label).reveal() if is_given else None
        pid = self._nursery.ask(("fork", {**self._job, "number": self._born, "label": label, "key": key}))
        self._alive[pid] = self._born
        self._born += 1

    def _kill(self) -> None:
        pid = random.choice(list(self._alive))
        number, at = self._alive.pop(pid), time.monotonic()
        status = self._nursery.ask(("kill", pid))
        if status == -signal.SIGKILL:
            self.killed[number] = at
        else:
            self._ended(number, status)

    def _ended(self, number: int, status: int) -> None:
        if status:
            self.failed.append(f"client {number} ended with {status}")


def soak(plan: Plan, folder: Path) -> Outcome:
    """Run a plan, and compare what both sides say.

    Args:
        plan: How much.
        folder: Empty; for everything that comes of it.
    """
    keys = keep_keys(folder, *plan.labels)
    (folder / "results").mkdir()
    environment = {**os.environ, "ORCHAT_KEYS_FILE": str(keys), "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        worker = _workers(stack, folder, environment)
        server, nursery = worker("serve", str(plan.pace)), worker("nursery")
        assert nursery.hear() == "ready"
        address = server.ask({label: key_of(label).reveal() for label in plan.labels})
        asyncio.run(_know_prices(folder, address))
        crowd = Crowd(plan, folder, address, nursery)
        began = time.monotonic()
        crowd.run()
        seconds = time.monotonic() - began
        seen = server.ask("what was seen")
    outcome = asyncio.run(_compared(plan, folder, seen, crowd))
    outcome.seconds = seconds
    return outcome


def _workers(stack: ExitStack, folder: Path, environment: Mapping[str, str]) -> Any:
    def start(*arguments: str) -> Worker:
        errors = folder / f"{arguments[0]}.err"
        return stack.enter_context(Worker(*arguments, environment=environment, errors=errors))

    return start


async def _know_prices(folder: Path, address: str) -> None:
    """With the catalogue at hand every row reserves what it may cost, the first ones too."""
    async with AsyncClient(home=str(folder / "home"), base_url=address, settings=_DIALECT) as client:
        assert await client.models()


# ---- both books


async def _compared(plan: Plan, folder: Path, seen: list[dict[str, Any]], crowd: Crowd) -> Outcome:
    paths = Paths.discover({"ORCHAT_HOME": str(folder / "home")})
    database = await Database.open(paths.database, SystemClock())
    for file in database.instances.iterdir():
        # Whatever is left is as old now as it has to be for the next instance to clear it up.
        os.utime(file, (0, 0))
    await (await Instance.enter(database, front_end="soak", clock=SystemClock())).release(database)
    outcome = Outcome(killed=len(crowd.killed))
    outcome.faults += (folder / "nursery.err").read_text().splitlines()[-5:]
    outcome.faults += (folder / "serve.err").read_text().splitlines()[-5:]
    outcome.faults += crowd.failed
    outcome.faults += [f"left over: {file.name}" for file in database.instances.iterdir()]
    outcome.faults += await database.read(_left_over)
    outcome.faults += await database.read(audit.drift)
    rows = await database.read(_rows)
    await database.close()
    match(outcome, rows, seen, set(crowd.killed))
    outcome.peaks = {label: peak(posts, crowd.killed) for label, posts in _by_key(plan, seen).items()}
    outcome.faults += [f"{label}: {most} at once" for label, most in outcome.peaks.items() if most > plan.cap]
    names = {key_of(label).fingerprint: label for label in plan.labels}
    outcome.theirs = _counted(names, (post["fingerprint"] for post in seen))
    outcome.ours = _counted(names, (row["key_fingerprint"] for row in rows if row["arrived"]))
    if outcome.ours != outcome.theirs:
        outcome.faults.append(f"ours {outcome.ours}, theirs {outcome.theirs}")
    for file in (folder / "results").iterdir():
        outcome.waits_s += json.loads(file.read_text())["waits"]
    return outcome


def _left_over(connection: Connection) -> list[str]:
    (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
    faults = [] if sound == "ok" else [sound]
    for table, condition in (("queue", "1"), ("instances", "1"), ("attempts", "outcome = 'open'")):
        (left,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
        if left:
            faults.append(f"left over in {table}: {left}")
    return faults


def _rows(connection: Connection) -> list[dict[str, Any]]:
    return [{**dict(row), "arrived": True} for row in connection.execute("SELECT * FROM attempts ORDER BY id")]


def match(outcome: Outcome, rows: Sequence[dict[str, Any]], seen: Sequence[dict[str, Any]], killed: set[int]) -> None:
    """Match every POST with a row. A row without one must be the last of a request whose process was killed."""
    outcome.rows = Counter(row["outcome"] for row in rows)
    ours, theirs = _by_name(rows, "conversation_id"), _by_name(seen, "name")
    for name in ours.keys() | theirs.keys():
        attempts, posts = ours[name], theirs[name]
        was_killed = int(name.split(".")[0]) in killed
        if len(attempts) == len(posts) + 1 and was_killed and _never_arrived(attempts[-1]):
            attempts.pop()["arrived"] = False
            outcome.never_arrived += 1
        if len(attempts) != len(posts):
            outcome.faults.append(f"request {name}: {len(attempts)} rows, {len(posts)} POSTs")
            continue
        for attempt, post in zip(attempts, posts, strict=True):
            outcome.faults += [f"request {name}: {fault}" for fault in _disagreements(attempt, post, was_killed)]


def _never_arrived(row: Mapping[str, Any]) -> bool:
    return row["outcome"] == "lost" and row["generation_id"] is None


def _disagreements(row: Mapping[str, Any], post: Mapping[str, Any], was_killed: bool) -> Iterator[str]:
    """What one attempt says otherwise than the POST that it was."""
    if row["key_fingerprint"] != post["fingerprint"]:
        yield "another key"
    if row["generation_id"] not in (None, post["generation"]):
        yield "another generation"
    if row["outcome"] == "lost":
        if not was_killed:
            yield "lost, although nobody was killed"
        if row["cost_pico"] is None:
            yield "lost, and not charged"
    elif row["outcome"] == "done" and post["outcome"] != "done":
        yield f"done here, {post['outcome']} there"
    if row["cost_source"] == "reported" and row["cost_pico"] != to_pico(Decimal(post["cost"])):
        yield f"{row['cost_pico']} here, {post['cost']} USD there"


def peak(posts: Iterable[Mapping[str, Any]], killed: Mapping[int, float]) -> int:
    """Most requests at the same time. A request ends with its process: the server hears of a death only later."""
    changes: list[tuple[float, int]] = []
    for post in posts:
        death = killed.get(int(post["name"].split(".")[0]), float("inf"))
        end = min(death, post["ended_at"] or float("inf"))
        if end > post["arrived_at"]:
            changes += [(post["arrived_at"], 1), (end, -1)]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def _by_key(plan: Plan, seen: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {label: [post for post in seen if post["fingerprint"] == key_of(label).fingerprint] for label in plan.labels}


def _by_name(items: Iterable[dict[str, Any]], name: str) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        found[item[name]].append(item)
    return found


def _counted(names: Mapping[str, str], fingerprints: Iterable[str]) -> dict[str, int]:
    counts = Counter(fingerprints)
    return {name: counts[fingerprint] for fingerprint, name in names.items()}
