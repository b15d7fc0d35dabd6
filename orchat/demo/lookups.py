"""Everything that is asked with GET: models, the key, credits, generations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from orchat.clock import Clock
from orchat.demo import models
from orchat.demo.accounts import Holder
from orchat.demo.answer import Step
from orchat.demo.faults import fault
from orchat.demo.script import fail
from orchat.demo.stage import Stage
from orchat.demo.tokens import number

GENERATION_LAG_S = 0.5
"""How long a generation cannot be looked up after its end."""
GENERATIONS_KEPT = 1000
PROVIDER: Mapping[str, object] = {
    "name": "Demo",
    "slug": "demo",
    "privacy_policy_url": None,
    "terms_of_service_url": None,
    "status_page_url": None,
    "headquarters": None,
    "datacenters": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A JSON answer with status 200."""

    value: object
    """The whole body."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers."""

    async def play(self, stage: Stage) -> None:
        """Answer."""
        await stage.reply(self.value, headers=self.headers)


class Lookups:
    """Answers everything but chat.

    Args:
        clock: Tells when a generation can be looked up.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._generations: OrderedDict[str, tuple[float, Mapping[str, object]]] = OrderedDict()
        self._private: dict[str, Callable[[Mapping[str, str], Holder], Step]] = {
            "/key": lambda _, holder: Page(value={"data": holder.status(clock.now())}),
            "/auth/key": lambda _, holder: Page(value={"data": holder.status(clock.now())}),
            "/credits": lambda _, holder: Page(value={"data": holder.credits()}),
            "/generation": lambda query, _: self._generation(query.get("id", "")),
            "/models/user": lambda query, _: listing(query),
        }

    def answer(self, method: str, path: str, query: Mapping[str, str], *, key: bool, holder: Holder | None) -> Step:
        """The step that answers.

        Args:
            method: Only ``GET`` is known here.
            path: Below the base URL.
            query: Query parameters.
            key: Whether a key was sent.
            holder: Whoever holds it; None when it is unknown.

        Returns:
            The step.
        """
        if method != "GET":
            return fault("404-path")
        private = self._private.get(path)
        if private is None:
            return public(path, query)
        if holder is None:
            return fault("401-bad-key" if key else "401-no-key")
        return private(query, holder)

    def _generation(self, generation_id: str) -> Step:
        since, data = self._generations.get(generation_id, (0.0, None))
        if data is None or self._clock.now() < since + GENERATION_LAG_S:
            return fail(404, message=f"Generation {generation_id} not found")
        return Page(value={"data": data})

    def remember(self, stage: Stage) -> Decimal:
        """Keep what is known about a generation that has ended.

        Args:
            stage: The answer.

        Returns:
            Its cost in USD.
        """
        data = generation(stage)
        self._generations[stage.generation_id] = (stage.clock.now(), data)
        while len(self._generations) > GENERATIONS_KEPT:
            self._generations.popitem(last=False)
        return Decimal(str(data["total_cost"]))


def public(path: str, query: Mapping[str, str]) -> Step:
    """Answer a path that needs no key."""
    if path == "/models":
        return listing(query)
    if path == "/models/count":
        return Page(value={"data": {"count": len(models.MODELS)}})
    if path == "/providers":
        return Page(value={"data": [PROVIDER]})
    head, _, name = path.removeprefix("/").partition("/")
    wanted = models.find(name.removesuffix("/endpoints"))
    if wanted is not None and head == "model":
        return Page(value={"data": wanted})
    if wanted is not None and head == "models" and name.endswith("/endpoints"):
        return Page(value={"data": models.endpoints(wanted)})
    return fault("404-path")


def listing(query: Mapping[str, str]) -> Step:
    """``GET /models``: all of them, or those that the query asks for."""
    try:
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "1000"))
    except ValueError:
        return fault("400-zod")
    if offset < 0 or not 1 <= limit <= 1000:
        return fault("400-zod")
    found = [model for model in models.MODELS if _matches(model, query)]
    page = found[offset : offset + limit]
    more = offset + limit < len(found)
    following = f"/api/v1/models?offset={offset + limit}&limit={limit}" if more else None
    value = {"data": page, "total_count": len(found), "links": {"next": following}}
    return Page(value=value, headers=(("Cache-Control", "public, max-age=120, stale-while-revalidate=3600"),))


def _matches(model: models.ModelJson, query: Mapping[str, str]) -> bool:
    needed = [name for name in query.get("supported_parameters", "").split(",") if name]
    given = [name for name in query.get("input_modalities", "").split(",") if name]
    return (
        query.get("q", "").casefold() in f"{model['id']} {model['name']}".casefold()
        and set(needed) <= set(model["supported_parameters"])
        and set(given) <= set(model["architecture"]["input_modalities"])
    )


def generation(stage: Stage) -> dict[str, Any]:
    """What ``GET /generation`` says about an answer."""
    now = stage.clock.now()
    spent = stage.spent
    cost = spent.cost(stage.pricing) if spent.completion else Decimal(0)
    charged = number(cost) if stage.charged is None else stage.charged.get("cost") or 0
    return {
        "id": stage.generation_id,
        "created_at": datetime.fromtimestamp(stage.began, tz=timezone.utc).isoformat(),
        "model": stage.model,
        "provider_name": stage.provider,
        "api_type": "completions",
        "total_cost": charged,
        "usage": charged,
        "upstream_inference_cost": charged,
        "cache_discount": None,
        "is_byok": False,
        "streamed": stage.streaming,
        "cancelled": stage.recorded.outcome == "client left",
        "finish_reason": stage.finish_reason,
        "native_finish_reason": stage.finish_reason,
        "latency": int(((stage.first_byte_at or now) - stage.began) * 1000),
        "generation_time": int((now - stage.began) * 1000),
        "tokens_prompt": spent.prompt,
        "tokens_completion": spent.completion,
        "native_tokens_prompt": spent.prompt,
        "native_tokens_completion": spent.completion,
        "native_tokens_reasoning": spent.reasoning,
        "native_tokens_cached": spent.cached,
        "session_id": stage.body.get("session_id"),
        "origin": stage.recorded.headers.get("http-referer", ""),
        "provider_responses": None,
        "data_region": "global",
    }
