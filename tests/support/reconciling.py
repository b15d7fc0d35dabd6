"""A house whose server is asked later: about the key, and about answers whose cost was not certain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from orchat.demo.answer import Step
from orchat.demo.lookups import Page
from orchat.demo.server import DemoServer
from orchat.dispatch.reconcile import Reconciler
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.keys.ring import KeyLease
from orchat.store import ledger, reports
from orchat.store.reports import Report
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, make_runtime

GUESS = Settlement(
    outcome="cut",
    generation_id="gen-unknown",
    usage=Usage(prompt_tokens=10, completion_tokens=5, estimated=True),
    cost=Cost(pico=1, source="estimated"),
)


@pytest.fixture
async def server(anyio_backend: str, clock: FakeClock) -> AsyncIterator[DemoServer]:
    """One that knows the time of the test: a generation can be asked for only some time after its end."""
    async with DemoServer(pace=0, clock=clock) as running:
        yield running


@asynccontextmanager
async def opened(server: DemoServer, clock: FakeClock) -> AsyncIterator[House]:
    """A runtime that has started."""
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        yield House(runtime, server, clock)


@pytest.fixture
async def house(server: DemoServer, clock: FakeClock) -> AsyncIterator[House]:
    async with opened(server, clock) as found:
        yield found


@pytest.fixture
async def reconciler(house: House) -> AsyncIterator[Reconciler]:
    found = Reconciler(house.runtime.parts.ground, house.runtime.parts.ring)
    yield found
    await found.aclose()


@pytest.fixture
async def lease(house: House) -> KeyLease:
    return await house.runtime.lease()


def paths(server: DemoServer) -> list[str]:
    """What the server was asked, in order."""
    return [request.path for request in server.requests]


def asked(server: DemoServer) -> list[str]:
    """The generations that were asked for."""
    return [request.query["id"] for request in server.requests if request.path == "/generation"]


async def report_of(house: House, lease: KeyLease) -> Report | None:
    return await house.runtime.parts.db.read(reports.get, lease.fingerprint)


async def settled_row(house: House, settlement: Settlement = GUESS, *, fingerprint: str | None = None) -> int:
    """A row that was sent and settled now."""
    db, now = house.runtime.parts.db, house.clock.now()
    entry = Attempt(
        started_at=now, model="demo/writer", key_label="work", key_fingerprint=fingerprint or KEY.fingerprint
    )
    row = await db.write(ledger.begin, entry, house.runtime.parts.instance.id)
    await db.write(ledger.settle, row, settlement)
    return row


class SlowClock(FakeClock):
    """Sleeping takes until somebody says that the time has come."""

    def __init__(self) -> None:
        super().__init__()
        self.wakes: list[asyncio.Future[None]] = []
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.wakes.append(wake)
        self.asleep.set()
        await wake

    async def until_asleep(self) -> None:
        await self.asleep.wait()
        self.asleep.clear()


@pytest.fixture
def slow() -> SlowClock:
    return SlowClock()


def document(value: object) -> Step:
    return Page(value=value)
