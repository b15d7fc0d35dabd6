"""What the server last said about each key (``GET /key``): its account, its cap, its use."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from orchat.clock import utc_day
from orchat.domain.scope import account_scope, free_scope
from orchat.store.connection import Connection, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One key as the server sees it. All amounts in pico-dollars, periods in UTC."""

    fingerprint: str
    """First 8 hex digits of the key's SHA-256."""
    at: float
    """Epoch seconds at which the server said it; 0 when only the account is known."""
    account: str | None = None
    """Hash of the account; None when the server does not tell."""
    limit_pico: int | None = None
    """The key's own cap; None when it has none."""
    limit_remaining_pico: int | None = None
    """What is left of the cap."""
    limit_reset: str | None = None
    """``daily``, ``weekly``, ``monthly``, or None for never."""
    usage_pico: int = 0
    """All-time."""
    usage_daily_pico: int = 0
    """On the day of `at`."""
    usage_weekly_pico: int = 0
    """Since Monday."""
    usage_monthly_pico: int = 0
    """In the month of `at`."""
    is_free_tier: bool = False
    """The account never bought credits."""
    is_management_key: bool = False
    """Only for administration: cannot chat."""
    expires_at: str | None = None
    """ISO 8601, as the server writes it."""
    free_used: int | None = None
    """Requests of the account to free models on the day of `at`; None when the server does not say."""
    free_limit: int | None = None
    """The most of them in a day."""
    free_remaining: int | None = None
    """What is left of them."""

    def is_of_today(self, now: float) -> bool:
        """Whether the figures of its day still count.

        Args:
            now: Epoch seconds.
        """
        return utc_day(self.at) == utc_day(now)


_MOST = 2**63 - 1
_COLUMNS = tuple(Report.__dataclass_fields__)
_PUT = (
    f"INSERT OR REPLACE INTO key_reports ({', '.join(_COLUMNS)})"  # noqa: S608  # names of our own
    f" VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"
)


def put(connection: Connection, report: Report) -> None:
    """Keep what the server said, in the place of what it said before.

    A report without an account keeps the one that is known. What was counted for the key alone, while nobody knew its
    account, belongs to the account from now on.

    Args:
        connection: In a write transaction.
        report: What it said.
    """
    before = get(connection, report.fingerprint)
    known = None if before is None else before.account
    fields: dict[str, Value] = {name: _kept(getattr(report, name)) for name in _COLUMNS}
    connection.execute(_PUT, {**fields, "account": report.account or known})
    if report.account and known is None:
        _adopt(connection, report.fingerprint, report.account)


def get(connection: Connection, fingerprint: str) -> Report | None:
    """What the server said about a key; None when it was never asked.

    Args:
        connection: Any.
        fingerprint: Of the key.
    """
    row = connection.execute("SELECT * FROM key_reports WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return None if row is None else _report(row)


def all(connection: Connection) -> dict[str, Report]:
    """What the server said, by the fingerprint of the key.

    Args:
        connection: Any.
    """
    return {row["fingerprint"]: _report(row) for row in connection.execute("SELECT * FROM key_reports")}


def account_of(connection: Connection, fingerprint: str) -> str:
    """The account that a key belongs to: its hash, or the fingerprint of the key while it is not known.

    Args:
        connection: Any.
        fingerprint: Of the key.
    """
    row = connection.execute("SELECT account FROM key_reports WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return fingerprint if row is None or row["account"] is None else str(row["account"])


def remove(connection: Connection, fingerprint: str) -> None:
    """Forget what the server said about a key.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
    """
    connection.execute("DELETE FROM key_reports WHERE fingerprint = ?", (fingerprint,))


def _adopt(connection: Connection, fingerprint: str, account: str) -> None:
    connection.execute(
        "UPDATE attempts SET account = ? WHERE key_fingerprint = ? AND account = ?", (account, fingerprint, fingerprint)
    )
    for scope in (account_scope, free_scope):
        # Where the account is held already, by another of its keys, that hold stays.
        connection.execute("UPDATE OR IGNORE holds SET scope = ? WHERE scope = ?", (scope(account), scope(fingerprint)))
        connection.execute("DELETE FROM holds WHERE scope = ?", (scope(fingerprint),))


def _kept(value: Value) -> Value:
    return max(-_MOST, min(value, _MOST)) if isinstance(value, int) else value


def _report(row: sqlite3.Row) -> Report:
    fields = dict(row)
    flags = {name: bool(fields[name]) for name in ("is_free_tier", "is_management_key")}
    return Report(**{**fields, **flags})
