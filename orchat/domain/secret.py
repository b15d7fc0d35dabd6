"""A secret that cannot be printed, formatted, pickled or serialised by accident."""

from __future__ import annotations

import hashlib
import re
from typing import NoReturn

_LOOKS_LIKE_ONE = re.compile(r"sk-or-[A-Za-z0-9_-]{8,}")


def without_keys(text: str) -> str:
    """A text in which nothing stands that looks like a key of OpenRouter: people paste keys in wrong places."""
    return _LOOKS_LIKE_ONE.sub("sk-or-…", text)


class Secret:
    """Holds a key. Only the transport calls `reveal`.

    Args:
        value: The secret itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: for the Authorization header and the keyring, nowhere else."""
        return self._value

    def veil(self, text: str) -> str:
        """A text in which the secret does not stand, should somebody have repeated it."""
        return text.replace(self._value, "…") if self._value else text

    @property
    def fingerprint(self) -> str:
        """The first 8 hex digits of the SHA-256: tells keys apart, tells nothing about them."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        return "Secret(••••)"

    def __str__(self) -> str:
        return "••••"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled or copied to disk")
