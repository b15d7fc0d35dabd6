"""What a session is asked with, in words: set, shown, put on and taken off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchat.chat.persona import Asked, dressed
from orchat.config import ChatSettings, Config, PersonaSettings, ProviderSettings
from orchat.domain.request import ChatRequest, Provider, Reasoning
from orchat.errors import UsageError
from orchat.tui.asked import (
    BY_NAME,
    NAMES,
    SETTINGS,
    WEB,
    WEB_TOOL,
    changed,
    named,
    others,
    provider_pairs,
    unusual,
    usual,
    value,
)

OTHER_TOOL = {"type": "function"}


@pytest.mark.parametrize(
    ("before", "name", "text", "after"),
    [
        ({}, "temperature", " 0.2 ", {"temperature": 0.2}),
        ({}, "max-tokens", "500", {"max_completion_tokens": 500}),
        ({"seed": 7}, "reasoning.effort", "low", {"seed": 7, "reasoning": Reasoning(effort="low")}),
        ({"provider": Provider(zdr=True)}, "provider.sort", "price", {"provider": Provider(zdr=True, sort="price")}),
        ({"provider": Provider(zdr=True), "seed": 7}, "provider", "default", {"seed": 7}),
        ({"temperature": 0.2}, "temperature", "default", {}),
        ({"tools": (OTHER_TOOL,)}, WEB, "ON", {"tools": (OTHER_TOOL, WEB_TOOL)}),
        ({"tools": (WEB_TOOL,)}, WEB, "on", {"tools": (WEB_TOOL,)}),
        ({"tools": (OTHER_TOOL, WEB_TOOL)}, WEB, "off", {"tools": (OTHER_TOOL,)}),
        ({"tools": (WEB_TOOL,), "seed": 7}, WEB, "default", {"seed": 7}),
        ({}, "brand_new", "5", {"extra": {"brand_new": 5}}),
    ],
)
def test_settings_are_changed_one_by_one(before: dict[str, Any], name: str, text: str, after: dict[str, Any]) -> None:
    assert changed(before, name, text) == after
    ChatRequest(messages=(), **after)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("temperature", "warm", "expected a number"),
        ("temperature", "3", "expected a number from 0 to 2"),
        ("temperature", "", "temperature needs a value"),
        ("web", "maybe", "expected on or off"),
        ("reasoning.effort", "huge", "expected one of max"),
        ("model", "x", "model is not set so"),
        ("", "5", "a setting has a name"),
        ("[x]", "5", "a setting has a name"),
        ("provider.colour", "red", "is not known"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(name: str, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        changed({}, name, text)
    assert says in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("openai,azure", [("provider.order", "openai,azure")]),
        ("openai azure", [("provider.order", "openai,azure")]),
        ("sort price", [("provider.sort", "price")]),
        ("order=a,b zdr=true", [("provider.order", "a,b"), ("provider.zdr", "true")]),
    ],
)
def test_providers_are_named_as_people_would(text: str, pairs: list[tuple[str, str]]) -> None:
    assert provider_pairs(text) == pairs


def test_providers_half_named_are_refused() -> None:
    with pytest.raises(UsageError, match="is no name=value"):
        provider_pairs("order=a zdr")


def test_what_is_set_is_told_in_words() -> None:
    parameters = {
        "temperature": 0.2,
        "provider": Provider(order=("a", "b"), zdr=True, quantizations=("fp8",)),
        "tools": (WEB_TOOL, OTHER_TOOL),
        "seed": 7,
    }
    assert [value(parameters, name) for name in ("temperature", "provider.order", WEB)] == ["0.2", "a, b", "on"]
    assert value({}, WEB) == value({}, "temperature") == ""
    assert others(parameters) == [("provider.quantizations", "fp8"), ("seed", "7"), ("tools", "1")]
    config = Config(
        chat=ChatSettings(temperature=1.0, max_tokens=50), provider=ProviderSettings(ignore=("c", "d"), zdr=False)
    )
    assert unusual(parameters, config) == (
        ("temperature", "0.2"),
        ("max tokens", "50"),
        ("web search", "on"),
        ("provider order", "a, b"),
        ("provider ignore", "c, d"),
        ("zero retention", "true"),
        ("provider.quantizations", "fp8"),
        ("seed", "7"),
        ("tools", "1"),
    )
    assert unusual({}, Config()) == ()
    assert usual(config, BY_NAME["temperature"]) == "1"


def test_every_setting_can_be_set_by_the_name_that_is_offered() -> None:
    samples = {"text": "1", "provider.max_price": '{"prompt": 1}', "response_format": '{"type": "json_object"}'}
    for name in (*NAMES, *BY_NAME):
        setting = BY_NAME.get(named(name))
        text = samples.get(name) or (setting.values[0] if setting and setting.values else "1")
        assert changed({}, name, text), name
    assert len({setting.label for setting in SETTINGS}) == len(SETTINGS)


POET = PersonaSettings(system="Verse.", model="m/poet", temperature=1.2, reasoning_effort="low")
PILOT = PersonaSettings(max_tokens=500)


def test_a_persona_is_put_on_over_what_is_there() -> None:
    asked = Asked(model="m/own", system="Mine.", parameters={"seed": 7, "temperature": 0.1})
    worn = dressed(asked, None, POET, system=None)
    assert worn == Asked(
        model="m/poet",
        system="Verse.",
        parameters={"seed": 7, "temperature": 1.2, "reasoning": Reasoning(effort="low")},
    )
    assert dressed(asked, None, PILOT, system=None) == replace(
        asked, parameters={**asked.parameters, "max_completion_tokens": 500}
    )


def test_a_persona_takes_along_what_it_brought_and_nothing_else() -> None:
    worn = dressed(Asked(parameters={"seed": 7}), None, POET, system="Usual.")
    assert dressed(worn, POET, None, system="Usual.") == Asked(system="Usual.", parameters={"seed": 7})
    changed_since = replace(worn, system="Own.", model="m/other", parameters={**worn.parameters, "temperature": 0.3})
    assert dressed(changed_since, POET, PILOT, system="Usual.") == Asked(
        model="m/other",
        system="Own.",
        parameters={"seed": 7, "temperature": 0.3, "max_completion_tokens": 500},
    )
