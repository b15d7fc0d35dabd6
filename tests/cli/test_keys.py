"""``orchat keys``: kept, checked, listed, never shown."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.clock import SystemClock, utc_day
from orchat.demo import DemoThread
from orchat.demo.accounts import DemoKey
from orchat.demo.script import fail
from orchat.domain.secret import Secret
from tests.support.cli import KEY, Done, Terminal, environment, run

Orchat = Callable[..., Done]
REVOKED, MANAGING, CAPPED, TWIN = (f"sk-or-v1-{name * 32}" for name in ("dead", "boss", "caps", "twin"))


@pytest.fixture
def key_file(home: Path, monkeypatch: pytest.MonkeyPatch, orchat: Orchat) -> Path:
    """Keys are kept in a file, and the environment has none."""
    file = home / "keys.json"
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(file))
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    return file


@pytest.fixture
def environ(key_file: Path, demo: DemoThread) -> dict[str, str]:
    """The same for a process of its own."""
    return environment(demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS_FILE=str(key_file))


@pytest.fixture(autouse=True)
def known_keys(demo: DemoThread) -> None:
    """Keys with something about them; any other one is good, too."""
    for key, terms in (
        (REVOKED, DemoKey(revoked=True)),
        (MANAGING, DemoKey(is_management_key=True)),
        (CAPPED, DemoKey(account="acme", limit=Decimal(5))),
        (TWIN, DemoKey(account="acme")),
    ):
        demo.server.put_key(Secret(key), terms)


def keep(file: Path, **keys: str) -> None:
    """Write the file as a person would."""
    file.write_text(json.dumps(keys))
    file.chmod(0o600)


def refused(done: Done, code: int, says: str, hint: str) -> None:
    """One line, one hint, nothing else, and no key."""
    lines = done.err.splitlines()
    assert (done.code, done.out) == (code, ""), done
    assert len(lines) == 2, lines
    assert lines[0].startswith("orchat: ") and says in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]
    assert "sk-or" not in done.err


# ---- add ----


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


# ---- where ----


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


def spend(home: Path, key: str, requests: int) -> None:
    """Requests of today, as the ledger would have them."""
    database = sqlite3.connect(home / "orchat" / "data" / "orchat.db")
    now = SystemClock().now()
    with database:
        database.executemany(
            "INSERT INTO attempts (day, started_at, number, front_end, key_label, key_fingerprint, model, owner,"
            " outcome, cost_pico, cost_source)"
            " VALUES (?, ?, 1, 'ask', 'x', ?, 'a/b', 'o', 'done', 1000000000, 'reported')",
            [(utc_day(now), now, Secret(key).fingerprint)] * requests,
        )
    database.close()


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


# ---- list ----


def aside(home: Path, kind: str, whose: str, until: float | None = None, reason: str = "no credit") -> None:
    """Put something aside, as another process would."""
    database = sqlite3.connect(home / "orchat" / "data" / "orchat.db")
    with database:
        database.execute(
            "INSERT INTO holds VALUES (?, 'CreditsExhausted', ?, 'server', 1.7e9, ?, 1)",
            (f"{kind}:{whose}", reason, until),
        )
    database.close()


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


# ---- what ask says of the ring ----


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
