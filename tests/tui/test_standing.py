"""How keys, limits, holds and budgets are put into words, without a screen."""

from __future__ import annotations

import pytest

from orchat import errors
from orchat.domain.events import Attempted, BudgetNear, Queued, SwitchedKey
from orchat.domain.ledger import UsageRow
from orchat.domain.secret import Secret
from orchat.keys.lease import KnownKey, leased
from orchat.store.holds import Hold, Source
from orchat.store.key_state import KeyState
from orchat.store.reports import Report
from orchat.tui import standing
from orchat.tui.figures import Budget, Figures
from orchat.tui.keyrows import Check, KeyRow, details, header, row
from orchat.tui.lines import keys_rows
from orchat.tui.problems import Problem, budget_near, problem_of, short_cause
from orchat.tui.progress import Progress
from orchat.tui.widgets.sidebar import key_block, status_parts
from tests.support.clock import START

PICO = 10**12
HOUR = 3600.0


def report(**fields: object) -> Report:
    return Report(**{"fingerprint": "f", "at": START - 120, **fields})  # type: ignore[arg-type]  # fields of the test


def hold(scope: str = "key:f", *, kind: str = "KeyRejected", until: float | None = START + 600) -> Hold:
    source: Source = "server"
    return Hold(scope=scope, kind=kind, reason="User not found.", source=source, since=START, until=until, times=1)


def known(**fields: object) -> KnownKey:
    state = {"fingerprint": "f", "label": "work", "position": 0, **fields.pop("state", {})}  # type: ignore[dict-item]  # fields of the test
    values = {"state": KeyState(**state), "requests_today": 12, "in_use": False, "kept": True, **fields}  # type: ignore[arg-type]  # the same
    return KnownKey(**values)  # type: ignore[arg-type]  # the same


def key_row(check: Check | None = None, **fields: object) -> KeyRow:
    return KeyRow(known=known(**fields), source="keyring", rotate_after=40, check=check)


# ---- limits ----


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


# ---- holds ----


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


# ---- rows ----


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (key_row(), "ready"),
        (key_row(state={"is_current": True}), "current"),
        (key_row(in_use=True), "in use"),
        (key_row(requests_today=41), "over today"),
        (key_row(state={"disabled": True}, holds=(hold(),)), "disabled"),
        (key_row(holds=(hold(),)), "refused · 10 min 00 s"),
        (key_row(holds=(hold(kind="KeyLimitReached", until=START + 23.5 * HOUR),)), "limit used up · 23 h"),
        (key_row(holds=(hold("free:a", kind="free_day"),)), "free models · 10 min"),
        (key_row(Check(running=True), holds=(hold(),)), "testing …"),
        (key_row(Check()), "serves"),
        (key_row(Check(), in_use=True), "in use · serves"),
        (key_row(Check(error=errors.KeyRejected("no"))), "does not serve"),
    ],
)
def test_a_row_says_what_matters_most(key: KeyRow, words: str) -> None:
    assert key.state(START, 22)[0] == words


@pytest.mark.parametrize("width", [30, 56, 66, 76, 92, 112])
def test_rows_and_their_header_fit_and_stand_under_each_other(width: int) -> None:
    line, head = row(key_row(in_use=True), START, width).plain, header(width).plain
    assert len(line) <= width and len(head) <= width
    assert line.startswith(" ● work") and head.startswith("   key")
    if width >= 56:
        assert line.index("12 / 40") + len("12 / 40") == head.index("today") + len("today")
        assert line.index("in use") == head.index("state")


def test_the_details_tell_everything_and_whose_figures_they_are() -> None:
    told = report(
        account="1234567890",
        limit_pico=10 * PICO,
        limit_remaining_pico=4 * PICO,
        limit_reset="weekly",
        free_remaining=38,
        free_limit=50,
        usage_daily_pico=PICO,
    )
    usage = UsageRow(group="f", attempts=12, finished=10, cut=1, failed=1, cost_pico=PICO // 2)
    key = KeyRow(
        known=known(report=told, usage=usage, holds=(hold(),), state={"label": "[b]work[/b]"}),
        source="keyring",
        rotate_after=40,
        siblings=("spare",),
        check=Check(error=errors.KeyRejected("gone\x1b[2J")),
    )
    lines = details(key, START, 100).plain.splitlines()
    assert lines[0] == "[b]work[/b]  f · kept in your system's keyring · shares its account's limits with spare"
    assert lines[1:4] == [
        "tested       gone",
        "put aside    refused, again in 10 min 00 s",
        "             User not found.",
    ]
    assert lines[4] == "today        12 of 40 requests · 10 whole, 1 cut, 1 failed · $0.50"
    assert lines[5] == "limit left   $4.00 of $10.00, resets weekly"
    assert lines[6] == "free models  38 of 50 left today, anew in 9 h 46 min"
    assert lines[7] == "             OpenRouter, 2 min ago · $1.00 spent today"
    assert all(len(line) <= 40 for line in details(key, START, 40).plain.splitlines())


def test_a_server_that_tells_nothing_about_keys_is_not_asked_to() -> None:
    key = KeyRow(known=known(holds=(hold(until=None),)), source="file", rotate_after=40, is_told=False)
    text = details(key, START, 100).plain
    assert "limit" not in text and "until it is tested" in text
    assert "unknown" not in row(key, START, 112).plain


def test_keys_take_as_many_lines_as_they_need_and_none_is_lost() -> None:
    pairs = [("a", "add"), ("t", "test"), ("Esc", "back")]
    assert keys_rows(*pairs, width=100).plain == "a add  t test  Esc back"
    assert keys_rows(*pairs, width=14).plain == "a add  t test\nEsc back"


# ---- the sidebar ----


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


# ---- problems ----


@pytest.mark.parametrize(
    ("error", "aside", "first"),
    [
        (errors.KeyRejected("m", until=START + 600, key_label="old"), "old is put aside", "new_key"),
        (errors.KeyLimitReached("m", until=START + 600, next_label="b"), "work is put aside", "next_key"),
        (
            errors.CreditsExhausted("m", until=START + 600, scope="account", next_label="b"),
            "the account of work is put aside",
            "next_key",
        ),
        (
            errors.RateLimited("m", scope="free_day", resets_at=START + 600, next_label="b"),
            "free models of work are put aside",
            "next_key",
        ),
        (
            errors.RateLimited("m", scope="free_minute", resets_at=START + 600),
            "free models of work are put aside",
            "again_with",
        ),
        (
            errors.RateLimited("m", scope="in_flight", resets_at=START + 600, next_label="b"),
            "the account of work is put aside",
            "next_key",
        ),
    ],
)
def test_a_card_says_what_is_put_aside_and_which_key_is_next(error: errors.OrchatError, aside: str, first: str) -> None:
    problem = problem_of(error, now=START, key_label="work")
    assert problem.card(START).text == f"m\n{aside}, again in 10 min 00 s"
    assert problem.card(START + 600).text == "m\nit may be tried again now"
    assert problem.ways[0][0] == first and ("again", f"test {problem.held}, try again") in problem.ways


def test_what_put_nothing_aside_is_told_without() -> None:
    for error in (errors.KeyRejected("m"), errors.RateLimited("m", scope="upstream", resets_at=START + 1)):
        assert problem_of(error, now=START, key_label="work").held == ""


def test_a_hint_for_the_command_line_is_left_out_where_a_key_does_it() -> None:
    error = errors.KeyRejected("m", until=START, hint="`orchat keys test` asks the server now.")
    assert problem_of(error, now=START, key_label="work").hint == ""
    assert problem_of(errors.KeyRejected("m", until=START, hint="Look."), now=START, key_label="w").hint == "Look."


def test_the_ways_of_a_budget_are_typed_as_they_are_shown() -> None:
    error = errors.BudgetExceeded("m", limit_pico=PICO, affordable_tokens=2_666)
    card = problem_of(error, now=START).card(START)
    assert card.keys == (
        ("Enter", "send anyway"),
        ("/lower", "lower max tokens to 2,666 and resend"),
        ("^O", "other model"),
    )
    none_fit = problem_of(errors.BudgetExceeded("m", limit_pico=PICO), now=START)
    assert [way for way, _ in none_fit.ways] == ["over_budget", "again_with"]
    assert Problem(title="t", text="x", ways=(("keys", "keys"), ("over_budget", "o"), ("next_key", "n"))).card(
        START
    ).keys == (("Enter", "keys"), ("/anyway", "o"), ("/next", "n"))


def test_a_budget_that_is_near_says_what_may_come() -> None:
    near = BudgetNear(scope="day", spent_pico=PICO * 9 // 10, limit_pico=PICO, projected_pico=PICO // 5)
    assert budget_near(near) == (
        "Your budget for today is nearly used up: $0.90 of $1.00 is spent, and this answer may cost up to $0.20."
    )
    over = BudgetNear(scope="session", spent_pico=PICO, limit_pico=PICO)
    assert budget_near(over) == "Your budget for this session is used up: $1.00 of $1.00 is spent."


def test_causes_are_two_words() -> None:
    assert short_cause(errors.CreditsExhausted("m")) == "no credit left"
    assert short_cause(errors.RateLimited("m", scope="free_day")) == "daily limit"


# ---- progress ----


def test_a_place_in_line_is_told_and_forgotten_when_it_is_sent() -> None:
    progress = Progress("m", 0.0)
    progress.started(0.0)
    progress.see(Queued(wait_s=12.0, reason="free models", ahead=2), 0.0)
    assert progress.facts(2.0) == "waits 10 s · 2 before it · Esc cancels" and not progress.was_sent
    progress.see(Queued(wait_s=0.2, reason="8 requests of this key at the same time", ahead=1), 3.0)
    assert progress.facts(3.0) == "waits for its turn · 1 before it · Esc cancels"
    progress.see(Queued(wait_s=5.0, reason="free models"), 4.0)
    assert progress.facts(4.0) == "waits 5 s · Esc cancels"
    progress.see(Attempted(number=1, model="m", key_label="work"), 9.0)
    assert progress.facts(9.0).startswith("running") and progress.note == "" and progress.was_sent


def test_every_key_that_took_over_is_remembered() -> None:
    progress = Progress("m", 0.0)
    progress.see(SwitchedKey(from_label="a", to_label="b", error=errors.KeyRejected("no")), 0.0)
    limited = errors.RateLimited("no", scope="free_day")
    progress.see(SwitchedKey(from_label="b", to_label="c", error=limited), 0.0)
    assert progress.switches == ["a → b: refused", "b → c: daily limit"]
