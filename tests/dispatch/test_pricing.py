from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.dispatch.pricing import TOKENS_PER_IMAGE, estimate, prices_at, tokens_of, tokens_of_messages
from orchat.domain.catalog import PriceOverride, Pricing
from orchat.domain.content import FilePart, ImagePart, message
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from tests.support.clock import START

PRICES = {"prompt": Decimal("0.000001"), "completion": Decimal("0.000002")}


def cost(usage: Usage, pricing: Pricing | None) -> Cost:
    return estimate(usage, pricing, now=START)


def test_an_estimate_is_live_price_times_tokens() -> None:
    usage = Usage(prompt_tokens=1000, completion_tokens=500)
    assert cost(usage, Pricing(prices=PRICES)) == Cost(pico=2_000_000_000, source="estimated")


@pytest.mark.parametrize(
    "pricing",
    [None, Pricing(), Pricing(prices={"prompt": Decimal(-1), "completion": Decimal(-1)})],
)
def test_without_a_known_price_the_cost_is_unknown(pricing: Pricing | None) -> None:
    assert cost(Usage(prompt_tokens=1000), pricing) is UNKNOWN_COST


def test_cached_tokens_have_their_own_price() -> None:
    pricing = Pricing(
        prices={**PRICES, "input_cache_read": Decimal("0.0000001"), "input_cache_write": Decimal("0.00000125")}
    )
    usage = Usage(prompt_tokens=1000, cached_tokens=600, cache_write_tokens=300)
    assert cost(usage, pricing).pico == 100 * 1_000_000 + 600 * 100_000 + 300 * 1_250_000


def test_cached_tokens_without_a_price_cost_as_much_as_others() -> None:
    assert cost(Usage(prompt_tokens=10, cached_tokens=4), Pricing(prices=PRICES)).pico == 10 * 1_000_000


def test_thoughts_cost_as_answers_unless_they_have_their_own_price() -> None:
    usage = Usage(completion_tokens=10, reasoning_tokens=4)
    assert cost(usage, Pricing(prices=PRICES)).pico == 10 * 2_000_000
    thought = Pricing(prices={**PRICES, "internal_reasoning": Decimal("0.000005")})
    assert cost(usage, thought).pico == 6 * 2_000_000 + 4 * 5_000_000


def test_a_price_per_request_is_added() -> None:
    pricing = Pricing(prices={**PRICES, "request": Decimal("0.01")})
    assert cost(Usage(), pricing).pico == 10_000_000_000


@pytest.mark.parametrize(
    ("start", "end", "prompt_tokens", "applies"),
    [
        (None, None, 201, True),
        (None, None, 200, False),
        (1400, 1500, 201, True),
        (1500, 1600, 201, False),
        (1413, 1414, 201, True),
        (1200, 1413, 201, False),
        (2200, 1500, 201, True),
        (1500, 1400, 201, False),
        (None, 1400, 201, True),
    ],
)
def test_overrides_hold_from_a_size_on_and_within_their_hours(
    start: int | None, end: int | None, prompt_tokens: int, applies: bool
) -> None:
    """The clock stands at 14:13 UTC."""
    dear = PriceOverride(prices={"prompt": Decimal(9)}, min_prompt_tokens=200, utc_start=start, utc_end=end)
    prices = prices_at(Pricing(prices=PRICES, overrides=(dear,)), prompt_tokens=prompt_tokens, now=START)
    assert prices["prompt"] == (Decimal(9) if applies else PRICES["prompt"])
    assert prices["completion"] == PRICES["completion"]


def test_of_two_overrides_the_later_one_wins() -> None:
    first = PriceOverride(prices={"prompt": Decimal(1), "completion": Decimal(1)})
    second = PriceOverride(prices={"prompt": Decimal(2)})
    prices = prices_at(Pricing(prices=PRICES, overrides=(first, second)), prompt_tokens=0, now=START)
    assert prices == {"prompt": Decimal(2), "completion": Decimal(1)}


@given(
    prompt=st.integers(0, 10**7),
    cached=st.integers(0, 10**7),
    completion=st.integers(0, 10**7),
    reasoning=st.integers(0, 10**7),
)
def test_no_usage_however_odd_costs_less_than_nothing(
    prompt: int, cached: int, completion: int, reasoning: int
) -> None:
    usage = Usage(prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion, reasoning_tokens=reasoning)
    pico = cost(usage, Pricing(prices=PRICES)).pico
    assert pico is not None
    assert pico >= 0


@pytest.mark.parametrize(("characters", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_four_characters_are_about_a_token(characters: int, tokens: int) -> None:
    assert tokens_of(characters) == tokens


def test_a_prompt_is_counted_with_its_pictures() -> None:
    prompt = message("user", "12345", ImagePart(url="data:image/png;base64,"), FilePart(filename="a.pdf", data="data:"))
    assert tokens_of_messages([prompt]) == 2 + TOKENS_PER_IMAGE
