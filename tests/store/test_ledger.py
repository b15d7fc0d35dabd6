"""What was sent is counted once, and every sum is the sum of the rows."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.clock import utc_day
from orchat.domain.events import Timing
from orchat.domain.ledger import Attempt, Outcome, Settlement, UsageRow
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.store import ledger
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import connected

DAY = utc_day(START)
ATTEMPT = Attempt(
    started_at=START,
    model="maker/model",
    key_label="work",
    key_fingerprint="0badcafe",
    number=2,
    conversation_id="c",
    front_end="tui",
)
USAGE = Usage(
    prompt_tokens=100,
    completion_tokens=50,
    reasoning_tokens=20,
    cached_tokens=60,
    cache_write_tokens=7,
    cost_pico=1_234_567,
)
DONE = Settlement(
    outcome="done",
    model_used="maker/model-2026-01-01",
    provider="Provider",
    generation_id="gen-1",
    usage=USAGE,
    cost=USAGE.cost,
    timing=Timing(ttft_ms=300, total_ms=1500),
    finish_reason="stop",
)


def settled(connection: Connection, settlement: Settlement, attempt: Attempt = ATTEMPT) -> int:
    row = ledger.begin(connection, attempt, "i")
    assert ledger.settle(connection, row, settlement)
    return row


def test_an_attempt_is_kept_as_it_was(connection: Connection) -> None:
    row = settled(connection, DONE)
    assert ledger.last_attempts(connection) == [ledger.Entry(id=row, attempt=ATTEMPT, settlement=DONE)]


def test_a_failure_is_kept_as_it_was(connection: Connection) -> None:
    failed = Settlement(outcome="failed", error_kind="RateLimited", status=429, timing=Timing(total_ms=80))
    settled(connection, failed)
    assert ledger.last_attempts(connection)[0].settlement == failed


def test_an_estimate_is_kept_as_one(connection: Connection) -> None:
    usage = replace(USAGE, cost_pico=None, estimated=True)
    cut = Settlement(outcome="cut", usage=usage, cost=Cost(pico=99, source="estimated"))
    settled(connection, cut)
    assert ledger.last_attempts(connection)[0].settlement == cut


def test_an_open_attempt_counts_as_sent_and_as_nothing_else(connection: Connection) -> None:
    ledger.begin(connection, ATTEMPT, "i")
    assert ledger.totals_of_day(connection, DAY) == UsageRow(group=DAY, attempts=1)
    assert ledger.last_attempts(connection)[0].settlement == Settlement(outcome="open")


def test_the_generation_is_known_before_the_end(connection: Connection) -> None:
    row = ledger.begin(connection, ATTEMPT, "i")
    ledger.note_generation(connection, row, "gen-early")
    assert ledger.settle(connection, row, Settlement(outcome="cut"))
    assert ledger.last_attempts(connection)[0].settlement.generation_id == "gen-early"


def test_an_answers_row_is_found_by_its_session_and_generation(connection: Connection) -> None:
    row = settled(connection, DONE)
    found = ledger.of_generation(connection, "c", "gen-1")
    assert found is not None
    assert found.id == row
    assert ledger.of_generation(connection, "another", "gen-1") is None
    assert ledger.of_generation(connection, "c", "gen-2") is None


def test_nothing_is_charged_twice(connection: Connection) -> None:
    row = settled(connection, DONE)
    assert not ledger.settle(connection, row, replace(DONE, cost=Cost(pico=10**9, source="reported")))
    assert not ledger.settle(connection, 99, DONE)
    assert ledger.totals_of_day(connection, DAY).cost_pico == 1_234_567


def test_a_lost_attempt_may_be_found_again(connection: Connection) -> None:
    row = settled(connection, Settlement(outcome="lost"))
    assert ledger.totals_of_day(connection, DAY).unknown_cost == 1
    assert ledger.settle(connection, row, DONE)
    assert ledger.totals_of_day(connection, DAY) == UsageRow(
        group=DAY,
        attempts=1,
        finished=1,
        prompt_tokens=100,
        completion_tokens=50,
        reasoning_tokens=20,
        cached_tokens=60,
        cost_pico=1_234_567,
    )


def test_cached_answers_are_no_requests(connection: Connection) -> None:
    settled(connection, Settlement(outcome="cached", cost=Cost(pico=0, source="reported")))
    settled(connection, Settlement(outcome="failed"))
    settled(connection, DONE, replace(ATTEMPT, key_fingerprint="other"))
    settled(connection, DONE, replace(ATTEMPT, started_at=START + 86_400))
    assert ledger.requests_today(connection, DAY) == {"0badcafe": 1, "other": 1}
    assert ledger.requests_today(connection, "1999-01-01") == {}
    assert ledger.totals_of_day(connection, DAY).attempts == 2


def test_a_session_sums_up_every_attempt_of_its_own(connection: Connection) -> None:
    settled(connection, DONE)
    settled(connection, Settlement(outcome="stopped", cost=Cost(pico=1, source="estimated")))
    settled(connection, DONE, replace(ATTEMPT, conversation_id=None))
    total = ledger.totals_of_conversation(connection, "c")
    assert (total.group, total.attempts, total.finished, total.cut, total.cost_pico, total.estimated_pico) == (
        "c",
        2,
        1,
        1,
        1_234_568,
        1,
    )


def test_what_the_server_has_not_priced_is_asked_for(connection: Connection) -> None:
    cut = Settlement(
        outcome="cut", generation_id="gen-1", cost=Cost(pico=5, source="estimated"), timing=Timing(total_ms=3000)
    )
    estimated = settled(connection, cut)
    settled(connection, DONE)
    settled(connection, Settlement(outcome="cut"))
    settled(connection, Settlement(outcome="cached", generation_id="gen-3"))
    settled(connection, Settlement(outcome="failed", generation_id="gen-4", status=502))
    ledger.note_generation(connection, ledger.begin(connection, ATTEMPT, "i"), "gen-5")
    broken = settled(connection, Settlement(outcome="failed", generation_id="gen-6", timing=Timing(total_ms=4000)))
    assert ledger.due_lookups(connection, START + 4.9) == []
    assert [entry.id for entry in ledger.due_lookups(connection, START + 6)] == [estimated, broken]
    assert [entry.id for entry in ledger.due_lookups(connection, START + 6, limit=1)] == [estimated]

    ledger.note_lookup(connection, estimated, START + 15)
    ledger.note_lookup(connection, broken, None)
    assert ledger.due_lookups(connection, START + 14) == []
    (entry,) = ledger.due_lookups(connection, START + 15)
    assert (entry.id, entry.lookups) == (estimated, 1)

    ledger.reprice(connection, estimated, None, Cost(pico=7, source="reported"))
    assert ledger.due_lookups(connection, START + 10**6) == []
    assert ledger.last_attempts(connection, 9)[-1].settlement.usage is None
    ledger.reprice(connection, estimated, USAGE, USAGE.cost)
    assert ledger.last_attempts(connection, 9)[-1].settlement.usage == USAGE


def test_a_look_up_does_not_wait_for_days_because_the_clock_was_set_back(connection: Connection) -> None:
    row = settled(connection, Settlement(outcome="cut", generation_id="gen-1"))
    assert ledger.due_lookups(connection, START - 3600) == []
    assert [entry.id for entry in ledger.due_lookups(connection, START - 90_000)] == [row]


def test_no_figure_of_a_server_breaks_the_sums(connection: Connection) -> None:
    absurd = Usage(prompt_tokens=10**30, completion_tokens=-5, cost_pico=10**30)
    for _ in range(20):
        settled(connection, Settlement(outcome="done", usage=absurd, cost=absurd.cost))
    total = ledger.totals_of_day(connection, DAY)
    assert (total.prompt_tokens, total.completion_tokens, total.cost_pico, total.unknown_cost) == (
        20 * 10**12,
        0,
        0,
        20,
    )


def test_days_come_in_order_and_the_rest_by_cost(connection: Connection) -> None:
    for days, model, pico in ((2, "a", 1), (0, "b", 5), (1, "c", 3)):
        attempt = replace(ATTEMPT, started_at=START + days * 86_400, model=model, key_label=f"key of {model}")
        settled(connection, replace(DONE, cost=Cost(pico=pico, source="reported"), provider=None), attempt)
    assert [row.group for row in ledger.usage(connection)] == ["2026-09-21", "2026-09-22", "2026-09-23"]
    assert [row.group for row in ledger.usage(connection, "2026-09-22", "model")] == ["c", "a"]
    assert [row.group for row in ledger.usage(connection, by="key")] == ["key of b", "key of c", "key of a"]
    assert [(row.group, row.attempts) for row in ledger.usage(connection, by="provider")] == [("", 3)]


@pytest.mark.parametrize("seconds", [0, 86_399])
def test_a_day_is_a_day_in_utc(connection: Connection, seconds: int) -> None:
    midnight = 1_790_035_200
    settled(connection, DONE, replace(ATTEMPT, started_at=float(midnight + seconds)))
    assert [row.group for row in ledger.usage(connection)] == ["2026-09-22"]


outcomes: list[Outcome] = ["open", "done", "cut", "stopped", "failed", "cached", "lost"]
amounts = st.integers(0, 10**13)
costs = st.just(UNKNOWN_COST) | st.builds(Cost, pico=amounts, source=st.sampled_from(["reported", "estimated"]))
counts = st.integers(0, 10**6)
usages = st.none() | st.builds(
    Usage,
    prompt_tokens=counts,
    completion_tokens=counts,
    reasoning_tokens=counts,
    cached_tokens=counts,
    estimated=st.booleans(),
)
attempts = st.builds(
    Attempt,
    started_at=st.integers(0, 3).map(lambda days: START + days * 86_400),
    model=st.sampled_from(["m1", "m2"]),
    key_label=st.sampled_from(["k1", "k2"]),
    key_fingerprint=st.just("f"),
    conversation_id=st.none() | st.just("c"),
)
settlements = st.builds(
    Settlement,
    outcome=st.sampled_from(outcomes),
    provider=st.none() | st.sampled_from(["P", "Q"]),
    usage=usages,
    cost=costs,
)


@settings(max_examples=50, deadline=None)
@given(sent=st.lists(st.tuples(attempts, settlements), max_size=12))
def test_every_sum_is_the_sum_of_the_rows(sent: list[tuple[Attempt, Settlement]]) -> None:
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection:
        for attempt, settlement in sent:
            row = ledger.begin(connection, attempt, "i")
            if settlement.outcome != "open":
                ledger.settle(connection, row, settlement)
        for by in ("day", "model", "key", "provider", "session"):
            expected = summed(sent, by)
            assert {row.group: row for row in ledger.usage(connection, by=by)} == expected
        for day, sums in summed(sent, "day").items():
            assert ledger.totals_of_day(connection, day) == sums
        own = [pair for pair in sent if pair[0].conversation_id == "c"]
        total = ledger.totals_of_conversation(connection, "c")
        assert total.cost_pico == sum(row.cost_pico for row in summed(own, "day").values())


def summed(sent: list[tuple[Attempt, Settlement]], by: str) -> dict[str, UsageRow]:
    rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for attempt, settlement in sent:
        outcome = settlement.outcome
        # What is still open has not been told its provider, tokens and cost.
        known = settlement if outcome != "open" else Settlement(outcome="open")
        usage, pico = known.usage or Usage(), known.cost.pico
        group = {
            "day": utc_day(attempt.started_at),
            "model": attempt.model,
            "key": attempt.key_label,
            "provider": known.provider or "",
            "session": attempt.conversation_id or "",
        }[by]
        row = rows[group]
        row["attempts"] += outcome != "cached"
        row["finished"] += outcome == "done"
        row["cut"] += outcome in ("cut", "stopped", "lost")
        row["failed"] += outcome == "failed"
        for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"):
            row[name] += getattr(usage, name)
        row["cost_pico"] += pico or 0
        row["estimated_pico"] += (pico or 0) if known.cost.source == "estimated" else 0
        row["unknown_tokens"] += known.usage is None and outcome in ("done", "cut", "stopped", "lost")
        row["estimated_tokens"] += usage.estimated
        row["unknown_cost"] += pico is None and outcome in ("done", "cut", "stopped", "lost")
    return {group: UsageRow(group=group, **row) for group, row in rows.items()}
