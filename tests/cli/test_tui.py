"""Opening the screen, in a real terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchat.cli.diagnostics import Diagnostics
from orchat.cli.main import main
from orchat.cli.tui import _parting
from orchat.demo import DemoThread
from orchat.tui.app import ExitNote
from tests.support.cli import Done, Terminal, environment, run

Orchat = Callable[..., Done]
LEAVE = "\x11"
"""Ctrl-Q."""


def test_the_screen_needs_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capfd.readouterr().err == (
        'orchat: the screen needs a terminal\nhint: Without one: orchat ask "your question"\n'
    )


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["-c", "-r", "abc"], "-c and -r exclude each other"),
        (["-m", "x", "ask", "hi"], "-m, -r and -c belong behind ask"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    argv: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert says in capfd.readouterr().err


def test_the_screen_opens_and_is_left(home: Path) -> None:
    terminal = Terminal("--demo", environ=environment(None))
    terminal.read_until("demo")
    terminal.type(LEAVE)

    assert terminal.end().code == 0
    assert (home / "orchat" / "data" / "demo" / "orchat.db").exists()


def test_the_screen_goes_on_with_the_latest_session(demo: DemoThread, orchat: Orchat) -> None:
    orchat("ask", "-m", "demo/writer", "Remember the word marmalade.")
    session = orchat("sessions", "list", "--json").json[0]["id"]
    terminal = Terminal("-c", environ=environment(demo.base_url))
    terminal.read_until("marmalade")
    terminal.type(LEAVE)

    done = terminal.end()
    assert done.code == 0
    assert f"orchat -r {session}" in done.out


def test_a_wrong_setting_is_told_before_the_screen_opens() -> None:
    done = Terminal("--set", "tui.flush_ms=0", environ=environment(None)).end()

    assert done.code == 2
    assert done.out.startswith("orchat: flag tui.flush_ms: expected a whole number from 10 to 1000")


def test_without_a_terminal_nothing_is_created(home: Path) -> None:
    assert run("--demo").code == 2
    assert not (home / "orchat").exists()


@pytest.mark.parametrize(
    ("note", "code", "says"),
    [
        (None, 0, ""),
        (ExitNote(text=""), 0, ""),
        (ExitNote(text="resume with: orchat -r abc"), 0, "resume with: orchat -r abc\n"),
        (ExitNote(text="it broke", failed=True), 1, "orchat: it broke\n"),
    ],
)
def test_the_last_word_of_the_screen_is_said_on_stderr(
    note: ExitNote | None, code: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    diagnostics = Diagnostics({})
    diagnostics.verbose = True

    assert _parting(diagnostics, note) == code
    assert capfd.readouterr() == ("", says)
