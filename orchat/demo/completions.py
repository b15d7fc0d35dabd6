"""What a chat request leads to: the checks and the routing of the real server, then a demo model's answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchat.demo import models, prompts
from orchat.demo.accounts import Holder
from orchat.demo.answer import Step
from orchat.demo.breaks import Fail
from orchat.demo.cast import perform
from orchat.demo.faults import SETTINGS, fault, filled
from orchat.demo.models import ModelJson
from orchat.demo.script import fail
from orchat.demo.stage import Stage
from orchat.demo.tokens import Spent, fingerprint, prompt_tokens, shared_tokens
from orchat.domain.model_id import is_free_id

SESSIONS_KEPT = 256
RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "top_a": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
}


class Completions:
    """Answers chat requests for which no script is queued."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[tuple[str, str], Sequence[str]] = OrderedDict()

    def bill(self, stage: Stage, holder: Holder) -> None:
        """Say what the request weighs when a script answers; an unknown model costs what the writer costs."""
        name = candidates(stage.body)[0]
        self._bill(stage, models.find(name) or models.MODELS[0], name)
        if is_free_id(name):
            holder.account.day.roll(stage.clock.now())
            holder.account.day.used += 1

    def _bill(self, stage: Stage, model: ModelJson, name: str) -> None:
        said = prompts.messages(stage.body) or []
        session = stage.body.get("session_id") or stage.recorded.headers.get("x-session-id")
        cached = 0
        if session:
            key = (name, str(session))
            cached = shared_tokens(self._sessions.pop(key, ()), said)
            self._sessions[key] = [fingerprint(message) for message in said]
            while len(self._sessions) > SESSIONS_KEPT:
                self._sessions.popitem(last=False)
        stage.bill(model=name, pricing=model["pricing"], prompt=prompt_tokens(said), cached=cached)

    async def answer(self, stage: Stage, holder: Holder) -> Step:
        """Check the request, try its models in order, and answer.

        Args:
            stage: The request.
            holder: Whoever pays.

        Returns:
            The step that answers, or the last model's refusal.
        """
        objection = malformed(stage)
        if objection is not None:
            return objection
        names = candidates(stage.body)
        for name in names:
            if models.find(name) is None:
                return filled("400-unknown-model", model=name)
        step: Step = fault("404-no-endpoints")
        for name in names:
            step = await self._attempt(stage, holder, name)
            if not isinstance(step, Fail):
                break
        return step

    async def _attempt(self, stage: Stage, holder: Holder, name: str) -> Step:
        body = stage.body
        asked = models.find(name) or models.MODELS[0]
        modalities = body.get("modalities")
        paints = isinstance(modalities, list) and "image" in modalities
        model = models.resolve(asked, sees=any(prompts.parts(body, "image_url")), paints=paints)
        stage.model = model["id"]
        objection = unroutable(model, body) or too_long(model, body) or unaffordable(model, body, holder)
        if objection is None and is_free_id(model["id"]):
            objection = holder.account.admit_free(stage.clock.now())
        if objection is not None:
            return objection
        self._bill(stage, model, model["id"])
        return await perform(model, body)


def candidates(body: prompts.Body) -> list[str]:
    """The models of a request in the order in which they are tried."""
    more = body.get("models")
    named = [body.get("model"), *(more if isinstance(more, list) else [])]
    return [name for name in named if isinstance(name, str) and name] or [models.AUTO]


def malformed(stage: Stage) -> Step | None:
    """What is wrong with the request's form."""
    if not isinstance(stage.recorded.body, dict):
        return fault("400-malformed-json")
    body = stage.body
    if not isinstance(body.get("model", ""), (str, type(None))):
        return fault("400-zod")
    if prompts.messages(body) is None:
        return fault("400-no-messages")
    for name, (low, high) in RANGES.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, (int, float)) and low <= value <= high):
            return fail(400, message=f"{name} must be a number from {low} to {high}", metadata={"provider_name": None})
    wanted = prompts.budget(body)
    if wanted is not None and wanted < 1:
        return fail(400, message="max_tokens must be at least 1", metadata={"provider_name": None})
    return None


def unroutable(model: ModelJson, body: prompts.Body) -> Step | None:
    """Why no endpoint of the model may serve the request."""
    if prompts.option(body, "provider", "data_collection") == "deny" and is_free_id(model["id"]):
        return fault("404-data-policy")
    only, ignore = prompts.option(body, "provider", "only"), prompts.option(body, "provider", "ignore")
    if isinstance(only, list) and only and "demo" not in only:
        return filled("404-providers", provider=", ".join(map(str, only)))
    if isinstance(ignore, list) and "demo" in ignore:
        return filled("404-providers", provider="")
    if any(prompts.parts(body, "image_url")) and "image" not in model["architecture"]["input_modalities"]:
        return fault("404-images")
    functions = prompts.tools(body)
    if functions and body.get("tool_choice") != "none" and "tools" not in model["supported_parameters"]:
        return filled("404-tools", tool=functions[0]["name"])
    return fault("404-max-price") if _too_dear(model, prompts.option(body, "provider", "max_price")) else None


def _too_dear(model: ModelJson, most: object) -> bool:
    if not isinstance(most, Mapping):
        return False
    return any(
        isinstance(most.get(key), (int, float, str))
        and Decimal(model["pricing"][key]) * 1_000_000 > _decimal(most[key])
        for key in ("prompt", "completion")
    )


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)


def too_long(model: ModelJson, body: prompts.Body) -> Step | None:
    """Why prompt and answer do not fit the model's context."""
    sent, most = prompt_tokens(prompts.messages(body) or []), model["context_length"]
    asked = sent + (prompts.budget(body) or 0)
    if asked <= most:
        return None
    message = (
        f"This endpoint's maximum context length is {most} tokens. However, you requested about {asked} tokens "
        f"({sent} of text input, {asked - sent} in the output). Please reduce the length of either one."
    )
    return fail(400, message=message, metadata={"error_type": "context_length_exceeded", "provider_name": None})


def unaffordable(model: ModelJson, body: prompts.Body, holder: Holder) -> Step | None:
    """Why the balance does not cover the most that the answer may cost."""
    pricing = model["pricing"]
    price = Decimal(pricing["completion"])
    if price <= 0:
        return None
    sent = prompt_tokens(prompts.messages(body) or [])
    wanted = prompts.budget(body) or model["top_provider"]["max_completion_tokens"]
    left = holder.left() - Spent(prompt=sent).cost(pricing)
    if left >= wanted * price:
        return None
    if left <= 0:
        covered = int(holder.left() / Decimal(pricing["prompt"]))
        message = f"Prompt tokens limit exceeded: {sent} > {covered}. To increase, visit {SETTINGS}/credits"
    else:
        message = (
            f"This request requires more credits, or fewer max_tokens. You requested up to {wanted} tokens, but can "
            f"only afford {int(left / price)}. To increase, visit {SETTINGS}/credits and upgrade to a paid account"
        )
    return fail(402, message=message, metadata={"provider_name": None})
