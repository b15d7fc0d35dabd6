"""Whom a failure belongs to, for every shape of error that servers send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.errors import (
    BadRequest,
    ContentRefused,
    ContextTooLong,
    CreditsExhausted,
    KeyLimitReached,
    KeyRejected,
    ModelUnknown,
    NoEndpoints,
    NotAllowed,
    OrchatError,
    RateLimited,
    RequestFailed,
    Unaffordable,
    UpstreamFailed,
)
from orchat.openrouter import failures
from orchat.openrouter.refusal import MOST_MESSAGE, one_line

NOW = 1_790_000_000.0


def refused(
    status: int, body: object, headers: Mapping[str, str] | None = None, model: str | None = "a/b"
) -> OrchatError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failures.from_response(status=status, headers=headers or {}, body=raw, model=model, now=NOW)


def said(message: str, *, code: object = None, **metadata: object) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "metadata": metadata}, "user_id": "user_2abcdefghijk"}


BUSY = {
    "error": {
        "message": "All providers of a/b are at capacity.",
        "error_type": "rate_limit_exceeded",
        "http_status": 429,
        "availability": {"code": "capacity_exhausted", "retry_after": 40, "fallback_models": ["a/c"]},
    }
}
GONE = {
    "error": {"message": "Gone.", "availability": {"code": "free_variant_ended", "fallback_models": ["a/c", "a/d"]}}
}
ZOD = {
    "success": False,
    "error": {"name": "ZodError", "message": '[{"code":"invalid_type","path":["x"],"message":"Expected string"}]'},
}

TABLE: list[tuple[str, int, object, type[OrchatError], dict[str, object]]] = [
    ("model id", 400, said("x/nope is not a valid model ID"), ModelUnknown, {}),
    ("no messages", 400, said('Input required: specify "prompt" or "messages"'), BadRequest, {}),
    ("bad json", 400, said("Input must have at least 1 token.", provider_name=None), BadRequest, {}),
    ("reasoning", 400, said("Reasoning is mandatory for this endpoint and cannot be disabled."), BadRequest, {}),
    ("code", 400, said("Invalid code"), BadRequest, {}),
    ("zod", 400, ZOD, BadRequest, {"message": "Expected string"}),
    ("context by type", 400, said("No.", error_type="context_length_exceeded"), ContextTooLong, {}),
    ("context by words", 400, said("This endpoint's maximum context length is 8 tokens."), ContextTooLong, {}),
    ("refusal by type", 400, said("No.", error_type="refusal"), ContentRefused, {}),
    ("model of another server", 400, said("model 'llama' does not exist"), ModelUnknown, {}),
    ("no key", 401, said("No cookie auth credentials found"), KeyRejected, {}),
    ("bad key", 401, said("User not found."), KeyRejected, {"status": 401}),
    ("provider's key", 401, said("Bad key", provider_name="Azure"), UpstreamFailed, {"provider": "Azure"}),
    (
        "max tokens",
        402,
        said(
            "This request requires more credits, or fewer max_tokens. You requested 32000, but can only afford 27342."
        ),
        Unaffordable,
        {"affordable_tokens": 27342},
    ),
    ("budget", 402, said("Too big.", reason="weight_exceeds_budget"), Unaffordable, {"affordable_tokens": None}),
    (
        "prompt tokens",
        402,
        said("Prompt tokens limit exceeded: 9000 > 500."),
        Unaffordable,
        {"affordable_tokens": None},
    ),
    ("credits", 402, said("Insufficient credits.", limit_source="openrouter_credits"), CreditsExhausted, {}),
    ("credits unsaid", 402, said("Payment required"), CreditsExhausted, {"status": 402}),
    (
        "in flight",
        402,
        said("Wait.", reason="in_flight_budget_exhausted", limit_source="openrouter_in_flight_budget"),
        RateLimited,
        {"scope": "in_flight"},
    ),
    ("key limit", 402, said("Needs $1.00", limit_source="openrouter_key_limit"), KeyLimitReached, {}),
    ("key limit as 403", 403, said("Key limit exceeded (total limit)."), KeyLimitReached, {"status": 403}),
    ("workspace", 403, said("Stop.", limit_source="openrouter_workspace_budget"), KeyLimitReached, {}),
    ("budget as words", 403, said("Budget limit exceeded"), KeyLimitReached, {}),
    (
        "harness",
        403,
        said(
            "x:free is only available on agentic harnesses.",
            failed_routing_step="Gate Free Endpoints by Agentic Harness",
        ),
        NotAllowed,
        {},
    ),
    ("region", 403, said("Not in your region"), NotAllowed, {}),
    ("management", 403, said("Management keys cannot be used for inference"), KeyRejected, {"status": 403}),
    ("guardrail", 403, said("Request blocked", patterns=["ignore all"]), ContentRefused, {}),
    ("moderation", 403, said("Flagged", reasons=["violence"], flagged_input="secret"), ContentRefused, {}),
    ("data policy", 404, said("No endpoints found matching your data policy (Free)."), NoEndpoints, {}),
    ("tools", 404, said("No endpoints found that support tool use."), NoEndpoints, {}),
    ("images", 404, said("No endpoints found that support image input"), NoEndpoints, {}),
    ("providers", 404, said("No allowed providers are available."), NoEndpoints, {}),
    ("routing", 404, said("Nothing left.", failed_routing_step="Filter by Price"), NoEndpoints, {}),
    ("gone", 404, GONE, ModelUnknown, {"hint": "Try a/c, a/d."}),
    ("model not found", 404, {"error": {"message": "No.", "code": "model_not_found"}}, ModelUnknown, {}),
    ("model of another server, 404", 404, {"error": "model 'llama' not found"}, ModelUnknown, {}),
    ("generation", 404, said("Generation gen-1 not found"), BadRequest, {"status": 404}),
    ("path", 404, said("Not Found"), BadRequest, {}),
    ("time", 408, said("Request timed out"), UpstreamFailed, {"retryable": True}),
    ("conflict", 409, said("Conflict"), UpstreamFailed, {"retryable": True}),
    ("precondition", 412, said("Precondition"), BadRequest, {}),
    ("image size", 413, said("Downloaded image content cannot exceed 30MB"), BadRequest, {"retryable": False}),
    ("semantics", 422, said("Unprocessable"), BadRequest, {}),
    (
        "free daily",
        429,
        said("Rate limit exceeded: free-models-per-day.", headers={"X-RateLimit-Reset": str(int(NOW + 60) * 1000)}),
        RateLimited,
        {"scope": "free_day", "resets_at": NOW + 60, "retry_after_s": 60.0},
    ),
    (
        "free daily by source",
        429,
        said("No.", limit_source="openrouter_free_tier_daily"),
        RateLimited,
        {"scope": "free_day"},
    ),
    ("free minute", 429, said("Rate limit exceeded: free-models-per-min."), RateLimited, {"scope": "free_minute"}),
    (
        "shared pool",
        429,
        said("Provider returned error", raw="a/b is rate-limited upstream", provider_name="X", retry_after_seconds=1),
        RateLimited,
        {"scope": "upstream", "retry_after_s": 1.0, "message": "X: a/b is rate-limited upstream"},
    ),
    ("capacity", 429, BUSY, RateLimited, {"scope": "capacity", "retry_after_s": 40.0}),
    ("unsaid", 429, said("Slow down"), RateLimited, {"scope": "unknown", "retry_after_s": None}),
    ("masked", 500, said("server"), UpstreamFailed, {}),
    (
        "provider",
        502,
        said("Provider returned error", error_type="provider_unavailable"),
        UpstreamFailed,
        {"status": 502},
    ),
    ("none now", 503, said("Service temporarily unavailable"), UpstreamFailed, {}),
    ("edge", 524, said("Request timed out. Please try again later."), UpstreamFailed, {}),
    ("overloaded", 529, said("Provider returned error"), UpstreamFailed, {"retryable": True}),
    ("newer", 599, {}, UpstreamFailed, {"message": "The server answered with status 599."}),
    ("teapot", 418, b"", BadRequest, {"message": "The server answered with status 418."}),
    ("page", 502, b"<html><title>Bad  gateway</title>", UpstreamFailed, {}),
    (
        "page too large",
        413,
        b"<!doctype html><p>no",
        BadRequest,
        {"message": "The server answered with status 413 and an HTML page."},
    ),
    ("redirect", 307, b"", BadRequest, {"retryable": False}),
    (
        "detail of another server",
        422,
        {"detail": [{"msg": "field required"}]},
        BadRequest,
        {"message": "field required"},
    ),
    ("message of another server", 500, {"message": "boom"}, UpstreamFailed, {"message": "boom"}),
    ("list", 500, [{"error": {"message": "boom"}}], UpstreamFailed, {"message": "boom"}),
]


@pytest.mark.parametrize(("name", "status", "body", "kind", "fields"), TABLE, ids=[row[0] for row in TABLE])
def test_every_error_of_a_server_has_its_class(
    name: str, status: int, body: object, kind: type[OrchatError], fields: dict[str, object]
) -> None:
    error = refused(status, body, {"x-generation-id": "gen-7"})
    assert type(error) is kind
    assert error.hint
    assert {key: getattr(error, key) for key in fields} == fields
    assert getattr(error, "request_id", None) == "gen-7"
    assert "user_2abc" not in f"{error} {error.hint}"
    assert "secret" not in f"{error} {error.hint}"
    assert "\n" not in f"{error}{error.hint}"
    assert len(str(error)) <= 300
    if isinstance(error, RequestFailed):
        assert (error.model, error.status, error.body_started) == ("a/b", status, False)


def event(error: object, provider: str | None = None) -> OrchatError:
    return failures.from_event(error, headers={}, model="a/b", provider=provider, now=NOW)


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"code": 400, "message": "Token limit reached"}, BadRequest, 400),
        ({"code": 429, "message": "x", "metadata": {"error_type": "rate_limit_exceeded"}}, RateLimited, 429),
        ({"code": "server_error", "message": "Provider disconnected"}, UpstreamFailed, None),
        ({"code": "rate_limit_exceeded", "message": "x"}, RateLimited, None),
        (
            {"code": 502, "message": "limit reached (33/32)", "metadata": {"error_type": "provider_unavailable"}},
            UpstreamFailed,
            502,
        ),
        ({"message": "boom", "type": "server_error", "param": None, "code": None}, UpstreamFailed, None),
        ({"message": "boom", "code": "502"}, UpstreamFailed, 502),
        ({"code": 502, "message": "x", "metadata": {"error_type": "context_length_exceeded"}}, ContextTooLong, 502),
        ({"code": 402, "message": "Insufficient credits."}, CreditsExhausted, 402),
        ({"code": 307, "message": "x"}, UpstreamFailed, None),
        ({"code": 1e99}, UpstreamFailed, None),
        ("boom", UpstreamFailed, None),
        (True, UpstreamFailed, None),
        (["boom"], UpstreamFailed, None),
    ],
)
def test_an_error_inside_an_answer_goes_by_type_then_code(
    error: object, kind: type[OrchatError], status: int | None
) -> None:
    found = event(error, provider="P")
    assert type(found) is kind
    assert getattr(found, "status", None) == status
    if isinstance(found, RequestFailed):
        assert found.body_started
        assert found.provider == "P"


def test_an_error_without_words_says_so() -> None:
    assert str(event(True)) == "The server reports an error without a reason."


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("plain words", "P: plain words"),
        ('{"error":{"message":"deep words"}}', "P: deep words"),
        ({"detail": "object words"}, "P: object words"),
        ('{"error":"{\\"message\\":\\"deeper words\\"}"}', "P: deeper words"),
        ("[]", "P: []"),
        (None, "P: Provider returned error"),
        (7, "P: Provider returned error"),
        (
            {"error": {"error": {"error": {"error": {"error": {"error": {"error": {"message": "too deep"}}}}}}}},
            "P: Provider returned error",
        ),
    ],
)
def test_the_real_words_are_dug_out_of_the_provider_s_answer(raw: object, words: str) -> None:
    assert str(refused(500, said("Provider returned error", raw=raw, provider_name="P"))) == words


@pytest.mark.parametrize(
    ("headers", "metadata", "wait"),
    [
        ({"retry-after": "3"}, {}, 3.0),
        ({"retry-after": "1.5"}, {}, 1.5),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, {}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, {}, 0.0),
        ({"retry-after": "soon"}, {}, None),
        ({"retry-after": "-5"}, {}, None),
        ({"retry-after": "nan"}, {}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, {}, 1.5),
        ({}, {"retry_after_seconds": 7}, 7.0),
        ({}, {"headers": {"Retry-After": "4"}}, 4.0),
        ({}, {"headers": {"Retry-After": 4}}, 4.0),
        ({}, {"headers": {"Retry-After": [4]}}, None),
        ({"x-ratelimit-reset": str((NOW + 90) * 1000)}, {}, 90.0),
        ({"x-ratelimit-reset": str(NOW + 90)}, {}, 90.0),
        ({"x-ratelimit-reset": "20"}, {}, 20.0),
        ({"x-ratelimit-reset": "-20"}, {}, None),
        ({"x-ratelimit-reset": str((NOW - 90) * 1000)}, {}, 0.0),
    ],
)
def test_the_time_to_wait_is_understood_in_every_spelling(
    headers: dict[str, str], metadata: dict[str, object], wait: float | None
) -> None:
    error = refused(429, said("Slow down", **metadata), headers)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait
    busy = refused(503, said("Later", **metadata), headers)
    assert isinstance(busy, UpstreamFailed)
    assert busy.retry_after_s == wait


def test_the_server_s_own_advice_is_the_hint() -> None:
    assert refused(402, said("No.", remedy_hint="Add\ncredits")).hint == "Add credits"


def test_moderation_names_its_reasons_and_not_the_prompt() -> None:
    error = refused(403, said("Flagged", reasons=["violence", "hate"], flagged_input="my prompt"))
    assert str(error) == "Flagged (violence, hate)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\t and  more ", "two lines and more"),
        ("\x1b]52;c;AAAA\x07x\u202ey\u200b", "]52;c;AAAAxy"),
        ("user_2abcdefghijk did it", "… did it"),
        ("org-AbCdEf123 and sk-or-v1-0123456789abcdef", "… and …"),
        ("x" * 999, "x" * (MOST_MESSAGE - 1) + "…"),
    ],
)
def test_foreign_words_become_one_bounded_printable_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_long_story_stays_one_bounded_line() -> None:
    error = refused(403, said("y" * 5000, reasons=["z" * 500], provider_name="w" * 500))
    assert len(str(error)) <= 300
    assert len(str(refused(500, said("y" * 5000, provider_name="w" * 500)))) <= 300


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "metadata", "raw", "availability", "headers", "reasons", "detail"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(300, 599), body=junk)
def test_no_body_makes_the_mapping_raise(status: int, body: object) -> None:
    for error in (refused(status, body), event(body)):
        assert isinstance(error, OrchatError)
        assert str(error)
        assert len(str(error)) <= 300


@given(status=st.integers(300, 599), body=st.binary(max_size=60))
def test_no_bytes_make_the_mapping_raise(status: int, body: bytes) -> None:
    assert isinstance(refused(status, body), OrchatError)
