"""Keys are known by label and fingerprint, and by nothing else."""

from __future__ import annotations

import pytest

from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.errors import NotFound, UsageError
from orchat.store import holds, key_state, reports
from orchat.store.connection import Connection
from orchat.store.key_state import KeyState
from orchat.store.reports import Report
from tests.support.clock import START


@pytest.fixture
def ring(connection: Connection) -> Connection:
    for number, label in enumerate(("work", "home", "spare")):
        key_state.add(connection, label, f"f{number}", START + number)
    for fingerprint in ("f0", "f1"):
        reports.put(connection, Report(fingerprint=fingerprint, at=START, account="acme"))
    return connection


def hold(connection: Connection, scope: str, reason: str, until: float | None = None) -> None:
    holds.put(connection, scope, kind="KeysError", reason=reason, source="server", now=START, until=until)


def labels(connection: Connection) -> list[str]:
    return [key.label for key in key_state.list_keys(connection)]


def test_keys_stand_in_the_order_they_came(ring: Connection) -> None:
    assert labels(ring) == ["work", "home", "spare"]
    assert key_state.get(ring, "f1") == KeyState(
        fingerprint="f1", label="home", position=1, account="acme", added_at=START + 1
    )


def test_adding_a_known_key_gives_it_the_new_label(ring: Connection) -> None:
    hold(ring, key_scope("f0"), "no credit")
    again = key_state.add(ring, "office", "f0", START + 99)
    assert (again.label, again.position, again.account, again.added_at, again.held_reason) == (
        "office",
        0,
        "acme",
        START,
        "no credit",
    )
    assert labels(ring) == ["office", "home", "spare"]


def test_a_label_names_one_key(ring: Connection) -> None:
    with pytest.raises(UsageError, match="'home'"):
        key_state.add(ring, "home", "f9", START)
    with pytest.raises(UsageError, match="'home'"):
        key_state.rename(ring, "f0", "home")
    key_state.rename(ring, "f0", "work")
    key_state.rename(ring, "f0", "office")
    assert labels(ring) == ["office", "home", "spare"]


def test_a_removed_key_leaves_a_gap_that_does_not_matter(ring: Connection) -> None:
    key_state.set_current(ring, "f1")
    key_state.remove(ring, "f1")
    assert labels(ring) == ["work", "spare"]
    assert not any(key.is_current for key in key_state.list_keys(ring))
    assert key_state.add(ring, "new", "f9", START).position == 3


def test_the_order_can_be_changed(ring: Connection) -> None:
    key_state.reorder(ring, ["f2", "unknown", "f0"])
    assert labels(ring) == ["spare", "work", "home"]


def test_one_key_is_current(ring: Connection) -> None:
    for fingerprint in ("f0", "f2", "f2"):
        key_state.set_current(ring, fingerprint)
        assert [key.fingerprint for key in key_state.list_keys(ring) if key.is_current] == [fingerprint]


def test_a_key_can_be_taken_out_and_put_back(ring: Connection) -> None:
    key_state.set_disabled(ring, "f0", True)
    assert key_state.get(ring, "f0").disabled
    key_state.set_disabled(ring, "f0", False)
    assert not key_state.get(ring, "f0").disabled


def test_an_account_is_learnt_later(ring: Connection) -> None:
    assert key_state.get(ring, "f2").account is None
    reports.put(ring, Report(fingerprint="f2", at=START, account="other"))
    assert key_state.get(ring, "f2").account == "other"


def test_a_key_is_held_until_its_time(ring: Connection) -> None:
    hold(ring, key_scope("f0"), "limit reached", START + 60)
    key = key_state.get(ring, "f0")
    assert (key.is_held(START), key.is_held(START + 60), key.holds) == (True, False, 1)
    hold(ring, key_scope("f0"), "revoked")
    key = key_state.get(ring, "f0")
    assert (key.is_held(START + 10**9), key.holds) == (True, 2)
    holds.clear(ring, key_scope("f0"))
    key = key_state.get(ring, "f0")
    assert (key.is_held(START), key.holds, key.held_reason, key.held_until) == (False, 0, None, None)
    assert not key_state.get(ring, "f1").is_held(START)


def test_a_hold_of_the_account_holds_its_keys(ring: Connection) -> None:
    hold(ring, account_scope("acme"), "no credit")
    assert [key.held_reason for key in key_state.list_keys(ring)] == ["no credit", "no credit", None]
    hold(ring, account_scope("f2"), "account unknown")
    assert [key.holds for key in key_state.list_keys(ring)] == [1, 1, 1]


def test_the_hold_that_lasts_longer_is_shown(ring: Connection) -> None:
    hold(ring, key_scope("f0"), "short", START + 60)
    hold(ring, account_scope("acme"), "long", START + 90)
    assert [key.held_reason for key in key_state.list_keys(ring)] == ["long", "long", None]
    hold(ring, key_scope("f0"), "for good")
    assert [key.held_reason for key in key_state.list_keys(ring)] == ["for good", "long", None]


def test_a_hold_of_free_models_does_not_hold_a_key(ring: Connection) -> None:
    hold(ring, free_scope("acme"), "no more today")
    assert [key.held_reason for key in key_state.list_keys(ring)] == [None] * 3


def test_requests_in_flight_do_not_hold_a_key(ring: Connection) -> None:
    scope = account_scope("acme")
    holds.put(ring, scope, kind=holds.IN_FLIGHT, reason="busy", source="server", now=START, until=START + 5)

    assert [key.is_held(START) for key in key_state.list_keys(ring)] == [False, False, False]


def test_a_removed_key_takes_what_is_known_about_it_along(ring: Connection) -> None:
    for scope in (key_scope("f0"), account_scope("acme"), key_scope("f2"), account_scope("f2"), free_scope("f2")):
        hold(ring, scope, "no credit")
    key_state.remove(ring, "f0")
    key_state.remove(ring, "f2")
    assert [held.scope for held in holds.active(ring, START)] == [account_scope("acme")]
    assert list(reports.all(ring)) == ["f1"]


def test_a_key_that_is_not_known_is_named(ring: Connection) -> None:
    for attempt in (
        lambda: key_state.get(ring, "f9"),
        lambda: key_state.remove(ring, "f9"),
        lambda: key_state.rename(ring, "f9", "label"),
        lambda: key_state.set_current(ring, "f9"),
        lambda: key_state.set_disabled(ring, "f9", True),
    ):
        with pytest.raises(NotFound, match="f9"):
            attempt()
