"""The key block of the sidebar and the status line, without a screen."""

from __future__ import annotations

from orchat.domain.ledger import UsageRow
from orchat.tui import standing
from orchat.tui.figures import Budget, Figures
from orchat.tui.widgets.sidebar import key_block, status_parts
from tests.support.clock import START
from tests.support.standing import HOUR, PICO, hold, report


def block(figures: Figures, *, now: float = START, full: bool = True) -> list[str]:
    return [" ".join(line.plain.split()) for line in key_block(figures, 29, now, bars=False, full=full)]


def figures(**fields: object) -> Figures:
    base: dict[str, object] = {"key_label": "work", "key_today": 12, "is_told": True, "at": START}
    return Figures(**{**base, **fields})  # type: ignore[arg-type]  # fields of the test


def test_the_key_block_tells_use_limits_and_whose_they_are() -> None:
    told = report(
        limit_pico=10 * PICO, limit_remaining_pico=4_120 * PICO // 1000, limit_reset="daily", free_remaining=38
    )
    assert block(figures(report=told, is_free=True, key_minute=3, minute_limit=20)) == [
        "KEY",
        "work 12 / 40 today",
        "this minute 3 / 20",
        "free today 38 left · 9 h",
        "limit left $4.12 of $10.00",
        "resets daily · OpenRouter",
    ]
    assert block(figures(report=told), full=False)[-1] == "limit left $4.12 of $10.00"


def test_what_is_not_known_is_called_unknown_and_what_no_server_tells_is_left_out() -> None:
    assert block(figures(is_free=True, key_minute=3)) == [
        "KEY",
        "work 12 / 40 today",
        "this minute 3",
        "free today unknown",
        "limit left unknown",
    ]
    assert block(figures(is_told=False)) == ["KEY", "work 12 / 40 today"]
    assert block(Figures(budgets=(Budget(scope="day", limit_pico=PICO, spent_pico=PICO),))) == [
        "KEY",
        "none yet",
        "day budget $1.00 of $1.00",
    ]


def test_holds_and_budgets_stand_in_the_key_block() -> None:
    known_holds = (hold(), hold("free:a", kind="free_day", until=START + 9.2 * HOUR))
    near = Budget(scope="session", limit_pico=PICO, spent_pico=PICO * 85 // 100)
    lines = block(figures(is_told=False, holds=known_holds, budgets=(near,)))
    assert lines[2:] == [
        "refused 10 min 00 s",
        "the key is put aside",
        "daily limit 9 h 12 min",
        "free models put aside",
        "session budget $0.85 of $1.00",
    ]
    assert block(figures(is_told=False, holds=known_holds), now=START + 700)[2:3] == ["daily limit 9 h 00 min"]


def test_the_status_line_puts_what_is_urgent_first() -> None:
    over = Budget(scope="day", limit_pico=PICO, spent_pico=2 * PICO)
    told = report(free_remaining=38, free_limit=50)
    shown = figures(
        session=UsageRow(group="s"),
        today=UsageRow(group="t"),
        holds=(hold(),),
        budgets=(over,),
        is_free=True,
        report=told,
    )
    assert [part.plain for part in status_parts(shown, START)] == [
        "answer –",
        "work refused 10 min 00 s",
        "day budget 200 %",
        "session $0.00",
        "today $0.00",
        "key work 12/40",
        "free 38 of 50",
    ]
    assert [part.plain for part in status_parts(figures(), START)] == ["answer –", "key work 12/40"]


def test_the_beat_stands_still_where_nothing_counts() -> None:
    assert figures().beat(START + 5) == START
    assert figures(holds=(hold(),)).beat(START + 5) == START + 5
    slow = figures(holds=(hold(until=START + 5 * HOUR),))
    assert slow.beat(START + 5) == slow.beat(START + 6) != slow.beat(START + 90)
    assert figures(report=report()).beat(START + 90) > START


def test_what_counts_tells_when_to_look_again() -> None:
    midnight = START + standing.day_left(START)
    assert START + figures().wait(START) == midnight
    assert figures(holds=(hold(),)).wait(START) == 1
    assert figures(holds=(hold(until=START + 5 * HOUR),)).wait(START) <= 60
    assert figures(report=report()).wait(midnight + 1) == 59
    assert figures(key_minute=1).wait(START) == 5


def test_figures_grow_old_by_time_alone() -> None:
    assert not figures().is_old(START + 100)
    assert figures(key_minute=1).is_old(START + 5) and not figures(key_minute=1).is_old(START + 4)
    assert figures().is_old(START + 24 * HOUR)
    assert figures(holds=(hold(),)).is_old(START + 600) and not figures(holds=(hold(),)).is_old(START + 599)


def test_a_budget_of_nothing_is_spent() -> None:
    assert Budget(scope="day", limit_pico=0).share == 1.0


def test_in_one_line_a_number_is_told_with_the_name_of_its_setting() -> None:
    asked = (("persona", "pirate"), ("temperature", "0.9"))
    assert "with pirate, temperature 0.9" in [part.plain for part in status_parts(figures(asked=asked), START)]
