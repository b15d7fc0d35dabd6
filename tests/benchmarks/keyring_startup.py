"""How long ``orchat ask`` takes with 16 keys in a real Secret Service, beside one key in the environment.

Run as ``python -m tests.benchmarks.keyring_startup``, where gnome-keyring and dbus are installed. Only the ratio means
something.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from orchat.domain.secret import Secret
from orchat.keys.vault import KeyringVault
from tests.benchmarks.measure import answering, in_turn, orchat, run_time, table

ROUNDS = 11
KEYS = 16
INSIDE = "ORCHAT_BENCHMARK_BUS"
UNLOCKED = 'printf %s pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$@"'


def ask(rounds: int) -> None:
    """Measure on a bus of its own, where the keyring is unlocked."""
    question = orchat("ask", "--no-save", "-m", "demo/fast", "hi")
    names = ("HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
    with answering() as environment:
        vault = KeyringVault(timeout_s=30, lock=Path(os.environ["HOME"]) / "keyring.lock")
        vault.save({f"key {number}": Secret(f"sk-or-v1-{number:064}") for number in range(KEYS)})
        kept = {**environment, **{name: os.environ[name] for name in names}}
        kept.pop("PYTHON_KEYRING_BACKEND", None)
        cases = {
            "key in the environment": partial(run_time, question, kept),
            f"{KEYS} keys in the keyring": partial(run_time, question, {**kept, "OPENROUTER_API_KEY": ""}),
        }
        table("Ask, whole process", in_turn(cases, rounds), {f"{KEYS} keys in the keyring": 1.2})


def main() -> None:
    """Print a table, from inside a new bus."""
    if os.environ.get(INSIDE):
        ask(ROUNDS)
        return
    missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    if missing:
        print(f"not measured: {' and '.join(missing)} not installed")
        return
    away = {"DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "PYTHON_KEYRING_BACKEND"}
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name not in away}
        environment |= {"HOME": folder, "XDG_RUNTIME_DIR": folder, INSIDE: "1"}
        command = ["dbus-run-session", "--", "sh", "-c", UNLOCKED, "_"]
        subprocess.run(
            [*command, sys.executable, "-m", "tests.benchmarks.keyring_startup"], env=environment, check=True
        )


if __name__ == "__main__":
    main()
