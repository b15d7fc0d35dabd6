"""Is the answer complete? Only the server may say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchat.domain.content import JsonObject
from orchat.domain.events import Delta
from orchat.domain.fold import Reply
from orchat.domain.money import Usage
from orchat.errors import (
    ConnectionFailed,
    ContentRefused,
    OrchatError,
    RequestFailed,
    StreamInterrupted,
    TimedOut,
    UpstreamFailed,
)
from orchat.openrouter import failures, fields
from orchat.openrouter.chunk import Deltas
from orchat.openrouter.usage import parse_usage

MOST_DAMAGED = 3
"""Events of bad JSON that are skipped; one more is an error."""
_REASONS: tuple[tuple[type[OrchatError], str], ...] = (
    (TimedOut, "idle"),
    (ConnectionFailed, "cut"),
    (UpstreamFailed, "protocol"),
    (OrchatError, "cancelled"),
)


class Completion:
    """Takes the chunks of one answer in and says in the end what they amount to.

    The answer is finished when

    * a chunk named a finish reason and the body ended as announced, with or without ``[DONE]``; or
    * ``[DONE]`` came after whole tool calls: the finish reason may be missing beside those (API §4.4).

    Text followed by ``[DONE]`` without any finish reason is *not* finished. No recorded server does that, and a
    gateway that always writes ``[DONE]`` at the end would pass a cut answer off as a whole one. A finish reason
    followed by a broken connection is not finished either: an error has been seen after two finish reasons.

    Args:
        model: Model that was asked.
    """

    __slots__ = (
        "_deltas",
        "_is_done",
        "_is_known",
        "_model",
        "_wire_error",
        "damaged",
        "finish_reason",
        "generation_id",
        "model",
        "provider",
        "usage",
    )

    def __init__(self, *, model: str | None) -> None:
        self._model = model
        self._deltas = Deltas()
        self._is_done = False
        self._is_known = False
        self._wire_error: object = None
        self.damaged = 0
        """Events that were not JSON objects, and skipped."""
        self.finish_reason: str | None = None
        """The last one named."""
        self.usage: Usage | None = None
        """The last one told."""
        self.generation_id: str | None = None
        """Id of the chunks."""
        self.model: str | None = None
        """The model that answers."""
        self.provider: str | None = None
        """Who serves it."""

    @property
    def has_begun(self) -> bool:
        """Whether anything was said."""
        return self._deltas.begun

    @property
    def explicit_details(self) -> bool:
        """Whether an empty ``reasoning_details`` list was sent."""
        return self._deltas.explicit_details

    def add(self, payload: str) -> bool:
        """Take in the data of one event.

        Returns:
            False when nothing more is wanted: after ``[DONE]``, an error, or too much that is not JSON.
        """
        try:
            chunk = json.loads(payload)
        except (ValueError, RecursionError):
            if payload.strip() == "[DONE]":
                self._is_done = True
                return False
            chunk = None
        if chunk.__class__ is not dict:
            self.damaged += 1
            return self.damaged <= MOST_DAMAGED
        return self.read(chunk)

    def read(self, chunk: dict[str, Any]) -> bool:
        """Take in one chunk, or one whole answer; False when it holds an error."""
        choices = chunk.get("choices")
        if choices.__class__ is list:
            for choice in choices:
                if choice.__class__ is dict:
                    self._read_choice(choice)
        if usage := chunk.get("usage"):
            self.usage = parse_usage(usage) or self.usage
        if not self._is_known:
            self._identify(chunk)
        if error := chunk.get("error"):
            self._wire_error = error
        return self._wire_error is None

    def _read_choice(self, choice: dict[str, Any]) -> None:
        if choice.get("index"):
            return
        delta = choice.get("delta") or choice.get("message")
        if delta.__class__ is dict:
            self._deltas.add(delta)
        if reason := choice.get("finish_reason"):
            self.finish_reason = fields.text(reason) or self.finish_reason
        if error := choice.get("error"):
            self._wire_error = error

    def _identify(self, chunk: JsonObject) -> None:
        self.generation_id = fields.text(chunk.get("id")) or self.generation_id
        self.model = fields.text(chunk.get("model")) or self.model
        self.provider = fields.text(chunk.get("provider")) or self.provider
        self._is_known = self.model is not None

    def end_whole(self) -> None:
        """The answer was one document, which is whole because it could be parsed."""
        self._is_done = True
        if self.finish_reason is None and self._wire_error is None:
            self.finish_reason = "unknown"

    def take(self, *, final: bool = False) -> list[Delta]:
        """What was said since the last time."""
        return self._deltas.take(final=final)

    def verdict(
        self, reply: Reply, failure: OrchatError | None, *, headers: Mapping[str, str], now: float
    ) -> OrchatError | None:
        """What it all amounts to, now that nothing more will come.

        Args:
            reply: Everything that was said.
            failure: What broke the connection or the protocol, if anything did.
            headers: Response headers.
            now: Epoch seconds.

        Returns:
            The error to raise, or None when the answer is finished.
        """
        error, reason = self._problem(reply, failure, headers=headers, now=now)
        if error is None:
            return None
        if isinstance(error, RequestFailed):
            error.body_started = True
            error.usage = self.usage
            error.provider = error.provider or self.provider
            error.request_id = error.request_id or headers.get("x-generation-id") or self.generation_id
        if not self.has_begun:
            return error
        return self._interrupted(error, reason, reply)

    def _problem(
        self, reply: Reply, failure: OrchatError | None, *, headers: Mapping[str, str], now: float
    ) -> tuple[OrchatError | None, str]:
        if self._wire_error is not None:
            error = failures.from_event(
                self._wire_error, headers=headers, model=self._model, provider=self.provider, now=now
            )
            return error, "error_event"
        if self.finish_reason == "error":
            return self._upstream("The provider broke the answer off without a reason."), "error_event"
        if self.damaged > MOST_DAMAGED:
            return self._upstream(f"{self.damaged} events of the answer are not JSON."), "protocol"
        if failure is not None:
            return failure, next(reason for kind, reason in _REASONS if isinstance(failure, kind))
        if self.finish_reason is None and not (self._is_done and _has_whole_calls(reply)):
            what = "ended before it was finished" if self.has_begun else "is empty"
            return self._upstream(f"The answer {what}: the server named no finish reason."), "ended_early"
        return self._emptiness(reply), "ended_early"

    def _emptiness(self, reply: Reply) -> OrchatError | None:
        if self.has_begun and (reply.text or reply.reasoning or reply.media or reply.tool_calls):
            return None
        if self.finish_reason == "length":
            return None
        if self.finish_reason == "content_filter":
            hint = "Reword the prompt, or choose another model."
            return ContentRefused(
                "The provider's content filter kept the whole answer back.", hint=hint, model=self._model
            )
        billed = self.usage is not None and self.usage.completion_tokens > 0
        return self._upstream("The model finished without saying anything.", retryable=not billed)

    def _interrupted(self, error: OrchatError, reason: str, reply: Reply) -> StreamInterrupted:
        return StreamInterrupted(
            error.message if reason == "ended_early" else f"The answer broke off: {error.message}",
            partial=reply,
            reason=reason,
            cause=error,
            usage=self.usage,
            hint="What arrived is kept. Continue it, or ask again.",
            model=self._model,
            request_id=getattr(error, "request_id", None),
            status=getattr(error, "status", None),
            error_type=getattr(error, "error_type", None),
            provider=self.provider,
        )

    def _upstream(self, message: str, *, retryable: bool = True) -> UpstreamFailed:
        hint = "Try again, or choose another model."
        return UpstreamFailed(message, hint=hint, retryable=retryable, model=self._model, body_started=True)


def _has_whole_calls(reply: Reply) -> bool:
    return bool(reply.tool_calls) and all(isinstance(fields.parsed(call.arguments), dict) for call in reply.tool_calls)
