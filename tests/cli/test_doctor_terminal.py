"""What the doctor finds out about terminals, and how it asks them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchat.cli.doctor import terminal
from orchat.cli.doctor.finding import Finding
from orchat.cli.doctor.probe import KEYBOARD, PICTURES, Answers, ask, question_for, understood
from tests.support.cli import Terminal, environment, run
from tests.support.doctor import found

# ---- the terminal

KITTY = b"\x1b[?31u\x1b_Gi=31;OK\x1b\\\x1b[?62;52;c"
FOOT = b"\x1b[?0u\x1b[?62;4;22c"
XTERM = b"\x1b[?64;1;2c"


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (
            KITTY,
            Answers(has_answered=True, kitty_keyboard=True, kitty_pictures=True, clipboard=True),
        ),
        (FOOT, Answers(has_answered=True, kitty_keyboard=True, sixel=True)),
        (XTERM, Answers(has_answered=True)),
        (b"\x1b[?4;1c", Answers(has_answered=True)),
        (b"\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\" + XTERM, Answers(has_answered=True)),
        (b"typed meanwhile", Answers()),
        (b"", Answers()),
    ],
)
def test_what_terminals_answer_is_understood(said: bytes, answers: Answers) -> None:
    assert understood(said) == answers


def answered(said: str, **environ: str) -> str:
    """Everything on a terminal that answers the question of the doctor."""
    terminal = Terminal("doctor", "--offline", environ=environment("http://127.0.0.1:1/v1", NO_COLOR="1", **environ))
    terminal.read_until("\x1b[c")
    terminal.type(said)
    shown = terminal.end().out
    assert said not in shown
    return shown


def test_a_terminal_is_asked_and_its_answer_never_shown() -> None:
    shown = answered(KITTY.decode())

    assert "keyboard          Kitty's protocol: Shift+Enter makes a new line" in shown
    assert "pictures          Kitty's protocol" in shown
    assert "clipboard         by the terminal (OSC 52)" in shown


def test_a_terminal_that_can_do_little_is_told_of() -> None:
    shown = answered(XTERM.decode())
    assert "keyboard          without Kitty's protocol" in shown
    assert "pictures          half blocks only" in shown


def test_keys_that_the_terminal_cannot_send_are_warned_of() -> None:
    own = {"ORCHAT_KEYMAP__USAGE": "ctrl+shift+u"}
    assert "keymap.usage: Ctrl+Shift+U arrives only by Kitty's" in answered(XTERM.decode(), **own)
    assert "arrives only by" not in answered(KITTY.decode(), **own)


@pytest.mark.parametrize("term", ["", "dumb", "linux"])
def test_a_terminal_that_shows_what_it_does_not_understand_is_asked_nothing(term: str) -> None:
    assert question_for({"TERM": term}) is None
    assert ask(None) is None


def test_screen_is_not_asked_for_pictures_because_it_would_show_the_question() -> None:
    for environ in ({"TERM": "screen-256color"}, {"TERM": "xterm", "STY": "1.pts"}):
        question = question_for(environ)
        assert question is not None
        assert KEYBOARD in question
        assert PICTURES not in question
    assert PICTURES in (question_for({"TERM": "xterm-kitty"}) or b"")


def test_a_pipe_is_asked_nothing(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert ask(b"x", file.fileno(), file.fileno()) is None


def test_a_terminal_that_says_nothing_is_not_waited_for() -> None:
    import pty

    master, slave = pty.openpty()
    try:
        before = os.get_terminal_size(slave)
        assert ask(b"asked", slave, slave, limit_s=0.01) == Answers()
        assert os.read(master, 1000) == b"asked"
        assert os.get_terminal_size(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_a_terminal_that_goes_away_is_no_terminal() -> None:
    assert terminal.keyboard(None).state == "skip"
    assert terminal.keyboard(Answers()).detail == "the terminal did not answer"
    assert terminal.pictures(None).state == "skip"


@pytest.mark.parametrize(
    ("environ", "is_terminal", "state", "says"),
    [
        ({"TERM": "xterm-256color"}, True, "ok", "TERM=xterm-256color"),
        (
            {"TERM": "tmux-256color", "TMUX": "x", "SSH_CONNECTION": "y", "TERM_PROGRAM": "tmux"},
            True,
            "ok",
            "tmux, in tmux and SSH",
        ),
        ({"TERM": "dumb"}, True, "warn", "dumb"),
        ({}, True, "warn", "not set"),
        ({}, False, "ok", "stdout is none"),
    ],
)
def test_the_kind_of_terminal_is_judged(environ: dict[str, str], is_terminal: bool, state: str, says: str) -> None:
    finding = terminal.kind(environ, is_terminal=is_terminal)
    assert finding.state == state
    assert says in finding.detail


@pytest.mark.parametrize(
    ("environ", "state", "says"),
    [
        ({"NO_COLOR": "1", "TERM": "xterm-256color"}, "ok", "none"),
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, "ok", "16 million"),
        ({"TERM": "screen-256color"}, "ok", "256"),
        ({"TERM": "xterm"}, "warn", "16"),
        ({}, "warn", "none"),
    ],
)
def test_the_colours_are_counted(environ: dict[str, str], state: str, says: str) -> None:
    finding = terminal.colours(environ)
    assert finding.state == state
    assert says in finding.detail


def test_a_locale_without_all_languages_is_warned_of() -> None:
    done = run("doctor", "--json", "--offline", PYTHONIOENCODING="latin-1", LC_ALL="de_DE")
    assert found(done, "locale")["state"] == "warn"
    assert "de_DE" in found(done, "locale")["detail"]


def test_a_small_terminal_is_warned_of() -> None:
    small = Terminal(
        "doctor", "--offline", environ=environment("http://127.0.0.1:1/v1", NO_COLOR="1"), columns=50
    ).end()
    assert "warn  size              50 columns, 24 lines" in small.out
    with Path(os.devnull).open() as nothing:
        assert terminal.size(nothing.fileno()).state == "skip"


def fake_tmux(folder: Path, script: str) -> dict[str, str]:
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"TMUX": "/tmp/tmux-0/default,1,0", "PATH": str(folder)}


def tmux_that_says(version: str, terminals: str = "") -> str:
    return f"""case "$1" in
display-message) echo '{version}';;
show-messages) {f"printf '{terminals}'" if terminals else "exit 1"};;
esac"""


KNOWS = "Terminal 0: xterm-256color for /dev/pts/1, flags=0x20:\\n   0: acsc: (string) a\\n 192: Ms: (string) x\\n"
KNOWS_NOT = "Terminal 1: linux for /dev/pts/2, flags=0x20:\\n   0: acsc: (string) a\\n 192: Ms: [missing]\\n"


@pytest.mark.parametrize(
    ("script", "state", "says"),
    [
        (tmux_that_says("3.3a", KNOWS), "ok", "by tmux, which hands it on"),
        (tmux_that_says("next-3.6", KNOWS_NOT + KNOWS), "ok", "by tmux, which hands it on"),
        (tmux_that_says("3.2"), "ok", "by tmux, which hands it on"),
        (tmux_that_says("3.10", KNOWS_NOT), "warn", "no clipboard in a terminal called linux"),
        (tmux_that_says("openbsd-7.5", KNOWS_NOT), "warn", "no clipboard in a terminal called linux"),
        (tmux_that_says("3.1c", KNOWS_NOT), "ok", "by the terminal (OSC 52)"),
        (tmux_that_says("2.9"), "ok", "by the terminal (OSC 52)"),
        ("exit 1", "warn", "does not answer"),
        ("echo", "warn", "does not answer"),
    ],
)
def test_the_way_through_tmux_is_told(script: str, state: str, says: str, tmp_path: Path) -> None:
    finding = terminal.clipboard(fake_tmux(tmp_path, script), None)
    assert finding.state == state
    assert says in finding.detail


def test_tmux_is_told_of_a_clipboard_in_its_own_words(tmp_path: Path) -> None:
    finding = terminal.clipboard(fake_tmux(tmp_path, tmux_that_says("3.3a", KNOWS_NOT)), None)
    assert finding.fix is not None and "tmux set -as terminal-features ',linux:clipboard'" in finding.fix


def test_whether_pictures_pass_tmux_is_told(tmp_path: Path) -> None:
    assert terminal.passthrough({"TMUX": "x", "PATH": str(tmp_path)}) == Finding(
        name="tmux", state="skip", detail="does not say whether it lets pictures pass"
    )
    on, off = (terminal.passthrough(fake_tmux(tmp_path, f"echo {word}")) for word in ("on", "off"))
    assert (on.detail, off.detail[-29:]) == ("allow-passthrough on", "pictures are drawn as half blocks"[-29:])


def test_a_tmux_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "TMUX_S", 0.05)
    assert terminal.tmux_option("set-clipboard", fake_tmux(tmp_path, "exec /bin/sleep 20")) is None


def test_tmux_is_part_of_the_report(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--offline", environ={**environment(None), **fake_tmux(tmp_path, "echo on")})
    assert found(done, "tmux")["state"] == "ok"


def test_the_way_to_the_clipboard_is_told(tmp_path: Path) -> None:
    (tmp_path / "wl-copy").write_text("#!/bin/sh\n")
    (tmp_path / "wl-copy").chmod(0o755)
    assert terminal.clipboard({"WAYLAND_DISPLAY": "w", "PATH": str(tmp_path)}, None).detail == "wl-copy"
    assert terminal.clipboard({"PATH": ""}, understood(KITTY)).detail == "by the terminal (OSC 52)"
    assert terminal.clipboard({"PATH": "", "SSH_TTY": "x"}, None).state == "ok"
    assert terminal.clipboard({"PATH": ""}, None).state == "warn"
