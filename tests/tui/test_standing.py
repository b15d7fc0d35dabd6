"""How limits and holds of a key are put into words, without a screen."""

from __future__ import annotations

import pytest

from orchat.domain.secret import Secret
from orchat.keys.lease import leased
from orchat.tui import standing
from tests.support.clock import START
from tests.support.standing import HOUR, PICO, hold, known, report


def test_unknown_is_neither_nothing_nor_without_a_limit() -> None:
    assert standing.limit_left(None) == "unknown"
    assert standing.limit_left(report()) == "none of its own"
    assert standing.limit_left(report(limit_pico=10 * PICO)) == "unknown of $10.00"
    assert standing.limit_left(report(limit_pico=10 * PICO, limit_remaining_pico=0)) == "$0.00 of $10.00"
    assert standing.limit_left(report(limit_pico=10 * PICO, limit_remaining_pico=-1)) == "$0.00 of $10.00"
    assert standing.free_left(None) == standing.free_left(report()) == "unknown"
    assert standing.free_left(report(free_remaining=3)) == "3"
    assert standing.free_left(report(free_remaining=0, free_limit=50)) == "0 of 50"


def test_a_limit_says_when_it_resets() -> None:
    assert standing.limit_reset(report(limit_pico=PICO, limit_reset="daily")) == "resets daily"
    assert standing.limit_reset(report(limit_pico=PICO)) == standing.limit_reset(None) == ""
    assert standing.day_left(START) == pytest.approx(35_200)


def test_figures_of_another_day_say_nothing_about_this_one() -> None:
    assert standing.report_of_today(known(report=report()), START) is not None
    assert standing.report_of_today(known(report=report(at=START - 24 * HOUR)), START) is None
    assert standing.report_of_today(known(report=report(at=0.0)), 10.0) is None
    assert standing.report_of_today(known(), START) is None and standing.report_of_today(None, START) is None


@pytest.mark.parametrize(("age", "words"), [(5, "just now"), (130, "2 min ago"), (2 * HOUR, "2 h ago")])
def test_theirs_is_said_with_its_age(age: float, words: str) -> None:
    assert standing.asked(report(at=START - age), START) == f"OpenRouter, {words}"


def test_the_longest_hold_comes_first_and_one_that_is_over_does_not_count() -> None:
    short, endless, over = hold(), hold("account:a", kind="CreditsExhausted", until=None), hold(until=START)
    key = known(holds=(short, over, endless))
    assert standing.active_holds(key, START) == (endless, short)
    assert standing.barring(key, START) is endless
    assert standing.barring(known(holds=(hold("free:a", kind="free_day"),)), START) is None
    assert standing.active_holds(None, START) == ()


def test_times_are_counted_down_and_named() -> None:
    assert standing.time_left(START + 245, START) == "4 min 05 s"
    assert standing.time_left(None, START) == "until it is tested"
    assert [standing.brief_left(START + left, START) for left in (20, 245, 9.5 * HOUR)] == ["20 s", "4 min", "9 h"]
    assert standing.brief_left(None, START) == "test it"
    assert standing.back_at(START + 245, START) == "in 4 min 05 s"
    assert standing.back_at(START + 2 * HOUR, START).endswith(", in 2 h 00 min")
    assert standing.back_at(START + 50 * HOUR, START) == "in 2 days"
    assert [standing.whose(hold(scope)) for scope in ("key:f", "account:a", "free:a", "new:x")] == [
        "",
        "its account",
        "free models",
        "",
    ]
    assert (standing.cause("free_day"), standing.cause("Another")) == ("daily limit", "put aside")


def test_a_key_says_where_it_is_kept() -> None:
    lease = leased("given", Secret("sk-or-1"), "process")
    mine = known(state={"fingerprint": lease.fingerprint}, kept=False)
    assert standing.source_of(known(), None, "keyring") == "keyring"
    assert standing.source_of(mine, lease, "keyring") == "process"
    assert standing.source_of(known(kept=False), lease, "keyring") == "given"
    assert standing.source_of(known(state={"label": "env"}, kept=False), None, "keyring") == "env"
    assert standing.place("keyring") == "kept in your system's keyring"
    assert standing.place("file", short=True) == "key file" and standing.place("moon") == "moon"
