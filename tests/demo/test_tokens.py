"""Counting and pricing are exact and deterministic."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.demo import tokens
from orchat.demo.schema import MAX_DEPTH, instance


@given(st.text(max_size=300), st.one_of(st.none(), st.integers(1, 50)))
@settings(max_examples=100, deadline=None)
def test_pieces_join_to_the_text(text: str, size: int | None) -> None:
    parts = list(tokens.pieces(text, size))
    assert "".join(parts) == text
    assert all(parts)
    assert max(map(len, parts), default=0) <= (size or 14)


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_four_characters_are_a_token(text: str, expected: int) -> None:
    assert tokens.count(text) == expected


def test_messages_weigh_their_text_and_their_media() -> None:
    parts = [{"type": "text", "text": "abcd"}, {"type": "image_url"}, "odd"]
    assert tokens.message_tokens({"content": parts}) == 4 + 1 + 300 + 300
    assert tokens.message_tokens({"content": None}) == 4


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_reported_cost_is_the_exact_cost(prompt: int, cached: int, completion: int) -> None:
    spent = tokens.Spent(prompt=prompt + cached, cached=cached, completion=completion)
    pricing = {"prompt": "0.0000025", "completion": "0.00001", "input_cache_read": "0.00000025"}
    exact = prompt * Decimal("0.0000025") + cached * Decimal("0.00000025") + completion * Decimal("0.00001")
    assert Decimal(str(spent.usage(pricing)["cost"])) == exact


def test_a_dynamic_price_counts_as_nothing() -> None:
    assert tokens.Spent(prompt=5, cached=2, completion=5).cost({"prompt": "-1", "completion": "-1"}) == 0


SCHEMAS: list[tuple[object, object]] = [
    ({"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}, {"n": 1, "s": "t"}),
    ({"properties": {"a": {"type": "array", "items": {"type": "boolean"}}}}, {"a": [True]}),
    ({"type": "object"}, {}),
    ({"type": "array"}, ["t"]),
    ({"type": ["number", "null"]}, 1.5),
    ({"type": []}, "t"),
    ({"type": "null"}, None),
    ({"enum": ["x", "y"]}, "x"),
    ({"enum": []}, "t"),
    ({"const": 7}, 7),
    ({"default": "d", "type": "string"}, "d"),
    (None, "t"),
]


@pytest.mark.parametrize(("schema", "expected"), SCHEMAS, ids=range(len(SCHEMAS)))
def test_an_instance_fits_its_schema(schema: object, expected: object) -> None:
    assert instance(schema, text="t") == expected


def test_a_schema_without_end_has_an_instance() -> None:
    schema: dict[str, object] = {"type": "array"}
    schema["items"] = schema
    value, depth = instance(schema, text="t"), 0
    while isinstance(value, list):
        (value,), depth = value, depth + 1
    assert (value, depth) == ("t", MAX_DEPTH + 1)
