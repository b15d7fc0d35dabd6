"""Does one thing with the real keyring and prints what came of it: run in a process of its own, on a bus of its own.

Usage: ``python -m tests.support.vault_process FOLDER COMMAND…`` where a command is ``load``, ``save:N``, ``add:LABEL``,
``sizes``, ``mute`` (own the service's name and never answer), ``stay`` (until killed), ``patient`` (wait for a person
who types a password), ``short`` (read without keyring where that is possible), ``loaded`` (whether keyring was
imported), ``end`` (kill the service), or ``killed`` (load while the service is killed in the middle of the call). Each
prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, message_bus, new_method_call  # type: ignore[import-untyped]  # it has no types
from jeepney.io.blocking import (  # type: ignore[import-untyped]  # it has no types
    DBusConnection,
    Proxy,
    open_dbus_connection,
)

from orchat.domain.secret import Secret
from orchat.errors import OrchatError
from orchat.keys.vault import KeyringVault

NAME = "org.freedesktop.secrets"
TIMEOUT_S = 5.0
MUTE_TIMEOUT_S = 0.7
PATIENT_TIMEOUT_S = 300.0
"""Longer than any test may take."""


class Machine:
    """The vault of this process and the service behind it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._timeout_s = TIMEOUT_S
        self._mute_after_s = TIMEOUT_S
        self._is_short = False
        self._mute: DBusConnection | None = None

    def _vault(self) -> KeyringVault:
        return KeyringVault(
            timeout_s=self._timeout_s,
            mute_after_s=self._mute_after_s,
            lock=self._folder / "keyring.lock",
            is_secret_service=self._is_short,
        )

    def load(self) -> Any:
        return {label: secret.reveal() for label, secret in self._vault().load().items()}

    def save(self, count: str) -> Any:
        self._vault().save({f"key {number}": Secret(f"sk-or-v1-{number:064}") for number in range(int(count))})

    def add(self, label: str) -> Any:
        self._vault().update(lambda kept: kept.update({label: Secret(f"sk-{label}")}))

    def sizes(self) -> Any:
        import secretstorage

        with secretstorage.dbus_init() as bus:
            collection = secretstorage.get_default_collection(bus)
            return sorted(len(item.get_secret()) for item in collection.get_all_items())

    def mute(self) -> Any:
        self._mute = open_dbus_connection()
        Proxy(message_bus, self._mute).RequestName(NAME)
        self._timeout_s = self._mute_after_s = MUTE_TIMEOUT_S

    def patient(self) -> Any:
        self._timeout_s = PATIENT_TIMEOUT_S

    def short(self) -> Any:
        self._is_short = True

    def loaded(self) -> Any:
        return "keyring" in sys.modules

    def stay(self) -> Any:
        signal.pause()

    def end(self) -> Any:
        os.kill(_service(), signal.SIGKILL)

    def killed(self) -> Any:
        service = _service()
        os.kill(service, signal.SIGSTOP)
        # A stopped service cannot answer, so however late this comes, it comes during the call.
        killer = threading.Timer(0.5, os.kill, (service, signal.SIGKILL))
        killer.start()
        try:
            return self.load()
        finally:
            killer.join()


def _service() -> int:
    """The process that owns the service's name."""
    with open_dbus_connection() as connection:
        bus = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
        reply = connection.send_and_get_reply(new_method_call(bus, "GetConnectionUnixProcessID", "s", (NAME,)))
        process: int = reply.body[0]
        return process


def main() -> None:
    machine = Machine(Path(sys.argv[1]))
    for command in sys.argv[2:]:
        name, _, argument = command.partition(":")
        action: Callable[..., Any] = getattr(machine, name)
        began = time.monotonic()
        try:
            outcome = {"value": action(argument) if argument else action()}
        except OrchatError as error:
            outcome = {"error": error.kind, "message": error.message, "hint": error.hint}
        print(json.dumps({**outcome, "seconds": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main()
