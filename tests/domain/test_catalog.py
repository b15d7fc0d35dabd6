from decimal import Decimal

import pytest

from orchat.domain.catalog import Catalogue, Model, ModelFilter, Pricing, select
from orchat.domain.model_id import is_free_id


def model(id: str, **more: object) -> Model:
    return Model(id=id, **more)  # type: ignore[arg-type]  # a table of odd rows


PRICED = Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000002")})
DEAR = Pricing(prices={"prompt": Decimal("0.00001"), "completion": Decimal("0.00002")})
DYNAMIC = Pricing(prices={"prompt": Decimal(-1), "completion": Decimal(-1)})

MODELS = (
    model("zeta/small", name="Zeta: Small", created=3, context_length=8_000, pricing=DEAR),
    model(
        "acme/vision",
        name="Acme: Vision",
        created=1,
        context_length=128_000,
        pricing=PRICED,
        input_modalities=("text", "image", "file"),
        supported_parameters=("tools", "reasoning"),
        canonical_slug="acme/vision-20260101",
    ),
    model("acme/vision:free", name="Acme: Vision (free)", created=2, input_modalities=("text", "image")),
    model("openrouter/auto", name="Auto", pricing=DYNAMIC, context_length=2_000_000),
)


@pytest.mark.parametrize(
    ("id", "free"), [("a/b:free", True), ("openrouter/free", True), ("a/b", False), ("a/free", False)]
)
def test_only_the_name_tells_what_is_free(id: str, free: bool) -> None:
    assert is_free_id(id) is free


def test_abilities_are_read_from_modalities_and_parameters() -> None:
    seer = MODELS[1]
    assert (seer.sees, seer.reads_files, seer.reasons, seer.uses_tools, seer.is_free) == (True, True, True, True, False)
    plain = MODELS[0]
    assert not (plain.sees or plain.reads_files or plain.reasons or plain.uses_tools)
    assert model("a/b", reasoning_mandatory=True).reasons


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("acme/vision", "acme/vision"),
        ("acme/vision:free", "acme/vision:free"),
        ("acme/vision:nitro", "acme/vision"),
        ("acme/vision-20260101", "acme/vision"),
        ("nobody/nothing", None),
    ],
)
def test_a_model_is_found_by_id_variant_or_dated_slug(asked: str, found: str | None) -> None:
    hit = Catalogue(models=MODELS).find(asked)
    assert (hit.id if hit else None) == found


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (ModelFilter(), ["acme/vision", "acme/vision:free", "openrouter/auto", "zeta/small"]),
        (ModelFilter(text="VISION acme"), ["acme/vision", "acme/vision:free"]),
        (ModelFilter(free=True), ["acme/vision:free"]),
        (ModelFilter(sees=True), ["acme/vision", "acme/vision:free"]),
        (ModelFilter(reasons=True), ["acme/vision"]),
        (ModelFilter(tools=True), ["acme/vision"]),
        (ModelFilter(files=True), ["acme/vision"]),
        (ModelFilter(text="nothing"), []),
    ],
)
def test_a_filter_admits_what_it_names(wanted: ModelFilter, ids: list[str]) -> None:
    assert [found.id for found in select(MODELS, wanted)] == ids


def test_models_sort_by_what_people_ask_for() -> None:
    everything = ModelFilter()
    assert [m.id for m in select(MODELS, everything, "newest")][:2] == ["zeta/small", "acme/vision:free"]
    assert next(m.id for m in select(MODELS, everything, "context")) == "openrouter/auto"
    by_price = [m.id for m in select(MODELS, everything, "price")]
    assert by_price[:2] == ["acme/vision", "zeta/small"]


def test_a_price_is_known_only_when_both_sides_are() -> None:
    assert PRICED.is_known
    assert not DYNAMIC.is_known
    assert not Pricing(prices={"prompt": Decimal(1)}).is_known
    assert PRICED.per_million("prompt") == Decimal(1)
    assert DYNAMIC.per_million("prompt") is None
    assert PRICED.per_million("image") is None
