"""From what a server said to the error that says whom it concerns. Pure: no clock, no network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from orchat.domain.content import JsonObject
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
    Unaffordable,
    UpstreamFailed,
)
from orchat.openrouter.refusal import Refusal, one_line, read_refusal

_CREDITS = "Add credits at https://openrouter.ai/settings/credits, or choose a model that ends in :free."
_KEYS = "See https://openrouter.ai/settings/keys."
_KEY_LIMIT = "Raise or remove the key's limit at https://openrouter.ai/settings/keys, or use another key."
_KEY_BUDGETS = ("openrouter_key_limit", "openrouter_guardrail_budget", "openrouter_workspace_budget")
_TOO_LONG = re.compile(r"context (length|window|size)|maximum context|prompt is too long|too many tokens", re.I)
_AFFORDABLE = re.compile(r"can only afford (\d{1,12})")
_UNKNOWN_MODEL = re.compile(
    r"is not a valid model|model .{0,200}(not found|does not exist|is not available|not exist)|unknown model", re.I
)
_GONE = ("model_not_found", "model_deprecated", "free_variant_ended")

STATUS_OF_TYPE = {
    "context_length_exceeded": 400,
    "max_tokens_exceeded": 400,
    "token_limit_exceeded": 400,
    "string_too_long": 400,
    "invalid_request": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "image_too_small": 400,
    "unsupported_image_format": 400,
    "image_not_found": 400,
    "image_download_failed": 400,
    "authentication": 401,
    "invalid_api_key": 401,
    "payment_required": 402,
    "insufficient_quota": 402,
    "permission_denied": 403,
    "content_policy_violation": 403,
    "content_filter": 403,
    "refusal": 403,
    "not_found": 404,
    "model_not_found": 404,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "image_too_large": 413,
    "unprocessable": 422,
    "rate_limit_exceeded": 429,
    "server": 500,
    "server_error": 500,
    "provider_unavailable": 502,
    "timeout": 504,
    "provider_overloaded": 529,
}
"""``error_type`` (and the string codes of other servers) to the status that means the same."""


def from_response(
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    model: str | None,
    now: float,
) -> OrchatError:
    """The error for a response that is not 200.

    Args:
        status: HTTP status.
        headers: Response headers, found without regard to case.
        body: What was read of the body.
        model: Model that was asked.
        now: Epoch seconds, from which waiting times are counted.

    Returns:
        The error to raise.
    """
    refusal = read_refusal(status=status, headers=headers, body=body, now=now)
    return _classified(refusal, model=model, body_started=False)


def from_event(
    error: object,
    *,
    headers: Mapping[str, str],
    model: str | None,
    provider: str | None,
    now: float,
) -> OrchatError:
    """The error for an ``error`` inside a 200 answer.

    Args:
        error: Value of the ``error`` field.
        headers: Response headers.
        model: Model that was asked.
        provider: Provider named by the chunk.
        now: Epoch seconds.

    Returns:
        The error to raise, or to keep as the cause of a broken stream.
    """
    refusal = read_refusal(status=None, headers=headers, error=error, provider=provider, now=now)
    return _classified(refusal, model=model, body_started=True)


def _classified(refusal: Refusal, *, model: str | None, body_started: bool) -> OrchatError:
    status = refusal.status
    if body_started or status is None:
        # Inside a 200 answer the type is the stable part; the code may be missing, a string or a stand-in.
        status = STATUS_OF_TYPE.get(refusal.error_type or "", status)
    details: dict[str, Any] = {
        "model": model,
        "request_id": refusal.request_id,
        "status": refusal.status,
        "error_type": refusal.error_type,
        "provider": refusal.provider,
        "body_started": body_started,
    }
    if status is not None and 300 <= status < 400:
        hint = "Check base_url: the server answers with a redirect, which orchat does not follow."
        return BadRequest(refusal.message, hint=hint, **details)
    classify = _BY_STATUS.get(status or 502, _server_failed if (status or 502) >= 500 else _bad_request)
    return classify(refusal, details)


def _key_details(details: JsonObject) -> dict[str, Any]:
    return {"status": details["status"], "request_id": details["request_id"]}


def _bad_request(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    message = refusal.message
    if _refused(refusal):
        return _content_refused(refusal, details)
    if refusal.error_type in ("context_length_exceeded", "token_limit_exceeded") or _TOO_LONG.search(message):
        hint = "Start a new session, shorten the prompt, or choose a model with a longer context."
        return ContextTooLong(message, hint=refusal.remedy or hint, **details)
    if refusal.error_type == "model_not_found" or _UNKNOWN_MODEL.search(message):
        return _model_unknown(refusal, details)
    hint = "Send fewer or smaller attachments." if details["status"] == 413 else "Change the request and try again."
    return BadRequest(message, hint=refusal.remedy or hint, **details)


def _model_unknown(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    hint = "Run `orchat models --search NAME` to find its id."
    if refusal.fallback_models:
        hint = f"Try {one_line(', '.join(refusal.fallback_models[:3]), 160)}."
    return ModelUnknown(refusal.message, hint=hint, **details)


def _content_refused(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    reasons = one_line(", ".join(refusal.reasons), 32)
    message = f"{refusal.message} ({reasons})" if reasons else refusal.message
    return ContentRefused(message, hint=refusal.remedy or "Reword the prompt, or choose another model.", **details)


def _unauthorized(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    if refusal.provider:
        return UpstreamFailed(refusal.message, hint="The provider's own key was refused, not yours.", **details)
    hint = f"The key was revoked or mistyped. {_KEYS}"
    return KeyRejected(f"The key was refused: {refusal.message}", hint=hint, **_key_details(details))


def _payment(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    message, source = refusal.message, refusal.limit_source
    if source == "openrouter_in_flight_budget" or refusal.reason == "in_flight_budget_exhausted":
        return _limited(refusal, details, scope="in_flight")
    if source in _KEY_BUDGETS:
        return KeyLimitReached(message, hint=refusal.remedy or _KEY_LIMIT, **_key_details(details))
    affordable = _AFFORDABLE.search(message)
    if affordable or refusal.reason == "weight_exceeds_budget" or "tokens limit exceeded" in message.lower():
        tokens = int(affordable[1]) if affordable else None
        hint = f"Set max_completion_tokens to at most {tokens}." if tokens else "Lower max_completion_tokens."
        if "prompt tokens limit" in message.lower():
            hint = "Shorten the prompt, or add credits at https://openrouter.ai/settings/credits."
        return Unaffordable(message, affordable_tokens=tokens, hint=hint, **details)
    return CreditsExhausted(message, hint=refusal.remedy or _CREDITS, **_key_details(details))


def _forbidden(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    message = refusal.message
    said = message.lower()
    if refusal.limit_source in _KEY_BUDGETS or "key limit exceeded" in said or "budget limit exceeded" in said:
        return KeyLimitReached(message, hint=refusal.remedy or _KEY_LIMIT, **_key_details(details))
    if "management key" in said:
        hint = f"A management key cannot chat: make an ordinary one. {_KEYS}"
        return KeyRejected(message, hint=hint, **_key_details(details))
    if _refused(refusal):
        return _content_refused(refusal, details)
    hint = "The account, the key or the region is not allowed to do this. " + _KEYS
    if "agentic" in said or "Agentic" in refusal.routing_step:
        hint = "Choose another model: this free one is only served to certain apps."
    return NotAllowed(message, hint=refusal.remedy or hint, **details)


def _refused(refusal: Refusal) -> bool:
    return bool(refusal.reasons) or refusal.error_type in ("content_policy_violation", "content_filter", "refusal")


def _not_found(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    message = refusal.message
    said = message.lower()
    if refusal.availability in _GONE or refusal.error_type == "model_not_found":
        return _model_unknown(refusal, details)
    is_filtered = bool(refusal.routing_step or refusal.availability) or said.startswith("no allowed providers")
    if is_filtered or said.startswith("no endpoints found"):
        hint = "Choose another model, or loosen what is asked of its providers."
        if "data policy" in said:
            hint = "Allow training for free models at https://openrouter.ai/settings/privacy, or choose a paid model."
        elif "image input" in said:
            hint = "Choose a model that sees: `orchat models --vision`."
        return NoEndpoints(message, hint=refusal.remedy or hint, **details)
    if _UNKNOWN_MODEL.search(message):
        return _model_unknown(refusal, details)
    return BadRequest(message, hint="Check base_url and the id that was asked for.", **details)


def _limited(refusal: Refusal, details: dict[str, Any], *, scope: str | None = None) -> OrchatError:
    return RateLimited(
        refusal.message,
        scope=scope or _scope(refusal),
        retry_after_s=refusal.retry_after_s,
        resets_at=refusal.resets_at,
        hint=refusal.remedy or "Wait a little, or choose another model.",
        **details,
    )


def _scope(refusal: Refusal) -> str:
    said = refusal.message.lower()
    if refusal.limit_source == "openrouter_free_tier_daily" or "free-models-per-day" in said:
        return "free_day"
    if "free-models-per-min" in said:
        return "free_minute"
    if refusal.availability == "capacity_exhausted":
        return "capacity"
    if refusal.limit_source == "upstream_provider_shared_pool" or refusal.provider:
        return "upstream"
    return "unknown"


def _server_failed(refusal: Refusal, details: dict[str, Any]) -> OrchatError:
    hint = "Try again, or choose another model."
    return UpstreamFailed(refusal.message, retry_after_s=refusal.retry_after_s, hint=refusal.remedy or hint, **details)


_BY_STATUS: dict[int, Callable[[Refusal, dict[str, Any]], OrchatError]] = {
    401: _unauthorized,
    402: _payment,
    403: _forbidden,
    404: _not_found,
    408: _server_failed,
    409: _server_failed,
    429: _limited,
}
