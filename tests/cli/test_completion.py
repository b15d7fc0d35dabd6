"""Completion, in real shells where there are any, and as they ask for it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from orchat.cli.completing import _words
from orchat.cli.completion import SCRIPTS
from orchat.demo import DemoThread
from orchat.store import glance
from tests.support.cli import Orchat, environment, run
from tests.support.imports import loaded
from tests.support.page import Paper

SETTINGS = """
[personas.poet]
system = "Rhyme."
[personas.pilot]
model = "demo/writer"
"""


@pytest.fixture
def known(orchat: Orchat, home: Path, demo: DemoThread) -> dict[str, str]:
    """The environment of a shell whose owner has sessions, a catalogue, personas and a key."""
    (home / "orchat").mkdir(exist_ok=True)
    (home / "orchat" / "config.toml").write_text(SETTINGS)
    assert orchat("models").code == 0
    assert orchat("ask", "-m", "demo/writer", "Tell me of quinces").code == 0
    environ = environment(demo.base_url)
    folder = home / "bin"
    folder.mkdir()
    command = folder / "orchat"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchat "$@"\n')
    command.chmod(0o755)
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    return environ


def choices(environ: dict[str, str], line: str) -> list[str]:
    """What bash is given for a line, kind and value."""
    done = run(environ={**environ, "_ORCHAT_COMPLETE": "bash", "_ORCHAT_LINE": line, "_ORCHAT_BREAKS": " :="})
    assert (done.code, done.err) == (0, "")
    return [" ".join(row.split("\t")[:2]) for row in done.out.splitlines()]


def session(orchat: Orchat) -> str:
    found: str = orchat("sessions", "list", "--json").json[0]["id"]
    return found


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("orchat se", ["plain sessions"]),
        ("orchat ask --extr", ["plain --extract", "plain --extract-last"]),
        ("orchat ask -m demo/wr", ["plain demo/writer"]),
        ("orchat -m demo/wr", ["plain demo/writer"]),
        ("orchat 'a prompt' -m demo/wr", ["plain demo/writer"]),
        ("orchat ask --persona po", ["plain poet"]),
        ("orchat --persona p", ["plain poet", "plain pilot"]),
        ("orchat ask -f ", ["file *"]),
        ("orchat ask --schema x", ["file x"]),
        ("orchat ask -p tempera", ["part temperature="]),
        ("orchat --set chat.tempera", ["part chat.temperature="]),
        ("orchat models --sort pr", ["plain price"]),
        ("orchat completion f", ["plain fish"]),
        ("orchat nonsense and more ", []),
        ("orchat aks ", []),
        ("orchat ask 'an open quote", []),
    ],
)
def test_a_line_has_its_choices(line: str, some: list[str], known: dict[str, str]) -> None:
    assert choices(known, line) == some


def test_everything_is_offered_where_nothing_is_typed(known: dict[str, str]) -> None:
    assert {"plain ask", "plain sessions", "plain completion"} <= set(choices(known, "orchat "))


def test_sessions_are_offered_with_their_titles(known: dict[str, str], orchat: Orchat) -> None:
    id = session(orchat)

    for line in (
        "orchat -r ",
        f"orchat ask --session {id[:3]}",
        "orchat sessions show ",
        f"orchat -r {id[:3].upper()}",
    ):
        done = run(environ={**known, "_ORCHAT_COMPLETE": "bash", "_ORCHAT_LINE": line})
        assert done.out == f"plain\t{id}\tTell me of quinces\n"
    orchat("sessions", "delete", "--yes", id)
    assert choices(known, "orchat -r ") == []
    assert choices(known, "orchat sessions undelete ") == [f"plain {id}"]


def test_what_bash_takes_for_an_earlier_word_is_not_given_again(known: dict[str, str], orchat: Orchat) -> None:
    environ = {**known, "_ORCHAT_COMPLETE": "bash", "_ORCHAT_LINE": "orchat --set=chat.tempera"}
    whole = run(environ={**environ, "_ORCHAT_BREAKS": " "}).out
    assert whole.split("\t")[1] == "chat.temperature="


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_nothing_is_offered_from_what_cannot_be_read(damage: bytes | None, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "orchat.db"
    if damage is not None:
        path.write_bytes(damage)

    assert glance.sessions(path, "") == glance.models(path, "x") == glance.key_labels(path) == []


def test_wrong_settings_and_a_missing_home_offer_nothing(known: dict[str, str]) -> None:
    broken = {**known, "ORCHAT_RETRY__ATTEMPTS": "x"}
    assert choices(broken, "orchat ask -m ") == choices(broken, "orchat --persona ") == []
    lost = {name: value for name, value in known.items() if name not in ("HOME", "ORCHAT_HOME")} | {"HOME": "relative"}
    if os.getuid() != 0:
        assert choices(lost, "orchat -r ") == []


def test_key_labels_are_offered(known: dict[str, str], home: Path) -> None:
    with closing(sqlite3.connect(home / "orchat" / "data" / "orchat.db")) as database:
        for position, label in enumerate(("work", "home", "wood")):
            row = (f"{position:08}", label, position + 10)
            database.execute("INSERT INTO keys (fingerprint, label, position, added_at) VALUES (?, ?, ?, 0)", row)
        database.commit()

    assert choices(known, "orchat keys use wo") == ["plain work", "plain wood"]
    assert choices(known, "orchat keys test work h") == ["plain home"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("orchat ", ["orchat", ""]),
        ("orchat as", ["orchat", "as"]),
        ("orchat ask 'two words' x", ["orchat", "ask", "two words", "x"]),
        ("orchat ask 'two wo", ["orchat", "ask", "two wo"]),
        ("orchat # no comment", ["orchat", "#", "no", "comment"]),
    ],
)
def test_a_line_is_parted_as_a_shell_does(line: str, words: list[str]) -> None:
    assert _words(line) == words


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_is_printed(shell: str, orchat: Orchat) -> None:
    assert orchat("completion", shell).out == SCRIPTS[shell]


@pytest.mark.parametrize("line", ["orchat ask -m ", "orchat -r ", "orchat keys use ", "orchat --persona "])
def test_completing_loads_neither_screen_nor_network(line: str, known: dict[str, str]) -> None:
    environ = {**known, "_ORCHAT_COMPLETE": "bash", "_ORCHAT_LINE": line}
    found = loaded("sys.argv = ['orchat']; from orchat.__main__ import main; main()", environ)

    assert "orchat.cli.completing" in found
    assert found & {"textual", "rich", "httpx", "anyio", "asyncio", "keyring", "orchat.runtime", "orchat.tui"} == set()


# ---- real shells


def installed(shell: str) -> bool:
    return shutil.which(shell) is not None


def completed(shell: str, line: str, known: dict[str, str], home: Path) -> Paper:
    """A shell at which somebody types a line and then the tab key."""
    starts = {
        "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(orchat completion bash)"; echo read""y'),
        "zsh": (
            ["zsh", "-f", "-i"],
            'autoload -U compinit; compinit -u -D; eval "$(orchat completion zsh)"; echo read""y',
        ),
        "fish": (["fish", "--no-config", "-i"], "orchat completion fish | source; echo read''y"),
    }
    argv, setup = starts[shell]
    environ = {**known, "TERM": "xterm", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    paper = Paper(environ=environ, argv=argv, columns=100)
    paper.type(f"cd; {setup}\n")
    paper.until("ready")
    paper.type(f"{line}\t")
    return paper


LINES = [
    ("orchat sess", "orchat sessions"),
    ("orchat ask -m demo/wri", "-m demo/writer"),
    ("orchat ask --persona poe", "--persona poet"),
]


@pytest.mark.parametrize("shell", [name for name in SCRIPTS if installed(name)])
@pytest.mark.parametrize(("line", "shown"), LINES)
def test_a_shell_completes(shell: str, line: str, shown: str, known: dict[str, str], home: Path) -> None:
    paper = completed(shell, line, known, home)
    try:
        paper.until(shown)
    finally:
        paper.process.kill()
        paper.end()


def test_bash_completes_model_names_with_a_colon(known: dict[str, str], home: Path, demo: DemoThread) -> None:
    free = next(id for id, _ in glance.models(home / "orchat" / "data" / "orchat.db", demo.base_url) if ":" in id)
    paper = completed("bash", f"orchat ask -m {free[:-2]}", known, home)
    try:
        paper.until(f"orchat ask -m {free}")
        assert not any(free.partition(":")[0] + ":" + free.partition(":")[0] in row for row in paper.rows)
    finally:
        paper.process.kill()
        paper.end()


@pytest.mark.parametrize("shell", [name for name in ("zsh", "fish") if installed(name)])
def test_titles_stand_beside_the_ids_of_sessions(shell: str, known: dict[str, str], home: Path, orchat: Orchat) -> None:
    orchat("ask", "-m", "demo/writer", "A second: one")
    paper = completed(shell, "orchat -r \t", known, home)  # the first one writes what both ids begin with
    try:
        paper.until("Tell me of quinces")
        paper.until("A second: one")
    finally:
        paper.process.kill()
        paper.end()


def test_bash_completes_files_where_a_file_is_wanted(known: dict[str, str], home: Path) -> None:
    (home / "receipt.jpg").touch()
    paper = completed("bash", "orchat ask -i rece", known, home)
    try:
        paper.until("receipt.jpg")
    finally:
        paper.process.kill()
        paper.end()


def test_the_scripts_are_sound() -> None:
    for shell, script in SCRIPTS.items():
        if installed(shell):
            subprocess.run([shell, "-n"], input=script.encode(), check=True)
