"""What a server says when it refuses, in any of the shapes it uses (API §8.1–8.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchat.openrouter import fields

MOST_MESSAGE = 200
"""Characters of the server's own words, so that a whole message stays under 300."""
_GENERIC = ("", "provider returned error", "error", "bad request", "server")
_PRIVATE = re.compile(r"\b(?:user|org|acct|account)[_-][A-Za-z0-9]{6,}|\bsk-[A-Za-z0-9_-]{6,}")
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.I)
_DEPTH = 7
_EPOCH_S, _EPOCH_MS = 1e9, 1e11


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The facts of an error body and its headers."""

    status: int | None
    """HTTP status, or the code of an error inside a 200 answer; None when there is none that is a number."""
    message: str
    """One line, bounded, without account ids."""
    error_type: str | None = None
    """``metadata.error_type``, or a string in the place of the code."""
    provider: str | None = None
    """Who failed upstream."""
    limit_source: str = ""
    """Whose limit it was."""
    reason: str = ""
    """``metadata.reason``."""
    remedy: str | None = None
    """The server's own advice."""
    reasons: tuple[str, ...] = ()
    """Why content was refused."""
    routing_step: str = ""
    """The routing step that left no provider."""
    availability: str = ""
    """``availability.code``."""
    fallback_models: tuple[str, ...] = ()
    """Models that the server proposes instead."""
    request_id: str | None = None
    """``X-Generation-Id``."""
    retry_after_s: float | None = None
    """Seconds to wait."""
    resets_at: float | None = None
    """Epoch seconds at which the limit resets."""


def read_refusal(
    *,
    status: int | None,
    headers: Mapping[str, str],
    now: float,
    body: bytes = b"",
    error: object = None,
    provider: str | None = None,
) -> Refusal:
    """Collect what is known, from an error body or from the value of an ``error`` field.

    Args:
        status: HTTP status of a response that is not 200, else None.
        headers: Response headers.
        now: Epoch seconds.
        body: Body of the response.
        error: Value of the ``error`` field when it was already taken out of a body.
        provider: Provider named beside the error.

    Returns:
        The facts; nothing in a body can make this raise.
    """
    document = fields.parsed(body) if body else {}
    outer = fields.table(document)
    error = error or outer.get("error") or outer.get("detail") or outer.get("message") or document
    said = fields.table(error)
    metadata = fields.table(said.get("metadata"))
    availability = fields.table(said.get("availability"))
    code, error_type = _code(said, metadata)
    retry_after_s, resets_at = _waiting(_Headers(headers, metadata), metadata, availability, now)
    provider = fields.text(metadata.get("provider_name")) or provider or None
    return Refusal(
        status=status if status is not None else code,
        message=_message(error, metadata, status=status, body=body, provider=provider),
        error_type=error_type,
        provider=provider,
        limit_source=fields.text(metadata.get("limit_source")),
        reason=fields.text(metadata.get("reason")),
        remedy=one_line(fields.text(metadata.get("remedy_hint"))) or None,
        reasons=fields.texts(metadata.get("reasons")) + (("guardrail",) if metadata.get("patterns") else ()),
        routing_step=fields.text(metadata.get("failed_routing_step")),
        availability=fields.text(availability.get("code")),
        fallback_models=fields.texts(availability.get("fallback_models")),
        request_id=headers.get("x-generation-id"),
        retry_after_s=retry_after_s,
        resets_at=resets_at,
    )


def one_line(text: str, most: int = MOST_MESSAGE) -> str:
    """Foreign text as one printable line without account ids or keys, cut to `most` characters."""
    line = " ".join(text[: most * 8].split())
    line = "".join(character for character in line if character.isprintable())
    line = _PRIVATE.sub("…", line)
    return line if len(line) <= most else line[: most - 1] + "…"


class _Headers:
    """Response headers, and their copy in ``metadata.headers``."""

    def __init__(self, headers: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
        self._headers = headers
        self._copy = {str(name).lower(): value for name, value in fields.table(metadata.get("headers")).items()}

    def get(self, name: str) -> object:
        return self._headers.get(name) or self._copy.get(name)


def _code(said: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[int | None, str | None]:
    code = said.get("code") or said.get("http_status") or said.get("status")
    number = fields.count(code)
    named = (code, said.get("type")) if number is None else ()
    kinds = (metadata.get("error_type"), said.get("error_type"), *named)
    error_type = next((words for kind in kinds if (words := fields.text(kind))), None)
    return (number if number is not None and 400 <= number <= 599 else None), error_type


def _message(
    error: object, metadata: Mapping[str, Any], *, status: int | None, body: bytes, provider: str | None
) -> str:
    said = _dug(error, _DEPTH)
    if said.lower().rstrip(".") in _GENERIC:
        said = _dug(metadata.get("raw"), _DEPTH) or said
    said = one_line(said)
    if said:
        return f"{one_line(provider, 40)}: {said}" if provider else said
    what = f"The server answered with status {status}" if status else "The server reports an error without a reason"
    if body.lstrip()[:1] == b"<":
        what += f" and {page_name(body)}"
    return what + "."


def page_name(body: bytes) -> str:
    """An HTML page by its title, for a message."""
    title = _TITLE.search(body[:65536])
    name = one_line(title[1].decode(errors="replace"), 80) if title else ""
    return f"an HTML page (“{name}”)" if name else "an HTML page"


def _dug(value: object, depth: int) -> str:
    """The first words found in a string, a JSON string, or an object with message, error or detail."""
    if depth == 0 or not value:
        return ""
    if isinstance(value, str):
        inner = fields.parsed(value) if value.lstrip()[:1] in ("{", "[") else None
        return _dug(inner, depth - 1) or fields.text(value)
    if isinstance(value, list):
        return next((words for item in value[:8] if (words := _dug(item, depth - 1))), "")
    inner = fields.table(value)
    keys = ("message", "error", "detail", "msg")
    return next((words for key in keys if (words := _dug(inner.get(key), depth - 1))), "")


def _waiting(
    headers: _Headers, metadata: Mapping[str, Any], availability: Mapping[str, Any], now: float
) -> tuple[float | None, float | None]:
    resets_at = _reset_time(fields.number(headers.get("x-ratelimit-reset")), now)
    milliseconds = fields.number(headers.get("retry-after-ms"))
    candidates = (
        milliseconds / 1000 if milliseconds is not None else None,
        _seconds(headers.get("retry-after"), now),
        fields.number(metadata.get("retry_after_seconds")),
        fields.number(availability.get("retry_after")),
        max(0.0, resets_at - now) if resets_at is not None else None,
    )
    wait = next((seconds for seconds in candidates if seconds is not None and seconds >= 0), None)
    return wait, resets_at


def _reset_time(value: float | None, now: float) -> float | None:
    """OpenRouter gives epoch milliseconds; other servers epoch seconds or seconds from now."""
    if value is None or value < 0:
        return None
    if value >= _EPOCH_MS:
        return value / 1000
    return value if value >= _EPOCH_S else now + value


def _seconds(value: object, now: float) -> float | None:
    """``Retry-After``: seconds or an HTTP date."""
    seconds = fields.number(value)
    if seconds is not None or not isinstance(value, str):
        return seconds
    from email.utils import parsedate_to_datetime  # only this one spelling of a header needs it

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
