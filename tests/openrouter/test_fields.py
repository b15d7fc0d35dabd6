"""A wrong type is an absent value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.openrouter import fields
from orchat.openrouter.account import parse_credits, parse_endpoints, parse_generation, parse_key_status
from orchat.openrouter.usage import parse_usage

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1e999", "p50"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("document", ["", "{", "nope", "[" * 100_000, '"' + "x", "1" * 5000, b"\xff\xfe{"])
def test_what_is_not_json_is_none(document: str | bytes) -> None:
    assert fields.parsed(document) is None


def test_json_is_read() -> None:
    assert fields.parsed('{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize(
    ("raw", "mended"),
    [("plain", "plain"), ("é👩", "é👩"), ("\ud83d\ude00", "😀"), ("a\ud83d", "a\ufffd"), ("\ude00b", "\ufffdb")],
)
def test_lone_surrogates_are_replaced_and_pairs_joined(raw: str, mended: str) -> None:
    assert fields.mended(raw) == mended
    assert fields.text(raw) == mended


@pytest.mark.parametrize(
    ("value", "number", "count"),
    [
        (1, 1.0, 1),
        (1.9, 1.9, 1),
        ("12", 12.0, 12),
        (True, None, None),
        (None, None, None),
        ([], None, None),
        ("x", None, None),
        ("nan", None, None),
        (float("inf"), None, None),
        (10**400, None, None),
        (-1, -1.0, None),
        (1e16, 1e16, None),
    ],
)
def test_numbers_are_finite_and_counts_are_plausible(value: object, number: float | None, count: int | None) -> None:
    assert fields.number(value) == number
    assert fields.count(value) == count


@pytest.mark.parametrize(
    ("value", "pico"),
    [(0.000001, 10**6), ("0.5", 5 * 10**11), (-1, -(10**12)), (1e30, None), ("x", None), (None, None)],
)
def test_amounts_are_plausible(value: object, pico: int | None) -> None:
    assert fields.pico(value) == pico


@given(value=anything)
def test_nothing_makes_the_readers_raise(value: object) -> None:
    assert isinstance(fields.text(value), str)
    assert isinstance(fields.table(value), dict)
    assert all(isinstance(row, dict) for row in fields.rows(value))
    assert all(isinstance(item, str) for item in fields.texts(value))
    assert fields.flag(value) is (value is True)


names = st.sampled_from(
    [
        "data",
        "endpoints",
        "label",
        "limit",
        "usage",
        "free_model_daily_requests",
        "used",
        "status",
        "pricing",
        "latency_last_30m",
        "p50",
        "tokens_prompt",
        "total_cost",
        "prompt_tokens_details",
        "cost",
        "overrides",
    ]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=10,
)


@given(document=documents)
def test_no_document_makes_a_parser_raise(document: object) -> None:
    parse_key_status({"data": document})
    parse_credits({"data": document})
    parse_generation({"data": document}, generation_id="gen-1")
    parse_endpoints({"data": document})
    parse_endpoints(document)
    parse_usage(document)


def test_usage_is_read_with_its_details() -> None:
    usage = parse_usage(
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "cost": 0.00001,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 4},
        }
    )
    assert usage is not None
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.cache_write_tokens)
    assert counts == (10, 5, 3, 2)
    assert usage.reasoning_tokens == 4
    assert usage.cost_pico == 10**7


def test_a_missing_or_negative_cost_is_unknown_and_not_zero() -> None:
    for said in ({"prompt_tokens": 1}, {"cost": None, "prompt_tokens": 1}, {"cost": -1}):
        usage = parse_usage(said)
        assert usage is not None
        assert usage.cost_pico is None
    free = parse_usage({"cost": 0})
    assert free is not None
    assert free.cost_pico == 0
    assert parse_usage({}) is None
    assert parse_usage("x") is None


def test_surrogates_survive_a_round_trip_through_json() -> None:
    assert fields.text(json.loads('"\\ud83d\\ude00 \\ud83d"')) == "😀 \ufffd"
