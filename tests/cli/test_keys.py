"""``orchat keys``: kept, listed, never shown."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from tests.support.cli import KEY, Done, Terminal, environment, run

Orchat = Callable[..., Done]


@pytest.fixture
def key_file(home: Path, monkeypatch: pytest.MonkeyPatch, orchat: Orchat) -> Path:
    """Keys are kept in a file, and the environment has none."""
    file = home / "keys.json"
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(file))
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    return file


def test_a_key_is_kept_and_then_pays(key_file: Path, demo: DemoThread, orchat: Orchat) -> None:
    environ = environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS_FILE=str(key_file))

    done = run("keys", "add", "work", "--stdin", environ=environ, stdin=f"{KEY}\n".encode())

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("kept as work (") and done.err.endswith(") in the file\n")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert orchat("ask", "--json", "hi").json["key"] == "work"
    (row,) = orchat("keys", "list", "--json").json
    assert (row["label"], row["requests_today"], row["state"], row["until"]) == ("work", 1, "current", None)
    label, fingerprint, today, state, until = orchat("keys", "list").out.removesuffix("\n").split("\t")
    assert (label, fingerprint, today, state, until) == ("work", row["fingerprint"], "1", "current", "")
    assert KEY not in orchat("keys", "list", "--json").out


def test_a_key_is_typed_without_being_shown(key_file: Path, demo: DemoThread) -> None:
    environ = environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS_FILE=str(key_file))
    terminal = Terminal("keys", "add", "work", environ=environ)
    terminal.read_until("Key (not shown): ")
    terminal.type(f"{KEY}\n")

    done = terminal.end()
    assert done.code == 0
    assert "kept as work" in done.out
    assert KEY not in done.out


@pytest.mark.parametrize("text", ["", "sk-or-v1-a b", "sk-or-v1-a\nb"])
def test_what_cannot_be_a_key_is_not_kept(text: str, key_file: Path, demo: DemoThread) -> None:
    environ = environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS_FILE=str(key_file))

    done = run("keys", "add", "work", "--stdin", environ=environ, stdin=text.encode())

    assert done.code == 3
    assert done.err.startswith("orchat: the key ")
    assert not key_file.exists()


def test_a_key_that_nothing_can_keep_is_an_error(demo: DemoThread) -> None:
    done = run("keys", "add", "work", "--stdin", base_url=demo.base_url, stdin=KEY.encode(), ORCHAT_KEYS__STORE="env")

    assert (done.code, done.out) == (3, "")
    assert "no place for keys is configured" in done.err


def test_without_a_terminal_a_key_comes_from_stdin(orchat: Orchat) -> None:
    done = orchat("keys", "add", "work")

    assert done.code == 2
    assert "there is no terminal to ask on" in done.err


def test_where_keys_are_looked_for(key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = orchat("keys", "where")
    assert nothing.code == 3
    assert nothing.out.splitlines()[0] == "OPENROUTER_API_KEY\tnot set"
    assert str(key_file) in nothing.out and "serves\tnone" in nothing.out
    assert "there is no key" in nothing.err

    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    assert "serves\tenv (env)" in orchat("keys", "where").out
    monkeypatch.setenv("ORCHAT_KEYS__STORE", "env")
    assert "kept in\tnowhere (keys.store = env)" in orchat("keys", "where").out


def test_a_list_of_no_keys_says_that_there_are_none(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "list")

    assert (done.code, done.out) == (3, "")
    assert "there is no key" in done.err


def test_keys_in_the_file_are_listed_before_they_are_used(key_file: Path, orchat: Orchat) -> None:
    key_file.write_text(json.dumps({"work": KEY}))
    key_file.chmod(0o600)

    assert orchat("keys", "list").out.startswith("work\t")


def test_a_key_says_why_it_does_not_serve(key_file: Path, orchat: Orchat, home: Path) -> None:
    key_file.write_text(json.dumps({"aside": KEY, "idle": KEY[::-1], "off": KEY.upper(), "on": KEY + "0"}))
    key_file.chmod(0o600)
    orchat("keys", "where")
    database = sqlite3.connect(home / "orchat" / "data" / "orchat.db")
    with database:
        database.execute("UPDATE keys SET disabled = 1 WHERE label = 'off'")
        database.execute("UPDATE keys SET held_reason = 'no credit', held_until = 4e9 WHERE label = 'aside'")
        database.execute("UPDATE keys SET held_reason = 'revoked' WHERE label = 'idle'")
        database.execute("UPDATE keys SET is_current = label = 'on'")
    database.close()

    rows = [line.split("\t") for line in orchat("keys", "list").out.splitlines()]

    assert {row[0]: row[3:] for row in rows} == {
        "aside": ["held: no credit", "2096-10-02T07:06:40Z"],
        "idle": ["held: revoked", ""],
        "off": ["disabled", ""],
        "on": ["current", ""],
    }
