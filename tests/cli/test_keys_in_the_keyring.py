"""The command with a real Secret Service: keys outlive the process, and a keyring that fails says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from orchat.demo import DemoThread
from orchat.domain.secret import Secret
from tests.support.cli import KEY, environment
from tests.support.secret_service import LOCKED, MUTE, UNLOCKED, Run


@pytest.fixture
def environ(demo: DemoThread) -> dict[str, str]:
    """No key in the environment, and time enough for the keyring."""
    kept = ("ORCHAT_", "OPENROUTER_", "PYTHONPYCACHEPREFIX")
    told = environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS__KEYRING_TIMEOUT_S="5")
    return {name: value for name, value in told.items() if name.startswith(kept)}


def typed(label: str, key: str) -> str:
    return f"printf %s {key} | orchat keys add {label} --stdin"


def refused(done: dict[str, Any], message: str) -> bool:
    """Whether it ended with these words, one hint and nothing else."""
    lines = done["err"].splitlines()
    assert (done["code"], done["out"], len(lines)) == (3, "", 2), done
    assert lines[1].startswith("hint: ") and "ORCHAT_KEYS_FILE" in lines[1] and "OPENROUTER_API_KEY" in lines[1]
    return message in lines[0]


def test_a_key_in_the_keyring_outlives_the_process(run: Run, environ: dict[str, str]) -> None:
    keeping = (typed("work", KEY), "orchat ask hi", "orchat keys rename work office", "orchat keys where")
    leaving = ("orchat keys remove office --yes", "orchat keys list")
    added, asked, renamed, where, removed, empty = run(UNLOCKED, *keeping, *leaving, environ=environ)

    assert added["err"].startswith(f"kept as work ({Secret(KEY).fingerprint}) in the keyring\n")
    assert (asked["code"], renamed["code"], removed["code"]) == (0, 0, 0)
    assert "kept in\tthe system's keyring, service orchat\nserves\toffice (keyring)\n" in where["out"]
    assert empty["code"] == 3
    assert "there is no key in OPENROUTER_API_KEY nor in the system's keyring" in empty["err"]


def test_commands_that_add_keys_at_once_lose_none(run: Run, environ: dict[str, str]) -> None:
    labels = ("a", "b", "c", "d")
    adding = (f"{typed(label, f'{KEY}{number}')} &" for number, label in enumerate(labels))
    *added, listed = run(UNLOCKED, *adding, "wait", "orchat keys list", environ=environ)

    assert [done["code"] for done in added] == [0] * 4, added
    assert sorted(line.split("\t")[0] for line in listed["out"].splitlines()) == list(labels)


def test_with_a_mute_keyring_every_command_ends_in_time_and_says_what_to_do(run: Run, environ: dict[str, str]) -> None:
    environ = {**environ, "ORCHAT_KEYS__KEYRING_TIMEOUT_S": "0.3"}
    commands = ("orchat ask hi", "orchat keys list", "orchat keys test", typed("work", KEY))
    for done in run(MUTE, *commands, environ=environ):
        assert refused(done, "the keyring did not answer within 0.3 s")


def test_a_mute_keyring_on_a_desktop_is_left_just_as_soon(run: Run, environ: dict[str, str]) -> None:
    environ = {**environ, "ORCHAT_KEYS__KEYRING_TIMEOUT_S": "0.3", "DISPLAY": ":99"}
    [done] = run(MUTE, "orchat ask hi", environ=environ)

    assert refused(done, "the keyring did not answer within 0.3 s")


def test_a_mute_keyring_does_not_matter_to_a_key_in_the_environment(run: Run, environ: dict[str, str]) -> None:
    asked, where = run(MUTE, "orchat ask hi", "orchat keys where", environ={**environ, "OPENROUTER_API_KEY": KEY})

    assert (asked["code"], where["code"]) == (0, 0)
    assert "serves\tenv (env)" in where["out"]


def test_a_mute_keyring_does_not_matter_to_the_demo(run: Run, environ: dict[str, str]) -> None:
    [asked] = run(MUTE, "orchat --demo ask hi", environ=environ)

    assert asked["code"] == 0


def test_a_locked_keyring_says_what_to_do(run: Run, environ: dict[str, str]) -> None:
    run(UNLOCKED, "vault save:1")
    asked, added = run(LOCKED, "orchat ask hi", typed("work", KEY), environ=environ)

    assert refused(asked, "the keyring is locked")
    assert refused(added, "the keyring is locked")


def test_without_a_keyring_it_says_what_to_do(run: Run, environ: dict[str, str]) -> None:
    asked, added = run("orchat ask hi", typed("work", KEY), bus=False, environ=environ)

    assert refused(asked, "this system has no keyring")
    assert refused(added, "this system has no keyring")
