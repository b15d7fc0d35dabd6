"""The whole pool at work: many processes, several keys, one server that counts. `make soak` does the same at length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.soak import Outcome, Plan, match, peak, soak


def test_no_key_goes_over_its_cap_and_both_sides_count_the_same(tmp_path: Path) -> None:
    plan = Plan(processes=6, requests=20, keys=2, cap=3)

    outcome = soak(plan, tmp_path)

    assert outcome.faults == []
    assert outcome.ours == outcome.theirs
    assert outcome.peaks == {"key0": 3, "key1": 3}
    assert outcome.rows["done"] == 6 * 18
    assert set(outcome.rows) == {"done", "failed", "cut"}


def test_without_a_cap_the_server_sees_more_at_once(tmp_path: Path) -> None:
    plan = Plan(processes=2, requests=4, keys=1, cap=0)

    outcome = soak(plan, tmp_path)

    assert outcome.peaks["key0"] > 3
    assert outcome.faults == [f"key0: {outcome.peaks['key0']} at once"]


def test_processes_that_are_killed_leave_nothing_and_every_request_they_sent_is_charged_once(tmp_path: Path) -> None:
    plan = Plan(processes=6, seconds=3, keys=2, cap=3, kill_every_s=0.15)

    outcome = soak(plan, tmp_path)

    assert outcome.faults == []
    assert outcome.ours == outcome.theirs
    assert outcome.killed > 5
    assert outcome.rows["lost"] > 0
    assert sum(outcome.rows.values()) == sum(outcome.theirs.values()) + outcome.never_arrived


# ---- that the comparison finds what is wrong

ROW = {
    "conversation_id": "7.0",
    "key_fingerprint": "f",
    "generation_id": "gen-1",
    "outcome": "done",
    "cost_pico": 20,
    "cost_source": "reported",
}
POST = {"name": "7.0", "fingerprint": "f", "generation": "gen-1", "outcome": "done", "cost": "2e-11"}
LOST = {**ROW, "outcome": "lost", "cost_source": "estimated"}
UNSENT = {**LOST, "generation_id": None}


@pytest.mark.parametrize(
    ("rows", "posts", "killed", "faults"),
    [
        ([ROW], [POST], set(), []),
        ([ROW, ROW], [POST], set(), ["request 7.0: 2 rows, 1 POSTs"]),
        ([], [POST], {7}, ["request 7.0: 0 rows, 1 POSTs"]),
        ([ROW, LOST], [POST], {7}, ["request 7.0: 2 rows, 1 POSTs"]),
        ([ROW, UNSENT], [POST], {7}, []),
        ([ROW, UNSENT], [POST], {8}, ["request 7.0: 2 rows, 1 POSTs"]),
        ([UNSENT, UNSENT], [POST], {7}, []),
        ([LOST], [POST], {7}, []),
        ([LOST], [POST], set(), ["request 7.0: lost, although nobody was killed"]),
        ([{**LOST, "cost_pico": None}], [POST], {7}, ["request 7.0: lost, and not charged"]),
        ([{**ROW, "key_fingerprint": "g"}], [POST], set(), ["request 7.0: another key"]),
        ([{**ROW, "generation_id": "gen-2"}], [POST], set(), ["request 7.0: another generation"]),
        ([ROW], [{**POST, "outcome": "cut"}], set(), ["request 7.0: done here, cut there"]),
        ([{**ROW, "cost_pico": 21}], [POST], set(), ["request 7.0: 21 here, 2e-11 USD there"]),
    ],
)
def test_a_request_on_which_the_two_sides_do_not_agree_is_named(
    rows: list[dict[str, Any]], posts: list[dict[str, Any]], killed: set[int], faults: list[str]
) -> None:
    outcome = Outcome()

    match(outcome, [dict(row) for row in rows], posts, killed)

    assert outcome.faults == faults


@pytest.mark.parametrize(
    ("times", "killed", "most"),
    [
        ([], {}, 0),
        ([(0, 2), (2, 3)], {}, 1),
        ([(0, 3), (1, 4), (2, 5)], {}, 3),
        ([(0, None), (1, 2)], {}, 2),
        ([(0, None), (1, 2)], {0: 0.5}, 1),
        ([(0, 3), (1, 4)], {1: 0.5}, 1),
    ],
)
def test_requests_that_overlap_are_counted_until_they_end_or_their_process_is_killed(
    times: list[tuple[float, float | None]], killed: dict[int, float], most: int
) -> None:
    posts = [{"name": f"{client}.0", "arrived_at": begin, "ended_at": end} for client, (begin, end) in enumerate(times)]

    assert peak(posts, killed) == most
