"""``-p key=value``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.cli.parameters import parse_parameters
from orchat.domain.request import ChatRequest, Provider, Reasoning
from orchat.errors import UsageError


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["temperature=0.2"], {"temperature": 0.2}),
        (["temperature=1"], {"temperature": 1}),
        (["seed=7"], {"seed": 7}),
        (["logprobs=true"], {"logprobs": True}),
        (["user=007"], {"user": "007"}),
        (["user=a=b"], {"user": "a=b"}),
        (["max_tokens=100"], {"max_completion_tokens": 100}),
        (["stop=a, b"], {"stop": ("a, b",)}),
        (["stop=a", "stop=b"], {"stop": ("a", "b")}),
        (['stop=["a", "b"]', "stop=c"], {"stop": ("a", "b", "c")}),
        (["models=a/b,c/d"], {"models": ("a/b", "c/d")}),
        (["models=[1]"], {"models": ("1",)}),
        (["verbosity=low"], {"verbosity": "low"}),
        (['response_format={"type": "json_object"}'], {"response_format": {"type": "json_object"}}),
        (['logit_bias={"5": -1}'], {"logit_bias": {"5": -1}}),
        (['metadata={"a": "b"}'], {"metadata": {"a": "b"}}),
        (["tool_choice=auto"], {"tool_choice": "auto"}),
        (['tool_choice={"type": "function"}'], {"tool_choice": {"type": "function"}}),
        (['tools=[{"type": "function"}]'], {"tools": ({"type": "function"},)}),
        (['plugins={"id": "web"}', 'plugins={"id": "file"}'], {"plugins": ({"id": "web"}, {"id": "file"})}),
        (["reasoning.effort=high"], {"reasoning": Reasoning(effort="high")}),
        (["reasoning.max_tokens=5"], {"reasoning": Reasoning(max_tokens=5)}),
        (["reasoning.exclude=true", "reasoning.effort=low"], {"reasoning": Reasoning(exclude=True, effort="low")}),
        (['reasoning={"effort": "low", "exclude": false}'], {"reasoning": Reasoning(effort="low", exclude=False)}),
        (["provider.sort=price"], {"provider": Provider(sort="price")}),
        (['provider.sort={"by": "price"}'], {"provider": Provider(sort={"by": "price"})}),
        (["provider.order=a,b"], {"provider": Provider(order=("a", "b"))}),
        (['provider={"order": ["a"], "zdr": true}'], {"provider": Provider(order=("a",), zdr=True)}),
        (["provider.preferred_max_latency=2.5"], {"provider": Provider(preferred_max_latency=2.5)}),
        (['provider.preferred_max_latency={"p90": 3}'], {"provider": Provider(preferred_max_latency={"p90": 3})}),
        (["new_thing=5"], {"extra": {"new_thing": 5}}),
        (["new_thing=some text"], {"extra": {"new_thing": "some text"}}),
        (["new.a.b=1", "new.a.c=2"], {"extra": {"new": {"a": {"b": 1, "c": 2}}}}),
        (["new=1", "new.a=2"], {"extra": {"new": {"a": 2}}}),
        (['extra={"x": 1}', "y=2"], {"extra": {"x": 1, "y": 2}}),
        (["temperature.x=1"], {"extra": {"temperature": {"x": 1}}}),
    ],
)
def test_parameters_take_the_type_of_their_field(pairs: list[str], expected: dict[str, Any]) -> None:
    found = parse_parameters(pairs)

    assert found == expected
    ChatRequest(messages=(), **found)


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("temperature", "not a parameter"),
        ("=5", "not a parameter"),
        ("temperature=warm", "expected a number"),
        ("temperature=NaN", "expected a number"),
        ("temperature=true", "expected a number"),
        ("seed=1.5", "expected a whole number"),
        ("seed=true", "expected a whole number"),
        ("logprobs=maybe", "expected true or false"),
        ("reasoning.effort=huge", "expected one of max"),
        ("reasoning.effect=high", "reasoning.effect is not known"),
        ("provider.sotr=price", "provider.sotr is not known"),
        ("provider=cheap", "expected a JSON object"),
        ("response_format=json", "expected a JSON object"),
        ("tools=hammer", "expected a JSON object"),
        ("tools=[1]", "expected a JSON object"),
        ("extra=1", "expected a JSON object"),
        ("messages=[]", "-p messages is not for this option"),
        ("model=a/b", "-p model is not for this option"),
        ("stream=false", "-p stream is not for this option"),
        ("temperature=3", "temperature=3: expected a number from 0 to 2"),
        ("top_k=-1", "top_k=-1: expected 0 or more"),
        ("reasoning.max_tokens=0", "reasoning.max_tokens=0: expected 1 or more"),
        ("logit_bias=" + "[" * 100_000, "expected a JSON object"),
    ],
)
def test_parameters_that_do_not_fit_are_named(pair: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters([pair])

    assert says in caught.value.message


@given(st.lists(st.tuples(st.from_regex(r"[a-z_]{1,20}(\.[a-z]{1,5}){0,2}", fullmatch=True), st.text(max_size=20))))
@settings(max_examples=100)
def test_any_pairs_make_a_request_or_a_clear_error(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_parameters([f"{key}={value}" for key, value in pairs])
    except UsageError as error:
        assert error.message
    else:
        ChatRequest(messages=(), **found)
