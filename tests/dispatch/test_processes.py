"""The whole pool at work: many processes, several keys, one server that counts. `make soak` does the same at length."""

from __future__ import annotations

from pathlib import Path

from tests.support.soak import Plan, soak


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
