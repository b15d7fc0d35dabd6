"""``orchat keys add``: kept, checked, never shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.script import fail
from orchat.domain.secret import Secret
from tests.support.cli import KEY, Terminal, run
from tests.support.key_commands import (
    CAPPED,
    MANAGING,
    REVOKED,
    TWIN,
    Orchat,
    environ,
    keep,
    key_file,
    known_keys,
    refused,
)

__all__ = ["environ", "key_file", "known_keys"]


def test_a_key_is_kept_and_then_pays(environ: dict[str, str], key_file: Path, orchat: Orchat) -> None:
    done = run("keys", "add", "work", "--stdin", environ=environ, stdin=f"{KEY}\n".encode())

    assert (done.code, done.out) == (0, "")
    first, account, *rest = done.err.splitlines()
    assert first == f"kept as work ({Secret(KEY).fingerprint}) in the file"
    assert account.startswith("account ")
    assert rest == [
        "no limit of its own",
        "used $0.00 today, $0.00 in all",
        "free models: 0 of 10 requests today, for the whole account",
    ]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert orchat("ask", "--json", "hi").json["key"] == "work"
    assert KEY not in orchat("keys", "list", "--json").out


def test_what_the_server_says_about_an_added_key_is_told(environ: dict[str, str]) -> None:
    run("keys", "add", "work", "--stdin", environ=environ, stdin=TWIN.encode())
    done = run("keys", "add", "client", "--stdin", "--json", environ=environ, stdin=CAPPED.encode())

    assert done.err == ""
    told = done.json
    assert (told["label"], told["kept_in"], told["checked"], told["warning"]) == ("client", "file", True, None)
    assert told["fingerprint"] == Secret(CAPPED).fingerprint
    assert told["shared_with"] == ["work"]
    assert (told["report"]["limit_usd"], told["report"]["limit_remaining_usd"]) == (5, 5)


def test_an_account_of_several_keys_is_said_to_have_one_limit(environ: dict[str, str]) -> None:
    run("keys", "add", "work", "--stdin", environ=environ, stdin=TWIN.encode())
    done = run("keys", "add", "client", "--stdin", environ=environ, stdin=CAPPED.encode())

    assert "shared with work: one limit for all of them" in done.err
    assert "limit $5.00, $5.00 left" in done.err


def test_a_key_is_typed_without_being_shown(environ: dict[str, str]) -> None:
    terminal = Terminal("keys", "add", "work", environ=environ)
    terminal.read_until("Key (not shown): ")
    terminal.type(f"{KEY}\n")

    done = terminal.end()
    assert done.code == 0
    assert "kept as work" in done.out
    assert KEY not in done.out


def test_a_prompt_that_is_left_keeps_nothing(environ: dict[str, str], key_file: Path) -> None:
    terminal = Terminal("keys", "add", "work", environ=environ)
    terminal.read_until("Key (not shown): ")
    terminal.type("\x04")

    done = terminal.end()
    assert done.code == 2
    assert "no key was typed" in done.out
    assert not key_file.exists()


@pytest.mark.parametrize("text", ["", "sk-or-v1-a b", "sk-or-v1-a\nb"])
def test_what_cannot_be_a_key_is_not_kept(text: str, environ: dict[str, str], key_file: Path) -> None:
    done = run("keys", "add", "work", "--stdin", environ=environ, stdin=text.encode())

    refused(done, 3, "the key ", "Paste the key alone")
    assert not key_file.exists()


@pytest.mark.parametrize(
    ("key", "says", "hint"),
    [
        (REVOKED, "the server refuses this key", "openrouter.ai/settings/keys"),
        (MANAGING, "a management key, which cannot chat", "Make an ordinary one"),
    ],
)
def test_a_key_that_cannot_serve_is_not_kept(
    key: str, says: str, hint: str, environ: dict[str, str], key_file: Path
) -> None:
    refused(run("keys", "add", "work", "--stdin", environ=environ, stdin=key.encode()), 3, says, hint)

    assert not key_file.exists()


def test_unchecked_any_key_is_kept(environ: dict[str, str], key_file: Path, demo: DemoThread) -> None:
    before = len(demo.server.requests)
    done = run("keys", "add", "work", "--stdin", "--no-check", environ=environ, stdin=REVOKED.encode())

    assert (done.code, len(done.err.splitlines())) == (0, 1)
    assert json.loads(key_file.read_text()) == {"work": REVOKED}
    assert len(demo.server.requests) == before


def test_a_key_that_cannot_be_checked_is_kept_with_a_warning(environ: dict[str, str], demo: DemoThread) -> None:
    demo.server.script(fail(503), path="/key")
    done = run("keys", "add", "work", "--stdin", environ=environ, stdin=KEY.encode())

    assert done.code == 0
    assert "it could not be checked: " in done.err
    assert "orchat keys test 'work'" in done.err


@pytest.mark.parametrize(
    ("label", "says", "hint"),
    [
        ("a/b", "a label has 1 to 40", "For example"),
        ("", "a label has 1 to 40", "For example"),
        ("env", "the label env is reserved", "For example"),
        ("work", "there is another key called work", "Choose another label"),
        ("home", "this key is there already, as same", "orchat keys use 'same'"),
    ],
)
def test_a_label_that_cannot_be_is_refused(
    label: str, says: str, hint: str, environ: dict[str, str], key_file: Path
) -> None:
    keep(key_file, work=TWIN, same=KEY)

    refused(run("keys", "add", label, "--stdin", environ=environ, stdin=KEY.encode()), 2, says, hint)
    assert list(json.loads(key_file.read_text())) == ["work", "same"]


def test_a_label_is_looked_at_before_the_key_is_asked_for(orchat: Orchat) -> None:
    refused(orchat("keys", "add", "a/b"), 2, "a label has", "For example")


def test_a_key_that_nothing_can_keep_is_an_error(demo: DemoThread) -> None:
    done = run("keys", "add", "work", "--stdin", base_url=demo.base_url, stdin=KEY.encode(), ORCHAT_KEYS__STORE="env")

    refused(done, 3, "no place for keys is configured", "ORCHAT_KEYS_FILE")


def test_without_a_terminal_a_key_comes_from_stdin(orchat: Orchat) -> None:
    refused(orchat("keys", "add", "work"), 2, "there is no terminal to ask on", "--stdin")
