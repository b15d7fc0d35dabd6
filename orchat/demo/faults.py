"""The errors of the API by name: bodies and headers as clients meet them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchat.demo.breaks import Fail, Window

SETTINGS = "https://openrouter.ai/settings"
ACCOUNT_ID = "user_demo"
"""Comes back in many error bodies; clients must not log it."""

_HTML = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><center><h1>{status} {title}</h1></center><hr><center>cloudflare</center></body></html>"
)


def _error(
    status: int,
    message: str,
    metadata: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    limit: tuple[int, Window] | None = None,
    routed: bool = False,
    **more: object,
) -> Fail:
    error: dict[str, object] = {"message": message, "code": status}
    if metadata is not None:
        error["metadata"] = dict(metadata)
    body = {"error": error, **more}
    return Fail(status=status, body=body, headers=tuple((headers or {}).items()), limit=limit, routed=routed)


def _html(status: int, title: str) -> Fail:
    return Fail(status=status, body=_HTML.replace("{status}", str(status)).replace("{title}", title))


def _upstream(status: int, error_type: str, **metadata: object) -> Fail:
    details = {"error_type": error_type, "provider_name": "Demo", **metadata}
    return _error(status, "Provider returned error", details, routed=True)


_POOL = {
    "raw": "{model} is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your "
    f"rate limits: {SETTINGS}/integrations",
    "provider_name": "Demo",
    "is_byok": False,
    "limit_source": "upstream_provider_shared_pool",
    "remedy_hint": "Retry shortly, add your own provider key, or route to another provider.",
}
_ZOD = (
    '[\n  {\n    "expected": "string",\n    "code": "invalid_type",\n    "path": [\n      "model"\n    ],\n'
    '    "message": "Invalid input: expected string, received number"\n  }\n]'
)
_ZOD_CODE = (
    '[\n  {\n    "expected": "string",\n    "code": "invalid_type",\n    "path": [\n      "code"\n    ],\n'
    '    "message": "Invalid input: expected string, received undefined"\n  }\n]'
)
_NO_BODY_CODE = {
    "error": {
        "message": "All providers for {model} are at capacity. Retry after 40 seconds.",
        "error_type": "rate_limit_exceeded",
        "http_status": 429,
        "availability": {
            "code": "capacity_exhausted",
            "retryable": True,
            "retry_after": 40,
            "requested_models": ["{model}"],
            "affected_providers": ["demo"],
            "fallback_models": ["demo/writer"],
            "docs_url": "https://openrouter.ai/docs/errors#capacity_exhausted",
        },
        "metadata": {"previous_errors": [{"provider": "demo", "code": "capacity_exhausted", "status": 429}]},
    }
}

FAULTS: Mapping[str, Fail] = {
    # ---- 400
    "400-unknown-model": _error(400, "{model} is not a valid model ID", user_id=ACCOUNT_ID),
    "400-no-messages": _error(400, 'Input required: specify "prompt" or "messages"', user_id=ACCOUNT_ID),
    "400-malformed-json": _error(400, "Input must have at least 1 token.", {"provider_name": None}),
    "400-reasoning-mandatory": _error(
        400, "Reasoning is mandatory for this endpoint and cannot be disabled.", {"provider_name": None}
    ),
    "400-context-length": _error(
        400,
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens.",
        {"error_type": "context_length_exceeded", "provider_name": None},
    ),
    "400-invalid-image": _error(
        400, "Provider returned error", {"error_type": "invalid_image", "provider_name": "Demo"}
    ),
    "400-zod": Fail(status=400, body={"success": False, "error": {"name": "ZodError", "message": _ZOD}}),
    "400-zod-code": Fail(status=400, body={"success": False, "error": {"name": "ZodError", "message": _ZOD_CODE}}),
    "400-code": _error(400, "Invalid code"),
    "400-code-method": _error(400, "Invalid code_challenge_method"),
    # ---- 401
    "401-no-key": _error(401, "No cookie auth credentials found"),
    "401-bad-key": _error(401, "User not found."),
    # ---- 402
    "402-insufficient-credits": _error(
        402,
        f"Insufficient credits. Add more using {SETTINGS}/credits",
        {"limit_source": "openrouter_credits", "remedy_hint": f"Add credits at {SETTINGS}/credits."},
        user_id=ACCOUNT_ID,
    ),
    "402-max-tokens": _error(
        402,
        "This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only "
        f"afford 1200. To increase, visit {SETTINGS}/credits and upgrade to a paid account",
        {"provider_name": None},
        user_id=ACCOUNT_ID,
    ),
    "402-prompt-tokens": _error(
        402,
        f"Prompt tokens limit exceeded: 40000 > 9000. To increase, visit {SETTINGS}/credits",
        {"provider_name": None},
    ),
    "402-weight": _error(
        402,
        "This request is larger than your in-flight budget. Lower max_tokens.",
        {"reason": "weight_exceeds_budget", "limit_source": "openrouter_credits", "remedy_hint": "Lower max_tokens."},
    ),
    "402-in-flight": _error(
        402,
        "This request would exceed your available credits given your current in-flight requests. "
        "Retry after in-flight requests settle, or add credits.",
        {
            "reason": "in_flight_budget_exhausted",
            "limit_source": "openrouter_in_flight_budget",
            "remedy_hint": "Retry after your in-flight requests settle (see the Retry-After header).",
        },
        headers={"Retry-After": "3"},
    ),
    "402-key-limit": _error(
        402,
        "This request requires at least $1.00 in balance for image or video output",
        {
            "limit_source": "openrouter_key_limit",
            "remedy_hint": f"Raise or remove this API key's usage limit at {SETTINGS}/keys.",
            "provider_name": None,
        },
        routed=True,
        user_id=ACCOUNT_ID,
    ),
    # ---- 403
    "403-code": _error(403, "Invalid code or code_verifier"),
    "403-code-expired": _error(403, "Authorization code expired"),
    "403-key-limit": _error(403, f"Key limit exceeded (total limit). Manage it using {SETTINGS}/keys"),
    "403-budget": _error(
        403,
        "Budget limit exceeded",
        {"limit_source": "openrouter_workspace_budget", "scope": "workspace", "limit_usd": 5, "spend_usd": 5.01},
    ),
    "403-moderation": _error(
        403,
        "Your input was flagged",
        {
            "reasons": ["violence"],
            "flagged_input": "the first … the last",
            "provider_name": "Demo",
            "model_slug": "{model}",
        },
    ),
    "403-guardrail": _error(
        403, "Request blocked: prompt injection patterns detected", {"patterns": ["ignore all previous instructions"]}
    ),
    "403-harness": _error(
        403,
        "{model} is only available on agentic harnesses. Try plugging it into a coding agent or productivity app "
        "listed on https://openrouter.ai/apps",
        {"failed_routing_step": "Gate Free Endpoints by Agentic Harness"},
    ),
    "403-region": _error(403, "{model} is not available in your region", {"error_type": "permission_denied"}),
    "403-management-key": _error(403, "Management keys cannot be used for inference"),
    # ---- 404
    "404-path": _error(404, "Not Found"),
    "404-no-endpoints": _error(404, "No endpoints found for {model}.", user_id=ACCOUNT_ID),
    "404-data-policy": _error(
        404,
        f"No endpoints found matching your data policy (Free model training). Configure: {SETTINGS}/privacy",
        {
            "routing_funnel": [{"step": "Initial Endpoints", "endpoint_count": 1}],
            "failed_routing_step": "Filter by Data Policy",
        },
    ),
    "404-tools": _error(
        404,
        'No endpoints found that support tool use. Try disabling "{tool}". '
        "To learn more about provider routing, visit: "
        "https://openrouter.ai/docs/guides/routing/provider-selection",
    ),
    "404-images": _error(
        404, "No endpoints found that support image input", {"failed_routing_step": "Filter by Image Support"}
    ),
    "404-providers": _error(
        404,
        "No allowed providers are available for the selected model.",
        {"available_providers": ["demo"], "requested_providers": ["{provider}"]},
    ),
    "404-max-price": _error(404, "No endpoints found that satisfy the max price you set."),
    # ---- 408 to 422
    "405": _error(405, "Method Not Allowed"),
    "408": _error(408, "Request timed out", {"error_type": "timeout"}),
    "409": _error(409, "Conflict"),
    "412": _error(412, "Precondition failed", {"error_type": "precondition_failed"}),
    "413-images": _error(413, "Downloaded image content cannot exceed 30MB", {"provider_name": None}),
    "413-html": _html(413, "Request Entity Too Large"),
    "422": _error(422, "Unprocessable request", {"error_type": "unprocessable"}),
    # ---- 429
    "429-free-daily": _error(
        429,
        "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
        {
            "limit_source": "openrouter_free_tier_daily",
            "remedy_hint": "Wait for the daily reset (see X-RateLimit-Reset), or purchase credits.",
            "provider_name": None,
        },
        limit=(50, "day"),
        user_id=ACCOUNT_ID,
    ),
    "429-free-per-minute": _error(429, "Rate limit exceeded: free-models-per-min.", limit=(20, "minute")),
    "429-upstream": _error(429, "Provider returned error", _POOL, routed=True),
    "429-retry-after": _error(
        429,
        "Provider returned error",
        {
            **_POOL,
            "provider_error_code": "rate_limit_exceeded",
            "retry_after_seconds": 1,
            "headers": {"Retry-After": "1"},
        },
        headers={"Retry-After": "1"},
        routed=True,
    ),
    "429-capacity": Fail(status=429, body=_NO_BODY_CODE, headers=(("Retry-After", "40"),)),
    # ---- 5xx
    "500": _error(500, "Internal Server Error", {"error_type": "server"}),
    "502": _upstream(502, "provider_unavailable"),
    "502-raw": _upstream(
        502, "provider_unavailable", raw='{"error":{"message":"upstream connect error","type":"server"}}'
    ),
    "502-html": _html(502, "Bad gateway"),
    "503": _error(503, "Service temporarily unavailable"),
    "503-retry-after": _error(503, "Service temporarily unavailable", headers={"Retry-After": "2"}),
    "504": _upstream(504, "timeout"),
    "524": _error(524, "Request timed out. Please try again later."),
    "529": _upstream(529, "provider_overloaded"),
    # ---- 200 that is not an answer
    "200-error-body": _upstream(200, "provider_unavailable"),
}
"""Name to error; `fault` takes the name."""


def fault(name: str) -> Fail:
    """One of the API's errors.

    Args:
        name: A key of `FAULTS`, such as ``429-free-daily``.

    Returns:
        The step.

    Raises:
        KeyError: There is no such name; the message lists those there are.
    """
    if name not in FAULTS:
        raise KeyError(f"no fault {name!r}; there are {', '.join(FAULTS)}")
    return FAULTS[name]


def refusal(name: str, headers: Mapping[str, str]) -> Fail:
    """A 429 with the real limit's figures in its headers and its body."""
    known = fault(name)
    assert isinstance(known.body, Mapping)
    error = dict(known.body["error"])
    error["metadata"] = {**error.get("metadata", {}), "headers": dict(headers)}
    return replace(known, body={**known.body, "error": error}, headers=tuple(headers.items()), limit=None)


def filled(name: str, **values: str) -> Fail:
    """An error whose text names something, such as ``{tool}``."""
    known = fault(name)
    return replace(known, body=_fill(known.body, values))


def _fill(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: _fill(item, values) for key, item in value.items()}
    return [_fill(item, values) for item in value] if isinstance(value, list) else value
