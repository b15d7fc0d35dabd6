"""``orchat models``: the catalogue."""

from __future__ import annotations

import pytest

from orchat.demo import DemoThread
from tests.support.cli import Orchat, on_terminal


def test_models_are_listed_for_programs(orchat: Orchat) -> None:
    rows = {line.split("\t")[0]: line.split("\t") for line in orchat("models").out.splitlines()}

    assert rows["demo/seer"] == ["demo/seer", "64000", "0.8", "3.2", "vision", "Demo: Seer"]
    assert rows["openrouter/auto"][2:4] == ["", ""]


def test_models_are_listed_for_people(demo: DemoThread) -> None:
    lines = on_terminal(demo.base_url, "models", "--search", "demo")

    assert lines[0].split() == ["ID", "CONTEXT", "IN", "$/M", "OUT", "$/M", "ABILITIES", "NAME"]
    assert any("64,000" in line and "2.50" in line and "10.00" in line and "reasoning" in line for line in lines)


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (["--vision", "--search", "demo/"], ["demo/seer"]),
        (["--free", "--search", "tiny"], ["demo/tiny:free"]),
        (["--reasoning", "--search", "demo"], ["demo/thinker"]),
        (["--search", "seer thinker"], []),
    ],
)
def test_models_are_filtered(argv: list[str], found: list[str], orchat: Orchat) -> None:
    assert [model["id"] for model in orchat("models", "--json", *argv).json] == found


def test_models_are_sorted(orchat: Orchat) -> None:
    def column(sort: str) -> list[float]:
        rows = orchat("models", "--search", "demo", "--sort", sort).out.splitlines()
        return [float(row.split("\t")[3 if sort == "price" else 1] or "inf") for row in rows]

    assert column("price") == sorted(column("price"))
    assert column("context") == sorted(column("context"), reverse=True)


def test_the_catalogue_is_fetched_once_unless_a_fresh_one_is_wanted(orchat: Orchat, demo: DemoThread) -> None:
    def fetched() -> int:
        return sum(request.path == "/models" for request in demo.server.requests)

    before = fetched()
    orchat("models")
    orchat("models")
    assert fetched() == before + 1
    orchat("models", "--refresh")
    assert fetched() == before + 2


def test_a_model_as_json_has_exact_prices(orchat: Orchat) -> None:
    (seer,) = orchat("models", "--json", "--search", "seer").json

    assert seer["pricing"]["prompt"] == 8e-07
    assert "vision" in seer["abilities"]
    assert seer["context_length"] == 64000
