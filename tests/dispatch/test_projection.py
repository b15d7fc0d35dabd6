"""The most that a request may cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.dispatch.projection import FREE, longest_answer, project
from orchat.domain.catalog import Model, PriceOverride, Pricing
from orchat.domain.content import message
from orchat.domain.request import ChatRequest

PICO = 10**12
PRICES = {"prompt": Decimal("0.000001"), "completion": Decimal("0.000004")}


def asked(characters: int = 400, most: int | None = None) -> ChatRequest:
    return ChatRequest(messages=(message("user", "x" * characters),), model="a/b", max_completion_tokens=most)


def model(most: int | None = 1000, context: int | None = 8000, prices: dict[str, Decimal] | None = None) -> Model:
    pricing = Pricing(prices=PRICES if prices is None else prices)
    return Model(id="a/b", context_length=context, max_completion_tokens=most, pricing=pricing)


def test_the_prompt_and_the_longest_answer_are_priced_live() -> None:
    projection = project(asked(), model(), now=0.0)
    assert projection is not None
    assert projection.prompt_pico == 100 * PICO // 10**6
    assert projection.answer_pico == 1000 * 4 * PICO // 10**6
    assert projection.pico == projection.prompt_pico + projection.answer_pico


def test_a_price_for_long_prompts_counts_for_them() -> None:
    override = PriceOverride(prices={"completion": Decimal("0.000008")}, min_prompt_tokens=50)
    priced = Model(id="a/b", max_completion_tokens=10, pricing=Pricing(prices=PRICES, overrides=(override,)))
    projection = project(asked(), priced, now=0.0)
    assert projection is not None
    assert projection.answer_pico == 10 * 8 * PICO // 10**6
    assert projection.token_usd == Decimal("0.000008")


@pytest.mark.parametrize(
    "unknown", [None, model(prices={}), model(prices={"prompt": Decimal(-1), "completion": Decimal(-1)})]
)
def test_an_unknown_price_is_no_projection_and_not_one_of_nothing(unknown: Model | None) -> None:
    assert project(asked(), unknown, now=0.0) is None


@pytest.mark.parametrize(
    ("wanted", "most", "context", "tokens"),
    [
        (50, 1000, 8000, 50),
        (5000, 1000, 8000, 1000),
        (None, 1000, 8000, 1000),
        (None, None, 8000, 7900),
        (None, None, 50, 0),
        (50, None, 8000, 50),
        (None, None, None, 0),
    ],
)
def test_the_longest_answer_is_bounded_by_whoever_says_less(
    wanted: int | None, most: int | None, context: int | None, tokens: int
) -> None:
    assert longest_answer(asked(most=wanted), model(most, context), 100) == tokens


@given(left=st.integers(0, 10**10))
def test_an_answer_of_so_many_tokens_fits_and_one_more_does_not(left: int) -> None:
    projection = project(asked(), model(), now=0.0)
    assert projection is not None
    tokens = projection.affordable_tokens(left)
    each = int(projection.token_usd * PICO)
    if tokens is None:
        assert projection.prompt_pico + each > left
    else:
        assert projection.prompt_pico + tokens * each <= left < projection.prompt_pico + (tokens + 1) * each


def test_what_costs_nothing_has_no_longest_affordable_answer() -> None:
    assert FREE.pico == 0
    assert FREE.affordable_tokens(10) is None
