"""One request on its way to an answer: what a step of a script may do, and what it has done so far."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchat.clock import Clock
from orchat.demo.tokens import IMAGE_OUTPUT_TOKENS, Spent, tokens_in
from orchat.demo.wire import Connection, CutHow

YIELD_EVERY = 32
"""Parts of a body after which an unpaced answer lets the loop see whether the client is still there."""
JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream"
COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"


def encode(value: object) -> bytes:
    """JSON as the real server writes it: UTF-8, no spaces; a lone surrogate becomes ``?``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(value: object) -> bytes:
    """One server-sent event."""
    return b"data: " + encode(value) + b"\n\n"


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What one client asked, and how it ended."""

    method: str
    """``GET`` or ``POST``."""
    path: str
    """Below the base URL: ``/chat/completions``."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names, without ``authorization``."""
    key_fingerprint: str | None = None
    """Which key was sent (the first 8 hex digits of its SHA-256); None when there was none."""
    body: Any = None
    """The parsed JSON body; None when there was none or it was not JSON."""
    connection: int = 0
    """Number of the TCP connection, from 1."""
    generation_id: str | None = None
    """``gen-…``, when one was given out."""
    status: int | None = None
    """HTTP status of the answer; None while there is none."""
    outcome: str = ""
    """Empty while it runs; then ``done``, ``failed`` (an error was sent), ``cut``, ``client left`` or ``stopped``."""
    arrived_at: float = 0.0
    """When it had arrived whole, on the monotonic clock."""
    ended_at: float | None = None
    """When the last of the answer was about to be sent, on the same clock; None while it runs."""

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        messages = self.body.get("messages") if isinstance(self.body, dict) else None
        for message in reversed(messages if isinstance(messages, list) else []):
            if isinstance(message, dict) and message.get("role") == "user":
                return text_of(message)
        return ""


def text_of(message: Mapping[str, object]) -> str:
    """The text parts of a message, joined by newlines."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


class Stage:
    """The answer in progress.

    Args:
        connection: Where the answer goes.
        recorded: Where the outcome is noted.
        clock: For pauses and time stamps.
        pace: 1 for people, 0 for as fast as possible.
        generation_id: Id of the generation.
        on_settled: Told once, when the outcome is known.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        recorded: Recorded,
        clock: Clock,
        pace: float,
        generation_id: str,
        on_settled: Callable[[Stage], None],
    ) -> None:
        self._connection = connection
        self._on_settled = on_settled
        self.recorded = recorded
        self.clock = clock
        self.pace = pace
        self.generation_id = generation_id
        self.model = ""
        self.provider = "Demo"
        self.pricing: Mapping[str, object] = {}
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.created = int(clock.now())
        self.began = clock.now()
        self.first_byte_at: float | None = None
        self.finish_reason: str | None = None
        self.charged: Mapping[str, object] | None = None
        self._said = 0
        self._thought = 0
        self._images = 0
        self._sent = 0

    def bill(self, *, model: str, pricing: Mapping[str, object], prompt: int, cached: int) -> None:
        """Say which model answers and what the prompt weighs.

        Args:
            model: Model that answers.
            pricing: Its prices in USD per token.
            prompt: Tokens of the prompt.
            cached: Part of them that the prompt cache had.
        """
        self.model, self.pricing = model, pricing
        self.prompt_tokens, self.cached_tokens = prompt, cached

    @property
    def body(self) -> Mapping[str, Any]:
        """The request's JSON object; empty when there is none."""
        return self.recorded.body if isinstance(self.recorded.body, dict) else {}

    @property
    def streaming(self) -> bool:
        """Whether the client wants server-sent events."""
        return self.body.get("stream") is True

    # ---- the answer's bytes

    def start(
        self,
        status: int = 200,
        *,
        content_type: str,
        headers: Iterable[tuple[str, str]] = (),
        length: int | None = None,
    ) -> None:
        """Write the head; `length` None means chunked."""
        self.recorded.status = status
        self._connection.start(status, [("Content-Type", content_type), *headers], length=length)

    def start_stream(self, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Write the head of a stream of events."""
        self.start(content_type=SSE_TYPE, headers=[("Cache-Control", "no-cache"), *self.id_header(), *headers])

    def id_header(self) -> Sequence[tuple[str, str]]:
        """``X-Generation-Id``, and note that the client was given the id."""
        self.recorded.generation_id = self.generation_id
        return [("X-Generation-Id", self.generation_id)] if self.generation_id else []

    async def send(self, data: bytes) -> None:
        """Write a part of the body."""
        if self.first_byte_at is None:
            self.first_byte_at = self.clock.now()
        await self._connection.send(data)
        self._sent += 1
        if self._sent % YIELD_EVERY == 0:
            await asyncio.sleep(0)

    async def write(self, data: bytes) -> None:
        """Write bytes without any framing."""
        await self._connection.write(data)

    async def end(self) -> None:
        """End the body."""
        await self._connection.end()

    async def reply(
        self,
        value: object,
        *,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = JSON_TYPE,
        outcome: str = "done",
    ) -> None:
        """Answer at once: a JSON value, or bytes as they are."""
        data = value if isinstance(value, bytes) else encode(value)
        self.start(status, content_type=content_type, headers=headers, length=len(data))
        self.settle(outcome)
        await self.send(data)

    async def flush(self) -> None:
        """Wait until the kernel has everything."""
        await self._connection.flush()

    def cut(self, how: CutHow) -> None:
        """Close the connection in the middle of the answer."""
        self.settle("cut")
        self._connection.cut(how)

    async def pause(self, seconds: float) -> None:
        """Wait as a real model would; not at all when the pace is 0."""
        if seconds * self.pace > 0:
            await self.clock.sleep(seconds * self.pace)

    # ---- what was said, and what it costs

    def chunk(self, delta: Mapping[str, object] | None, *, finish: str | None = None, **more: object) -> bytes:
        """One event of a stream; `delta` None leaves ``choices`` empty."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish}
        return event({**self.envelope("chat.completion.chunk"), "choices": [] if delta is None else [choice], **more})

    def envelope(self, kind: str) -> dict[str, object]:
        """The fields that every answer and every chunk starts with."""
        return {
            "id": self.generation_id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "provider": self.provider,
        }

    def count(self, *, text: str = "", reasoning: str = "", images: int = 0) -> None:
        """Note what was said, for the bill."""
        self._said += len(text)
        self._thought += len(reasoning)
        self._images += images

    @property
    def spent(self) -> Spent:
        """Tokens so far."""
        reasoning, images = tokens_in(self._thought), self._images * IMAGE_OUTPUT_TOKENS
        return Spent(
            prompt=self.prompt_tokens,
            cached=self.cached_tokens,
            completion=tokens_in(self._said) + reasoning + images,
            reasoning=reasoning,
            images=images,
        )

    def settle(self, outcome: str) -> None:
        """Note how the request ended; the first word stands."""
        if not self.recorded.outcome:
            self.recorded.outcome = outcome
            self.recorded.ended_at = self.clock.monotonic()
            self._on_settled(self)
