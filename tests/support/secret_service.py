"""A real Secret Service on a bus of its own: gnome-keyring under ``dbus-run-session``, in a home of its own.

In a script ``vault`` is a process that does one thing with the keyring (`tests.support.vault_process`), and ``orchat``
is the command (`tests.support.told`); each prints lines of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]

UNLOCKED = "printf %s pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
LOCKED = "gnome-keyring-daemon --components=secrets >/dev/null </dev/null"
MUTE = 'mkfifo "$HOME/pipe"; mute >"$HOME/pipe" & head -n 1 <"$HOME/pipe" >/dev/null; trap "kill $!" EXIT'
"""Another process owns the service's name, and never answers."""

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a shell script on a new bus; each line that it prints is one JSON object."""
    if MISSING and os.environ.get("ORCHAT_REQUIRE_SECRET_SERVICE") == "1":
        pytest.fail(f"{' and '.join(MISSING)} must be installed here")
    if MISSING:
        pytest.skip(f"{' and '.join(MISSING)} not installed: Debian has them in dbus and gnome-keyring")
    away = {"DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"}
    (home / "run").mkdir(mode=0o700)
    inherited = {name: value for name, value in os.environ.items() if name not in away}
    inherited |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHONPATH": str(ROOT)}
    python = f"{sys.executable} -W error -m"
    vault = f'vault() {{ {python} tests.support.vault_process "{home}" "$@"; }}'
    mute = f'mute() {{ exec {python} tests.support.vault_process "{home}" mute stay; }}'
    orchat = f'orchat() {{ {python} tests.support.told "$@"; }}'

    def runs(*steps: str, bus: bool = True, environ: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        script = "\n".join(("set -e", vault, mute, orchat, *steps))
        command = [*(["dbus-run-session", "--"] if bus else []), "sh", "-c", script]
        done = subprocess.run(
            command, cwd=ROOT, env={**inherited, **(environ or {})}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return runs
