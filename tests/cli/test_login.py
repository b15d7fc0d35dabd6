"""``orchat login`` in a real process: the page is visited over real sockets, the key ends in a real file."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchat.cli import login
from orchat.demo import DemoThread
from orchat.demo.lookups import Page
from orchat.demo.script import Step, fault
from orchat.domain.secret import Secret
from tests.support.browser import ALLOWING, decide
from tests.support.cli import KEY, Running, Terminal, environment, run

FULL_KEYRING = "tests.support.keyrings.FullKeyring"


@pytest.fixture
def file(home: Path) -> Path:
    return home / "keys.json"


@pytest.fixture
def environ(demo: DemoThread, file: Path) -> dict[str, str]:
    """No key yet, a file to keep one in, and no browser."""
    found = environment(demo.base_url, ORCHAT_KEYS_FILE=str(file))
    for name in ("OPENROUTER_API_KEY", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        found.pop(name, None)
    return found


@pytest.fixture
def answers(demo: DemoThread) -> Iterator[Callable[..., None]]:
    """What the server says instead, the next times a code is brought."""

    def script(*steps: Step) -> None:
        demo.server.script(*steps, path="/auth/keys")

    yield script


def kept(file: Path) -> dict[str, Secret]:
    return {label: Secret(key) for label, key in json.loads(file.read_text()).items()}


def page_on(text: str) -> str:
    found = re.search(r"http://\S+/auth\?\S+", text)
    assert found is not None, text
    return found[0]


class Person:
    """Somebody at a terminal without a browser."""

    def __init__(self, environ: dict[str, str], *options: str) -> None:
        self.terminal = Terminal("login", *options, environ=environ)
        self.page = page_on(self.terminal.shows("S256&key_label=orchat\r\n"))

    def type(self, text: str) -> None:
        self.terminal.type(f"{text}\n")


# ---- with a browser ----


def test_the_browser_brings_the_key(environ: dict[str, str], file: Path) -> None:
    done = run("login", environ={**environ, "BROWSER": ALLOWING})

    assert done.code == 0, done
    (label, key), *more = kept(file).items()
    assert (label, more) == ("openrouter", [])
    assert f"signed in: kept as openrouter ({key.fingerprint}) in the file\n" in done.err
    assert re.search(r"^account [0-9a-f]{8}, no limit of its own, \d+ of 10 free requests left today$", done.err, re.M)
    assert done.out == page_on(done.out) + "\n"
    assert "callback_url=http%3A%2F%2F127.0.0.1%3A" in done.out
    assert run("ask", "--json", "hi", environ=environ).json["key"] == "openrouter"


def test_the_browser_brings_the_key_while_the_terminal_waits_for_a_line(environ: dict[str, str], file: Path) -> None:
    done = Terminal("login", environ={**environ, "BROWSER": f"{ALLOWING} &"}).end()
    assert done.code == 0, done
    assert list(kept(file)) == ["openrouter"]


def test_a_key_that_cannot_be_checked_is_kept(environ: dict[str, str], file: Path, demo: DemoThread) -> None:
    demo.server.script(fault("500"), path="/key")
    done = run("login", environ={**environ, "BROWSER": ALLOWING})
    assert done.code == 0
    assert "it could not be checked: " in done.err
    assert list(kept(file)) == ["openrouter"]


def test_the_next_key_gets_the_next_label(environ: dict[str, str], file: Path) -> None:
    for _ in range(2):
        assert run("login", environ={**environ, "BROWSER": ALLOWING}).code == 0
    assert list(kept(file)) == ["openrouter", "openrouter 2"]
    assert len(set(kept(file).values())) == 2


def test_the_label_may_be_chosen(environ: dict[str, str], file: Path, demo: DemoThread) -> None:
    environ = {**environ, "BROWSER": ALLOWING}
    assert run("login", "--label", " work ", environ=environ).code == 0
    assert list(kept(file)) == ["work"]
    assert "key_label=orchat+work" in run("login", "--label", "work 2", environ=environ).out
    taken = run("login", "--label", "work", environ=environ)
    assert (taken.code, list(kept(file))) == (2, ["work", "work 2"])
    assert "there is another key called work" in taken.err


def test_a_key_that_is_there_already_is_not_kept_twice(
    environ: dict[str, str], file: Path, answers: Callable[..., None]
) -> None:
    assert run("keys", "add", "mine", "--stdin", environ=environ, stdin=KEY.encode()).code == 0
    answers(Page(value={"key": KEY, "user_id": None}))

    done = run("login", environ={**environ, "BROWSER": ALLOWING})

    assert done.code == 0
    assert "this key was there already, as mine" in done.err
    assert kept(file) == {"mine": Secret(KEY)}


def test_who_says_no_in_the_browser_gets_no_key(environ: dict[str, str], file: Path, tmp_path: Path) -> None:
    program = tmp_path / "deny.py"
    program.write_text("import sys; from tests.support.browser import decide; decide(sys.argv[1], allow=False)")

    done = run("login", environ={**environ, "BROWSER": f"{sys.executable} {program} %s"})

    assert done.code == 3
    assert "orchat: the sign-in was not allowed in the browser" in done.err
    assert not file.exists()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("400-code", 3, "does not know this code"),
        ("400-code-method", 3, "by the method S256"),
        ("400-zod-code", 3, "did not understand the sign-in"),
        ("403-code", 3, "does not belong to this sign-in"),
        ("403-code-expired", 3, "has expired"),
        ("405", 3, "does not take sign-ins by POST"),
        ("502", 1, "Provider returned error"),
    ],
)
def test_each_refusal_is_told_in_its_own_words(
    environ: dict[str, str], file: Path, answers: Callable[..., None], name: str, code: int, words: str
) -> None:
    answers(fault(name))

    done = run("login", environ={**environ, "BROWSER": ALLOWING})

    assert done.code == code, done
    assert words in done.err and "hint: " in done.err
    assert not file.exists()


@pytest.mark.parametrize("browser", ["/nowhere/browser %s", "false"])
def test_where_the_browser_does_not_open_the_code_is_pasted(environ: dict[str, str], file: Path, browser: str) -> None:
    terminal = Terminal("login", environ={**environ, "BROWSER": browser})
    terminal.shows("no browser could be opened")
    terminal.shows("S256&key_label=orchat\r\n")
    page = page_on(terminal.seen.rpartition("that it shows:")[2])
    assert "callback_url" not in page
    terminal.type(decide(page).code + "\n")
    assert terminal.end().code == 0
    assert list(kept(file)) == ["openrouter"]


def test_the_address_at_which_a_browser_elsewhere_ended_may_be_pasted(environ: dict[str, str], file: Path) -> None:
    terminal = Terminal("login", environ={**environ, "BROWSER": "true"})
    page = page_on(terminal.shows("waiting for the browser"))
    ended_at = decide(page, follow=False).headers["location"]
    terminal.type(ended_at.replace("state=", "state=x") + "\n")
    terminal.shows("belongs to another attempt")
    terminal.type(f"\n{ended_at}\n")
    assert terminal.end().code == 0
    assert list(kept(file)) == ["openrouter"]


# ---- without one ----


def test_over_ssh_the_code_is_pasted(environ: dict[str, str], file: Path) -> None:
    person = Person({**environ, "DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
    assert "callback_url" not in person.page
    person.type(decide(person.page).code)
    done = person.terminal.end()
    assert done.code == 0
    assert "signed in: kept as openrouter" in done.out
    assert list(kept(file)) == ["openrouter"]


def test_no_browser_is_opened_where_none_is_wanted(environ: dict[str, str], file: Path, tmp_path: Path) -> None:
    person = Person({**environ, "BROWSER": f"touch {tmp_path}/opened"}, "--no-browser")
    person.type(decide(person.page).code)
    assert person.terminal.end().code == 0
    assert not (tmp_path / "opened").exists()


def test_a_mistyped_code_may_be_typed_again(environ: dict[str, str], file: Path) -> None:
    person = Person(environ)
    code = decide(person.page).code
    person.type("")
    person.type(code[:-1])
    person.terminal.shows("does not know this code")
    person.type("é" * 600)
    person.terminal.shows("this is not a code")
    person.type(f"  {code}  ")
    assert person.terminal.end().code == 0
    assert list(kept(file)) == ["openrouter"]


def test_a_code_that_has_expired_ends_it(environ: dict[str, str], answers: Callable[..., None]) -> None:
    answers(fault("403-code-expired"))
    person = Person(environ)
    person.type("c0de")
    done = person.terminal.end()
    assert done.code == 3
    assert "the code has expired" in done.out and "Begin again: orchat login" in done.out


def test_a_refusal_that_is_pasted_ends_it(environ: dict[str, str]) -> None:
    person = Person(environ)
    person.type("http://127.0.0.1:1/callback?error=access_denied")
    assert person.terminal.end().code == 3


@pytest.mark.parametrize("stdin", ["pipe", "null", "file", "closed"])
def test_without_a_terminal_nobody_can_paste_a_code(environ: dict[str, str], tmp_path: Path, stdin: str) -> None:
    useless = tmp_path / "useless"
    useless.write_text("mistyped\n")

    def before() -> None:
        if stdin == "closed":
            os.close(0)
        elif stdin != "pipe":
            os.dup2(os.open(os.devnull if stdin == "null" else useless, os.O_RDONLY), 0)

    done = run("login", "--no-browser", environ=environ, before=before)
    assert (done.code, "no code came" in done.err) == (2, True)


def test_a_program_may_paste_the_code(environ: dict[str, str], file: Path) -> None:
    reading, writing = os.pipe()
    terminal = Terminal("login", "--no-browser", environ=environ, stdin=reading)
    os.close(reading)
    code = decide(page_on(terminal.shows("S256&key_label=orchat\r\n"))).code
    os.write(writing, b"x" * (login.LONGEST_LINE + 1) + b"\n")
    terminal.shows("this is not a code")
    os.write(writing, f"mistyped\n{code}".encode())
    os.close(writing)
    assert terminal.end().code == 0
    assert list(kept(file)) == ["openrouter"]


# ---- leaving, and what cannot be done ----


def test_ctrl_c_leaves_while_a_code_is_waited_for(environ: dict[str, str], file: Path) -> None:
    person = Person(environ)
    person.terminal.type("\x03")
    done = person.terminal.end()
    assert done.code == 130
    assert "interrupted" in done.out and "Traceback" not in done.out
    assert not file.exists()


def test_ctrl_c_leaves_while_the_browser_is_waited_for(environ: dict[str, str], file: Path) -> None:
    running = Running("login", environ={**environ, "BROWSER": "true"})
    page = page_on(running.read_until("\n"))
    running.signal(signal.SIGINT)
    done = running.end()
    assert (done.code, file.exists()) == (130, False)
    assert done.err.endswith("orchat: interrupted\n")
    callback = re.search(r"127.0.0.1%3A(\d+)", page)
    assert callback is not None


def test_nobody_signs_in_where_no_key_can_be_kept(environ: dict[str, str], file: Path) -> None:
    nowhere = run("login", environ={**environ, "ORCHAT_KEYS__STORE": "env", "BROWSER": ALLOWING})
    assert (nowhere.code, nowhere.out) == (3, "")
    assert "no place for keys is configured" in nowhere.err

    file.write_text("{}")
    file.chmod(0o644)
    refused = run("login", environ={**environ, "BROWSER": ALLOWING})
    assert (refused.code, refused.out) == (3, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("login", "--demo"), 2, "the demo needs no key"),
        (("login", "--label", "a/b"), 2, "a label has"),
        (("login", "--label", "env"), 2, "is reserved"),
        (
            ("login", "--set", "api.base_url=https://example.com/v1", "--set", "api.dialect=openai"),
            2,
            "only OpenRouter",
        ),
        (("login", "--set", "api.base_url=http://example.com/api/v1"), 2, "needs https"),
    ],
)
def test_what_cannot_be_done_is_said_before_anybody_signs_in(
    environ: dict[str, str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run(*arguments, environ=environ)
    assert (done.code, done.out) == (code, "")
    assert words in done.err


def test_a_key_that_the_keyring_does_not_take_is_told_where_to_delete(environ: dict[str, str]) -> None:
    environ.pop("ORCHAT_KEYS_FILE")
    done = run("login", environ={**environ, "BROWSER": ALLOWING, "PYTHON_KEYRING_BACKEND": FULL_KEYRING})
    assert done.code == 3
    assert "orchat: signed in, but the key could not be kept: " in done.err
    assert f"delete it at {login.KEYS_PAGE}" in done.err


def test_neither_code_nor_key_stand_anywhere_but_in_the_key_file(
    environ: dict[str, str], file: Path, home: Path
) -> None:
    environ = {**environ, "ORCHAT_LOG__LEVEL": "debug"}
    person = Person(environ, "-v")
    code = decide(person.page).code
    person.type("mistyped")
    person.terminal.shows("does not know this code")
    person.type(code)
    done = person.terminal.end()
    (key,) = kept(file).values()

    assert key.reveal() not in done.out
    found = [path for path in home.rglob("*") if path.is_file() and path != file]
    assert any(path.suffix == ".db" for path in found) and any("log" in path.name for path in found)
    for path in found:
        content = path.read_bytes()
        assert key.reveal().encode() not in content, path
        assert code.encode() not in content, path
    database = sqlite3.connect(next(path for path in found if path.name == "orchat.db"))
    assert database.execute("SELECT label FROM keys").fetchall() == [("openrouter",)]
    database.close()
