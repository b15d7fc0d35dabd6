"""The catalogue, as the API lists it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchat.demo import models
from orchat.demo.server import DemoServer
from tests.support.demo import get

pytestmark = pytest.mark.anyio


async def test_the_list_has_the_real_shape_and_needs_no_key(server: DemoServer) -> None:
    answer = await get(server, "/models", key=None)
    listed = answer.json()
    assert listed["total_count"] == len(listed["data"]) == len(models.MODELS)
    assert listed["links"] == {"next": None}
    assert "max-age" in answer.headers["cache-control"]
    for model in listed["data"]:
        assert {"id", "canonical_slug", "name", "created", "context_length", "architecture", "pricing"} <= set(model)
        assert {"top_provider", "supported_parameters", "per_request_limits", "links"} <= set(model)
        assert all(isinstance(price, str) and Decimal(price).is_finite() for price in model["pricing"].values())
        assert "demo" in model["name"].casefold()


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("q=seer", ["demo/seer"]),
        ("supported_parameters=tools,stop&q=Auto", ["openrouter/auto"]),
        ("input_modalities=image", ["demo/seer", "openrouter/auto"]),
        ("limit=2&offset=1", ["demo/thinker", "demo/seer"]),
        ("q=nothing", []),
    ],
)
async def test_the_list_can_be_narrowed(server: DemoServer, query: str, ids: list[str]) -> None:
    listed = (await get(server, f"/models?{query}")).json()
    assert [model["id"] for model in listed["data"]] == ids


async def test_a_page_names_the_next_one(server: DemoServer) -> None:
    listed = (await get(server, "/models?limit=2")).json()
    assert listed["links"]["next"] == "/api/v1/models?offset=2&limit=2"


@pytest.mark.parametrize("query", ["limit=many", "limit=0", "limit=1001", "offset=-1"])
async def test_a_bad_query_meets_the_validator(server: DemoServer, query: str) -> None:
    answer = await get(server, f"/models?{query}")
    assert (answer.status_code, answer.json()["success"]) == (400, False)


async def test_one_model_and_its_endpoints(server: DemoServer) -> None:
    one = (await get(server, "/model/demo/tiny:free", key=None)).json()["data"]
    assert one["id"] == "demo/tiny:free"
    dated = (await get(server, one["links"]["details"].removeprefix("/api/v1"))).json()["data"]
    endpoint, _ = dated["endpoints"]
    assert (endpoint["provider_name"], endpoint["tag"], endpoint["status"]) == ("Demo", "demo", 0)
    assert endpoint["supports_implicit_caching"] is False


@pytest.mark.parametrize(
    "path", ["/model/demo/nobody", "/models/demo/writer", "/models/demo/nobody/endpoints", "/modell/x"]
)
async def test_unknown_models_are_not_found(server: DemoServer, path: str) -> None:
    assert (await get(server, path)).status_code == 404


async def test_counts_providers_and_the_users_own_list(server: DemoServer) -> None:
    assert (await get(server, "/models/count")).json() == {"data": {"count": len(models.MODELS)}}
    assert (await get(server, "/providers")).json()["data"][0]["slug"] == "demo"
    assert len((await get(server, "/models/user")).json()["data"]) == len(models.MODELS)


def test_every_concrete_model_is_found_by_id_slug_and_variant() -> None:
    for model in models.MODELS:
        assert models.find(model["id"]) is model
    assert models.find("demo/tiny:free") is not models.find("demo/tiny")
    assert models.find("demo/writer:floor") is models.find("demo/writer")
    assert models.find("demo/writer:free") is None


def test_routers_and_aliases_resolve_to_concrete_models() -> None:
    for model in models.MODELS:
        resolved = models.resolve(model, sees=False, paints=False)
        assert resolved["top_provider"]["max_completion_tokens"] is not None


@pytest.mark.parametrize(
    ("name", "pricing"),
    [
        (models.WRITER, {"prompt": "0.000001", "completion": "0.000004", "input_cache_read": "0.0000001"}),
        (models.THINKER, {"prompt": "0.0000025", "completion": "0.00001", "input_cache_read": "0.00000025"}),
        (models.TINY, {"prompt": "0", "completion": "0"}),
        (models.FREE, {"prompt": "0", "completion": "0"}),
        (models.AUTO, {"prompt": "-1", "completion": "-1"}),
    ],
)
def test_prices_stand_there_for_one_token_as_the_api_writes_them(name: str, pricing: dict[str, str]) -> None:
    model = models.find(name)
    assert model is not None
    assert model["pricing"] == pricing


def test_an_alias_differs_from_its_model_in_nothing_but_its_names() -> None:
    alias, model = models.find("~demo/writer-latest"), models.find(models.WRITER)
    assert alias is not None and model is not None
    different = {name for name in alias if alias[name] != model.get(name)}
    assert different == {"id", "canonical_slug", "name", "description", "links", "alias_target"}
    assert alias["alias_target"] == {"name": model["name"], "slug": model["id"]}
