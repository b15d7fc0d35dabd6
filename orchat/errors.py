"""Every error that orchat raises on purpose.

::

    OrchatError
    ├─ ConfigError                    names the layer, file and key it came from
    ├─ UsageError                     the caller asked for something that cannot be done
    │  ├─ LabelTaken                  another key has this label
    │  └─ KeyKnown                    the key is there already, under the label in `label`
    ├─ KeysError
    │  ├─ NoKeys                      no key anywhere
    │  ├─ KeyringUnavailable          the keyring is missing, locked, mute or broken
    │  ├─ KeyRejected                 401: revoked or mistyped; 403: a management key
    │  ├─ CreditsExhausted            402: the account has no credit left
    │  ├─ KeyLimitReached             402/403: this key's own cap
    │  └─ SignInFailed                no key came of a sign-in; `reason` says why
    ├─ RequestFailed
    │  ├─ ConnectionFailed            retryable: DNS, refused, reset, TLS
    │  ├─ TimedOut                    retryable: connect, pool, write, first byte, idle, total
    │  ├─ RateLimited                 retryable after a while: whose limit is in `scope`
    │  ├─ UpstreamFailed              retryable: 5xx, an error event, an answer that is not one
    │  ├─ BadRequest                  400, 409, 412, 413, 422
    │  ├─ ModelUnknown                the model does not exist
    │  ├─ NoEndpoints                 no provider is left after the filters
    │  ├─ ContextTooLong              the prompt does not fit the model
    │  ├─ ContentRefused              moderation, guardrail, refusal
    │  ├─ NotAllowed                  403 of another kind: region, harness gate
    │  ├─ Unaffordable                402 for this one request: lower max tokens to `affordable_tokens`
    │  ├─ CircuitOpen                 the model failed too often just now
    │  ├─ BudgetExceeded              the user's own budget
    │  └─ StreamInterrupted           text was shown, then the stream broke; `partial` keeps it
    ├─ StoreError
    │  ├─ StoreBusy                   another process holds the database
    │  ├─ StoreNewer                  written by a newer orchat
    │  ├─ StoreForeign                not an orchat database
    │  ├─ StoreDamaged                SQLite says that the file is malformed
    │  └─ StoreUnwritable             read-only, full disk, wrong owner
    ├─ NotFound                       a session, message or attachment that is not there
    └─ MediaError
       ├─ MediaNotFound
       ├─ MediaTooLarge
       ├─ MediaUnsupported
       └─ MediaDamaged

Each has a one-line ``str`` and an optional ``hint`` that says what to do next. None carries a secret or a body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchat.domain.fold import Reply
    from orchat.domain.money import Usage


class OrchatError(Exception):
    """Something went wrong that a person can be told in one line.

    Args:
        message: One line, no markup, no secret.
        hint: What to do next, one line.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def reword(self, change: Callable[[str], str]) -> None:
        """Change its words, and those of what is behind it.

        Args:
            change: Gives the new text for a message, a hint, or any other text that a server may have chosen.
        """
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, change(value))
        self.args = (self.message,)

    @property
    def kind(self) -> str:
        """The name of the error's class, as shown in logs, the ledger and ``--json``."""
        return type(self).__name__


class ConfigError(OrchatError):
    """A setting is unknown, has the wrong type or is out of range.

    Args:
        message: One line.
        layer: Where it came from: ``file``, ``environment`` or ``flag``.
        source: File path with line, variable name or flag.
        key: Dotted name of the setting.
        hint: What to do next.
    """

    def __init__(self, message: str, *, layer: str, source: str = "", key: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.layer = layer
        self.source = source
        self.key = key


class UsageError(OrchatError):
    """The call itself cannot be carried out: an empty prompt, a blocking call inside a running loop."""


class LabelTaken(UsageError):
    """Another key has this label."""


class KeyKnown(UsageError):
    """The key is there already.

    Args:
        message: One line.
        label: What it is called.
        hint: What to do next.
    """

    def __init__(self, message: str, *, label: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.label = label


class NotFound(OrchatError):
    """A session, message or attachment that does not exist."""


# ---- keys ------------------------------------------------------------------------------------------------


class KeysError(OrchatError):
    """No key can serve the request.

    Args:
        message: One line.
        hint: What to do next.
        status: HTTP status, if the server said so.
        request_id: Generation id, if one was given.
        key_label: Label of the key concerned, never the key.
        until: Epoch seconds until which the key is put aside, where that is known.
        scope: Whose trouble it is: ``key``, ``account`` or ``free`` (the account's free requests).
        next_label: Label of the key that would come next, where the user is to decide.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        key_label: str | None = None,
        until: float | None = None,
        scope: str = "key",
        next_label: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.request_id = request_id
        self.key_label = key_label
        self.until = until
        self.scope = scope
        self.next_label = next_label


class NoKeys(KeysError):
    """No key was found in configuration, environment, file or keyring."""


class KeyringUnavailable(KeysError):
    """The operating system's keyring is missing, locked, mute or broken."""


class KeyRejected(KeysError):
    """401: the key was revoked or mistyped; or 403: it is a management key, which cannot chat."""


class CreditsExhausted(KeysError):
    """402: the account behind the key has no credit left."""


class KeyLimitReached(KeysError):
    """402 or 403: the cap set on this key is used up."""


class SignInFailed(KeysError):
    """No key came of a sign-in.

    Args:
        message: One line, without code, verifier or key.
        reason: ``code`` (not one, or unknown), ``verifier`` (of another attempt), ``expired``, ``method``, ``request``
            (not understood), ``refused``, ``denied`` (by the person), ``state`` (of another attempt) or ``late``.
        **details: As for `KeysError`.
    """

    def __init__(self, message: str, *, reason: str, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed on unchanged
        self.reason = reason


# ---- requests --------------------------------------------------------------------------------------------


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
        scope: Whose budget: ``day``, ``session`` or ``key``.
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


# ---- store -----------------------------------------------------------------------------------------------


class StoreError(OrchatError):
    """The database cannot be used."""


class StoreBusy(StoreError):
    """Another process holds the database for too long."""


class StoreNewer(StoreError):
    """The database was written by a newer orchat."""


class StoreForeign(StoreError):
    """The file is not an orchat database."""


class StoreDamaged(StoreError):
    """SQLite says that the file is malformed."""


class StoreUnwritable(StoreError):
    """Read-only, full disk or wrong owner."""


# ---- media -----------------------------------------------------------------------------------------------


class MediaError(OrchatError):
    """A file cannot be attached."""


class MediaNotFound(MediaError):
    """The file does not exist or cannot be read."""


class MediaTooLarge(MediaError):
    """Too many bytes or pixels."""


class MediaUnsupported(MediaError):
    """A format that orchat does not send."""


class MediaDamaged(MediaError):
    """The file ends early or cannot be decoded."""
