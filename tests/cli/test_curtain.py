"""The first frame in a real terminal: there before Textual, painted over without a gap, gone with whatever fails."""

from __future__ import annotations

import signal
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Terminal, environment

ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
QUIT = "\x11"
WORDS = "F1 help"
LOADING = """
import sys
from importlib.abc import MetaPathFinder

class Loader(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "orchat.tui.app":
            {instead}

sys.meta_path.insert(0, Loader())
sys.argv[:] = ["orchat", "--demo"]
from orchat.__main__ import main
main()
"""
"""The command, with something else where Textual is loaded."""
CUT = """
import os, signal, sys

def write(number, data, real=os.write):
    os.write = real
    written = real(number, data)
    os.kill(os.getpid(), signal.SIGTERM)
    return written

sys.argv[:] = ["orchat", "--demo"]
from orchat.__main__ import main
os.write = write
main()
"""
"""The command, ended as soon as it has written something."""
WAIT = "import time; [time.sleep(0.01) for _ in range(3000)]"
FAIL = "raise ImportError(name)"
EXHAUST = "raise MemoryError"


def started(*argv: str, instead: str = "", **more: str) -> Terminal:
    """A terminal that shows the first frame."""
    program = LOADING.format(instead=instead) if instead else None
    terminal = Terminal(*argv, program=program, environ=environment(None, **more))
    terminal.stands(WORDS)
    return terminal


def echoes(terminal: Terminal) -> bool:
    return bool(termios.tcgetattr(terminal._master)[3] & termios.ECHO)


def parted(out: str) -> tuple[str, str]:
    """What came while the other screen was on, and what came afterwards."""
    before, _, after = out.rpartition(LEAVE)
    return before, after.replace(SHOW_CURSOR, "").replace("\x1b[?1004l", "")


@pytest.mark.usefixtures("home")
def test_the_first_frame_stands_before_textual_is_loaded() -> None:
    terminal = started(instead=WAIT)
    first = terminal.seen
    terminal.process.send_signal(signal.SIGTERM)
    terminal.end()

    assert first.startswith(ENTER)
    assert "New conversation" in first
    assert "sk anything" in first  # the cursor stands on the first letter


@pytest.mark.usefixtures("home")
def test_textual_paints_over_it_without_clearing_and_leaves_the_terminal_as_it_was() -> None:
    terminal = started("--demo")
    terminal.stands("demo ")
    assert not echoes(terminal)
    terminal.type(QUIT)
    terminal.read_until(LEAVE)
    while "\x1b[?1004l" not in terminal.seen:
        terminal.read_until("\x1b")
    restored = echoes(terminal)
    done = terminal.end()

    assert restored
    assert done.code == 0
    assert (done.out.count(ENTER), done.out.count(LEAVE), done.out.count("\x1b[2J")) == (1, 1, 1)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("end", "says"),
    [
        (lambda terminal: terminal.type("\x03"), "orchat: interrupted\n"),
        (lambda terminal: terminal.process.send_signal(signal.SIGINT), "orchat: interrupted\n"),
        (lambda terminal: terminal.process.send_signal(signal.SIGTERM), "orchat: interrupted\n"),
        (lambda terminal: terminal.process.send_signal(signal.SIGHUP), "orchat: interrupted\n"),
    ],
    ids=["ctrl-c", "int", "term", "hup"],
)
def test_whoever_ends_it_while_it_is_loaded_gets_the_terminal_back(end: Callable[[Terminal], None], says: str) -> None:
    terminal = started(instead=WAIT)
    assert not echoes(terminal)
    end(terminal)
    terminal.shows("interrupted")
    restored = echoes(terminal)
    done = terminal.end()

    assert restored
    assert done.code == 130
    assert parted(done.out)[1] == says
    assert done.out.count(SHOW_CURSOR) == 1


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("fault", "says"), [(FAIL, "orchat: unexpected ImportError"), (EXHAUST, "not enough memory")])
def test_an_error_while_it_is_loaded_stands_on_the_normal_screen(fault: str, says: str) -> None:
    terminal = started(instead=fault)
    terminal.shows(says)
    done = terminal.end()

    assert done.code == 1
    assert says in parted(done.out)[1]
    assert says not in parted(done.out)[0]


def test_an_error_in_the_settings_is_told_without_another_screen(home: Path) -> None:
    (home / "orchat" / "config").mkdir(parents=True, exist_ok=True)
    terminal = Terminal("--set", "tui.flush_ms=no", environ=environment(None))
    done = terminal.end()

    assert done.code == 2
    assert "tui.flush_ms" in done.out
    assert "\x1b[?" not in done.out


@pytest.mark.usefixtures("home")
def test_enter_and_a_sleep_key_do_not_spoil_the_first_frame() -> None:
    terminal = started(instead=WAIT)
    before = terminal.seen
    terminal.type("\nmore\x1a\x1b[A")
    terminal.type("\x03")
    terminal.shows(LEAVE)
    done = terminal.end()

    assert done.code == 130
    assert parted(done.out)[0] == before


@pytest.mark.usefixtures("home")
def test_what_is_typed_stands_in_the_first_frame_before_textual_is_loaded() -> None:
    terminal = started(instead=WAIT)
    terminal.type("typed too eary")
    terminal.stands("› typed too eary")
    terminal.type("\x7fly")
    terminal.stands("› typed too early")
    terminal.type("\x03")

    assert terminal.end().code == 130


@pytest.mark.usefixtures("home")
def test_what_was_erased_leaves_the_first_frame_as_it_was() -> None:
    terminal = started(instead=WAIT)
    terminal.type("no")
    terminal.stands("› no ")
    terminal.type("\x7f\x7f")
    terminal.stands("› Ask anything")
    terminal.type("\x03")

    assert terminal.end().code == 130


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("typed", ["typed too early", "typed too eary\x1b[Dl", "\ntyped too early"])
def test_what_is_typed_over_the_first_frame_stands_in_the_composer(typed: str) -> None:
    terminal = started("--demo")
    terminal.type(typed)
    terminal.stands("Whatever you ask")  # this comes with Textual alone
    terminal.stands("typed too early")
    terminal.type(QUIT)

    assert terminal.end().code == 0


@pytest.mark.usefixtures("home")
def test_the_first_frame_is_as_large_as_what_comes_after_it() -> None:
    terminal = Terminal("--demo", environ=environment(None, COLUMNS="70", LINES="20"))
    lines = terminal.stands("Whatever you ask")
    terminal.type(QUIT)

    assert terminal.end().code == 0
    assert [line[70:].strip() for line in lines] == [""] * len(lines)
    assert [line for line in lines if "F1 help" in line] == lines[19:20]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["ask", "--help"]])
def test_a_command_that_opens_no_screen_has_no_first_frame(argv: list[str]) -> None:
    done = Terminal(*argv, environ=environment(None)).end()

    assert done.code == 0
    assert ENTER not in done.out


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("more", "is_coloured"),
    [
        ({"COLORTERM": "truecolor"}, True),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, False),
        ({"COLORTERM": "truecolor", "ORCHAT_TUI__PLAIN": "true"}, False),
        ({"COLORTERM": ""}, False),
    ],
    ids=["all colours", "no colour", "plain", "few colours"],
)
def test_colours_are_there_where_they_are_wanted(more: dict[str, str], is_coloured: bool) -> None:
    environ = environment(None, **more)
    if "NO_COLOR" not in more:
        environ.pop("NO_COLOR", None)
    terminal = Terminal(program=LOADING.format(instead=WAIT), environ=environ)
    terminal.stands(WORDS)
    terminal.type("\x03")

    assert ("48;2;" in terminal.end().out) is is_coloured


@pytest.mark.usefixtures("home")
def test_a_dumb_terminal_is_left_alone() -> None:
    terminal = Terminal(program=LOADING.format(instead=FAIL), environ=environment(None, TERM="dumb"))
    done = terminal.end()

    assert done.code == 1
    assert done.out.startswith("orchat: unexpected ImportError")


@pytest.mark.usefixtures("home")
def test_a_signal_amid_the_first_frame_gives_the_terminal_back() -> None:
    terminal = Terminal(program=CUT, environ=environment(None))
    done = terminal.end()

    assert done.code == 130
    assert (done.out.count(ENTER), parted(done.out)[1]) == (1, "orchat: interrupted\n")
