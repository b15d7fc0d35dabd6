"""The model list of the picker: order, columns, details."""

from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.catalog import Catalogue, Model, Pricing
from orchat.tui.fuzzy import match
from orchat.tui.listing import Listing, Wanted, brief, details, header, meant, row, typed_id
from tests.support.catalogue import MODELS, model

LISTING = Listing.of(Catalogue(models=MODELS), favourites=["openrouter/auto"], recents=["deepseek/deepseek-r1"])


def ids(wanted: Wanted) -> list[str]:
    return [found.id.rpartition("/")[2] for found in LISTING.find(wanted)]


def test_recent_models_and_favourites_come_first() -> None:
    assert ids(Wanted()) == ["deepseek-r1", "auto", "gemini-2.5-flash", "gemma-3-27b:free"]
    assert [LISTING.mark(found.id) for found in LISTING.find(Wanted())] == ["◷", "★", " ", " "]


def groups(listing: Listing, wanted: Wanted) -> list[tuple[str, list[str]]]:
    return [(title, [found.id for found in group]) for title, group in listing.grouped(listing.find(wanted))]


def test_recent_models_and_favourites_stand_under_headings() -> None:
    assert groups(LISTING, Wanted()) == [
        ("RECENT", ["deepseek/deepseek-r1"]),
        ("FAVOURITES", ["openrouter/auto"]),
        ("OTHERS", ["google/gemini-2.5-flash", "google/gemma-3-27b:free"]),
    ]
    assert groups(LISTING, Wanted(traits=frozenset({"sees"}))) == [("", ["google/gemini-2.5-flash"])]
    assert groups(LISTING, Wanted(traits=frozenset({"files"}))) == [("", [])]


def test_a_favourite_used_lately_stands_once_and_only_the_last_few_are_recent() -> None:
    models = tuple(model(f"a/{number}") for number in range(8))
    used = [found.id for found in reversed(models)]
    listing = Listing.of(Catalogue(models=models), favourites=["a/7", "a/1"], recents=used)
    assert groups(listing, Wanted()) == [
        ("RECENT", ["a/7", "a/6", "a/5", "a/4", "a/3"]),
        ("FAVOURITES", ["a/1"]),
        ("OTHERS", ["a/0", "a/2"]),
    ]
    assert listing.mark("a/7") == "★" and listing.mark("a/0") == "◷"


def test_a_few_letters_find_a_model() -> None:
    assert ids(Wanted(text="flash gem")) == ["gemini-2.5-flash"]
    assert ids(Wanted(text="gem"))[:2] == ["gemini-2.5-flash", "gemma-3-27b:free"]
    assert ids(Wanted(text="ggmf")) == ["gemini-2.5-flash", "gemma-3-27b:free"]
    assert ids(Wanted(text="zzz")) == []


def test_traits_narrow_the_list() -> None:
    assert ids(Wanted(traits=frozenset({"sees"}))) == ["gemini-2.5-flash"]
    assert ids(Wanted(traits=frozenset({"reasons", "tools"}))) == ["deepseek-r1"]
    assert ids(Wanted(traits=frozenset({"free"}))) == ["gemma-3-27b:free"]


@given(st.text(string.ascii_lowercase + "/-: ", max_size=6), st.text(string.ascii_lowercase + "/-:", max_size=20))
@settings(max_examples=100)
def test_what_matches_holds_the_letters_in_their_order(query: str, text: str) -> None:
    found = match(query, text)
    if found is None:
        return
    assert sorted(set(found.positions)) == list(found.positions)
    for word in query.split():
        letters = iter(text[place] for place in found.positions)
        assert all(any(letter == other for other in letters) for letter in word)


def test_a_word_at_the_beginning_of_a_part_is_better_than_one_inside() -> None:
    begin, inside = match("mini", "gpt-mini"), match("mini", "gemini")
    assert begin is not None and inside is not None and begin.score > inside.score


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("a/b:nitro", "a/b:nitro"), ("gem", None), ("a b/c", None), ("/x", None), ("openrouter/auto", None)],
)
def test_any_id_can_be_typed(typed: str, expected: str | None) -> None:
    assert typed_id(typed, MODELS) == expected


@pytest.mark.parametrize("width", [30, 60, 84, 110])
def test_rows_and_columns_stand_under_each_other(width: int) -> None:
    assert header(width).cell_length <= width
    for found in MODELS:
        line = row(found, "★", "gem", width)
        assert line.plain.startswith(" ★ ") and line.cell_length <= width + 4
        assert details(found, width).plain


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (MODELS[0], "Gemini 2.5 Flash  sees · 1.0M context"),
        (MODELS[1], "Gemma  free"),
        (MODELS[2], "R1  reasons tools"),
        (MODELS[3], "openrouter/auto  price varies"),
        (
            model("a/b", pricing=Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000004")})),
            "a/b  $1.00/$4.00 per M",
        ),
    ],
    ids=lambda value: value.id if isinstance(value, Model) else "",
)
def test_a_model_in_one_line(found: Model, expected: str) -> None:
    assert brief(found, 80).plain == expected
    assert brief(found, 8).cell_length <= 8


def test_details_name_what_is_known() -> None:
    rich = model(
        "a/b",
        name="B",
        created=1_788_220_800,
        max_completion_tokens=8_192,
        expires="2027-01-01",
        description="Fast.\nAnd good.",
        pricing=Pricing(
            prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000004"), "image": Decimal("0.001")}
        ),
    )
    text = details(rich, 100).plain
    assert "since 2026-09-01" in text and "8.2k max answer" in text and "until 2027-01-01" in text
    assert "in $1.00   out $4.00   image $0.001" in text
    assert row(rich, " ", "ﬁ", 100).plain.startswith("   a/b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b/llama", "b/llama"),
        (" b/llama ", "b/llama"),
        ("b/llama:nitro", "b/llama:nitro"),
        ("a/gpt-4o-2024", "a/gpt-4o-2024"),
        ("GPT-4o", "a/gpt-4o"),
        ("a/gpt-4o-m", "a/gpt-4o-mini"),
        ("mini", "a/gpt-4o-mini"),
        ("gpt", ""),
        ("llama", ""),
        ("nobody/knows", ""),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_part_means_a_model_where_it_fits_one(text: str, expected: str) -> None:
    known = [Model(id=id, name=id) for id in ("a/gpt-4o-mini", "b/llama", "c/llama")]
    dated = Model(id="a/gpt-4o", name="gpt", canonical_slug="a/gpt-4o-2024")
    assert meant(text, Catalogue(models=(dated, *known))) == expected


@pytest.mark.parametrize(("text", "expected"), [("nobody/knows", "nobody/knows"), ("part", ""), ("a b/c", "")])
def test_without_a_catalogue_an_id_is_taken_as_it_stands(text: str, expected: str) -> None:
    assert meant(text, Catalogue()) == expected
