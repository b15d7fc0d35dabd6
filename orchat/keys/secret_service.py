"""The Secret Service of Linux, read without keyring: importing keyring takes ten times as long as the reading.

Only reading, and only what succeeds at once: whoever gets None here goes the long way, which knows all failures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from orchat.paths import absolute

if TYPE_CHECKING:
    from secretstorage.collection import Collection

T = TypeVar("T")

NAME = "org.freedesktop.secrets"


def is_default(environ: Mapping[str, str]) -> bool:
    """Whether keyring would take the Secret Service first, if there is one: nobody has asked it for anything else.

    Args:
        environ: The environment.
    """
    asked = any(name.startswith(("PYTHON_KEYRING_BACKEND", "KEYRING_PROPERTY_")) for name in environ)
    if sys.platform != "linux" or asked or "KDE" in environ.get("XDG_CURRENT_DESKTOP", "").split(":"):
        return False
    settings = absolute(environ.get("XDG_CONFIG_HOME") or "~/.config", environ) / "python_keyring" / "keyringrc.cfg"
    return not settings.exists()


def knock() -> None:
    """Ask for a sign of life, which needs no password: a mute service must not cost half a minute."""
    # Whatever is wrong with the bus, the call that follows says it better.
    with suppress(Exception):
        from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]  # it has no types
        from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # it has no types

        service = DBusAddress("/org/freedesktop/secrets", bus_name=NAME, interface="org.freedesktop.DBus.Peer")
        with open_dbus_connection() as bus:
            bus.send_and_get_reply(new_method_call(service, "Ping"))


def read(work: Callable[[Items], T]) -> T | None:
    """Read items of the default collection, if it is open.

    Args:
        work: Reads them.

    Returns:
        What `work` returns; None where anything is in the way.
    """
    with suppress(Exception):
        import secretstorage

        with secretstorage.dbus_init() as bus:
            collection = secretstorage.collection.Collection(bus)
            if not collection.is_locked():
                return work(Items(collection))
    return None


class Items:
    """Items as keyring keeps them.

    Args:
        collection: An open one.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def get_password(self, service: str, username: str) -> str | None:
        """One item; None when there is none."""
        for item in self._collection.search_items({"service": service, "username": username}):
            secret: str = item.get_secret().decode()
            return secret
        return None
