"""A complete answer, streamed or whole, as the real server sends it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from orchat.demo.stage import COMMENT, DONE, Stage
from orchat.demo.tokens import CHARACTERS_PER_TOKEN, pieces
from orchat.demo.tokens import number as json_number

JsonObject = Mapping[str, Any]
UsageShape = Literal["current", "2026-03", "2025-11", "absent"]
"""How a stream carries its usage: with a repeated finish reason, with empty ``choices``, without a finish reason."""


class Step(Protocol):
    """One answer to one request."""

    async def play(self, stage: Stage) -> None:
        """Answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A complete answer; made by `say`."""

    text: str = ""
    """What is said."""
    chunk_size: int | None = None
    """Characters a delta; None: words and parts of words."""
    reasoning: str = ""
    """What is thought first."""
    reasoning_details: bool = True
    """Whether thoughts come as ``reasoning_details`` too, closed by a signature."""
    show_reasoning: bool = True
    """False: thoughts are billed, but not sent."""
    usage: JsonObject | None = None
    """Replaces fields of the computed usage."""
    usage_shape: UsageShape = "current"
    """How the stream carries it."""
    finish: str | None = "stop"
    """``finish_reason``."""
    model: str | None = None
    """The model that claims to answer; None: the one asked."""
    provider: str = "Demo"
    """Display name of the provider."""
    images: tuple[bytes | str, ...] = ()
    """PNG bytes or whole URLs."""
    citations: tuple[tuple[str, str], ...] = ()
    """URL and title."""
    files: tuple[JsonObject, ...] = ()
    """Annotations of documents that were parsed."""
    fee: Decimal = Decimal(0)
    """USD beside the tokens."""
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Name of the function and its arguments as JSON text."""
    comments: int = 0
    """Keep-alive comments before the first delta."""
    comment_every: int = 0
    """A comment after every so many deltas; 0: none."""
    finish_chunk: bool = True
    """Whether the stream says its finish reason."""
    done: bool = True
    """Whether the stream says ``[DONE]``."""
    headers: tuple[tuple[str, str], ...] = ()
    """More response headers."""
    first_token_s: float = 0.0
    """Seconds before the first delta, at pace 1."""
    tokens_per_s: float = 0.0
    """Speed at pace 1; 0: no pauses."""

    async def play(self, stage: Stage) -> None:
        """Answer."""
        self.claim(stage)
        if not stage.streaming:
            await self._whole(stage)
            return
        await self.begin(stage)
        await self.deltas(stage)
        await self.close(stage)

    def claim(self, stage: Stage) -> None:
        """Put this answer's model and provider in place."""
        stage.model = self.model or stage.model
        stage.provider = self.provider

    async def begin(self, stage: Stage) -> None:
        """Head and comments."""
        stage.start_stream(self.headers)
        for _ in range(self.comments):
            await stage.pause(self.first_token_s / (self.comments + 1))
            await stage.send(COMMENT)
        await stage.pause(self.first_token_s / (self.comments + 1))

    async def deltas(self, stage: Stage) -> None:
        """Everything between the comments and the finish reason."""
        for number, thought in enumerate(pieces(self.reasoning, self.chunk_size)):
            stage.count(reasoning=thought)
            if self.show_reasoning:
                await stage.send(stage.chunk(self._thought_delta(thought)))
            await self._breathe(stage, number, thought)
        if self.reasoning and self.reasoning_details and self.show_reasoning:
            await stage.send(stage.chunk(delta(reasoning_details=[_detail(signature="c2lnbmVk")])))
        for number, text in enumerate(pieces(self.text, self.chunk_size)):
            stage.count(text=text)
            await stage.send(stage.chunk(delta(text)))
            await self._breathe(stage, number, text)
        for key, values in self._extras().items():
            for value in values:
                stage.count(images=1 if key == "images" else 0, text=_called(value))
                await stage.send(stage.chunk(delta(**{key: [value]})))

    async def close(self, stage: Stage) -> None:
        """Finish reason, usage, ``[DONE]``, end of the body."""
        if self.finish_chunk:
            stage.finish_reason = self.finish
            await stage.send(stage.chunk(delta(), finish=self.finish))
        if self.usage_shape != "absent":
            await stage.send(self._usage_chunk(stage))
        stage.settle("done")
        if self.done:
            await stage.send(DONE)
        await stage.end()

    async def _breathe(self, stage: Stage, number: int, text: str) -> None:
        if self.comment_every and (number + 1) % self.comment_every == 0:
            await stage.send(COMMENT)
        if self.tokens_per_s and stage.pace:
            await stage.pause(len(text) / CHARACTERS_PER_TOKEN / self.tokens_per_s * stage.clock.uniform(0.8, 1.2))

    def _thought_delta(self, thought: str) -> JsonObject:
        if not self.reasoning_details:
            return delta(reasoning=thought)
        return delta(reasoning=thought, reasoning_details=[_detail(text=thought)])

    def _extras(self) -> dict[str, Sequence[JsonObject]]:
        return {
            "annotations": [*(_citation(url, title) for url, title in self.citations), *self.files],
            "images": [_image(image) for image in self.images],
            "tool_calls": [_call(index, *call) for index, call in enumerate(self.tool_calls)],
        }

    def _bill(self, stage: Stage) -> dict[str, object]:
        usage = {**stage.spent.usage(stage.pricing), **(self.usage or {})}
        if self.fee:
            usage["cost"] = json_number(Decimal(str(usage["cost"])) + self.fee)
        stage.charged = usage
        return usage

    def _usage_chunk(self, stage: Stage) -> bytes:
        usage = self._bill(stage)
        if self.usage_shape == "2026-03":
            return stage.chunk(None, usage=usage)
        if self.usage_shape == "2025-11":
            return stage.chunk(delta(), usage=usage)
        return stage.chunk(delta(), finish=self.finish if self.finish_chunk else None, service_tier=None, usage=usage)

    async def _whole(self, stage: Stage) -> None:
        await stage.pause(self.first_token_s)
        stage.count(text=self.text, reasoning=self.reasoning, images=len(self.images))
        for name, arguments in self.tool_calls:
            stage.count(text=name + arguments)
        if self.tokens_per_s:
            await stage.pause(stage.spent.completion / self.tokens_per_s)
        await stage.reply(self.completion(stage), headers=[*stage.id_header(), *self.headers])

    def completion(self, stage: Stage) -> dict[str, object]:
        """The answer as one ``chat.completion`` object; its tokens must have been counted."""
        stage.finish_reason = self.finish if self.finish_chunk else None
        message: dict[str, object] = {"role": "assistant", "content": self.text, "refusal": None}
        if self.tool_calls and not self.text:
            message["content"] = None
        if self.reasoning and self.show_reasoning:
            message["reasoning"] = self.reasoning
        if "reasoning" in message and self.reasoning_details:
            message["reasoning_details"] = [_detail(text=self.reasoning, signature="c2lnbmVk")]
        message |= {key: list(values) for key, values in self._extras().items() if values}
        choice = {
            "index": 0,
            "logprobs": None,
            "finish_reason": stage.finish_reason,
            "native_finish_reason": stage.finish_reason,
            "message": message,
        }
        whole = {**stage.envelope("chat.completion"), "choices": [choice]}
        return whole if self.usage_shape == "absent" else {**whole, "usage": self._bill(stage)}


def delta(content: str = "", /, **more: object) -> dict[str, object]:
    """The ``delta`` of a chunk."""
    return {"role": "assistant", "content": content, **more}


def _detail(**fields: str) -> dict[str, object]:
    return {"type": "reasoning.text", **fields, "format": "anthropic-claude-v1", "index": 0}


def _citation(url: str, title: str) -> JsonObject:
    return {"type": "url_citation", "url_citation": {"url": url, "title": title, "start_index": 0, "end_index": 0}}


def _image(image: bytes | str) -> JsonObject:
    url = image if isinstance(image, str) else "data:image/png;base64," + base64.b64encode(image).decode()
    return {"type": "image_url", "image_url": {"url": url}, "index": 0}


def _called(extra: JsonObject) -> str:
    function = extra.get("function", {})
    return str(function.get("name", "") + function.get("arguments", ""))


def _call(index: int, name: str, arguments: str) -> JsonObject:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": f"call_{index}_{name}", "type": "function", "function": function}
