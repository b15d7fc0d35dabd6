from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.money import UNKNOWN_COST, Cost, Usage, format_usd, parse_usd, to_pico, to_usd


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0.00000015", Decimal("0.00000015")),
        (0.00041, Decimal("0.00041")),
        (3, Decimal(3)),
        ("-1", Decimal(-1)),
        (1e-7, Decimal("1E-7")),
    ],
)
def test_dollars_are_read_exactly_as_the_server_wrote_them(written: object, amount: Decimal) -> None:
    assert parse_usd(written) == amount


@pytest.mark.parametrize("written", [None, "", "free", True, [], "NaN", "Infinity", float("inf")])
def test_what_is_not_an_amount_is_none_and_not_zero(written: object) -> None:
    assert parse_usd(written) is None


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_pico_dollars_survive_the_way_to_dollars_and_back(pico: int) -> None:
    assert to_pico(to_usd(pico)) == pico


@pytest.mark.parametrize(
    ("pico", "shown"),
    [
        (0, "$0.00"),
        (12_400_000_000_000, "$12.40"),
        (410_000_000_000, "$0.41"),
        (100_000_000_000, "$0.10"),
        (12_300_000_000, "$0.0123"),
        (99_999_000_000, "$0.10"),
        (50_000_000_000, "$0.05"),
        (410_000_000, "$0.00041"),
        (1, "$0.000000000001"),
        (-410_000_000_000, "-$0.41"),
    ],
)
def test_money_is_shown_with_the_digits_that_matter(pico: int, shown: str) -> None:
    assert format_usd(pico) == shown


def test_long_decimals_are_grouped_on_a_screen() -> None:
    assert format_usd(410_000_000, group=" ") == "$0.000 41"
    assert format_usd(410_000_000_000, group=" ") == "$0.41"


def test_the_servers_own_figure_is_the_cost() -> None:
    assert Usage(cost_pico=7).cost == Cost(pico=7, source="reported")


def test_a_cost_that_nobody_named_is_unknown() -> None:
    assert Usage(prompt_tokens=3).cost is UNKNOWN_COST
    assert UNKNOWN_COST.pico is None
