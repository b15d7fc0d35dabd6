"""``orchat usage``: the books."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.cli import today
from orchat.cli.chart import EIGHTHS, Bar, drawn, print_chart
from orchat.cli.output import Output
from orchat.cli.table import Cell
from orchat.cli.usage import MOST_DAYS, _every_day
from orchat.clock import utc_day
from orchat.demo import DemoThread
from orchat.demo.script import cut_after, fail, say
from orchat.domain.ledger import UsageRow
from orchat.keys.ring import KnownKey
from orchat.store.key_state import KeyState
from orchat.store.reports import Report
from tests.support.cli import KEY, Orchat, Terminal, environment, on_terminal, run
from tests.support.clock import START

HEADER = (
    "requests,finished,cut,failed,prompt_tokens,completion_tokens,reasoning_tokens,cached_tokens,"
    "cost_usd,estimated_usd,unknown_cost,unknown_tokens,estimated_tokens"
)


def test_the_books_are_shown_for_programs(session: str, orchat: Orchat) -> None:
    (line,) = orchat("usage", "--by", "model").out.splitlines()

    assert line.split("\t") == ["demo/writer", "1", "1", "0", "0", "1200", "45", "0", "0", "0.00041", "0"]


def test_the_books_are_shown_for_people(session: str, demo: DemoThread) -> None:
    heading, line, *more = on_terminal(demo.base_url, "usage", "--by", "key", "--days", "1", NO_COLOR="1")

    assert heading.split()[:3] == ["KEY", "REQUESTS", "DONE"]
    assert line.split() == ["env", "1", "1", "0", "0", "1,200", "45", "0", "0", "$0.00041", "0"]
    assert more[:2] == ["", "cost by key"]
    assert more[2].split() == ["env", "█" * 60, "$0.00041"]
    assert more[4].split() == ["KEY", "TODAY", "COST", "OPENROUTER", "SAYS", "LIMIT", "LEFT", "FREE", "LEFT"]
    assert more[5].split() == ["env", "1", "/", "40", "$0.00041", "?", "?"]


@pytest.mark.parametrize("by", ["day", "model", "key", "provider"])
def test_the_books_are_shown_as_json(by: str, session: str, orchat: Orchat) -> None:
    books = orchat("usage", "--by", by, "--json").json
    (row,) = books["rows"]

    assert (books["by"], books["days"]) == (by, 30)
    assert row[by]
    assert (row["requests"], row["finished"], row["prompt_tokens"], row["cost_usd"]) == (1, 1, 1200, 0.00041)
    assert (row["estimated_usd"], row["unknown_cost"]) == (0, 0)
    (key,) = books["keys_today"]
    assert (key["label"], key["requests"], key["rotate_after"], key["openrouter"]) == ("env", 1, 40, None)
    assert KEY not in json.dumps(books)


@pytest.mark.parametrize("by", ["day", "model", "key", "provider"])
def test_the_books_are_shown_as_csv_with_a_heading_and_raw_numbers(by: str, session: str, orchat: Orchat) -> None:
    heading, line = csv.reader(io.StringIO(orchat("usage", "--by", by, "--csv").out))

    assert ",".join(heading) == f"{by},{HEADER}"
    assert line[1:] == ["1", "1", "0", "0", "1200", "45", "0", "0", "0.00041", "0", "0", "0", "0"]


def test_empty_books_still_have_a_heading(orchat: Orchat, demo: DemoThread) -> None:
    assert orchat("usage", "--csv").out == f"day,{HEADER}\n"
    assert orchat("usage").out == ""
    assert orchat("usage", "--json").json["rows"] == []
    lines = on_terminal(demo.base_url, "usage", NO_COLOR="1")
    assert lines[1] == "nothing yet"


def test_two_formats_at_once_are_refused(orchat: Orchat) -> None:
    done = orchat("usage", "--csv", "--json")
    assert (done.code, done.out) == (2, "")


def test_all_days_can_be_asked_for(session: str, orchat: Orchat) -> None:
    assert orchat("usage", "--days", "0", "--json").json["days"] is None


def test_what_a_cut_answer_cost_is_marked_as_an_estimate(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(30))
    assert orchat("ask", "-m", "demo/writer", "hello").code == 1
    lines = on_terminal(demo.base_url, "usage", "--by", "model", NO_COLOR="1")
    (row,) = orchat("usage", "--by", "model", "--json").json["rows"]

    assert [line.split()[-1][:2] for line in lines if line.startswith("demo/writer  █")] == ["≈$"]
    assert row["estimated_usd"] == row["cost_usd"] > 0


def test_free_requests_are_drawn_by_their_number(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("yes", usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0}))
    orchat("ask", "-m", "demo/tiny:free", "hello")
    lines = on_terminal(demo.base_url, "usage", NO_COLOR="1")

    assert "requests by day" in lines
    assert lines[-4].split()[-1] == "1"


def test_bars_are_coloured_where_there_are_colours(session: str, demo: DemoThread) -> None:
    done = Terminal("usage", environ=environment(demo.base_url)).end()
    assert "\x1b[36m█" in done.out


def test_a_narrow_terminal_loses_columns_and_no_line(session: str, demo: DemoThread) -> None:
    done = Terminal("usage", environ=environment(demo.base_url, NO_COLOR="1"), columns=44).end()
    assert max(map(len, done.out.splitlines())) <= 44
    assert done.out.splitlines()[0].split() == ["DAY", "REQUESTS", "IN", "OUT", "COST"]


def test_a_terminal_without_block_characters_gets_plain_ones(session: str, demo: DemoThread) -> None:
    done = Terminal(
        "usage", environ=environment(demo.base_url, NO_COLOR="1", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    ).end()
    assert "#" * 20 in done.out


def test_other_people_in_the_ledger_change_nothing(tmp_path: Path) -> None:
    done = run("usage", "--json", ORCHAT_HOME=str(tmp_path / "new"))
    assert (done.code, done.json["keys_today"]) == (0, [])


def test_the_server_can_be_asked_for_its_books_first(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(30))
    assert orchat("ask", "-m", "demo/writer", "hello").code == 1
    with closing(sqlite3.connect(Path(os.environ["ORCHAT_HOME"]) / "data" / "orchat.db")) as connection:
        connection.execute("UPDATE attempts SET lookup_at = started_at")
        connection.commit()
    before = orchat("usage", "--by", "key", "--json").json
    done = orchat("usage", "--by", "key", "--json", "--refresh")
    (key,), (row,) = done.json["keys_today"], done.json["rows"]

    assert before["keys_today"][0]["openrouter"] is None
    assert done.err == ""
    assert key["openrouter"]["usage_today_usd"] >= row["cost_usd"]
    asked = [request for request in demo.server.requests if request.path == "/generation"]
    assert len(asked) == 1
    # A server that has just answered does not know the answer yet.
    assert (row["estimated_usd"] == 0) == (asked[0].status == 200)


def test_a_server_that_does_not_tell_leaves_the_books_as_they_are(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(30))
    orchat("ask", "-m", "demo/writer", "hello")
    with closing(sqlite3.connect(Path(os.environ["ORCHAT_HOME"]) / "data" / "orchat.db")) as connection:
        connection.execute("UPDATE attempts SET lookup_at = started_at")
        connection.commit()
    demo.server.script(fail(503), path="/key")
    demo.server.script(fail(503), path="/generation")
    done = orchat("usage", "--refresh", "--json")

    assert done.code == 0
    assert done.json["rows"][0]["estimated_usd"] > 0
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["env", "costs that are not certain"]


def test_keys_that_are_not_at_hand_are_not_asked_about(session: str, demo: DemoThread, orchat: Orchat) -> None:
    with closing(sqlite3.connect(Path(os.environ["ORCHAT_HOME"]) / "data" / "orchat.db")) as connection:
        connection.execute("INSERT INTO keys VALUES ('00000000', 'elsewhere', 1, 0, 0, 0.0)")
        connection.commit()
    keys = orchat("usage", "--refresh", "--json").json["keys_today"]

    assert {key["label"]: key["openrouter"] is not None for key in keys} == {"env": True, "elsewhere": False}


# ---- the chart


@given(st.integers(0, 10**15), st.integers(1, 10**15), st.integers(1, 200))
def test_a_bar_never_leaves_its_room_and_never_hides_a_value(value: int, most: int, room: int) -> None:
    bar = drawn(min(value, most), most, room)

    assert len(bar) <= room
    assert bool(bar) == (min(value, most) > 0)
    assert set(bar) <= set(EIGHTHS)
    assert bar.rstrip(EIGHTHS[:7]) == bar.rstrip(EIGHTHS[:7]).replace(" ", "█")


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2, unique=True), st.integers(1, 100))
def test_a_longer_bar_means_no_less(values: list[int], room: int) -> None:
    small, large = sorted(values)

    def eighths(bar: str) -> int:
        return sum(EIGHTHS.index(char) + 1 for char in bar)

    assert eighths(drawn(small, large, room)) <= eighths(drawn(large, large, room)) == room * 8


def test_the_longest_bar_is_full_and_half_of_it_is_half() -> None:
    assert drawn(8, 8, 3) == "███"
    assert drawn(4, 8, 3) == "█▌"
    assert drawn(1, 10**9, 3) == "▏"


def test_a_long_label_leaves_room_for_the_bar(capfd: pytest.CaptureFixture[str]) -> None:
    print_chart(Output(), "cost", [Bar(label="model/" + "x" * 90, value=1, shown="$1.00")])
    title, line = capfd.readouterr().out.splitlines()
    assert title == "cost"
    assert "…" in line
    assert len(line) <= 80


def test_a_chart_of_nothing_is_not_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    print_chart(Output(), "cost", [Bar(label="a", value=0, shown="$0.00")])
    print_chart(Output(), "cost", [])
    assert capfd.readouterr().out == ""


def test_days_without_a_request_are_drawn_too() -> None:
    day = 86_400.0
    bars = [Bar(label=utc_day(START - back * day), value=1, shown="$1.00") for back in (40, 3, 1)]
    shown = _every_day(bars, START, "$0.00")

    assert len(shown) == MOST_DAYS
    assert [bar.value for bar in shown[-4:]] == [1, 0, 1, 0]
    assert [bar.label for bar in _every_day(bars[1:], START, "0")] == [utc_day(START - n * day) for n in (3, 2, 1, 0)]


# ---- each key today


def known(usage: UsageRow | None = None, **report: Any) -> KnownKey:
    """A key that the server has reported on an hour ago, unless the report is told otherwise."""
    at = report.pop("at", START - 3600)
    return KnownKey(
        state=KeyState(fingerprint="0a1b2c3d", label="work", position=0, is_current=True),
        requests_today=12,
        in_use=True,
        kept=True,
        report=Report(fingerprint="0a1b2c3d", at=at, **report) if report else None,
        usage=usage or UsageRow(group="0a1b2c3d", attempts=12, cost_pico=410_000_000_000),
    )


def cells(key: KnownKey) -> list[str]:
    (line,) = today.lines([key], 40, START)
    return [cell.shown if isinstance(cell, Cell) else str(cell or "") for cell in line]


MILLION = 10**12


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (known(), ["work", "12 / 40", "$0.41", "", "?", "?"]),
        (known(usage_daily_pico=410_000_000_000), ["work", "12 / 40", "$0.41", "", "no limit", "?"]),
        (known(usage_daily_pico=MILLION), ["work", "12 / 40", "$0.41", "$1.00 at 13:13 UTC", "no limit", "?"]),
        (
            known(
                limit_pico=10 * MILLION,
                limit_remaining_pico=4 * MILLION,
                limit_reset="daily",
                usage_daily_pico=410_000_000_000,
                free_remaining=7,
                free_limit=50,
            ),
            ["work", "12 / 40", "$0.41", "", "$4.00 of $10.00, resets daily", "7 of 50"],
        ),
        (
            known(at=START - 86_400, limit_pico=MILLION, limit_remaining_pico=0, usage_daily_pico=5, free_remaining=7),
            ["work", "12 / 40", "$0.41", "", "$0.00 of $1.00 (on 2026-09-20)", "?"],
        ),
        (known(at=0.0, account="a"), ["work", "12 / 40", "$0.41", "", "?", "?"]),
        (
            known(UsageRow(group="", cost_pico=MILLION, estimated_pico=5), usage_daily_pico=MILLION),
            ["work", "12 / 40", "≈$1.00", "$1.00 at 13:13 UTC", "no limit", "?"],
        ),
        (
            known(UsageRow(group="", unknown_cost=2), usage_daily_pico=0),
            ["work", "12 / 40", "2 unknown", "$0.00 at 13:13 UTC", "no limit", "?"],
        ),
        (
            known(UsageRow(group="", cost_pico=MILLION, unknown_cost=1)),
            ["work", "12 / 40", "$1.00 + 1 unknown", "", "?", "?"],
        ),
    ],
)
def test_a_key_is_told_of_with_what_is_ours_theirs_and_unknown(key: KnownKey, shown: list[str]) -> None:
    assert cells(key) == shown


def test_programs_get_none_for_what_is_not_known() -> None:
    fresh = known(limit_pico=MILLION, limit_remaining_pico=5, usage_daily_pico=7, free_remaining=3, free_limit=9)
    old = known(at=START - 86_400, usage_daily_pico=7, free_remaining=3, free_limit=9)
    found = [each["openrouter"] for each in today.objects([known(), known(at=0.0, account="a"), fresh, old], 40, START)]

    assert found[:2] == [None, None]
    assert found[2] == {
        "at": "2026-09-21T13:13:20Z",
        "usage_today_usd": Decimal("0.000000000007"),
        "limit_usd": Decimal(1),
        "limit_remaining_usd": Decimal("0.000000000005"),
        "limit_reset": None,
        "free_remaining_today": 3,
        "free_limit": 9,
    }
    assert (found[3]["usage_today_usd"], found[3]["free_remaining_today"], found[3]["limit_usd"]) == (None, None, None)
