"""What a request is asked with: written by people, kept as JSON, put on top of each other, taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.parameters import from_json, merged, parse_parameters, to_json, without, written
from orchat.domain.request import ChatRequest, Provider, Reasoning
from orchat.errors import UsageError

EVERYTHING = {
    "temperature": 0.2,
    "stop": ("a, b", "c"),
    "user": "007",
    "tools": ({"type": "openrouter:web_search"},),
    "reasoning": Reasoning(effort="high", exclude=False),
    "provider": Provider(order=("a", "b"), zdr=True, sort={"by": "price"}),
    "extra": {"new": {"a": 1}, "other": "text"},
}


def test_everything_is_kept_as_json_and_comes_back() -> None:
    kept = json.loads(json.dumps(to_json(EVERYTHING)))
    assert from_json(kept) == EVERYTHING


def test_everything_can_be_written_and_read() -> None:
    assert parse_parameters(written(EVERYTHING)) == EVERYTHING
    assert ("provider.sort", '{"by": "price"}') in written(EVERYTHING)


NAMES = ("temperature", "seed", "stop", "models", "user", "reasoning.effort", "provider.order", "provider.zdr", "new.x")
VALUES = st.one_of(st.text(max_size=8), st.sampled_from(["1", "0.5", "true", "high", '["a"]', '{"x": 1}', "a,b"]))


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6))
def test_whatever_is_understood_is_kept(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_parameters(pairs)
    except UsageError:
        return
    assert written(from_json(json.loads(json.dumps(to_json(found))))) == written(found)
    ChatRequest(messages=(), **found)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        "text",
        {"temperature": 9},
        {"temperature": "warm"},
        {"messages": []},
        {"provider": 3},
        {"reasoning": {"effort": "huge", "more": 1}},
        {"seed": {}},
    ],
)
def test_what_does_not_fit_is_left_out(kept: object) -> None:
    assert from_json(kept) == {}


def test_the_rest_of_a_damaged_object_counts() -> None:
    kept = {"temperature": 9, "seed": 7, "provider": {"order": ["a"], "colour": "red"}}
    assert from_json(kept) == {"seed": 7, "provider": Provider(order=("a",))}


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"seed": 1, "top_p": 1.0}, {"seed": 2}, {"seed": 2, "top_p": 1.0}),
        (
            {"provider": Provider(order=("a",), zdr=True)},
            {"provider": Provider(sort="price", zdr=False)},
            {"provider": Provider(order=("a",), zdr=False, sort="price")},
        ),
        (
            {"reasoning": Reasoning(effort="high", exclude=True)},
            {"reasoning": Reasoning(max_tokens=9)},
            {"reasoning": Reasoning(max_tokens=9, exclude=True)},
        ),
        ({"extra": {"a": 1, "b": 1}}, {"extra": {"b": 2}}, {"extra": {"a": 1, "b": 2}}),
        ({}, {"provider": Provider(zdr=True)}, {"provider": Provider(zdr=True)}),
        ({"stop": ("a",)}, {"stop": ("b",)}, {"stop": ("b",)}),
    ],
)
def test_the_second_counts_member_by_member(
    base: dict[str, Any], over: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merged(base, over) == expected


@pytest.mark.parametrize(
    ("key", "gone"),
    [
        ("temperature", {"temperature"}),
        ("provider.zdr", {"provider.zdr"}),
        ("provider", {"provider.order", "provider.zdr", "provider.sort"}),
        ("new", {"new"}),
        ("seed", set()),
        ("unheard", set()),
        ("max-tokens", set()),
    ],
)
def test_one_is_taken_away_and_the_others_stay(key: str, gone: set[str]) -> None:
    before, after = dict(written(EVERYTHING)), dict(written(without(EVERYTHING, key)))
    assert {name for name in before if name not in after} == gone
    assert all(after[name] == before[name] for name in after)


def test_the_last_one_leaves_nothing_behind() -> None:
    assert without({"reasoning": Reasoning(effort="low")}, "reasoning.effort") == {}
    assert without({"extra": {"new": 1}}, "new") == {}
    assert without({}, "provider.zdr") == {}


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("temperature", "2.1")], "temperature=2.1: expected a number from 0 to 2"),
        ([("max_tokens", "0")], "max_completion_tokens=0: expected 1 or more"),
        ([("reasoning", '{"effort": "low", "max_tokens": 5}')], "exclude each other"),
        ([("tools", "[1]")], "expected a JSON object"),
        ([("response_format", "json")], "expected a JSON object"),
        ([("messages", "[]")], "messages is no parameter"),
        ([("provider.colour", "red")], "provider.colour is not known"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(pairs: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters(pairs)
    assert says in caught.value.message and "\n" not in caught.value.message
