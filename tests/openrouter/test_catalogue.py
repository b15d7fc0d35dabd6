"""Models, keys, credits, generations and endpoints as servers tell them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from orchat.errors import UpstreamFailed, UsageError
from orchat.openrouter.account import (
    Credits,
    FreeRequests,
    parse_credits,
    parse_endpoints,
    parse_generation,
    parse_key_status,
)
from orchat.openrouter.models import parse_models, parse_pricing
from orchat.openrouter.server import read_base_url

SIGHTED = {
    "id": "maker/sighted",
    "canonical_slug": "maker/sighted-20260101",
    "name": "Maker: Sighted",
    "created": 1767225600,
    "description": "Sees.\nThinks.",
    "context_length": 200000,
    "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
    "pricing": {
        "prompt": "0.000003",
        "completion": "0.000015",
        "discount": 0.1,
        "web_search": "0.01",
        "overrides": [
            {"min_prompt_tokens": 200000, "prompt": "0.000006", "utc_days": [1]},
            {"utc_start": 2200, "utc_end": 600},
        ],
    },
    "top_provider": {"context_length": 200000, "max_completion_tokens": 64000},
    "supported_parameters": ["reasoning", "tools", 5],
    "reasoning": {"mandatory": True},
    "expiration_date": "2027-01-01",
}


def test_a_model_is_read_with_everything_that_matters() -> None:
    (model,) = parse_models(json.dumps({"data": [SIGHTED]}))
    assert (model.id, model.name, model.canonical_slug) == ("maker/sighted", "Maker: Sighted", "maker/sighted-20260101")
    assert (model.context_length, model.max_completion_tokens, model.created) == (200000, 64000, 1767225600)
    assert model.sees
    assert model.reads_files
    assert model.reasoning_mandatory
    assert model.supported_parameters == ("reasoning", "tools")
    assert model.expires == "2027-01-01"
    assert model.pricing.prices == {
        "prompt": Decimal("0.000003"),
        "completion": Decimal("0.000015"),
        "web_search": Decimal("0.01"),
    }
    first, second = model.pricing.overrides
    assert (first.min_prompt_tokens, first.prices) == (200000, {"prompt": Decimal("0.000006")})
    assert (second.utc_start, second.utc_end, second.prices) == (2200, 600, {})


def test_the_plain_list_of_another_server_is_enough() -> None:
    document = {"object": "list", "data": [{"id": "llama", "object": "model", "owned_by": "me"}, {"id": ""}, {}, 7]}
    (model,) = parse_models(json.dumps(document))
    assert model.id == "llama"
    assert model.context_length is None
    assert model.max_completion_tokens is None
    assert model.input_modalities == ("text",)
    assert not model.pricing.is_known


def test_a_context_of_zero_is_taken_from_the_provider_or_unknown() -> None:
    rows = [{"id": "a", "context_length": 0, "top_provider": {"context_length": 8}}, {"id": "b", "context_length": 0}]
    first, second = parse_models(json.dumps({"data": rows}))
    assert (first.context_length, second.context_length) == (8, None)


@pytest.mark.parametrize("document", ["", "<html>", "[]", "{}", '{"data": {}}', "null"])
def test_what_is_not_a_list_of_models_is_named(document: str) -> None:
    with pytest.raises(UpstreamFailed, match="list of models"):
        parse_models(document)


def test_a_dynamic_price_stays_negative_and_unknown() -> None:
    pricing = parse_pricing({"prompt": "-1", "completion": "-1", "image": None})
    assert pricing.prices == {"prompt": Decimal(-1), "completion": Decimal(-1)}
    assert not pricing.is_known


def test_a_key_tells_its_limits_and_hides_its_owner() -> None:
    status = parse_key_status(
        {
            "data": {
                "label": "sk-or-v1-abc...123",
                "limit": 5,
                "limit_remaining": 4.5,
                "limit_reset": "daily",
                "usage": 0.5,
                "usage_daily": 0.25,
                "usage_weekly": 0.3,
                "usage_monthly": 0.4,
                "is_free_tier": False,
                "is_management_key": True,
                "expires_at": "2027-01-01T00:00:00Z",
                "creator_user_id": "user_123456",
                "free_model_daily_requests": {"used": 2, "limit": 50, "remaining": 48},
            }
        }
    )
    assert status.limit_pico == 5 * 10**12
    assert status.limit_remaining_pico == 45 * 10**11
    assert status.usage_daily_pico == 25 * 10**10
    assert (status.usage_weekly_pico, status.usage_monthly_pico) == (3 * 10**11, 4 * 10**11)
    assert status.free_requests == FreeRequests(used=2, limit=50, remaining=48)
    assert status.is_management_key
    assert not status.is_free_tier
    assert (status.limit_reset, status.expires_at) == ("daily", "2027-01-01T00:00:00Z")
    assert status.account is not None
    assert "user_123456" not in repr(status)


def test_a_key_without_limits_has_none() -> None:
    status = parse_key_status({"data": {"limit": None, "limit_reset": None, "usage": 0}})
    assert status.limit_pico is None
    assert status.limit_reset is None
    assert status.account is None
    assert status.free_requests is None


def test_credits_may_be_below_zero() -> None:
    credits = parse_credits({"data": {"total_credits": 1, "total_usage": 1.5}})
    assert credits == Credits(total_pico=10**12, used_pico=15 * 10**11)
    assert credits.balance_pico == -5 * 10**11


def test_a_generation_tells_native_tokens_and_cost() -> None:
    data = {
        "id": "gen-2",
        "model": "a/b",
        "provider_name": "P",
        "tokens_prompt": 1,
        "tokens_completion": 2,
        "native_tokens_prompt": 10,
        "native_tokens_completion": 25,
        "native_tokens_reasoning": 5,
        "native_tokens_cached": 3,
        "total_cost": 0.0015,
        "finish_reason": "stop",
        "cancelled": True,
        "streamed": True,
        "latency": 1250,
        "generation_time": 1200,
        "created_at": "2026-01-01",
    }
    generation = parse_generation({"data": data}, generation_id="gen-1")
    assert generation.id == "gen-2"
    assert (generation.usage.prompt_tokens, generation.usage.completion_tokens) == (10, 25)
    assert (generation.usage.reasoning_tokens, generation.usage.cached_tokens) == (5, 3)
    assert generation.usage.cost_pico == 15 * 10**8
    assert generation.is_cancelled
    assert generation.is_streamed
    assert (generation.latency_ms, generation.generation_ms) == (1250, 1200)
    assert (generation.finish_reason, generation.provider, generation.model) == ("stop", "P", "a/b")


def test_a_generation_without_native_tokens_uses_the_others() -> None:
    generation = parse_generation({"data": {"tokens_prompt": 1, "tokens_completion": 2}}, generation_id="gen-1")
    assert generation.id == "gen-1"
    assert (generation.usage.prompt_tokens, generation.usage.completion_tokens) == (1, 2)
    assert generation.usage.cost_pico is None
    assert parse_generation({}, generation_id="gen-1").usage.prompt_tokens == 0


def test_endpoints_tell_the_median() -> None:
    rows = [
        {
            "provider_name": "P",
            "tag": "p/fp8",
            "quantization": "fp8",
            "status": -2,
            "uptime_last_30m": 99.5,
            "latency_last_30m": {"p50": 300, "p99": 900},
            "throughput_last_30m": 41.5,
            "pricing": {"prompt": "0.1"},
            "context_length": 8192,
            "max_completion_tokens": 100,
            "supported_parameters": ["tools"],
        },
        {"provider_name": "Q"},
        {"provider_name": "R", "latency_last_30m": {"p50": 0.25}},
    ]
    first, second, third = parse_endpoints({"data": {"endpoints": rows}})
    assert (first.latency_ms, first.throughput, first.uptime, first.status) == (300, 41.5, 99.5, -2)
    assert (first.tag, first.quantization, first.context_length) == ("p/fp8", "fp8", 8192)
    assert first.pricing.prices == {"prompt": Decimal("0.1")}
    assert (second.provider, second.latency_ms, second.status, second.quantization) == ("Q", None, 0, None)
    assert third.latency_ms == 250  # in seconds, as in the schema's own example


@pytest.mark.parametrize(
    ("url", "tls", "loopback", "openrouter"),
    [
        ("https://openrouter.ai/api/v1", True, False, True),
        (" https://eu.openrouter.ai/api/v1/ ", True, False, True),
        ("https://notopenrouter.ai/api/v1", True, False, False),
        ("http://localhost:8080/v1/", False, True, False),
        ("http://127.1.2.3:1", False, True, False),
        ("http://[::1]:8080/v1", False, True, False),
        ("http://demo.localhost", False, True, False),
        ("http://192.168.1.2:11434/v1", False, False, False),
    ],
)
def test_a_base_url_is_taken_apart(url: str, tls: bool, loopback: bool, openrouter: bool) -> None:
    server = read_base_url(url)
    assert (server.is_tls, server.is_loopback, server.is_openrouter) == (tls, loopback, openrouter)
    assert server.url == url.strip().rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["", "openrouter.ai/api", "ftp://x/", "http://", "http://x:99999/", "http://x:0/", "http://[::1/", "http://a b/c"],
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not an http") as caught:
        read_base_url(url)
    assert caught.value.hint


@pytest.mark.parametrize("url", ["http://me:pass@x/v1", "http://me@x/v1", "http://x/v1?key=pass", "http://x/v1#pass"])
def test_a_base_url_with_a_secret_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="must not hold") as caught:
        read_base_url(url)
    assert "pass" not in str(caught.value)
