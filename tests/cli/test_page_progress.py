"""How far a stack of pages is, in one line."""

from __future__ import annotations

import pytest

from orchat.cli.page_progress import clock, line, rate
from orchat.ocr.page import Totals


@pytest.mark.parametrize(
    ("totals", "elapsed_s", "expected"),
    [
        (Totals(pages=200), 3.0, "░░░░░░░░░░░░░░░░░░░░ 0/200 pages · $0.00 · 0:03"),
        (
            Totals(pages=200, done=100, known=40, failed=2, cost_pico=12 * 10**10, elapsed_s=20.0),
            20.0,
            "██████████░░░░░░░░░░ 100/200 pages · 2 failed · $0.12 · 3.0 pages/s · 0:33 left",
        ),
        (
            Totals(pages=4, done=1, elapsed_s=6000.0, cost_pico=1),
            6000.0,
            "█████░░░░░░░░░░░░░░░ 1/4 pages · $0.000000000001 · 0 pages/min · 5:00:00 left",
        ),
        (Totals(pages=0), 0.0, "████████████████████ 0/0 pages · $0.00 · 0:00"),
    ],
)
def test_the_line(totals: Totals, elapsed_s: float, expected: str) -> None:
    assert line(totals, elapsed_s) == expected


@pytest.mark.parametrize(("value", "expected"), [(2.0, "2.0 pages/s"), (0.2, "12 pages/min"), (0.05, "3 pages/min")])
def test_the_rate_is_said_by_the_second_or_by_the_minute(value: float, expected: str) -> None:
    assert rate(value) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.4, "0:00"), (61, "1:01"), (3725, "1:02:05")])
def test_the_time(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected
