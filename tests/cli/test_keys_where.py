"""``orchat keys where``: where keys are looked for, which one serves and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.domain.secret import Secret
from tests.support.cli import KEY, Done, Terminal
from tests.support.key_commands import TWIN, Orchat, aside, environ, keep, key_file, known_keys, refused, spend

__all__ = ["environ", "key_file", "known_keys"]


def rows(done: Done) -> dict[str, str]:
    return dict(line.split("\t") for line in done.out.splitlines())


def test_where_keys_are_looked_for(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "where")

    assert done.code == 3
    assert rows(done) == {
        "OPENROUTER_API_KEY": "not set",
        "ORCHAT_KEYS_FILE": str(key_file),
        "kept in": f"the file {key_file}",
        "serves": "none",
        "because": f"there is no key in OPENROUTER_API_KEY nor in the file {key_file}",
    }
    assert "there is no key" in done.err


@pytest.mark.parametrize(
    ("variable", "store", "serves", "because"),
    [
        ("", "auto", "work (file)", "it is the current key of the ring"),
        (KEY, "auto", "env (env)", "the environment goes before kept keys"),
        (KEY, "env", "env (env)", "the environment goes before kept keys"),
    ],
)
def test_which_key_serves_and_why(
    variable: str,
    store: str,
    serves: str,
    because: str,
    key_file: Path,
    orchat: Orchat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(key_file, work=TWIN)
    orchat("keys", "use", "work")
    monkeypatch.setenv("OPENROUTER_API_KEY", variable)
    monkeypatch.setenv("ORCHAT_KEYS__STORE", store)
    found = rows(orchat("keys", "where"))

    assert (found["serves"], found["because"]) == (serves, because)
    assert found["kept in"] == ("nowhere (keys.store = env)" if store == "env" else f"the file {key_file}")


def test_looking_which_key_serves_does_not_turn_the_ring(key_file: Path, orchat: Orchat, home: Path) -> None:
    keep(key_file, a=KEY, b=TWIN)
    orchat("keys", "use", "a")
    spend(home, KEY, 41)

    for _ in range(2):
        found = rows(orchat("keys", "where"))
        assert found["serves"] == "b (file)"
        assert found["because"] == "the current key, a, has sent more than 40 requests today"
    spend(home, TWIN, 41)
    found = rows(orchat("keys", "where"))
    assert (found["serves"], found["because"]) == (
        "a (file)",
        "every key has sent more than 40 requests today, so the ring stays",
    )


def test_a_key_that_stands_in_says_so(key_file: Path, orchat: Orchat, home: Path) -> None:
    keep(key_file, a=KEY, b=TWIN)
    orchat("keys", "use", "a")
    aside(home, "key", Secret(KEY).fingerprint)

    because = rows(orchat("keys", "where"))["because"]
    assert because == "it stands in for the current key, a, which is put aside: no credit"
    orchat("keys", "disable", "a")
    assert rows(orchat("keys", "where"))["because"] == "the current key, a, is disabled"


def test_where_can_be_read_by_programs(key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(key_file, work=TWIN)
    assert orchat("keys", "where", "--json").json == {
        "OPENROUTER_API_KEY": False,
        "ORCHAT_KEYS_FILE": str(key_file),
        "kept_in": f"the file {key_file}",
        "serves": {"label": "work", "fingerprint": Secret(TWIN).fingerprint, "source": "file"},
        "because": "it is the first key of the ring that can serve",
    }

    monkeypatch.setenv("OPENROUTER_API_KEY", "not a key")
    done = orchat("keys", "where", "--json")
    assert (done.code, done.json["serves"], done.error["type"]) == (3, None, "KeyRejected")
    assert rows(orchat("keys", "where"))["OPENROUTER_API_KEY"] == "set, but not to a key"


def test_the_demo_has_a_key_of_its_own(key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(key_file, work=KEY)
    monkeypatch.setenv("OPENROUTER_API_KEY", TWIN)
    found = rows(orchat("--demo", "keys", "where"))

    assert (found["serves"], found["because"]) == ("demo (given)", "it was given for this run")


def test_the_demo_never_sees_the_keys_of_its_user(
    key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(key_file, work=KEY)
    monkeypatch.setenv("OPENROUTER_API_KEY", TWIN)

    assert [line.split("\t")[0] for line in orchat("--demo", "keys", "list").out.splitlines()] == ["demo"]
    refused(orchat("--demo", "keys", "test"), 3, "there is no key to test", "orchat keys add work")
    refused(orchat("--demo", "keys", "remove", "work", "--yes"), 2, "there is no key work", "orchat keys list")


def test_that_every_key_is_over_the_threshold_is_one_line_on_a_terminal(
    key_file: Path, environ: dict[str, str], orchat: Orchat, home: Path
) -> None:
    keep(key_file, a=KEY, b=TWIN)
    orchat("keys", "use", "a")
    for key in (KEY, TWIN):
        spend(home, key, 41)
    done = Terminal("ask", "hi", environ=environ).end()

    assert "all 2 keys have sent more than 40 requests today; staying with a" in done.out
    assert orchat("ask", "hi").err == ""
