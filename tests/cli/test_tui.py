"""Opening the screen, in a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.cli.diagnostics import Diagnostics
from orchat.cli.main import main
from orchat.cli.tui import _parting
from orchat.demo import DemoThread
from orchat.demo.script import say
from orchat.tui.app import ExitNote
from tests.support.cli import Orchat, Terminal, environment, run

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
        (["--temp", "-c"], "--temp and -c exclude each other"),
        (["--temp", "-r", "x"], "--temp and -r exclude each other"),
        (["-m", "x", "ask", "hi"], "options of the screen mean nothing to ask"),
        (["why", "is", "the", "sky", "blue"], 'a prompt is one argument\nhint: Put it between quotes: orchat "why …"'),
        (["-c", "hi", "-r", "x"], "-c and -r exclude each other"),
        (["--persona", "nobody"], "there is no persona nobody"),
        (["--persona", "nobody", "hi there"], "there is no persona nobody"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    argv: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert says in capfd.readouterr().err


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("aks", "orchat ask"), ("model", "orchat models"), ("sesions", "orchat sessions"), ("help", "orchat --help"),
        ("chat", "orchat"), ("version", "orchat --version"),
    ],
)  # fmt: skip
def test_a_mistyped_command_is_no_prompt_that_somebody_pays_for(
    word: str, near: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 2
    assert capfd.readouterr().err == (
        f"orchat: there is no command {word!r}; did you mean {near}?\nhint: As a prompt: orchat ask {word}\n"
    )


@pytest.mark.parametrize("prompt", ["why is the sky blue", "hello", "ask me something", "sessions of congress"])
def test_anything_else_is_a_first_prompt(prompt: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([prompt]) == 2
    assert "the screen needs a terminal" in capfd.readouterr().err


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


def test_a_first_prompt_is_sent_as_soon_as_the_screen_is_there(demo: DemoThread, home: Path) -> None:
    demo.server.script(say("The answer is marmalade."))
    terminal = Terminal("What is it?", "-m", "demo/writer", "-s", "Be brief.", environ=environment(demo.base_url))
    terminal.read_until("marmalade")
    terminal.type(LEAVE)

    assert terminal.end().code == 0
    body = demo.server.chats[-1].body
    assert (body["model"], [message["content"] for message in body["messages"]]) == (
        "demo/writer", ["Be brief.", "What is it?"]
    )  # fmt: skip


def test_a_prompt_goes_into_the_session_that_is_resumed(demo: DemoThread, orchat: Orchat) -> None:
    orchat("ask", "-m", "demo/writer", "Remember the word quince.")
    demo.server.script(say("It was a fruit called marmalade."))
    terminal = Terminal("-c", "Which word?", environ=environment(demo.base_url))
    terminal.read_until("marmalade")
    terminal.type(LEAVE)

    assert terminal.end().code == 0
    assert "Remember the word quince." in str(demo.server.chats[-1].body["messages"])
    assert len(orchat("sessions", "list", "--json").json) == 1


def test_a_prompt_for_a_session_that_is_not_there_is_not_sent(demo: DemoThread, home: Path) -> None:
    asked = len(demo.server.chats)
    terminal = Terminal("-r", "zzzz", "My precious prompt", environ=environment(demo.base_url))
    terminal.read_until("precious")
    terminal.type(LEAVE)

    assert terminal.end().code == 0
    assert len(demo.server.chats) == asked


def test_a_persona_speaks_on_the_screen(demo: DemoThread, home: Path) -> None:
    demo.server.script(say("The answer is marmalade."))
    settings = {
        "personas.poet.system": "Rhyme.",
        "personas.poet.model": "demo/writer",
        "personas.poet.fallbacks": "demo/thinker",
        "personas.poet.temperature": "1.2",
    }
    flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    terminal = Terminal(*flags, "--persona", "poet", "hi there", environ=environment(demo.base_url))
    terminal.read_until("marmalade")
    terminal.type(LEAVE)

    assert terminal.end().code == 0
    body = demo.server.chats[-1].body
    assert (body["model"], body["temperature"], body["messages"][0]["content"]) == ("demo/writer", 1.2, "Rhyme.")


def test_a_temporary_session_leaves_nothing_behind(demo: DemoThread, orchat: Orchat, home: Path) -> None:
    demo.server.script(say("The answer is marmalade."))
    terminal = Terminal("--temp", "My dark secret", environ=environment(demo.base_url))
    terminal.read_until("marmalade")
    assert "temporary" in terminal.seen
    terminal.type("another dark secret")
    terminal.read_until("secret")
    terminal.type(LEAVE)

    done = terminal.end()
    assert done.code == 0
    assert "orchat -r" not in done.out
    assert orchat("sessions", "list", "--json").json == []
    kept = [path for path in home.rglob("*") if path.is_file() and b"dark secret" in path.read_bytes()]
    assert kept == []


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
        (ExitNote(text="resume with: orchat -r abc", interrupted=True), 130, "resume with: orchat -r abc\n"),
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
