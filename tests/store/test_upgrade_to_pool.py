"""From the first format to the second: nothing is lost, and what moved is found where it is now."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from orchat.clock import utc_day
from orchat.store import holds, instances, key_state, ledger, reports
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.migrate import MIGRATIONS
from tests.support.clock import START, FakeClock
from tests.support.store import open_database, raw

pytestmark = pytest.mark.anyio

DAY = utc_day(START)
ATTEMPTS = (
    # day, key, model, conversation, outcome, generation, cost, source
    (START, "f0", "maker/model", "c", "done", "gen-0", 1_000, "reported"),
    (START, "f0", "maker/model:free", "c", "cut", "gen-1", 20, "estimated"),
    (START, "f1", "openrouter/free", None, "failed", "gen-2", 0, "estimated"),
    (START - 86_400, "f2", "maker/model", "c", "lost", "gen-3", None, "unknown"),
    (START, "f2", "maker/model", "c", "open", None, None, "unknown"),
    (START, "gone", "not:free:really", "c", "done", "gen-5", 300, "reported"),
)
KEYS = (
    # fingerprint, label, position, disabled, current, account, held_reason, held_until, holds
    ("f0", "work", 0, 0, 0, "acme", None, None, 0),
    ("f1", "home", 1, 0, 1, "acme", "no credit left", START + 600, 3),
    ("f2", "spare", 2, 1, 0, None, "revoked", None, 1),
    ("f3", "old", 5, 0, 0, None, "limit", START - 600, 2),
)


@pytest.fixture
async def upgraded(tmp_path: Path) -> Database:
    """A database that the first format has written, opened by this one."""
    path, first = tmp_path / "orchat.db", tmp_path / "first"
    first.mkdir()
    shutil.copy(MIGRATIONS / "0001_first.sql", first)
    await (await Database.open(path, FakeClock(), migrations=first)).close()
    with closing(raw(path)) as old:
        for attempt in ATTEMPTS:
            old.execute(
                "INSERT INTO attempts (day, number, front_end, key_label, owner, started_at, key_fingerprint, model,"
                " conversation_id, outcome, generation_id, cost_pico, cost_source)"
                " VALUES (?, 1, 'tui', 'label', 'dead', ?, ?, ?, ?, ?, ?, ?, ?)",
                (utc_day(attempt[0]), *attempt),
            )
        old.executemany("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 77.5)", KEYS)
        old.execute("INSERT INTO slots VALUES ('free:f0', ?)", (START,))
        old.execute("INSERT INTO settings VALUES ('theme', 'dark')")
    return await open_database(path)


async def test_every_attempt_is_still_there_and_counted(upgraded: Database) -> None:
    found = await upgraded.read(ledger.last_attempts, 99)
    kept = [
        (
            entry.attempt.started_at,
            entry.attempt.key_fingerprint,
            entry.attempt.model,
            entry.attempt.conversation_id,
            entry.settlement.outcome,
            entry.settlement.generation_id,
            entry.settlement.cost.pico,
            entry.settlement.cost.source,
        )
        for entry in reversed(found)
    ]
    assert tuple(kept) == ATTEMPTS
    assert (await upgraded.read(ledger.totals_of_day, DAY)).cost_pico == 1_320
    assert await upgraded.read(ledger.spent, day=DAY, fingerprint="f0") == 1_020
    assert await upgraded.read(ledger.requests_today, DAY) == {"f0": 2, "f1": 1, "f2": 1, "gone": 1}
    await upgraded.close()


async def test_free_requests_count_for_their_account(upgraded: Database) -> None:
    found = await upgraded.read(ledger.last_attempts, 99)
    assert [entry.attempt.account for entry in reversed(found)] == ["acme", "acme", "acme", "f2", "f2", "gone"]
    assert await upgraded.read(ledger.free_today, "acme", DAY) == 2
    assert await upgraded.read(ledger.free_today, "gone", DAY) == 0
    await upgraded.close()


async def test_costs_that_the_server_never_confirmed_can_be_asked_for(upgraded: Database) -> None:
    due = await upgraded.read(ledger.due_lookups, START)
    assert [entry.settlement.generation_id for entry in due] == ["gen-3", "gen-1"]
    await upgraded.close()


async def test_every_key_keeps_its_place_its_account_and_its_hold(upgraded: Database) -> None:
    def read(connection: Connection) -> list[tuple[object, ...]]:
        return [
            (
                key.fingerprint,
                key.label,
                key.position,
                key.disabled,
                key.is_current,
                key.account,
                key.held_reason,
                key.held_until,
                key.holds,
            )
            for key in key_state.list_keys(connection)
        ]

    assert tuple(await upgraded.read(read)) == tuple((*key[:3], bool(key[3]), bool(key[4]), *key[5:]) for key in KEYS)
    assert [hold.reason for hold in await upgraded.read(holds.active, START)] == ["no credit left", "revoked"]
    report = await upgraded.read(reports.get, "f0")
    assert report is not None
    assert not report.is_of_today(START)
    assert (await upgraded.write(key_state.add, "new", "f9", START)).position == 6
    await upgraded.close()


async def test_a_row_that_was_open_is_closed_by_the_next_instance(upgraded: Database) -> None:
    (lost,) = (await upgraded.write(instances.reap)).attempts
    assert lost.attempt.key_fingerprint == "f2"
    assert await upgraded.read(ledger.drift) == []
    await upgraded.close()
