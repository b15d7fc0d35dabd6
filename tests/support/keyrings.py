"""Keyrings of Python's `keyring` that behave like those people have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

LONGEST_ITEM = 1280
"""What Windows' Credential Manager takes."""


class ShortItems(KeyringBackend):
    """Keeps items in memory, none longer than Windows would; `failing` may raise before any call.

    Args:
        items: What it keeps, by name.
    """

    priority = 1

    def __init__(self, items: dict[str, str] | None = None) -> None:
        self.items = {} if items is None else items
        self.calls: list[tuple[str, str]] = []
        self.failing: Callable[[str, str], None] = lambda call, name: None

    def get_password(self, service: str, username: str) -> str | None:
        self._called("get", service, username)
        return self.items.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._called("set", service, username)
        assert len(password) <= LONGEST_ITEM
        self.items[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._called("delete", service, username)
        del self.items[username]

    def _called(self, call: str, service: str, name: str) -> None:
        assert service == "orchat"
        self.calls.append((call, name))
        self.failing(call, name)


class FullKeyring(ShortItems):
    """Can be read, and takes nothing more."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("there is no room")


class Telltale(KeyringBackend):
    """Fails in the way that ``TELLTALE`` names, and repeats the key that follows there in whatever it says."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        how, key = os.environ["TELLTALE"].split()
        if how == "get":
            raise RuntimeError(f"cannot decrypt {key}")
        return f'{{"keys": {{"work": "{key}' if how == "damaged" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError(f"cannot keep {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(username)


@contextmanager
def installed(backend: KeyringBackend) -> Iterator[None]:
    """Make `keyring` use a backend for a while."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
