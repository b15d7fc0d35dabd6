"""A whole runtime against the scripted server: real sockets, a real database, a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchat.demo.server import DemoServer
from orchat.domain.content import message
from orchat.domain.events import Event
from orchat.domain.request import ChatRequest
from orchat.domain.secret import Secret
from orchat.domain.stream import EventStream
from orchat.errors import OrchatError
from orchat.runtime import Runtime
from orchat.store import ledger
from tests.support.clock import FakeClock

KEY = Secret("sk-or-v1-" + "5ec7e7" * 10)


def key_of(label: str) -> Secret:
    """A key that nobody else has."""
    return Secret("sk-or-v1-" + label.encode().hex().ljust(60, "5"))


def keep_keys(folder: Path, *labels: str) -> Path:
    """A file of keys, for the setting ``keys.file``."""
    file = folder / "keys.json"
    file.write_text(json.dumps({label: key_of(label).reveal() for label in labels}))
    file.chmod(0o600)
    return file


def make_runtime(server: DemoServer, clock: FakeClock, **settings: Any) -> Runtime:
    """A runtime that talks to `server` and pays with `KEY`; settings by dotted name with ``__`` for the dot."""
    return _runtime(server, clock, settings, key=KEY)


def ring_runtime(
    server: DemoServer, clock: FakeClock, key_file: Path, home: Path | None = None, **settings: Any
) -> Runtime:
    """The same, with a ring of the keys in a file, and in a home of its own if one is named."""
    ring = {"keys.store": "file", "keys.file": str(key_file)}
    return _runtime(server, clock, {**ring, **settings}, key=None, home=home)


def _runtime(
    server: DemoServer, clock: FakeClock, settings: dict[str, Any], *, key: Secret | None, home: Path | None = None
) -> Runtime:
    return Runtime.create(
        front_end="library",
        home=None if home is None else str(home),
        settings={
            "api.base_url": server.base_url,
            "api.dialect": "openrouter",
            "models.default": "demo/writer",
            # What is asked after answers would move the clock of every test.
            "keys.reconcile": False,
            **{name.replace("__", "."): value for name, value in settings.items()},
        },
        key=key,
        key_label="work",
        clock=clock,
    )


class House:
    """What a test needs of a running runtime."""

    def __init__(self, runtime: Runtime, server: DemoServer, clock: FakeClock) -> None:
        self.runtime = runtime
        self.server = server
        self.clock = clock

    def stream(self, prompt: str = "hello", *, model: str | None = "demo/writer", **around: Any) -> EventStream:
        from orchat.dispatch.dispatcher import Circumstances

        request = ChatRequest(messages=(message("user", prompt),), model=model)
        return self.runtime.dispatcher.stream(request, Circumstances(**around))

    async def ask(self, prompt: str = "hello", **around: Any) -> list[Event]:
        """All events of one request that is expected to succeed."""
        async with self.stream(prompt, **around) as stream:
            return [event async for event in stream]

    async def fail(self, prompt: str = "hello", **around: Any) -> tuple[list[Event], OrchatError]:
        """The events up to a failure, and the failure."""
        events, error = await self.attempt(prompt, **around)
        assert error is not None, f"the request succeeded: {events[-1]}"
        return events, error

    async def attempt(self, prompt: str = "hello", **around: Any) -> tuple[list[Event], OrchatError | None]:
        """The events of one request, and the failure that ended it, if one did."""
        events: list[Event] = []
        async with self.stream(prompt, **around) as stream:
            try:
                async for event in stream:
                    events.append(event)
            except OrchatError as error:
                return events, error
        return events, None

    async def entries(self) -> list[ledger.Entry]:
        """The ledger, oldest attempt first."""
        return list(reversed(await self.runtime.parts.db.read(ledger.last_attempts, 100)))

    async def settled(self) -> None:
        """Wait until everything that was begun has been written."""
        await self.runtime.parts.db.read(ledger.last_attempts, 1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def house(anyio_backend: str, server: DemoServer, clock: FakeClock) -> AsyncIterator[House]:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        yield House(runtime, server, clock)
