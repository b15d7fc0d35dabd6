"""``orchat keys use``, ``rename``, ``disable``, ``enable``, ``order``, ``remove``, ``test`` and ``import``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchat.cli.keys.figures import words_of
from orchat.demo import DemoThread
from orchat.demo.accounts import DemoKey
from orchat.demo.script import fail
from orchat.domain.money import PICO_PER_USD as USD
from orchat.domain.secret import Secret
from orchat.store.reports import Report
from tests.support.cli import KEY, Terminal, run
from tests.support.key_commands import Orchat, environ, refused

__all__ = ["environ"]

A, B, REVOKED = KEY, f"sk-or-v1-{'twin' * 8}", f"sk-or-v1-{'gone' * 8}"


@pytest.fixture
def key_file(home: Path, monkeypatch: pytest.MonkeyPatch, orchat: Orchat, demo: DemoThread) -> Path:
    """Two keys are kept in a file, and the environment has none."""
    file = home / "keys.json"
    file.write_text(json.dumps({"work": A, "home": B}))
    file.chmod(0o600)
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(file))
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    demo.server.put_key(Secret(REVOKED), DemoKey(revoked=True))
    return file


@pytest.fixture
def llm(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which llm keeps its keys; empty."""
    (home / "llm").mkdir()
    monkeypatch.setenv("LLM_USER_PATH", str(home / "llm"))
    file = home / "llm" / "keys.json"
    file.write_text("{}")
    return file


def states(orchat: Orchat) -> dict[str, str]:
    return {key["label"]: key["state"] for key in orchat("keys", "list", "--json").json}


def kept(file: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(file.read_text())
    return found


# ---- use ----


def test_the_key_to_use_is_the_current_one_for_all(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "use", "home")

    assert (done.code, done.out, done.err) == (0, "", "home is the current key now\n")
    assert states(orchat) == {"work": "ready", "home": "current"}
    assert orchat("ask", "--json", "hi").json["key"] == "home"


def test_a_key_in_the_environment_goes_before_the_one_to_use(
    key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", f"{KEY}0")

    assert "OPENROUTER_API_KEY is set and goes before it" in orchat("keys", "use", "home").err
    assert orchat("keys", "use", "env").err == "env serves for as long as OPENROUTER_API_KEY is set\n"


# ---- rename, disable, enable, order ----


def test_a_key_can_be_renamed(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "rename", "work", "office")

    assert (done.code, done.err) == (0, "work is called office now\n")
    assert kept(key_file) == {"office": A, "home": B}


def test_a_key_can_be_taken_out_and_put_back(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "disable", "work")
    assert (done.code, done.err) == (0, "work is disabled; put it back: orchat keys enable 'work'\n")
    assert orchat("ask", "--json", "hi").json["key"] == "home"
    assert states(orchat) == {"work": "disabled", "home": "current"}
    refused(orchat("keys", "use", "work"), 2, "the key work is disabled", "orchat keys enable 'work'")

    assert orchat("keys", "enable", "work").err == "work is back in the ring\n"
    assert states(orchat) == {"work": "ready", "home": "current"}


def test_when_every_key_is_disabled_that_is_said(key_file: Path, orchat: Orchat) -> None:
    for label in ("work", "home"):
        orchat("keys", "disable", label)

    refused(orchat("ask", "hi"), 3, "every key is disabled", "orchat keys enable")


def test_the_order_of_the_ring_can_be_set(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "order", "home")

    assert (done.code, done.err) == (0, "the ring: home, work\n")
    assert list(states(orchat)) == ["home", "work"]


# ---- remove ----


def test_a_key_is_removed_when_that_was_confirmed(key_file: Path, orchat: Orchat) -> None:
    refused(orchat("keys", "remove", "work"), 2, "removing has to be confirmed", "--yes")
    done = orchat("keys", "remove", "work", "--yes")

    assert (done.code, done.err) == (0, f"removed work ({Secret(A).fingerprint})\n")
    assert kept(key_file) == {"home": B}


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, ["home"]), ("n", 130, ["work", "home"])])
def test_on_a_terminal_it_is_asked_first(
    answer: str, code: int, left: list[str], environ: dict[str, str], key_file: Path
) -> None:
    terminal = Terminal("keys", "remove", "work", environ=environ)
    terminal.read_until(f"Remove work ({Secret(A).fingerprint})? [y/N]: ")
    terminal.type(f"{answer}\n")

    assert terminal.end().code == code
    assert list(kept(key_file)) == left


@pytest.mark.parametrize(
    ("argv", "code", "says", "hint"),
    [
        (["use", "wrok"], 2, "there is no key wrok", "Did you mean work?"),
        (["rename", "work", "home"], 2, "there is another key called home", "Choose another label"),
        (["rename", "work", "a/b"], 2, "a label has 1 to 40", "For example"),
        (["rename", "zzz", "b"], 2, "there is no key zzz", "orchat keys list"),
        (["disable", "zzz"], 2, "there is no key zzz", "orchat keys list"),
        (["enable", "zzz"], 2, "there is no key zzz", "orchat keys list"),
        (["order", "work", "work"], 2, "a label comes twice", "once"),
        (["order", "work", "zzz"], 2, "there is no key zzz", "orchat keys list"),
        (["order"], 2, "missing argument", "orchat keys order --help"),
        (["remove", "zzz", "--yes"], 2, "there is no key zzz", "orchat keys list"),
        (["test", "zzz"], 2, "there is no key zzz", "orchat keys list"),
        (["import", "--yes"], 3, "no key of OpenRouter was found in OPENROUTER_API_KEY", "orchat keys add work"),
        (["add", "work", "sk-or-v1-secret"], 2, "unexpected extra argument", "orchat keys add --help"),
        (["frob"], 2, "no such command", "orchat keys --help"),
    ],
)
def test_bad_input_is_one_line_and_a_hint(
    argv: list[str], code: int, says: str, hint: str, key_file: Path, llm: Path, orchat: Orchat
) -> None:
    done = orchat("keys", *argv)

    if "sk-or" in "".join(argv):
        assert done.code == code and says in done.err
    else:
        refused(done, code, says, hint)
    assert kept(key_file) == {"work": A, "home": B}


def test_the_key_of_the_environment_cannot_be_changed(
    key_file: Path, orchat: Orchat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", f"{KEY}0")
    for argv in (["rename", "env", "x"], ["disable", "env"], ["remove", "env", "--yes"], ["order", "env"]):
        refused(orchat("keys", *argv), 2, "it comes from OPENROUTER_API_KEY", "Unset the variable")


# ---- test ----


def test_keys_are_tested_and_the_report_is_kept(key_file: Path, orchat: Orchat) -> None:
    done = orchat("keys", "test")

    assert (done.code, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[:3] for row in rows] == [
        ["work", Secret(A).fingerprint, "ok"],
        ["home", Secret(B).fingerprint, "ok"],
    ]
    assert "free models: 0 of 10 requests today" in rows[0][3]
    assert all(key["report"] for key in orchat("keys", "list", "--json").json)


def test_one_key_that_cannot_serve_makes_the_test_fail(key_file: Path, environ: dict[str, str], orchat: Orchat) -> None:
    key_file.write_text(json.dumps({"work": A, "old": REVOKED}))
    done = run("keys", "test", environ=environ)

    assert done.code == 3
    assert [line.split("\t")[2] for line in done.out.splitlines()] == ["ok", "failed"]
    assert done.err.startswith("orchat: 1 of 2 keys cannot serve\nhint: ")
    assert orchat("keys", "test", "work").code == 0
    assert orchat("keys", "test", "old").err.startswith("orchat: the key cannot serve\n")


def test_a_server_that_fails_is_no_fault_of_the_keys(key_file: Path, environ: dict[str, str], demo: DemoThread) -> None:
    demo.server.script(fail(503), fail(503), path="/key")
    done = run("keys", "test", "--json", environ=environ)

    assert done.code == 1
    assert [(row["ok"], row["error"]["type"], row["report"]) for row in done.json] == [
        (False, "UpstreamFailed", None)
    ] * 2
    assert done.error["message"] == "the server did not say whether the keys can serve"


def test_results_can_be_read_by_programs(key_file: Path, orchat: Orchat) -> None:
    [row] = orchat("keys", "test", "home", "--json").json

    assert (row["label"], row["ok"], row["error"]) == ("home", True, None)
    assert (len(row["account"]), row["report"]["is_free_tier"]) == (16, False)


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({}, ["no limit of its own", "used $0.00 today, $0.00 in all"]),
        ({"limit_pico": USD, "limit_reset": "daily"}, ["limit $1.00 daily", "used $0.00 today, $0.00 in all"]),
        (
            {"limit_pico": 2 * USD, "limit_remaining_pico": USD, "usage_daily_pico": USD, "usage_pico": 3 * USD},
            ["limit $2.00, $1.00 left", "used $1.00 today, $3.00 in all"],
        ),
        (
            {"is_free_tier": True, "expires_at": "2027-01-01\x1b[2J"},
            [
                "no limit of its own",
                "used $0.00 today, $0.00 in all",
                "the account never bought credits",
                "expires 2027-01-01",
            ],
        ),
    ],
)
def test_what_the_server_said_is_told_in_words(told: dict[str, Any], lines: list[str]) -> None:
    assert words_of(Report(fingerprint="00000000", at=1.0, **told)) == lines


# ---- import ----


def test_keys_of_llm_are_brought_along(key_file: Path, orchat: Orchat, llm: Path) -> None:
    llm.write_text(json.dumps({"openrouter": f"{KEY}1", "openai": "sk-123"}))
    done = orchat("keys", "import", "--yes")

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(f"kept as openrouter ({Secret(f'{KEY}1').fingerprint}) in the file\naccount ")
    assert kept(key_file) == {"work": A, "home": B, "openrouter": f"{KEY}1"}
    assert "current" not in states(orchat).values()

    again = orchat("keys", "import", "--yes")
    assert (again.code, again.err) == (0, f"the key in {llm} is here already, as openrouter\n")
    assert orchat("keys", "import", "--yes", "--json").json == []


def test_a_key_of_the_environment_is_brought_along_under_a_label(
    key_file: Path, orchat: Orchat, llm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", f"{KEY}1")
    [told] = orchat("keys", "import", "--yes", "--label", "spare", "--no-check", "--json").json

    assert (told["label"], told["origin"], told["checked"], told["error"]) == (
        "spare",
        "OPENROUTER_API_KEY",
        False,
        None,
    )
    assert kept(key_file)["spare"] == f"{KEY}1"


def test_a_label_is_for_one_key(key_file: Path, orchat: Orchat, llm: Path) -> None:
    llm.write_text(json.dumps({"openrouter": f"{KEY}1", "or2": f"{KEY}2"}))

    refused(
        orchat("keys", "import", "--yes", "--label", "x"), 2, "--label is for one key, and 2 were", "orchat keys rename"
    )


def test_without_a_terminal_importing_has_to_be_confirmed(key_file: Path, orchat: Orchat, llm: Path) -> None:
    llm.write_text(json.dumps({"openrouter": f"{KEY}1"}))

    refused(orchat("keys", "import"), 2, "importing has to be confirmed", "--yes")


@pytest.mark.parametrize(("answer", "code", "count"), [("y", 0, 4), ("n", 130, 2)])
def test_on_a_terminal_what_was_found_is_shown_first(
    answer: str, code: int, count: int, environ: dict[str, str], key_file: Path, llm: Path
) -> None:
    llm.write_text(json.dumps({"openrouter": f"{KEY}1", "or2": f"{KEY}2"}))
    terminal = Terminal("keys", "import", environ={**environ, "LLM_USER_PATH": str(llm.parent)})
    seen = terminal.read_until("Keep these 2? [y/N]: ")
    assert f"openrouter ({Secret(f'{KEY}1').fingerprint}) from {llm}" in seen
    assert KEY not in seen
    terminal.type(f"{answer}\n")

    assert terminal.end().code == code
    assert len(kept(key_file)) == count


def test_one_that_is_refused_does_not_keep_the_others_out(key_file: Path, orchat: Orchat, llm: Path) -> None:
    llm.write_text(json.dumps({"openrouter": REVOKED, "or2": f"{KEY}2"}))
    done = orchat("keys", "import", "--yes")

    assert done.code == 3
    assert f"orchat: {llm}: the server refuses this key" in done.err
    assert "kept as or2" in done.err
    refused_one, *_ = orchat("keys", "import", "--yes", "--json").json
    assert (refused_one["label"], refused_one["error"]["type"]) == ("openrouter", "KeyRejected")


def test_a_file_that_cannot_be_read_is_named(
    key_file: Path, orchat: Orchat, llm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm.write_text("not JSON")
    monkeypatch.setenv("OPENROUTER_KEY", f"{KEY}1")
    done = orchat("keys", "import", "--yes")

    assert done.code == 0
    assert done.err.startswith(f"{llm} is not a JSON object of names and keys\nkept as openrouter ")
