"""Everything about one model, as somebody reads it before choosing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchat.demo.script import fail
from orchat.demo.server import DemoServer
from orchat.domain.catalog import Model, PriceOverride, Pricing
from orchat.openrouter.account import Endpoint
from orchat.tui.providers import facts_table, model_facts, providers_table
from orchat.tui.screens.model_details import ModelDialog
from orchat.tui.screens.picker import Picker
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


def priced(prompt: str, completion: str) -> Pricing:
    return Pricing(prices={"prompt": Decimal(prompt), "completion": Decimal(completion)})


async def look_at(person: Person, name: str) -> None:
    await person.press("ctrl+o")
    await person.until_on(Picker)
    await person.until_shown("of 10")
    await person.type(name)
    await person.until_shown(f"Demo: {name.title()}  demo/{name}")
    await person.press("ctrl+d")
    await person.until_on(ModelDialog)


async def test_prices_limits_and_providers_are_one_key_away_and_enter_uses_the_model(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(120, 40)) as person:
        await look_at(person, "seer")
        await person.until_shown("Demo: Seer", "$0.80 per million tokens", "text, image")
        await person.until_shown("Demo East  fp8            0.80     3.20      64k    0.6 s    131  99.2 %")
        await person.press("escape")
        await person.until_on(Picker)
        await person.press("ctrl+d")
        await person.until_on(ModelDialog)
        await person.press("enter")
        await person.until_shown("● demo/seer")


async def test_the_tables_follow_the_size_of_the_terminal(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(120, 40)) as person:
        await look_at(person, "seer")
        await person.until_shown("99.2 %")
        await person.pilot.resize_terminal(60, 40)
        await person.until_gone("99.2 %")
        await person.until_shown("$/M out", "Demo East")


async def test_a_model_that_is_typed_has_no_details(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("of 10")
        await person.type("any/model")
        await person.until_shown("use any/model as typed")
        await person.press("ctrl+d", "backspace")
        await person.until_shown("use any/mode as typed")
        assert isinstance(person.app.screen, Picker)


async def test_without_an_answer_the_rest_stands_all_the_same(server: DemoServer) -> None:
    server.script(*[fail(500)] * 20, path="/models/demo/seer/endpoints")
    async with at_screen(screen_runtime(server)) as person:
        await look_at(person, "seer")
        await person.until_shown("who serves it could not be asked", "Demo: Seer", "64,000 tokens")


def test_the_quickest_provider_stands_first_and_a_degraded_one_last() -> None:
    shown = providers_table(
        [
            Endpoint(provider="down", status=-2, throughput=900.0),
            Endpoint(provider="slow", throughput=12.0, latency_ms=2_400, pricing=priced("0.000001", "0.000002")),
            Endpoint(provider="", name="Fast | x", throughput=99.6, uptime=99.25, context_length=8_192),
        ],
        80,
    ).plain.splitlines()

    assert [line.split()[0] for line in shown] == ["provider", "Fast", "slow", "down"]
    assert shown[1].split()[-7:] == ["?", "?", "8.2k", "?", "100", "99.25", "%"]
    assert shown[2].split()[1:4] == ["1.00", "2.00", "?"]
    assert "degraded" in shown[3]


def test_a_narrow_table_keeps_the_prices() -> None:
    shown = providers_table([Endpoint(provider="P", pricing=priced("0.000001", "0"))], 40).plain.splitlines()

    assert shown[0].split() == ["provider", "$/M", "in", "$/M", "out"]
    assert shown[1].split() == ["P", "1.00", "0"]
    assert providers_table([], 40).plain == "nobody serves it at the moment"


def test_every_price_is_told_in_its_unit() -> None:
    overrides = (
        PriceOverride(prices={"prompt": Decimal("0.000002")}, min_prompt_tokens=200_000),
        PriceOverride(prices={"completion": Decimal("0.000001"), "image": Decimal(1)}, utc_start=1630, utc_end=30),
        PriceOverride(prices={"prompt": Decimal(0)}),
    )
    prices = {
        "prompt": Decimal("0.000001"),
        "completion": Decimal(-1),
        "image": Decimal("0.004"),
        "request": Decimal(0),
    }
    facts = model_facts(Model(id="a/b", expires="2027-01-01", pricing=Pricing(prices=prices, overrides=overrides)))

    assert facts == [
        ("id", "a/b"),
        ("reads", "text"),
        ("writes", "text"),
        ("until", "2027-01-01"),
        ("in", "$1.00 per million tokens"),
        ("out", "depends on the model that it chooses"),
        ("image", "$0.004 each"),
        ("over 200k", "in $2.00 per million tokens"),
        ("1630-0030 UTC", "out $1.00 per million tokens"),
        ("at times", "in $0 per million tokens"),
    ]


def test_long_values_stay_in_their_column() -> None:
    model = Model(id="a/b", supported_parameters=tuple(f"parameter_{n}" for n in range(12)))

    lines = facts_table(model, 50).plain.splitlines()

    assert max(map(len, lines)) <= 50
    assert [line[:16].strip() for line in lines] == ["id", "reads", "writes", "parameters", "", "", "", "", ""]
