"""The vault against a real Secret Service on a bus of its own, in every state that one can be in.

Each case is one shell under ``dbus-run-session`` that starts gnome-keyring, and then orchat's vault in fresh processes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]

UNLOCKED = "printf %s pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
LOCKED = "gnome-keyring-daemon --components=secrets >/dev/null </dev/null"

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a shell script on a new bus; ``vault`` in it is the process that does one thing with the keyring."""
    if MISSING and os.environ.get("ORCHAT_REQUIRE_SECRET_SERVICE") == "1":
        pytest.fail(f"{' and '.join(MISSING)} must be installed here")
    if MISSING:
        pytest.skip(f"{' and '.join(MISSING)} not installed: Debian has them in dbus and gnome-keyring")
    away = {"DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"}
    (home / "run").mkdir(mode=0o700)
    environ = {name: value for name, value in os.environ.items() if name not in away}
    environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHONPATH": str(ROOT)}
    define = f'vault() {{ {sys.executable} -W error -m tests.support.vault_process "{home}" "$@"; }}'

    def runs(*steps: str, bus: bool = True) -> list[dict[str, Any]]:
        script = "\n".join(("set -e", define, *steps))
        command = [*(["dbus-run-session", "--"] if bus else []), "sh", "-c", script]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return runs


def refused(outcome: dict[str, Any], message: str) -> bool:
    """Whether the keyring was unavailable, in these words and with a way out."""
    assert outcome.get("error") == "KeyringUnavailable", outcome
    assert "ORCHAT_KEYS_FILE" in outcome["hint"]
    return message in outcome["message"]


def test_an_unlocked_keyring_keeps_keys_for_the_next_process(run: Run) -> None:
    empty, _, first, _, sizes, _, last = run(
        UNLOCKED, "vault load save:30", "vault load save:2 sizes save:0", "vault load"
    )

    assert empty["value"] == {}
    assert first["value"] == {f"key {number}": f"sk-or-v1-{number:064}" for number in range(30)}
    assert len(sizes["value"]) == 1
    assert last["value"] == {}


def test_no_item_is_longer_than_windows_would_take(run: Run) -> None:
    _, sizes = run(UNLOCKED, "vault save:30 sizes")

    assert len(sizes["value"]) == 4
    assert max(sizes["value"]) <= 1200


def test_processes_that_add_keys_at_once_lose_none(run: Run) -> None:
    outcomes = run(UNLOCKED, *(f"vault add:{label} &" for label in ("a", "b", "c", "d")), "wait", "vault load")

    assert all("error" not in outcome for outcome in outcomes), outcomes
    assert outcomes[-1]["value"] == {label: f"sk-{label}" for label in ("a", "b", "c", "d")}


def test_a_locked_keyring_says_so(run: Run) -> None:
    run(UNLOCKED, "vault save:1")
    load, save = run(LOCKED, "vault load save:2")

    assert refused(load, "is locked")
    assert refused(save, "is locked")
    assert list(run(UNLOCKED, "vault load")[0]["value"]) == ["key 0"]


def test_a_keyring_that_was_never_unlocked_says_so(run: Run) -> None:
    load, save = run(LOCKED, "vault load save:1")

    assert refused(load, "was never unlocked")
    assert refused(save, "was never unlocked")


def test_a_mute_keyring_is_left_in_time_and_the_process_can_end(run: Run) -> None:
    _, load, save = run("vault mute load save:1")

    assert refused(load, "did not answer within 0.7 s")
    assert refused(save, "did not answer within 0.7 s")


def test_a_keyring_that_is_killed_during_a_call_is_named(run: Run) -> None:
    _, outcome = run(UNLOCKED, "vault save:1 killed")

    assert refused(outcome, "went away during the call")


def test_a_keyring_that_was_killed_between_calls_does_not_hang(run: Run) -> None:
    _, _, load = run(UNLOCKED, "vault save:1 end load")

    assert refused(load, "is locked") or refused(load, "went away")  # the bus may have started another one


def test_without_a_bus_there_is_no_keyring(run: Run) -> None:
    [load] = run("vault load", bus=False)

    assert refused(load, "this system has no keyring")
