"""JSON for programs, tables for both."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.cli.output import encode
from orchat.cli.table import Cell, aligned, count, decimal, moment, money
from orchat.domain.clean import is_clean

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=150)
def test_json_reads_back_as_what_was_written_and_is_safe_on_a_terminal(value: Any) -> None:
    text = encode(value)

    assert json.loads(text) == value
    assert "\n" not in text
    assert is_clean(text)


@pytest.mark.parametrize("text", ["\x1b]52;c;x\x07", "\x9b2J", "\u202eabc", "\x7f", "\U000e0041", "\ud800", "\u2028"])
def test_what_a_terminal_would_obey_is_escaped_and_still_whole(text: str) -> None:
    written = encode({"text": text})

    assert is_clean(written)
    assert json.loads(written) == {"text": text}


def test_readable_text_stays_readable() -> None:
    assert encode(["Grüße, 世界 🙂"]) == '["Grüße, 世界 🙂"]'


@pytest.mark.parametrize(
    ("pico", "written"), [(410_000_000, "0.00041"), (1, "0.000000000001"), (0, "0"), (10**15, "1000")]
)
def test_money_is_an_exact_number(pico: int, written: str) -> None:
    assert money(pico).raw == written
    assert encode(Decimal(written)) == written


def test_amounts_that_nobody_knows_are_not_zero() -> None:
    assert money(None) == Cell("?", "")
    assert count(None) == Cell("?", "")
    assert money(5 * 10**12, estimated=True).shown == "≈$5.00"


def test_numbers_and_times_read_well_and_parse_well() -> None:
    assert count(1_234_567) == Cell("1,234,567", "1234567")
    assert moment(1_790_000_000.5) == Cell("2026-09-21 14:13", "2026-09-21T14:13:20Z")
    assert decimal(Decimal("1E+3")) == "1000"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [("a", count(5)), ("longer", count(1000)), ("x" * 100, None), ("\x1b[2Jtwo\nlines", "\t")]

    lines = aligned(("NAME", "SIZE"), rows, right=frozenset({"SIZE"}))

    assert [line.rstrip() for line in lines] == [
        f"{'NAME':60}   SIZE",
        f"{'a':60}      5",
        f"{'longer':60}  1,000",
        "x" * 59 + "…",
        "two lines",
    ]
