"""Which demo model says what, and how fast."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from orchat.demo import documents, faulty, models, painter, prompts, vision, writer
from orchat.demo.answer import Say, Step
from orchat.demo.faults import fault
from orchat.demo.schema import instance
from orchat.demo.tokens import CHARACTERS_PER_TOKEN, count

Body = prompts.Body


async def perform(model: Mapping[str, Any], body: Body) -> Step:
    """A demo model's answer.

    Args:
        model: A concrete model of the catalogue.
        body: The chat request; it passed all checks.

    Returns:
        The step, already cut to the request's limits.
    """
    step = await CAST[model["id"]](body)
    if not isinstance(step, Say):
        return step
    parsed = documents.parse(body, native="file" in model["architecture"]["input_modalities"])
    step = replace(step, files=parsed.annotations, fee=parsed.fee)
    most = model["top_provider"]["max_completion_tokens"]
    wanted = prompts.budget(body)
    return clip(step, budget=min(most, most if wanted is None else wanted), stops=stops(body))


def clip(say: Say, *, budget: int, stops: tuple[str, ...]) -> Say:
    """Cut an answer at its stop sequences and at its token budget, thoughts included.

    Args:
        say: The whole answer.
        budget: Most tokens.
        stops: Stop sequences.

    Returns:
        The answer, with the finish reason ``length`` where the budget cut it.
    """
    ends = [at for at in (say.text.find(stop) for stop in stops) if at >= 0]
    if ends:
        say = replace(say, text=say.text[: min(ends)])
    thought = count(say.reasoning)
    if thought + count(say.text) <= budget:
        return say
    reasoning = say.reasoning[: budget * CHARACTERS_PER_TOKEN]
    text = say.text[: max(0, budget - thought) * CHARACTERS_PER_TOKEN]
    return replace(say, text=text, reasoning=reasoning, finish="length")


def stops(body: Body) -> tuple[str, ...]:
    """The stop sequences of a request."""
    wanted = body.get("stop")
    several = wanted if isinstance(wanted, list) else [wanted]
    return tuple(stop for stop in several if isinstance(stop, str) and stop)


async def _writer(body: Body) -> Step:
    call = tool_call(body)
    if call is not None:
        return Say(tool_calls=(call,), finish="tool_calls", first_token_s=0.4)
    return Say(text=writer.write(body), comments=2, first_token_s=0.4, tokens_per_s=75)


async def _thinker(body: Body) -> Step:
    text = writer.write(body)
    say = Say(text=text, comments=1, first_token_s=0.4, tokens_per_s=75)
    off = prompts.option(body, "reasoning", "effort") == "none" or body.get("reasoning_effort") == "none"
    if off or prompts.option(body, "reasoning", "enabled") is False:
        return say
    hidden = prompts.option(body, "reasoning", "exclude") is True or body.get("include_reasoning") is False
    return replace(say, reasoning=thoughts(body), show_reasoning=not hidden)


def thoughts(body: Body) -> str:
    """What the thinker thinks."""
    topic = prompts.topic(prompts.last_user(body)) or "a greeting"
    return (
        f"**Reading the prompt**\n\nThe user asks about {topic}. What would help most: a definition, a comparison or a "
        "next step? A comparison needs two sides, and I only see one.\n\n"
        f"**Weighing**\n\nIf I say everything about {topic}, nobody will read it. Three points are enough. Wait, does "
        "the order matter? Yes: the reason first, then the detail.\n\n"
        "**Deciding**\n\nKeep it short, give one example, and say what is not known.\n"
    )


async def _seer(body: Body) -> Step:
    try:
        sent = prompts.images(body)
        text = await asyncio.to_thread(vision.describe, sent, text_first=text_first(body))
    except ValueError:
        return fault("400-invalid-image")
    return Say(text=text, comments=2, first_token_s=0.8, tokens_per_s=70)


def text_first(body: Body) -> bool | None:
    """Whether, in the first message that holds an image, the text comes before it; None when it holds no text."""
    for message in prompts.messages(body) or []:
        content = message.get("content")
        kinds = [part.get("type") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        if "image_url" in kinds:
            return kinds.index("text") < kinds.index("image_url") if "text" in kinds else None
    return None


async def _tortoise(body: Body) -> Step:
    return Say(text=writer.write(body), comments=3, comment_every=12, first_token_s=2.0, tokens_per_s=4)


async def _faulty(body: Body) -> Step:
    return faulty.answer(body)


async def _tiny(body: Body) -> Step:
    topic = prompts.topic(prompts.last_user(body)) or "nothing in particular"
    text = f"A tiny answer about **{topic}**: it depends. I am free, so this is all you get.\n\n{writer.footer(body)}"
    return Say(text=text, first_token_s=0.3, tokens_per_s=40)


async def _painter(body: Body) -> Step:
    prompt = prompts.last_user(body)
    picture = await asyncio.to_thread(painter.paint, prompt)
    about = prompts.topic(prompt) or "nothing in particular"
    text = f"A picture of **{about}**, as far as a hash can paint it.\n"
    return Say(text=text, images=(picture,), comments=2, first_token_s=1.2, tokens_per_s=60)


def tool_call(body: Body) -> tuple[str, str] | None:
    """The tool that the writer calls: one that it must call, or one that the prompt names.

    Args:
        body: The chat request.

    Returns:
        Name and arguments as JSON text; None when there is nothing to call.
    """
    functions = prompts.tools(body)
    wanted = body.get("tool_choice")
    said = prompts.messages(body) or []
    if not functions or wanted == "none" or (said and said[-1]["role"] == "tool"):
        return None
    forced = prompts.option(wanted, "function", "name") if isinstance(wanted, dict) else None
    prompt = prompts.last_user(body)
    for function in functions:
        name = function["name"]
        if name == forced or wanted == "required" or (forced is None and name.casefold() in prompt.casefold()):
            arguments = instance(function.get("parameters", {}), text=prompts.topic(prompt))
            return name, json.dumps(arguments if isinstance(arguments, dict) else {}, ensure_ascii=False)
    return None


CAST: Mapping[str, Callable[[Body], Awaitable[Step]]] = {
    models.WRITER: _writer,
    models.THINKER: _thinker,
    models.SEER: _seer,
    models.TORTOISE: _tortoise,
    models.FAULTY: _faulty,
    models.TINY: _tiny,
    models.PAINTER: _painter,
}
"""Model id to the function that answers for it."""
