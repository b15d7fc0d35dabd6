"""What a person types to find something, while it is typed and when it is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.query import SearchQuery, Term, parse_day, parse_query


def terms(text: str) -> list[tuple[str, bool]]:
    return [(term.text, term.prefix) for term in parse_query(text).terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("oak", [("oak", True)]),
        ("oak ash", [("oak", False), ("ash", True)]),
        ("oak* ash model:x", [("oak", True), ("ash", False)]),
        ('"the oak" ash', [("the oak", False), ("ash", True)]),
        ('"the oak"', [("the oak", False)]),
        ('"the oa', [("the oa", True)]),
        ('oak "', [("oak", False)]),
        ('ash "" oak', [("ash", False), ("oak", True)]),
        ("*", []),
        ("text:oak", [("text:oak", True)]),
        ("oak model:", [("oak", False)]),
        ("oak\0ash", [("oak", False), ("ash", True)]),
    ],
)
def test_words_phrases_and_beginnings(text: str, expected: list[tuple[str, bool]]) -> None:
    assert terms(text) == expected


def test_conditions_are_taken_out_of_the_words() -> None:
    found = parse_query('paris Model:gpt-5 title:"big trip" after:2026-01-02 before:2026-03 model:openai')
    assert found == SearchQuery(
        terms=(Term(text="paris"),),
        models=("gpt-5", "openai"),
        titles=("big trip",),
        after=1767312000.0,
        before=1772323200.0,
    )


def test_of_several_dates_the_narrowest_hold() -> None:
    found = parse_query("after:2025 after:2026 before:2028 before:2027")
    assert (found.after, found.before) == (parse_day("2026"), parse_day("2027"))


@pytest.mark.parametrize("text", ["model:", "after:", "after:20", "after:2026-13", 'title:""', "before:2026-02-30"])
def test_a_condition_that_is_not_finished_does_not_count(text: str) -> None:
    assert parse_query(text).is_empty


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1970-01-02", 86400.0), ("1970-02", 31 * 86400.0), ("1971", 365 * 86400.0), ("0000", None), ("x", None)],
)
def test_days_months_and_years(text: str, expected: float | None) -> None:
    assert parse_day(text) == expected


@given(st.text(st.characters() | st.sampled_from('":*model titleafter-0123456789 ')))
def test_nothing_is_an_error(text: str) -> None:
    for term in parse_query(text).terms:
        assert term.text.strip()
        assert "\0" not in term.text
