"""What becomes of a key that somebody signed in for: real database, real key file or keyring, real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import keyring.errors
import pytest

from orchat.config import KeySettings
from orchat.demo.script import fault
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, LabelTaken, UsageError
from orchat.keys.ring import Ring
from orchat.keys.shelf import Shelf
from orchat.keys.signin import LABEL, MOST_LABELS, Kept, facts, free_label, keep
from orchat.keys.vault import KeyringVault
from orchat.openrouter.account import FreeRequests, KeyStatus
from orchat.openrouter.client import OpenRouter
from tests.support.clock import FakeClock
from tests.support.keyrings import ShortItems, installed
from tests.support.store import open_database

pytestmark = pytest.mark.anyio

PICO = 10**12
OLD, NEW = Secret("sk-or-v1-" + "0a" * 32), Secret("sk-or-v1-" + "1b" * 32)


@dataclass
class Place:
    """Where one instance keeps keys."""

    ring: Ring
    shelf: Shelf
    file: Path

    async def keep(self, key: Secret, label: str | None = None) -> Kept:
        return await keep(self.ring, self.shelf, key, label=label)

    @property
    def kept(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.file.read_text())
        return found


@asynccontextmanager
async def place(server: DemoServer, folder: Path, vault: KeyringVault | None = None) -> AsyncIterator[Place]:
    clock, file = FakeClock(), folder / "keys.json"
    folder.mkdir(exist_ok=True)
    db = await open_database(folder / "orchat.db", clock=clock)
    try:
        async with OpenRouter(base_url=server.base_url, dialect="openrouter", clock=clock) as client:
            ring = Ring(db, KeySettings(store="file", file=str(file)), environ={}, clock=clock, vault=vault)
            yield Place(ring, Shelf(ring, client, clock), file)
    finally:
        await db.close()


async def test_the_key_is_kept_and_used(server: DemoServer, tmp_path: Path) -> None:
    async with place(server, tmp_path) as here:
        kept = await here.keep(NEW)

        assert (kept.lease.label, kept.lease.source, kept.is_new, kept.warning) == (LABEL, "file", True, None)
        assert kept.status is not None and kept.status.account
        assert here.kept == {LABEL: NEW.reveal()}
        assert (await here.ring.lease()).fingerprint == NEW.fingerprint


async def test_a_label_that_is_taken_is_passed_over(server: DemoServer, tmp_path: Path) -> None:
    async with place(server, tmp_path) as here:
        await here.keep(OLD)
        assert (await here.keep(NEW)).lease.label == f"{LABEL} 2"
        assert list(here.kept) == [LABEL, f"{LABEL} 2"]


async def test_a_label_that_was_asked_for_is_not_exchanged_for_another(server: DemoServer, tmp_path: Path) -> None:
    async with place(server, tmp_path) as here:
        await here.keep(OLD, "work")
        with pytest.raises(LabelTaken):
            await here.keep(NEW, "work")
        with pytest.raises(UsageError, match="label"):
            await here.keep(NEW, "a/b")
        assert list(here.kept) == ["work"]


@pytest.mark.parametrize("label", [None, "work", "other"])
async def test_a_key_that_is_there_is_used_and_not_kept_twice(
    server: DemoServer, tmp_path: Path, label: str | None
) -> None:
    async with place(server, tmp_path) as here:
        await here.keep(OLD, "work")
        await here.keep(NEW)
        kept = await here.keep(OLD, label)

        assert (kept.lease.label, kept.is_new, kept.warning) == ("work", False, None)
        assert kept.status is not None
        assert list(here.kept) == ["work", LABEL]
        assert (await here.ring.lease()).label == "work"


async def test_what_cannot_be_checked_is_said(server: DemoServer, tmp_path: Path) -> None:
    server.script(fault("500"), fault("500"), path="/key")
    async with place(server, tmp_path) as here:
        kept = await here.keep(NEW)
        assert kept.status is None and kept.warning is not None
        again = await here.keep(NEW)
        assert (again.is_new, again.status) == (False, None) and again.warning


async def test_a_key_that_the_server_refuses_is_not_kept(tmp_path: Path) -> None:
    async with DemoServer(pace=0, keys={}) as server, place(server, tmp_path) as here:
        with pytest.raises(KeyRejected):
            await here.keep(NEW)
        assert not here.file.exists()


async def test_without_a_keyring_the_key_serves_this_process(server: DemoServer, tmp_path: Path) -> None:
    backend = ShortItems()

    def fail(call: str, name: str) -> None:
        raise keyring.errors.KeyringLocked("locked")

    backend.failing = fail
    with installed(backend):
        async with place(server, tmp_path, KeyringVault(timeout_s=5, lock=tmp_path / "lock")) as here:
            kept = await here.keep(NEW)
            assert (kept.lease.source, kept.is_new) == ("process", True)


async def test_a_keyring_that_opens_late_shows_which_labels_are_taken(server: DemoServer, tmp_path: Path) -> None:
    backend = ShortItems()

    def vault() -> KeyringVault:
        return KeyringVault(timeout_s=5, lock=tmp_path / "lock")

    with installed(backend):
        async with place(server, tmp_path / "one", vault()) as here:
            await here.keep(OLD)
        asked = len(server.requests)

        def fail_until_the_key_is_checked(call: str, name: str) -> None:
            if len(server.requests) == asked:
                raise keyring.errors.KeyringLocked("locked")

        backend.failing = fail_until_the_key_is_checked
        async with place(server, tmp_path / "two", vault()) as here:
            assert (await here.keep(NEW)).lease.label == f"{LABEL} 2"


def test_there_are_labels_enough() -> None:
    assert free_label(()) == LABEL
    assert free_label({LABEL, f"{LABEL} 2"}) == f"{LABEL} 3"
    every = {LABEL, *(f"{LABEL} {number}" for number in range(2, MOST_LABELS + 1))}
    assert free_label(every) in every


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (KeyStatus(), ("no limit of its own",)),
        (KeyStatus(account="0123456789abcdef"), ("account 01234567", "no limit of its own")),
        (KeyStatus(limit_pico=5 * PICO), ("$5.00 of its limit of $5.00 left",)),
        (
            KeyStatus(limit_pico=5 * PICO, limit_remaining_pico=PICO, limit_reset="monthly"),
            ("$1.00 of its monthly limit of $5.00 left",),
        ),
        (KeyStatus(limit_pico=PICO, limit_reset="\x1b[2J"), ("$1.00 of its limit of $1.00 left",)),
        (
            KeyStatus(free_requests=FreeRequests(used=1, limit=1000, remaining=999)),
            ("no limit of its own", "999 of 1,000 free requests left today"),
        ),
    ],
)
def test_what_is_said_of_a_new_key(status: KeyStatus, said: tuple[str, ...]) -> None:
    assert facts(status) == said
