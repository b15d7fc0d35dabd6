"""Errors of requests: one of them did not lead to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.errors.base import OrchatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchat.domain.fold import Reply
    from orchat.domain.money import Usage


class RequestFailed(OrchatError):
    """One request did not lead to an answer.

    Args:
        message: One line.
        hint: What to do next.
        model: Model that was asked.
        attempt: Number of the attempt, from 1.
        request_id: Generation id (``gen-…``), if one was given.
        status: HTTP status or the error event's code.
        error_type: OpenRouter's ``metadata.error_type``.
        provider: Upstream provider that failed.
        retryable: Whether the same request may be sent again.
        body_started: Whether the server had begun to answer (a retry may then be billed twice).
        usage: What the server said it used, if it said so before it failed.
    """

    retryable_by_default = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        model: str | None = None,
        attempt: int = 1,
        request_id: str | None = None,
        status: int | None = None,
        error_type: str | None = None,
        provider: str | None = None,
        retryable: bool | None = None,
        body_started: bool = False,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.attempt = attempt
        self.request_id = request_id
        self.status = status
        self.error_type = error_type
        self.provider = provider
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.body_started = body_started
        self.usage = usage


class ConnectionFailed(RequestFailed):
    """The server could not be reached, or the connection broke before anything was shown."""

    retryable_by_default = True


class TimedOut(RequestFailed):
    """A time limit passed.

    Args:
        message: One line.
        stage: ``connect``, ``pool``, ``write``, ``first_byte``, ``idle`` or ``total``.
        **details: As for `RequestFailed`.
    """

    retryable_by_default = True

    def __init__(self, message: str, *, stage: str, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.stage = stage


class RateLimited(RequestFailed):
    """429, or 402 while other requests are in flight.

    Args:
        message: One line.
        scope: ``free_day``, ``free_minute``, ``upstream``, ``capacity``, ``in_flight`` or ``unknown``.
        retry_after_s: Seconds to wait, if the server said so.
        resets_at: Epoch seconds at which the limit resets, if the server said so.
        next_label: Label of the key that would come next, where the user is to decide.
        **details: As for `RequestFailed`.
    """

    retryable_by_default = True

    def __init__(
        self,
        message: str,
        *,
        scope: str = "unknown",
        retry_after_s: float | None = None,
        resets_at: float | None = None,
        next_label: str | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.scope = scope
        self.retry_after_s = retry_after_s
        self.resets_at = resets_at
        self.next_label = next_label


class UpstreamFailed(RequestFailed):
    """The provider or the gateway failed: 5xx, an error event, or a 200 that is not an answer.

    Args:
        message: One line.
        retry_after_s: Seconds to wait, if the server said so.
        **details: As for `RequestFailed`.
    """

    retryable_by_default = True

    def __init__(self, message: str, *, retry_after_s: float | None = None, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.retry_after_s = retry_after_s


class BadRequest(RequestFailed):
    """The server does not accept this request; it has to be changed."""


class ModelUnknown(RequestFailed):
    """The model id does not exist."""


class ModelCannotSee(RequestFailed):
    """The request holds a picture and its model takes none, so it was not sent.

    Args:
        message: One line.
        offers: Models that see, the likeliest choice first.
        **details: As for `RequestFailed`.
    """

    def __init__(self, message: str, *, offers: tuple[str, ...] = (), **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.offers = offers


class NoEndpoints(RequestFailed):
    """No provider is left after filters: data policy, tools, images, price."""


class ContextTooLong(RequestFailed):
    """The prompt does not fit the model's context."""


class ContentRefused(RequestFailed):
    """Moderation or a guardrail refused the content."""


class NotAllowed(RequestFailed):
    """403 of another kind: region, harness gate."""


class Unaffordable(RequestFailed):
    """402 for this one request: the balance does not cover the tokens it may use.

    Args:
        message: One line.
        affordable_tokens: Output tokens that the balance covers, if the server said so.
        **details: As for `RequestFailed`.
    """

    def __init__(self, message: str, *, affordable_tokens: int | None = None, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.affordable_tokens = affordable_tokens


class CircuitOpen(RequestFailed):
    """The model failed too often within a short time.

    Args:
        message: One line.
        until: Epoch seconds at which it is tried again.
        **details: As for `RequestFailed`.
    """

    def __init__(self, message: str, *, until: float, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.until = until


class BudgetExceeded(RequestFailed):
    """The user's own budget does not allow the request.

    Args:
        message: One line.
        scope: Whose budget: ``day``, ``session``, ``key`` or ``job``.
        limit_pico: The budget, in pico-dollars.
        spent_pico: What is spent of it, requests under way included.
        projected_pico: The most that this request may cost; None where its price is not known.
        affordable_tokens: Tokens of an answer that the rest would pay for, where that is known and not zero.
        **details: As for `RequestFailed`.
    """

    def __init__(
        self,
        message: str,
        *,
        scope: str = "day",
        limit_pico: int = 0,
        spent_pico: int = 0,
        projected_pico: int | None = None,
        affordable_tokens: int | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.scope = scope
        self.limit_pico = limit_pico
        self.spent_pico = spent_pico
        self.projected_pico = projected_pico
        self.affordable_tokens = affordable_tokens


class StreamInterrupted(RequestFailed):
    """Part of an answer arrived, then the stream broke.

    Args:
        message: One line.
        partial: What had arrived.
        reason: ``cut`` (FIN or RST), ``ended_early`` (no finish reason), ``error_event``, ``idle``, ``protocol``
            or ``cancelled``.
        cause: The failure behind it, if there is one.
        **details: As for `RequestFailed`.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: Reply,
        reason: str,
        cause: OrchatError | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, body_started=True, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.partial = partial
        self.reason = reason
        self.cause = cause

    def reword(self, change: Callable[[str], str]) -> None:
        """Change its words, and those of its cause."""
        super().reword(change)
        if self.cause is not None:
            self.cause.reword(change)
