"""A key that is like no other text goes through every command and every failure, and is searched for afterwards.

It may stand nowhere: not in what is printed, not in the log, not in the bytes of the database, not in an export.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from orchat.cli.main import group
from orchat.demo import DemoThread
from orchat.demo.script import Step, fail, raw
from orchat.domain.secret import Secret
from tests.support.browser import ALLOWING
from tests.support.cli import environment, run
from tests.support.sentinel import SENTINEL, leaks

FINGERPRINT = Secret(SENTINEL).fingerprint
OTHER = "sk-or-v1-" + "other9876" * 7
WELL, FAILED, MISUSED, NO_KEY, INTERRUPTED = 0, 1, 2, 3, 130
CHAT = "/chat/completions"
NOWHERE = "http://127.0.0.1:9/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of a command on a machine that has the key."""

    argv: tuple[str, ...]
    """The command."""
    code: int
    """Its exit code."""
    says: str
    """Stands on stdout or stderr: the case is what it is meant to be."""
    environ: Mapping[str, str]
    """Beside what every command gets."""
    script: tuple[tuple[str, Step], ...]
    """What the server says, each with its path."""
    stdin: str
    """What is piped in."""
    keys: str | None
    """What the key file holds, where there is one; otherwise the key is in the environment."""
    files: Mapping[str, str]
    """Further files, by path in the home."""
    before: tuple[str, ...]
    """Commands that come first; they do well."""


def at(
    command: str,
    code: int = WELL,
    says: str = "",
    *script: tuple[str, Step],
    environ: Mapping[str, str] | None = None,
    keys: object = None,
    **more: Any,
) -> Case:
    """The key is in the environment, or in the key file; ``KEY`` in the command stands for it."""
    filled = {"stdin": "", "files": {}, "before": (), **more}
    return Case(
        argv=tuple(word.replace("KEY", SENTINEL) for word in command.split()),
        code=code,
        says=says,
        environ=environ or {},
        script=script,
        keys=keys if keys is None or isinstance(keys, str) else json.dumps(keys),
        **filled,
    )


def ring(command: str, code: int = WELL, says: str = "", *script: tuple[str, Step], **more: Any) -> Case:
    """The key is in the key file, with another one after it."""
    return at(command, code, says, *script, **{"keys": {"work": SENTINEL, "spare": OTHER}, **more})


def keyring(how: str, command: str, code: int, says: str, *script: tuple[str, Step], **more: Any) -> Case:
    """The key is in a keyring that fails somehow, and tells the key when it does."""
    environ = {
        "OPENROUTER_API_KEY": "",
        "ORCHAT_KEYS__STORE": "keyring",
        "PYTHON_KEYRING_BACKEND": "tests.support.keyrings.Telltale",
        "TELLTALE": f"{how} {SENTINEL}",
        "BROWSER": ALLOWING,
    }
    return at(command, code, says, *script, environ=environ, **more)


def echo(status: int = 401, **more: Any) -> Step:
    """A server that repeats the key, as some do."""
    return fail(status, message=f"nobody has the key {SENTINEL}", **more)


TOLD = ("/key", echo())
BUSY = ("/key", echo(500))
MADE = raw(json.dumps({"key": SENTINEL, "user_id": None}).encode(), content_type="application/json", framing="length")
DOT = {"file.json": "GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2L\1\0;"}
"""A picture of one pixel that is a text, too."""
CASES = {
    # ---- ask; every fault of the server follows below
    "ask": at("ask hi"),
    "ask, refused": at("ask hi", NO_KEY, "The key was refused", (CHAT, echo())),
    "ask --json, refused": at("ask --json hi", NO_KEY, "KeyRejected", (CHAT, echo())),
    "ask --no-stream, refused": at("ask --no-stream hi", NO_KEY, "refused", (CHAT, echo())),
    "ask, no server": at("ask hi", FAILED, "orchat: ", environ={"ORCHAT_API__BASE_URL": NOWHERE}),
    "ask, no TLS": at("ask hi", FAILED, "orchat: ", environ={"ORCHAT_API__BASE_URL": "https://{host}/api/v1"}),
    "ask, over budget": at("ask -m demo/writer hi", FAILED, "budget", environ={"ORCHAT_BUDGET__DAY_USD": "1e-9"}),
    "ask, switching": ring("ask --json --on-exhausted switch hi", WELL, "spare", (CHAT, echo(402))),
    "ask, all refused": ring("ask --on-exhausted switch hi", NO_KEY, "refused", (CHAT, echo()), (CHAT, echo())),
    "ask, next key": ring("ask --set keys.on_exhausted=ask hi", NO_KEY, "spare can take over", (CHAT, echo())),
    "ask, not a key": at("ask hi", NO_KEY, "has a space", environ={"OPENROUTER_API_KEY": f"{SENTINEL} x"}),
    "ask, odd key": at("ask hi", NO_KEY, "no key has", environ={"OPENROUTER_API_KEY": f"{SENTINEL}é"}),
    # ---- keys, in a file
    "add": at("keys add work --stdin", WELL, "kept as work", stdin=SENTINEL, keys={}),
    "add --json": at("keys add work --stdin --json", WELL, FINGERPRINT, stdin=SENTINEL, keys={}),
    "add, refused": at("keys add work --stdin", NO_KEY, "refused", TOLD, stdin=SENTINEL, keys={}),
    "add, not checked": at("keys add work --stdin", WELL, "could not be", BUSY, stdin=SENTINEL, keys={}),
    "add, taken": ring("keys add work --stdin --no-check", MISUSED, "another key called work", stdin=f"{SENTINEL}2"),
    "add, known": ring("keys add home --stdin --no-check", MISUSED, "there already", stdin=SENTINEL),
    "add, two lines": ring("keys add home --stdin", NO_KEY, "line break", stdin=f"{SENTINEL}\n{SENTINEL}"),
    "add, quoted": ring("keys add home --stdin", NO_KEY, "quotation mark", stdin=f'"{SENTINEL}"'),
    "add, too long": ring("keys add home --stdin", NO_KEY, "longer than", stdin=SENTINEL * 20),
    "add, as an argument": at("keys add work KEY", MISUSED, "orchat: ", keys={}),
    "add, as a label": at("keys add KEY --stdin", MISUSED, "a label has", stdin=SENTINEL, keys={}),
    "add, no terminal": at("keys add work", MISUSED, "no terminal", stdin=SENTINEL, keys={}),
    "list": ring("keys list"),
    "list, held": ring("keys list", WELL, "work", before=("ask hi",)),
    "list --json": ring("keys list --json"),
    "where": at("keys where", WELL, "env"),
    "where, not a key": at("keys where", NO_KEY, "not to a key", environ={"OPENROUTER_API_KEY": f"{SENTINEL} x"}),
    "test": ring("keys test", NO_KEY, "cannot serve", TOLD),
    "test --json": ring("keys test --json", NO_KEY, "KeyRejected", TOLD),
    "test, no answer": ring("keys test", FAILED, "did not say", BUSY),
    "use": ring("keys use work"),
    "use, as a label": ring("keys use KEY", MISUSED, "there is no key"),
    "rename": ring("keys rename work home"),
    "rename, to a key": ring("keys rename work KEY", MISUSED, "a label has"),
    "rename, of a key": ring("keys rename KEY work", MISUSED, "there is no key"),
    "disable": ring("keys disable work"),
    "disable, as a label": ring("keys disable KEY", MISUSED, "there is no key"),
    "enable": ring("keys enable work"),
    "order": ring("keys order spare work"),
    "order, as a label": ring("keys order KEY", MISUSED, "there is no key"),
    "remove": ring("keys remove -y work"),
    "remove, as a label": ring("keys remove -y KEY", MISUSED, "there is no key"),
    "import": at("keys import -y", WELL, "kept as openrouter", keys={}),
    "import --json": at("keys import -y --json", WELL, FINGERPRINT, keys={}),
    "import, refused": at("keys import -y", NO_KEY, "refused", TOLD, keys={}),
    "import, no terminal": at("keys import", MISUSED, "confirmed", keys={}),
    "import, from llm": at(
        "keys import -y",
        WELL,
        "kept as openrouter",
        environ={"OPENROUTER_API_KEY": ""},
        keys={},
        files={".config/io.datasette.llm/keys.json": json.dumps({"openrouter": SENTINEL})},
    ),
    "import, from a damaged file": at(
        "keys import -y",
        NO_KEY,
        "is not a JSON object",
        environ={"OPENROUTER_API_KEY": ""},
        keys={},
        files={".config/io.datasette.llm/keys.json": f'{{"openrouter": "{SENTINEL}'},
    ),
    # ---- key files that are refused
    "a file that is not JSON": at("ask hi", NO_KEY, "is not JSON", keys=f'{{"work": {SENTINEL}}}'),
    "a file that is a list": at("keys list", NO_KEY, "is not a JSON object", keys=[SENTINEL]),
    "a file with a bad key": at("ask hi", NO_KEY, "entry 1", keys={"work": f"{SENTINEL} {SENTINEL}"}),
    "a file with key and label swapped": at("ask hi", NO_KEY, "entry 1", keys={SENTINEL: "work"}),
    # ---- keyrings that fail
    "a keyring that cannot be read": keyring("get", "ask hi", NO_KEY, "keyring failed"),
    "a keyring that is damaged": keyring("damaged", "ask hi", NO_KEY, "is damaged"),
    "a keyring that takes nothing": keyring("set", "keys add work --stdin", NO_KEY, "keyring failed", stdin=SENTINEL),
    "a keyring that cannot be read, where": keyring("get", "keys where", NO_KEY, "keyring failed"),
    "a keyring that cannot be read, doctor": keyring("get", "doctor --offline", FAILED, "keyring failed"),
    "a keyring that takes nothing, after signing in": keyring(
        "set", "login", NO_KEY, "could not be kept", ("/auth/keys", MADE)
    ),
    # ---- sign-in
    "login": at("login", WELL, "signed in", ("/auth/keys", MADE), environ={"BROWSER": ALLOWING}, keys={}),
    "login, refused": at(
        "login", NO_KEY, "refused the sign-in", ("/auth/keys", echo(403)), environ={"BROWSER": ALLOWING}, keys={}
    ),
    "login, half a key": at(
        "login",
        FAILED,
        "orchat: ",
        ("/auth/keys", raw(f'{{"key": "{SENTINEL}'.encode(), content_type="application/json", framing="length")),
        environ={"BROWSER": ALLOWING},
        keys={},
    ),
    "login, a key that is none": at(
        "login",
        FAILED,
        "orchat: ",
        ("/auth/keys", raw(f'{{"key": ["{SENTINEL}"]}}'.encode(), content_type="application/json", framing="length")),
        environ={"BROWSER": ALLOWING},
        keys={},
    ),
    "login, a key instead of a code": at("login --no-browser", MISUSED, "no code came", stdin=f"{SENTINEL}\n", keys={}),
    # ---- everything else that knows the key
    "doctor": at("doctor", WELL, "key", environ={"PYTHON_KEYRING_BACKEND": ""}, keys={}),
    "doctor, refused": at("doctor --json", FAILED, "refused", TOLD, keys={}),
    "doctor, an open key file": at("doctor --offline", FAILED, "entry 1", keys={"work": f"{SENTINEL} x"}),
    "doctor keys": at("doctor keys", MISUSED, "terminal"),
    "ocr": at("ocr FILE -m demo/seer", files=DOT),
    "ocr, refused": at("ocr FILE -m demo/seer", NO_KEY, "The key was refused", (CHAT, echo()), files=DOT),
    "ocr, a page refused": at("ocr FILE -m demo/seer", FAILED, "could not be read", (CHAT, echo(400)), files=DOT),
    "models": at("models --refresh", FAILED, "nobody has the key", ("/models", echo(500))),
    "usage": at("usage --by key", WELL, "env", before=("ask hi",)),
    "usage --csv": at("usage --csv --by key", WELL, "env", before=("ask hi",)),
    "usage --refresh": at("usage --refresh", WELL, "refused", TOLD, before=("ask hi",)),
    "sessions list": at("sessions list", WELL, "hi", before=("ask hi",)),
    "sessions show": at("sessions show LAST --json", WELL, "hi", before=("ask hi",)),
    "sessions search": at("sessions search hi", WELL, "hi", before=("ask hi",)),
    "sessions export": at("sessions export --all --format json", WELL, "hi", before=("ask hi",)),
    "sessions export, as a page": at("sessions export LAST --format html", WELL, "hi", before=("ask hi",)),
    "sessions import": at(
        "sessions import FILE",
        WELL,
        "1",
        before=("ask hi", "sessions export LAST --format json -o FILE", "sessions delete -y LAST"),
    ),
    "sessions duplicate": at("sessions duplicate LAST", before=("ask hi",)),
    "sessions rename": at("sessions rename LAST other", before=("ask hi",)),
    "sessions pin": at("sessions pin LAST", before=("ask hi",)),
    "sessions unpin": at("sessions unpin LAST", before=("ask hi",)),
    "sessions delete": at("sessions delete -y LAST", before=("ask hi",)),
    "sessions undelete": at("sessions undelete LAST", before=("ask hi", "sessions delete -y LAST")),
    "completion": at("completion bash", WELL, "complete"),
    "completion, of keys": ring(
        "-- keys use wo", WELL, "work", environ={"_ORCHAT_COMPLETE": "zsh"}, before=("keys list",)
    ),
    "config show": at("config show --origin", WELL, "keys.store"),
    "config path": at("config path", WELL, "config.toml"),
    "config init": at("config init", WELL, "config.toml"),
    "config example": at("config example", WELL, "rotate_after"),
    "a key among the settings": at(
        "config show", MISUSED, "config.toml", files={"orchat/config.toml": f'[api]\nkey = "{SENTINEL}"\n'}
    ),
    "settings that are no TOML": at(
        "ask hi", MISUSED, "config.toml", files={"orchat/config.toml": f"[api]\nkey = {SENTINEL}\n"}
    ),
    "a key as a setting": at("ask --set api.key=KEY hi", MISUSED, "api.key"),
    "a key for a number": at("ask --set limits.max_in_flight=KEY hi", MISUSED, "max_in_flight"),
    # ---- a key in the place of something else
    "a key as an option": at("ask --api-key=KEY hi", MISUSED, "orchat: "),
    "a key as a flag": at("ask --KEY hi", MISUSED, "orchat: "),
    "a key as a command": at("KEY", MISUSED, "a key rather than a prompt"),
    "a key as a prompt": at("ask KEY", MISUSED, "a key rather than a prompt"),
    "a key on stdin": at("ask", MISUSED, "a key rather than a prompt", stdin=SENTINEL),
    "a key as a choice": at("usage --by KEY", MISUSED, "orchat: "),
    "a key as a session": at("ask --session KEY hi", MISUSED, "orchat: "),
}


def prepared(case: Case, home: Path, demo: DemoThread) -> tuple[dict[str, str], tuple[Path, ...]]:
    """The environment of a case, and the files that are there to keep keys."""
    environ = environment(demo.base_url, OPENROUTER_API_KEY=SENTINEL, ORCHAT_LOG__LEVEL="debug")
    files = [home / path for path in case.files]
    for file, text in zip(files, case.files.values(), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if case.keys is not None:
        files += [home / "keys.json"]
        files[-1].write_text(case.keys)
        files[-1].chmod(0o600)
        environ["ORCHAT_KEYS_FILE"] = str(files[-1])
    if case.keys not in (None, "{}"):
        del environ["OPENROUTER_API_KEY"]
    host = demo.base_url.split("/")[2]
    return {**environ, **{name: text.replace("{host}", host) for name, text in case.environ.items()}}, tuple(files)


def resolved(words: Collection[str], home: Path) -> list[str]:
    """A command in which ``LAST`` stands for the latest session, and ``FILE`` for a file that is searched, too."""
    stands_for = {"LAST": latest(home) if "LAST" in words else "", "FILE": str(home / "file.json")}
    return [stands_for.get(word, word) for word in words]


def latest(home: Path) -> str:
    with closing(sqlite3.connect(home / "orchat" / "data" / "orchat.db")) as database:
        (found,) = database.execute("SELECT id FROM conversations ORDER BY created_at DESC").fetchone()
    return str(found)


@pytest.mark.parametrize("name", CASES)
def test_the_key_stands_nowhere_after(name: str, demo: DemoThread, home: Path) -> None:
    case = CASES[name]
    environ, files = prepared(case, home, demo)
    plainly = {name: text for name, text in environ.items() if name != "_ORCHAT_COMPLETE"}
    for line in case.before:
        assert run(*resolved(line.split(), home), environ=plainly).code == WELL
    for path, step in case.script:
        demo.server.script(step, path=path)

    done = run(*resolved(case.argv, home), environ=environ, stdin=case.stdin.encode())

    assert done.code == case.code, done
    assert case.says in done.out + done.err
    assert "Traceback" not in done.err
    assert leaks(done, home, but=files) == {}


def test_every_command_is_among_the_cases() -> None:
    known = {case.argv[: len(path)] for case in CASES.values() for path in commands()}

    assert set(commands()) - known == set()


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, with the groups that it is in."""

    def leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if not isinstance(command, click.Group):
            yield path
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from leaves(below, (*path, name))

    return leaves(group, ())
