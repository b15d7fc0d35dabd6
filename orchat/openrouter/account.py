"""What the server tells about keys, credits, generations and providers (API §2.2, §5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from orchat.domain.catalog import Pricing
from orchat.domain.money import Usage
from orchat.openrouter import fields
from orchat.openrouter.models import parse_pricing


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRequests:
    """Today's requests to free models, counted per account and late."""

    used: int = 0
    """Since 00:00 UTC."""
    limit: int = 0
    """Per day."""
    remaining: int = 0
    """Until 00:00 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """What a key may still do. All amounts in pico-dollars, periods in UTC."""

    label: str = ""
    """The server's own label, a masked key."""
    account: str | None = None
    """Hash of the account's id: tells whether two keys share their limits, and nothing else."""
    limit_pico: int | None = None
    """The key's own cap; None when it has none."""
    limit_remaining_pico: int | None = None
    """What is left of the cap."""
    limit_reset: str | None = None
    """``daily``, ``weekly``, ``monthly``, or None for never."""
    usage_pico: int = 0
    """All-time."""
    usage_daily_pico: int = 0
    """Today."""
    usage_weekly_pico: int = 0
    """Since Monday."""
    usage_monthly_pico: int = 0
    """This month."""
    is_free_tier: bool = False
    """The account never bought credits."""
    is_management_key: bool = False
    """Only for administration: cannot chat."""
    expires_at: str | None = None
    """ISO 8601, as the server writes it."""
    free_requests: FreeRequests | None = None
    """None when the server does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """The account's money, in pico-dollars."""

    total_pico: int = 0
    """Bought, all-time."""
    used_pico: int = 0
    """Spent, all-time."""

    @property
    def balance_pico(self) -> int:
        """What is left; can be negative."""
        return self.total_pico - self.used_pico


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What became of one request, as the server remembers it."""

    id: str
    """``gen-…``."""
    model: str | None = None
    """The model that answered."""
    provider: str | None = None
    """Who served it."""
    usage: Usage = field(default_factory=Usage)
    """Native tokens and cost."""
    finish_reason: str | None = None
    """None for an answer that was cut."""
    is_cancelled: bool = False
    """The connection was closed before the end."""
    is_streamed: bool = False
    """Sent as a stream."""
    latency_ms: int | None = None
    """Time to the first token."""
    generation_ms: int | None = None
    """Time for all tokens."""
    created_at: str = ""
    """ISO 8601, as the server writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One provider of a model."""

    provider: str
    """Display name."""
    tag: str = ""
    """Slug for `Provider.order`."""
    name: str = ""
    """Name of the endpoint."""
    context_length: int | None = None
    """Tokens."""
    max_completion_tokens: int | None = None
    """Tokens."""
    quantization: str | None = None
    """``fp8``, ``bf16`` …"""
    status: int = 0
    """0 is well, negative is degraded."""
    uptime: float | None = None
    """Percent over the last 30 minutes."""
    latency_ms: float | None = None
    """Median over the last 30 minutes."""
    throughput: float | None = None
    """Median tokens per second over the last 30 minutes."""
    pricing: Pricing = field(default_factory=Pricing)
    """USD per token."""
    supported_parameters: tuple[str, ...] = ()
    """Names of request fields."""


def parse_key_status(document: object) -> KeyStatus:
    """Read ``GET /key``."""
    data = _data(document)
    free = fields.table(data.get("free_model_daily_requests"))
    owner = fields.text(data.get("creator_user_id"))
    return KeyStatus(
        label=fields.text(data.get("label")),
        account=hashlib.sha256(owner.encode()).hexdigest()[:16] if owner else None,
        limit_pico=fields.pico(data.get("limit")),
        limit_remaining_pico=fields.pico(data.get("limit_remaining")),
        limit_reset=fields.text(data.get("limit_reset")) or None,
        usage_pico=fields.pico(data.get("usage")) or 0,
        usage_daily_pico=fields.pico(data.get("usage_daily")) or 0,
        usage_weekly_pico=fields.pico(data.get("usage_weekly")) or 0,
        usage_monthly_pico=fields.pico(data.get("usage_monthly")) or 0,
        is_free_tier=fields.flag(data.get("is_free_tier")),
        is_management_key=fields.flag(data.get("is_management_key")),
        expires_at=fields.text(data.get("expires_at")) or None,
        free_requests=FreeRequests(
            used=fields.count(free.get("used")) or 0,
            limit=fields.count(free.get("limit")) or 0,
            remaining=fields.count(free.get("remaining")) or 0,
        )
        if free
        else None,
    )


def parse_credits(document: object) -> Credits:
    """Read ``GET /credits``."""
    data = _data(document)
    return Credits(
        total_pico=fields.pico(data.get("total_credits")) or 0, used_pico=fields.pico(data.get("total_usage")) or 0
    )


def parse_generation(document: object, *, generation_id: str) -> Generation:
    """Read ``GET /generation``."""
    data = _data(document)
    tokens = {name: fields.count(data.get(f"native_tokens_{name}")) for name in _NATIVE}
    prompt, completion = fields.count(data.get("tokens_prompt")), fields.count(data.get("tokens_completion"))
    return Generation(
        id=fields.text(data.get("id")) or generation_id,
        model=fields.text(data.get("model")) or None,
        provider=fields.text(data.get("provider_name")) or None,
        usage=Usage(
            prompt_tokens=tokens["prompt"] or prompt or 0,
            completion_tokens=tokens["completion"] or completion or 0,
            reasoning_tokens=tokens["reasoning"] or 0,
            cached_tokens=tokens["cached"] or 0,
            cost_pico=fields.pico(data.get("total_cost")),
        ),
        finish_reason=fields.text(data.get("finish_reason")) or None,
        is_cancelled=fields.flag(data.get("cancelled")),
        is_streamed=fields.flag(data.get("streamed")),
        latency_ms=fields.count(data.get("latency")),
        generation_ms=fields.count(data.get("generation_time")),
        created_at=fields.text(data.get("created_at")),
    )


_NATIVE = ("prompt", "completion", "reasoning", "cached")


def parse_endpoints(document: object) -> tuple[Endpoint, ...]:
    """Read ``GET /models/…/endpoints``."""
    return tuple(
        Endpoint(
            provider=fields.text(row.get("provider_name")),
            tag=fields.text(row.get("tag")),
            name=fields.text(row.get("name")),
            context_length=fields.count(row.get("context_length")),
            max_completion_tokens=fields.count(row.get("max_completion_tokens")),
            quantization=fields.text(row.get("quantization")) or None,
            status=round(fields.number(row.get("status")) or 0),
            uptime=fields.number(row.get("uptime_last_30m")),
            latency_ms=_latency_ms(row.get("latency_last_30m")),
            throughput=_median(row.get("throughput_last_30m")),
            pricing=parse_pricing(row.get("pricing")),
            supported_parameters=fields.texts(row.get("supported_parameters")),
        )
        for row in fields.rows(_data(document).get("endpoints"))
    )


def _median(value: object) -> float | None:
    return fields.number(value) if not isinstance(value, dict) else fields.number(value.get("p50"))


def _latency_ms(value: object) -> float | None:
    """The schema says milliseconds, its examples are seconds; no model's first token comes within 20 ms."""
    median = _median(value)
    return median * 1000 if median is not None and median < 20 else median


def _data(document: object) -> dict[str, Any]:
    return fields.table(fields.table(document).get("data"))
