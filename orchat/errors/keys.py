"""Errors of keys, the keyring and signing in."""

from __future__ import annotations

from orchat.errors.base import OrchatError


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
