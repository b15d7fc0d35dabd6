"""Keys in a file for the commands, what the server knows of them, and what other processes did with them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.clock import SystemClock, utc_day
from orchat.demo import DemoThread
from orchat.demo.accounts import DemoKey
from orchat.domain.secret import Secret
from tests.support.cli import Done, environment

Orchat = Callable[..., Done]
REVOKED, MANAGING, CAPPED, TWIN = (f"sk-or-v1-{name * 32}" for name in ("dead", "boss", "caps", "twin"))


@pytest.fixture
def key_file(home: Path, monkeypatch: pytest.MonkeyPatch, orchat: Orchat) -> Path:
    """Keys are kept in a file, and the environment has none."""
    file = home / "keys.json"
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(file))
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    return file


@pytest.fixture
def environ(key_file: Path, demo: DemoThread) -> dict[str, str]:
    """The same for a process of its own."""
    return environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS_FILE=str(key_file))


@pytest.fixture(autouse=True)
def known_keys(demo: DemoThread) -> None:
    """Keys with something about them; any other one is good, too."""
    for key, terms in (
        (REVOKED, DemoKey(revoked=True)),
        (MANAGING, DemoKey(is_management_key=True)),
        (CAPPED, DemoKey(account="acme", limit=Decimal(5))),
        (TWIN, DemoKey(account="acme")),
    ):
        demo.server.put_key(Secret(key), terms)


def keep(file: Path, **keys: str) -> None:
    """Write the file as a person would."""
    file.write_text(json.dumps(keys))
    file.chmod(0o600)


def refused(done: Done, code: int, says: str, hint: str) -> None:
    """One line, one hint, nothing else, and no key."""
    lines = done.err.splitlines()
    assert (done.code, done.out) == (code, ""), done
    assert len(lines) == 2, lines
    assert lines[0].startswith("orchat: ") and says in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]
    assert "sk-or" not in done.err


def spend(home: Path, key: str, requests: int) -> None:
    """Requests of today, as the ledger would have them."""
    database = sqlite3.connect(home / "orchat" / "data" / "orchat.db")
    now = SystemClock().now()
    with database:
        database.executemany(
            "INSERT INTO attempts (day, started_at, number, front_end, key_label, key_fingerprint, model, owner,"
            " outcome, cost_pico, cost_source)"
            " VALUES (?, ?, 1, 'ask', 'x', ?, 'a/b', 'o', 'done', 1000000000, 'reported')",
            [(utc_day(now), now, Secret(key).fingerprint)] * requests,
        )
    database.close()


def aside(home: Path, kind: str, whose: str, until: float | None = None, reason: str = "no credit") -> None:
    """Put something aside, as another process would."""
    database = sqlite3.connect(home / "orchat" / "data" / "orchat.db")
    with database:
        database.execute(
            "INSERT INTO holds VALUES (?, 'CreditsExhausted', ?, 'server', 1.7e9, ?, 1)",
            (f"{kind}:{whose}", reason, until),
        )
    database.close()
