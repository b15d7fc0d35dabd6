"""The usage screen: its chart, its tables, its files, and a person in front of it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.clock import utc_day
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.domain.events import Timing
from orchat.domain.ledger import Attempt, Settlement, UsageRow
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.runtime import Runtime
from orchat.store import conversations, ledger
from orchat.tui.books import MOST, Books, table
from orchat.tui.chart import Span, chart, spans
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.usage import UsageScreen
from orchat.tui.wording import tokens_of
from tests.support.clock import START
from tests.support.screen import Person, at_screen, screen_runtime

PICO = 10**12
DAY_S = 86_400.0
TODAY = utc_day(START)
USED = [
    UsageRow(group="", attempts=2, finished=1, cost_pico=PICO),
    UsageRow(group="somebody/a-model-with-a-long-name:free", cost_pico=PICO, estimated_pico=1, unknown_cost=1),
]


# tables


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, ["MODEL", "sent", "whole", "cut", "failed", "in", "out", "cost"]),
        (85, ["MODEL", "sent", "whole", "cut", "failed", "in", "out", "cost"]),
        (64, ["MODEL", "sent", "in", "out", "cost"]),
        (40, ["MODEL", "sent", "cost"]),
        (20, ["MODEL", "cost"]),
    ],
)
@pytest.mark.parametrize("bars", [True, False])
def test_a_usage_table_fits_the_width_and_keeps_the_cost(width: int, columns: list[str], bars: bool) -> None:
    head, unnamed, long = table("MODEL", USED, width, bars=bars).plain.splitlines()
    assert head.split() == columns
    assert max(map(len, (head, unnamed, long))) <= width
    assert unnamed.startswith("unk") and " $1.00" in unnamed
    assert long.startswith("som") and " ≈ $1.00 + ?" in long
    assert ("━" in long) == (bars and width == 120)
    assert "nothing yet" in table("KEY", [], width).plain


@pytest.mark.parametrize("width", [120, 85, 64])
def test_sums_that_are_estimated_and_incomplete_stand_whole_and_apart_from_each_other(width: int) -> None:
    row = UsageRow(group="m", prompt_tokens=99_900, completion_tokens=88_800, estimated_tokens=1, unknown_tokens=1)
    assert "  ≈ 99.9k + ?  ≈ 88.8k + ?  " in table("MODEL", [row], width).plain


def test_too_many_groups_are_added_up_and_none_is_lost() -> None:
    rows = [UsageRow(group=f"m{number:02}", attempts=number, cost_pico=number * PICO) for number in range(40)]
    lines = table("MODEL", rows, 100).plain.splitlines()
    assert len(lines) == MOST + 1
    assert lines[-1].split()[:3] == ["26", "others", f"{sum(range(14, 40)):,}"]
    assert lines[-1].endswith(f"${sum(range(14, 40))}.00")


def test_tokens_that_nobody_knows_are_not_zero() -> None:
    assert tokens_of(UsageRow(group="", unknown_tokens=1), 0) == "?"
    assert tokens_of(UsageRow(group="", unknown_tokens=1), 1_200) == "1.2k + ?"
    assert tokens_of(UsageRow(group="", estimated_tokens=1), 1_200) == "≈ 1.2k"
    assert tokens_of(UsageRow(group=""), 0) == "0"


# the chart


@settings(max_examples=50, deadline=None)
@given(
    days=st.integers(1, 400),
    most=st.integers(1, 60),
    used=st.dictionaries(st.integers(0, 399), st.tuples(st.integers(0, 10**13), st.integers(1, 9)), max_size=12),
)
def test_a_chart_leaves_out_no_day_and_counts_none_twice(
    days: int, most: int, used: dict[int, tuple[int, int]]
) -> None:
    last = date.fromisoformat(TODAY)
    first = last - timedelta(days=days - 1)
    rows = [
        UsageRow(group=(last - timedelta(days=back)).isoformat(), cost_pico=pico, attempts=sent)
        for back, (pico, sent) in used.items()
        if back < days
    ]
    columns = spans(rows, first.isoformat(), last.isoformat(), most)
    assert len(columns) <= most
    assert sum(column.days for column in columns) == days
    assert columns[0].first == first.isoformat()
    assert sum(column.cost_pico for column in columns) == sum(row.cost_pico for row in rows)
    assert sum(column.attempts for column in columns) == sum(row.attempts for row in rows)
    assert all(len(line) <= 2 * most + 40 for line in chart(columns, 2 * most + 40).plain.splitlines())


def test_the_highest_column_is_full_and_the_least_can_be_seen() -> None:
    columns = [
        Span(first="2026-01-01", days=1),
        Span(first="2026-01-02", days=1, cost_pico=1, is_estimated=True),
        Span(first="2026-01-03", days=1, cost_pico=PICO, is_unknown=True),
    ]
    lines = chart(columns, 60, rows=3).plain.splitlines()
    assert lines[0].startswith("COST PER DAY") and lines[0].endswith("most $1.00")
    assert [line.rstrip() for line in lines[2:5]] == [" " * 14 + "██████"] * 2 + [" " * 7 + "▁▁▁▁▁▁ ██████"]
    assert lines[6].split() == ["≈", "?"]
    assert lines[7].split() == ["01-01", "today"]
    assert lines[8] == "? not all is known   ≈ in part estimated"


def test_where_nothing_has_cost_anything_requests_are_drawn() -> None:
    columns = [Span(first="2026-01-01", days=2, attempts=3), Span(first="2026-01-03", days=2, attempts=1)]
    text = chart(columns, 30, rows=2).plain
    assert text.startswith("REQUESTS PER 2 DAYS") and "most 3" in text
    nothing = chart([Span(first="2026-01-01", days=1)], 30).plain
    assert "█" not in nothing and "most" not in nothing and "?" not in nothing


# files


def books() -> Books:
    row = UsageRow(group=TODAY, attempts=2, cost_pico=PICO // 2, estimated_pico=1, unknown_tokens=1)
    sums = {by: [replace(row, group=group)] for by, group in (("model", "=cmd()"), ("key", 'a,"b"'), ("provider", ""))}
    tables = {**sums, "session": [replace(row, group="abc")], "day": [row]}
    return Books(days=7, today=TODAY, first=TODAY, tables=tables, titles={"abc": "Ünïcode, \n and more"})  # type: ignore[arg-type]  # str stands for the literals


def test_a_file_of_all_figures_can_be_read_back() -> None:
    rows = list(csv.DictReader(books().csv().splitlines(keepends=True)))
    assert [row["by"] for row in rows] == ["model", "key", "provider", "session", "day"]
    assert {row["cost_usd"] for row in rows} == {"0.5"} and {row["unknown_tokens"] for row in rows} == {"1"}
    assert (rows[1]["group"], rows[3]["title"]) == ('a,"b"', "Ünïcode, \n and more")

    found = json.loads(books().json())
    assert (found["from"], found["to"], found["total"]["requests"]) == (TODAY, TODAY, 2)
    assert found["session"][0]["title"] == "Ünïcode, \n and more"
    assert found["day"] == [{"day": TODAY, **found["total"]}]


# the screen


async def spend(
    runtime: Runtime, days: float, model: str, pico: int | None, *, session: str | None = None, provider: str = "Demo"
) -> None:
    """Something that was sent so many days ago."""
    attempt = Attempt(
        started_at=START - days * DAY_S, model=model, key_label="work", key_fingerprint="f", conversation_id=session
    )
    number = await runtime.parts.db.write(ledger.begin, attempt, "i")
    cost = UNKNOWN_COST if pico is None else Cost(pico=pico, source="reported")
    usage = None if pico is None else Usage(prompt_tokens=1_000, completion_tokens=200)
    done = Settlement(outcome="done", provider=provider, usage=usage, cost=cost, timing=Timing(total_ms=900))
    assert await runtime.parts.db.write(ledger.settle, number, done)


async def open_usage(person: Person) -> UsageScreen:
    await person.press("ctrl+u")
    screen = await person.until_on(UsageScreen)
    await person.until_gone("adding up")
    return screen


@pytest.mark.anyio
async def test_the_days_can_be_chosen_and_every_table_is_a_key_away(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime, size=(100, 40)) as person:
        kept = await runtime.conversations.create(title="Invoice questions")
        await runtime.parts.db.write(conversations.delete, kept.id, START)
        await spend(runtime, 0, "maker/new", PICO, session=kept.id)
        await spend(runtime, 10, "maker/old", 2 * PICO, session="gone", provider="Other")
        await spend(runtime, 200, "maker/ancient", None)
        await open_usage(person)
        await person.until_shown("‹ the last 14 days, UTC ›", "$3.00  ·  2 requests", "COST PER DAY", "maker/old")
        assert "maker/ancient" not in person.text
        await person.press("left", "left")
        await person.until_shown("the last 7 days", "$1.00  ·  1 request")
        assert "maker/old" not in person.text
        await person.press(*["right"] * 9)
        await person.until_shown("all days, UTC", "$3.00 + ?", "PER 5 DAYS", "? not all is known", "maker/ancient")
        await person.press("tab")
        await person.until_gone("COST PER")
        assert "MODEL" in person.text
        await person.press("end")
        await person.until_shown("Invoice questions", "gone, not kept")
        assert "PROVIDER" in person.text and TODAY in person.text
        assert "outside of sessions" in person.text and TODAY in person.text
        await person.press("tab")
        await person.until_shown("COST PER")
        await person.press("shift+tab")
        await person.until_gone("COST PER")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


@pytest.mark.anyio
async def test_the_figures_are_written_into_a_file_and_a_failure_is_told(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.script(say("hello"))
    async with at_screen(screen_runtime(server), size=(240, 40)) as person:
        await person.ask("hi")
        await open_usage(person)
        for form, choose in (("csv", ("enter",)), ("json", ("down", "enter"))):
            await person.press("ctrl+s")
            await person.until_on(Choose)
            await person.press(*choose)
            await person.until_shown(f"usage-{TODAY}.{form}")
            assert "demo/writer" in (tmp_path / f"usage-{TODAY}.{form}").read_text(encoding="utf-8")
        await person.press("ctrl+s")
        await person.until_on(Choose)
        await person.press("escape")
        await person.until_on(UsageScreen)
        folder = tmp_path / "gone"
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setattr(Path, "cwd", lambda: folder)
        folder.rmdir()
        await person.press("ctrl+s")
        await person.until_on(Choose)
        await person.press("enter")
        await person.until_shown("cannot write")


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(60, 16), (120, 40)])
async def test_before_anything_was_sent_it_says_so(server: DemoServer, size: tuple[int, int]) -> None:
    async with at_screen(screen_runtime(server), size=size) as person:
        await open_usage(person)
        await person.until_shown("Nothing was sent in these days.")
        await person.press("tab", "left", "right", "right", "right", "right")
        await person.until_shown("Nothing was sent yet.")


@pytest.mark.anyio
async def test_in_plain_mode_nothing_is_drawn(server: DemoServer) -> None:
    server.script(say("hello"))
    async with at_screen(screen_runtime(server, tui__plain=True)) as person:
        await person.ask("hi")
        await open_usage(person)
        await person.until_shown("1 request")
        assert set("━─│▁█") & set(person.text) == set()


@pytest.mark.anyio
async def test_on_a_narrow_terminal_no_row_of_the_usage_is_wrapped(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime, size=(120, 60)) as person:
        await spend(runtime, 0, "somebody/a-model-with-a-very-long-name:free", 10**9)
        await open_usage(person)
        await person.until_shown("whole", "somebody/a-model-with-a-very-l")
        await person.pilot.resize_terminal(60, 60)
        await person.until_shown("somebody/a-model-with…")
        rows = [line.strip("│ ").split() for line in person.lines if line.rstrip("│ ").endswith(("$0.001", "cost"))]
        names = [
            "MODEL",
            "somebody/a-model-with…",
            "KEY",
            "work",
            "PROVIDER",
            "Demo",
            "SESSION",
            "outside",
            "DAY",
            TODAY,
        ]
        assert [row[0] for row in rows] == ["COST", *names]
