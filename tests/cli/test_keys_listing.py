"""``orchat keys list``: what was used, what is left, and why a key does not serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.domain.secret import Secret
from tests.support.cli import KEY, Terminal
from tests.support.key_commands import CAPPED, TWIN, Orchat, aside, environ, keep, key_file, known_keys, refused, spend

__all__ = ["environ", "key_file", "known_keys"]


def test_a_list_of_no_keys_says_that_there_are_none(key_file: Path, orchat: Orchat) -> None:
    refused(orchat("keys", "list"), 3, "there is no key", "orchat keys add work")


def test_keys_in_the_file_are_listed_before_they_are_used(key_file: Path, orchat: Orchat) -> None:
    keep(key_file, work=KEY)
    assert orchat("keys", "list").out.startswith("work\t")

    keep(key_file, work=KEY, home=TWIN)
    assert [line.partition("\t")[0] for line in orchat("keys", "list").out.splitlines()] == ["work", "home"]


def test_the_list_tells_what_was_used_and_what_is_left(key_file: Path, orchat: Orchat, home: Path) -> None:
    keep(key_file, work=CAPPED, home=TWIN)
    orchat("keys", "test")
    orchat("keys", "use", "work")
    spend(home, CAPPED, 12)
    work, other = orchat("keys", "list", "--json").json

    assert (work["label"], work["requests_today"], work["rotate_after"], work["state"]) == ("work", 12, 40, "current")
    assert (work["cost_today_usd"], work["current"], work["kept"], work["until"]) == (0.012, True, True, None)
    assert (work["account"], work["report"]["limit_remaining_usd"]) == (other["account"], 5)
    assert work["report"]["free_requests"] == {"used": 0, "limit": 10, "remaining": 10}
    assert (other["state"], other["current"], other["report"]["limit_usd"]) == ("ready", False, None)
    first = orchat("keys", "list").out.splitlines()[0].split("\t")
    assert first == ["work", Secret(CAPPED).fingerprint, work["account"], "12", "0.012", "5", "current", ""]


def test_on_a_terminal_the_list_has_a_heading_and_the_threshold(
    key_file: Path, environ: dict[str, str], orchat: Orchat, home: Path
) -> None:
    keep(key_file, work=CAPPED)
    orchat("keys", "test")
    spend(home, CAPPED, 12)
    heading, row = Terminal("keys", "list", environ=environ).end().out.splitlines()

    assert heading.split() == ["LABEL", "FINGERPRINT", "ACCOUNT", "TODAY", "COST", "LEFT", "STATE", "UNTIL"]
    assert "12 / 40" in row and "$5.00" in row


def test_a_key_says_why_it_does_not_serve(key_file: Path, orchat: Orchat, home: Path) -> None:
    keep(key_file, aside=KEY, idle=KEY[::-1], off=KEY.upper(), on=f"{KEY}0", shared=CAPPED, too=TWIN)
    orchat("keys", "test")
    orchat("keys", "use", "on")
    orchat("keys", "disable", "off")
    account = {key["label"]: key["account"] for key in orchat("keys", "list", "--json").json}["shared"]
    aside(home, "key", Secret(KEY).fingerprint, 4e9)
    aside(home, "key", Secret(KEY[::-1]).fingerprint, None, "revoked")
    aside(home, "free", account, 4e9, "50 a day")

    found = {line[0]: line[6:] for line in (row.split("\t") for row in orchat("keys", "list").out.splitlines())}
    assert found == {
        "aside": ["held: no credit", "2096-10-02T07:06:40Z"],
        "idle": ["held: revoked", ""],
        "off": ["disabled", ""],
        "on": ["current", ""],
        "shared": ["ready, not for free models", "2096-10-02T07:06:40Z"],
        "too": ["ready, not for free models", "2096-10-02T07:06:40Z"],
    }
    by_label = {key["label"]: key for key in orchat("keys", "list", "--json").json}
    assert by_label["too"]["holds"] == [
        {
            "scope": "free",
            "kind": "CreditsExhausted",
            "reason": "50 a day",
            "source": "server",
            "since": "2023-11-14T22:13:20Z",
            "until": "2096-10-02T07:06:40Z",
            "times": 1,
        }
    ]
    assert by_label["idle"]["holds"][0]["until"] is None


def test_a_refused_key_file_is_named(key_file: Path, orchat: Orchat) -> None:
    keep(key_file, work=KEY)
    key_file.chmod(0o644)

    refused(orchat("keys", "list"), 3, "is open to others", "chmod 600")


def test_keys_are_listed_where_the_keyring_cannot_be_read(orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    done = orchat("keys", "list")

    assert (done.code, done.out.partition("\t")[0]) == (0, "env")
    assert "the other keys cannot be read: the keyring that PYTHON_KEYRING_BACKEND" in done.err
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    refused(orchat("keys", "list"), 3, "does not load", "ORCHAT_KEYS_FILE")
