"""What the server says about a key is kept as it said it, and joins what was counted before."""

from __future__ import annotations

from dataclasses import replace

from orchat.clock import utc_day
from orchat.domain.ledger import Attempt
from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.store import holds, ledger, reports
from orchat.store.connection import Connection
from orchat.store.reports import Report
from tests.support.clock import START

FULL = Report(
    fingerprint="f",
    at=START,
    account="acme",
    limit_pico=5 * 10**12,
    limit_remaining_pico=10**12,
    limit_reset="monthly",
    usage_pico=4,
    usage_daily_pico=1,
    usage_weekly_pico=2,
    usage_monthly_pico=3,
    is_free_tier=True,
    is_management_key=True,
    expires_at="2027-01-01T00:00:00Z",
    free_used=7,
    free_limit=50,
    free_remaining=43,
)


def test_a_report_is_kept_as_it_was(connection: Connection) -> None:
    bare = Report(fingerprint="g", at=START)
    for report in (FULL, bare):
        reports.put(connection, report)
    assert (reports.get(connection, "f"), reports.get(connection, "g")) == (FULL, bare)
    assert reports.all(connection) == {"f": FULL, "g": bare}
    assert reports.get(connection, "h") is None


def test_a_new_report_takes_the_place_of_the_old_one_but_for_an_account_it_does_not_name(
    connection: Connection,
) -> None:
    reports.put(connection, FULL)
    reports.put(connection, Report(fingerprint="f", at=START + 5, usage_pico=9))
    assert reports.get(connection, "f") == Report(fingerprint="f", at=START + 5, account="acme", usage_pico=9)


def test_figures_of_the_day_end_with_it() -> None:
    assert FULL.is_of_today(START + 9 * 3600)
    assert not FULL.is_of_today(START + 10 * 3600)
    assert not Report(fingerprint="f", at=0).is_of_today(START)


def test_an_account_is_the_key_alone_while_nobody_knows_it(connection: Connection) -> None:
    assert reports.account_of(connection, "f") == "f"
    reports.put(connection, replace(FULL, account=None))
    assert reports.account_of(connection, "f") == "f"
    reports.put(connection, FULL)
    assert reports.account_of(connection, "f") == "acme"
    reports.remove(connection, "f")
    reports.remove(connection, "f")
    assert reports.account_of(connection, "f") == "f"


def test_what_was_counted_for_the_key_belongs_to_the_account_that_is_learnt(connection: Connection) -> None:
    for fingerprint in ("f", "g"):
        attempt = Attempt(
            started_at=START, model="m:free", key_label="k", key_fingerprint=fingerprint, account=fingerprint
        )
        ledger.begin(connection, attempt, "i")
    reports.put(connection, FULL)
    day = utc_day(START)
    assert [ledger.free_today(connection, account, day) for account in ("acme", "f", "g")] == [1, 0, 1]
    reports.put(connection, replace(FULL, fingerprint="g"))
    assert ledger.in_last_minute(connection, "acme", START) == 2


def test_what_was_held_for_the_key_is_held_for_the_account_that_is_learnt(connection: Connection) -> None:
    def put(scope: str, reason: str) -> None:
        holds.put(connection, scope, kind="KeysError", reason=reason, source="server", now=START, until=None)

    for scope in (key_scope("f"), account_scope("f"), free_scope("f")):
        put(scope, "of the key")
    put(free_scope("acme"), "of the account")
    reports.put(connection, FULL)
    assert [(hold.scope, hold.reason) for hold in holds.active(connection, START)] == [
        (account_scope("acme"), "of the key"),
        (free_scope("acme"), "of the account"),
        (key_scope("f"), "of the key"),
    ]


def test_no_figure_of_a_server_is_too_large_to_be_kept(connection: Connection) -> None:
    reports.put(connection, replace(FULL, usage_pico=10**30, limit_remaining_pico=-(10**30)))
    kept = reports.get(connection, "f")
    assert kept is not None
    assert (kept.usage_pico, kept.limit_remaining_pico) == (2**63 - 1, 1 - 2**63)
