"""One machine with keys: a database, a key file, and instances that start on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchat.config import KeySettings
from orchat.domain.ledger import Attempt
from orchat.domain.scope import key_scope
from orchat.domain.secret import Secret
from orchat.keys import roster
from orchat.keys.key_file import FileVault
from orchat.keys.ring import Ring
from orchat.store import holds, key_state, ledger
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.holds import Hold
from tests.support.clock import FakeClock
from tests.support.store import open_database

A, B, C, ENV = (f"sk-or-v1-{name * 16}" for name in "abce")


def fingerprint(key: str) -> str:
    return Secret(key).fingerprint


@dataclass
class Desk:
    """One machine: a database, a key file, and instances that start on it."""

    db: Database
    clock: FakeClock
    file: Path

    def ring(self, environ: Mapping[str, str] | None = None, **changes: Any) -> Ring:
        settings = KeySettings(**{"store": "file", "file": str(self.file), **changes.pop("settings", {})})
        return Ring(self.db, settings, environ=environ or {}, clock=self.clock, **changes)

    def keep(self, **keys: str) -> None:
        FileVault(self.file).save({label: Secret(key) for label, key in keys.items()})

    async def spend(self, key: str, requests: int) -> None:
        """Send so many requests with a key."""
        attempt = Attempt(
            started_at=self.clock.now(), model="a/b", key_label="x", key_fingerprint=fingerprint(key), front_end="tests"
        )

        def begin(connection: Connection) -> None:
            for _ in range(requests):
                ledger.begin(connection, attempt, "tests")

        await self.db.write(begin)

    async def started(self, environ: Mapping[str, str] | None = None, **changes: Any) -> str:
        """The label that a new instance gets."""
        return (await self.ring(environ, **changes).lease()).label

    async def hold(self, key: str, until: float | None = None, reason: str = "402") -> None:
        """Put a key aside."""
        await self.put_aside(key_scope(fingerprint(key)), until=until, reason=reason)

    async def put_aside(
        self, scope: str, *, kind: str = "CreditsExhausted", reason: str = "402", until: float | None = None
    ) -> Hold:
        now = self.clock.now()
        return await self.db.write(holds.put, scope, kind=kind, reason=reason, source="server", now=now, until=until)

    async def served(self, key: str, *, free: bool = False) -> None:
        """A request with this key was answered."""
        await self.db.write(roster.forgive, fingerprint(key), free=free)

    async def current(self) -> str | None:
        states = await self.db.read(key_state.list_keys)
        return next((state.label for state in states if state.is_current), None)


@asynccontextmanager
async def desk_in(folder: Path) -> AsyncIterator[Desk]:
    clock = FakeClock()
    db = await open_database(folder / "data" / "orchat.db", clock=clock)
    try:
        yield Desk(db=db, clock=clock, file=folder / "keys.json")
    finally:
        await db.close()
