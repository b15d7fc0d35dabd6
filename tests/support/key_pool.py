"""A ring of keys against a server that knows them: several runtimes over one home, one clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.server import DemoServer
from orchat.domain.events import Event
from orchat.store import holds, reports
from orchat.store.holds import Hold
from orchat.store.reports import Report
from tests.support.clock import FakeClock
from tests.support.house import House, keep_keys, key_of, ring_runtime

FREE = "demo/tiny:free"
PAID = "demo/writer"
Houses = Callable[..., AbstractAsyncContextManager[House]]
SWITCH: dict[str, Any] = {"keys__on_exhausted": "switch"}
"""Settings of a runtime that goes on with the next key by itself."""


@pytest.fixture
async def demo(anyio_backend: str, clock: FakeClock) -> AsyncIterator[DemoServer]:
    """A server that lives by the clock of the test and knows no key yet."""
    async with DemoServer(pace=0, clock=clock, keys={}) as running:
        yield running


@pytest.fixture
def houses(demo: DemoServer, clock: FakeClock, tmp_path: Path) -> Houses:
    """Runtimes over one home, whose ring has a key for each label."""

    @asynccontextmanager
    async def opened(*labels: str, **settings: Any) -> AsyncIterator[House]:
        file = keep_keys(tmp_path, *labels)
        async with ring_runtime(demo, clock, file, **settings) as runtime:
            await runtime.start()
            yield House(runtime, demo, clock)

    return opened


def terms(demo: DemoServer, **of: DemoKey) -> None:
    """Say what the keys with these labels may do."""
    for label, each in of.items():
        demo.put_key(key_of(label), each)


def print_of(label: str) -> str:
    return key_of(label).fingerprint


async def held(house: House) -> dict[str, Hold]:
    """What is put aside now, by scope."""
    found = await house.runtime.parts.db.read(holds.active, house.clock.now())
    return {hold.scope: hold for hold in found}


async def share_account(house: House, account: str, *labels: str) -> None:
    for label in labels:
        report = Report(fingerprint=print_of(label), at=house.clock.now(), account=account)
        await house.runtime.parts.db.write(reports.put, report)


def asked(demo: DemoServer) -> list[str | None]:
    """Whose keys the server saw, in order."""
    return [chat.key_fingerprint for chat in demo.chats]


def prints(*labels: str) -> list[str]:
    return [print_of(label) for label in labels]


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events if not type(event).__name__.endswith("Delta")]


def only(events: list[Event], kind: type[Event]) -> Any:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found
