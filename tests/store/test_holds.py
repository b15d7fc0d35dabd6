"""What is put aside is put aside for all, until its time or until it serves again."""

from __future__ import annotations

from orchat.domain.scope import account_scope, free_scope, key_scope, model_scope
from orchat.keys import roster
from orchat.store import holds, reports
from orchat.store.connection import Connection
from orchat.store.holds import Hold
from orchat.store.reports import Report
from tests.support.clock import START

SCOPE = key_scope("f")
HOLD = Hold(scope=SCOPE, kind="KeyRejected", reason="revoked", source="server", since=START, until=START + 600, times=1)


def put(connection: Connection, scope: str, until: float | None = None, now: float = START) -> Hold:
    return holds.put(connection, scope, kind="KeyRejected", reason="revoked", source="server", now=now, until=until)


def test_a_hold_is_kept_as_it_was(connection: Connection) -> None:
    assert put(connection, SCOPE, START + 600) == HOLD
    assert holds.get(connection, SCOPE) == HOLD
    assert holds.get(connection, key_scope("g")) is None


def test_a_hold_ends_by_itself_and_is_remembered(connection: Connection) -> None:
    put(connection, SCOPE, START + 600)
    assert (HOLD.is_active(START), HOLD.is_active(START + 600)) == (True, False)
    assert holds.active(connection, START + 599) == [HOLD]
    assert holds.active(connection, START + 600) == []
    again = put(connection, SCOPE, None, now=START + 700)
    assert (again.times, again.since, again.is_active(START + 10**9)) == (2, START + 700, True)


def test_what_serves_again_starts_from_nothing(connection: Connection) -> None:
    put(connection, SCOPE)
    put(connection, account_scope("a"))
    assert holds.clear(connection, SCOPE, account_scope("a"), free_scope("a")) == 2
    assert holds.active(connection, START) == []
    assert put(connection, SCOPE).times == 1


def test_a_hold_can_be_undone(connection: Connection) -> None:
    put(connection, SCOPE)
    holds.restore(connection, SCOPE, None)
    assert holds.get(connection, SCOPE) is None
    put(connection, SCOPE, START + 600)
    put(connection, SCOPE)
    holds.restore(connection, SCOPE, HOLD)
    assert holds.get(connection, SCOPE) == HOLD


def test_a_reason_is_one_harmless_line(connection: Connection) -> None:
    foreign = "no\ncredit \x1b[31mleft" + "!" * 1000
    hold = holds.put(connection, SCOPE, kind="KeysError", reason=foreign, source="report", now=START, until=None)
    assert "\n" not in hold.reason
    assert "\x1b" not in hold.reason
    assert len(hold.reason) <= 300
    assert holds.get(connection, SCOPE) == hold


def test_a_key_shares_the_holds_of_its_account(connection: Connection) -> None:
    reports.put(connection, Report(fingerprint="f", at=START, account="a"))
    for scope in (SCOPE, account_scope("a"), free_scope("a"), account_scope("b"), model_scope("m")):
        put(connection, scope, START + 60)
    now = roster.roll(connection, START)
    assert [hold.scope for hold in now.holds_of("f")] == [account_scope("a"), free_scope("a"), SCOPE]
    assert now.holds_of("g") == ()
    assert roster.roll(connection, START + 60).holds_of("f") == ()


def test_of_several_holds_one_lasts_longest(connection: Connection) -> None:
    short, long, for_good = (put(connection, f"key:{until}", until) for until in (START + 1, START + 2, None))
    assert holds.longest() is None
    assert holds.longest(None, short, long) == long
    assert holds.longest(for_good, short) == for_good


def test_requests_in_flight_do_not_keep_a_key_from_being_chosen(connection: Connection) -> None:
    put(connection, SCOPE, START + 5)
    holds.put(
        connection, account_scope("a"), kind=holds.IN_FLIGHT, reason="busy", source="server", now=START, until=None
    )
    barring = holds.barring(connection, "f", "a")
    assert barring is not None
    assert barring.scope == SCOPE
    assert holds.barring(connection, "g", "a") is None
