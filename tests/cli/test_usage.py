"""``orchat usage``: the books."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchat.demo import DemoThread
from tests.support.cli import Done, on_terminal

Orchat = Callable[..., Done]


def test_the_books_are_shown_for_programs(session: str, orchat: Orchat) -> None:
    (line,) = orchat("usage", "--by", "model").out.splitlines()

    assert line.split("\t") == ["demo/writer", "1", "1", "0", "0", "1200", "45", "0", "0", "0.00041", "0"]


def test_the_books_are_shown_for_people(session: str, demo: DemoThread) -> None:
    heading, line = on_terminal(demo.base_url, "usage", "--by", "key", "--days", "1")

    assert heading.split()[:3] == ["KEY", "REQUESTS", "DONE"]
    assert line.split() == ["env", "1", "1", "0", "0", "1,200", "45", "0", "0", "$0.00041", "0"]


@pytest.mark.parametrize("by", ["day", "model", "key", "provider"])
def test_the_books_are_shown_as_json(by: str, session: str, orchat: Orchat) -> None:
    (row,) = orchat("usage", "--by", by, "--json").json

    assert row[by]
    assert (row["requests"], row["finished"], row["prompt_tokens"], row["cost_usd"]) == (1, 1, 1200, 0.00041)
    assert (row["estimated_usd"], row["unknown_cost"]) == (0, 0)
