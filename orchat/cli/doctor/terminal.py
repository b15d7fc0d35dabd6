"""What the terminal can do: colours, keys, pictures, clipboard, width."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

from orchat.cli.doctor.finding import Finding, ok, skip, warn
from orchat.cli.doctor.probe import Answers
from orchat.config import Config

SMALLEST = (60, 16)
"""Columns and lines from which on nothing of the screen is cut."""
TMUX_S = 2.0
_TERM = "TERM=xterm-256color"
_HANDS_ON = (3, 2)
"""The first tmux that hands on a text it is given (``load-buffer -w``)."""
_VERSION = re.compile(r"(\d+)\.(\d+)")
_TERMINAL = re.compile(r"^Terminal \d+: ([\w.+-]+) .*?^ *\d+: Ms: (\S+)", re.MULTILINE | re.DOTALL)
"""A terminal that shows tmux, and by which sequence it takes texts for the clipboard."""


def kind(environ: Mapping[str, str], *, is_terminal: bool) -> Finding:
    """Which terminal this is, as far as the environment tells.

    Args:
        environ: The environment.
        is_terminal: stdout is one.
    """
    term = environ.get("TERM", "")
    program = " ".join(filter(None, (environ.get("TERM_PROGRAM"), environ.get("TERM_PROGRAM_VERSION"))))
    said = f"TERM={term or '(not set)'}" + (f", {program}" if program else "")
    places = (("TMUX", "tmux"), ("STY", "screen"), ("SSH_CONNECTION", "SSH"))
    around = [word for variable, word in places if environ.get(variable)]
    said += f", in {' and '.join(around)}" if around else ""
    if term in ("", "dumb", "unknown"):
        fix = f"The screen needs a terminal that knows its name: export {_TERM}"
        return warn("terminal", said, fix) if is_terminal else ok("terminal", f"{said}; stdout is none")
    return ok("terminal", said if is_terminal else f"{said}; stdout is none")


def colours(environ: Mapping[str, str]) -> Finding:
    """How many colours the environment promises.

    Args:
        environ: The environment.
    """
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return ok("colours", "none, as NO_COLOR wants it")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return ok("colours", "16 million")
    if "256color" in term or "direct" in term:
        return ok("colours", "256; export COLORTERM=truecolor if the terminal has more")
    if term in ("", "dumb", "unknown"):
        return warn("colours", "none are known of", f"export {_TERM}")
    return warn("colours", f"16, as far as {term} tells", f"export {_TERM}, if the terminal knows more")


def encoding(environ: Mapping[str, str]) -> Finding:
    """Whether texts of all languages can be written.

    Args:
        environ: The environment.
    """
    found = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    name = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "not set")
    if found.replace("_", "-") not in ("utf-8", "utf8"):
        return warn("locale", f"{name}: stdout is {found}, not UTF-8", "export LANG=C.UTF-8")
    return ok("locale", f"{name}, UTF-8")


def size(descriptor: int = 1) -> Finding:
    """Whether the screen has room.

    Args:
        descriptor: Of the terminal.
    """
    try:
        columns, lines = os.get_terminal_size(descriptor)
    except OSError:
        return skip("size", "stdout is no terminal")
    said = f"{columns} columns, {lines} lines"
    if columns and lines and (columns < SMALLEST[0] or lines < SMALLEST[1]):
        return warn("size", said, f"The screen wants at least {SMALLEST[0]} columns and {SMALLEST[1]} lines.")
    return ok("size", said)


def keyboard(answers: Answers | None) -> Finding:
    """Whether Shift+Enter can be told from Enter.

    Args:
        answers: Of the terminal; None where it was not asked.
    """
    if answers is None or not answers.has_answered:
        return _unasked("keyboard", answers)
    if answers.kitty_keyboard:
        return ok("keyboard", "Kitty's protocol: Shift+Enter makes a new line")
    return ok("keyboard", "without Kitty's protocol: Alt+Enter and Ctrl+J make a new line, Shift+Enter sends")


def reachable(config: Config, answers: Answers | None) -> Iterator[Finding]:
    """Keys of somebody's own that this terminal cannot send.

    Args:
        config: Has the keys.
        answers: Of the terminal; None where it was not asked.
    """
    from orchat.tui.keymap import read_keymap
    from orchat.tui.keynames import needs_kitty, shown_key

    if answers is None or not answers.has_answered or answers.kitty_keyboard:
        return
    for id, keys in read_keymap(config.keymap).keys.items():
        for key in filter(needs_kitty, keys):
            detail = (
                f"keymap.{id}: {shown_key(key)} arrives only by Kitty's protocol, which this terminal does not speak"
            )
            yield warn("keymap", detail, "Choose another key; `orchat doctor keys` shows what arrives.")


def pictures(answers: Answers | None) -> Finding:
    """How pictures could be drawn.

    Args:
        answers: Of the terminal; None where it was not asked.
    """
    if answers is None or not answers.has_answered:
        return _unasked("pictures", answers)
    able = (("Kitty's protocol", answers.kitty_pictures), ("Sixel", answers.sixel))
    return ok("pictures", ", ".join(word for word, can in able if can) or "half blocks only")


def clipboard(environ: Mapping[str, str], answers: Answers | None) -> Finding:
    """How a copied text reaches the clipboard.

    Args:
        environ: The environment.
        answers: Of the terminal; None where it was not asked.
    """
    from orchat.tui.clipboard import tool

    command = tool(environ)
    if command is not None:
        return ok("clipboard", command[0])
    if environ.get("TMUX"):
        return _through_tmux(environ)
    if answers is not None and answers.clipboard:
        return ok("clipboard", "by the terminal (OSC 52)")
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return ok("clipboard", "by the terminal (OSC 52), if it allows that; it does not say")
    fix = "Install wl-clipboard (Wayland) or xclip (X11), unless the terminal takes texts by OSC 52."
    return warn("clipboard", "no tool of the desktop; OSC 52, if the terminal allows that", fix)


def _through_tmux(environ: Mapping[str, str]) -> Finding:
    version = _tmux("display-message", "-p", "#{version}", environ=environ)
    if version is None:
        fix = "Is tmux installed here? Then: tmux display-message -p '#{version}'"
        return warn("clipboard", "in tmux, which does not answer", fix)
    number = _VERSION.search(version)
    if number is not None and tuple(map(int, number.groups())) < _HANDS_ON:
        return ok("clipboard", "by the terminal (OSC 52), to which this old tmux lets texts pass, if it allows that")
    # What set-clipboard says concerns programs that speak for themselves; a text that tmux is given it always hands on.
    known = _TERMINAL.findall(_tmux("show-messages", "-T", environ=environ) or "")
    if not known or any(way.startswith("(") for _, way in known):
        return ok("clipboard", "by tmux, which hands it on to the terminal")
    name = known[0][0]
    fix = f"tmux set -as terminal-features ',{name}:clipboard'; and the same in ~/.tmux.conf; then attach anew"
    return warn("clipboard", f"tmux keeps it to itself: it knows of no clipboard in a terminal called {name}", fix)


def passthrough(environ: Mapping[str, str]) -> Finding:
    """Whether pictures get through the tmux around us.

    Args:
        environ: The environment.
    """
    option = tmux_option("allow-passthrough", environ)
    if option is None:
        return skip("tmux", "does not say whether it lets pictures pass")
    return ok(
        "tmux", f"allow-passthrough {option}" + ("" if option != "off" else ": pictures are drawn as half blocks")
    )


def tmux_option(name: str, environ: Mapping[str, str]) -> str | None:
    """A global option of the tmux around us.

    Args:
        name: Of the option.
        environ: The environment.

    Returns:
        None where tmux is not there, does not know the option or does not answer.
    """
    return _tmux("show-options", "-gv", name, environ=environ)


def _tmux(*command: str, environ: Mapping[str, str]) -> str | None:
    """What the tmux around us says; None for nothing."""
    try:
        done = subprocess.run(  # noqa: S603  # fixed commands
            ["tmux", *command],  # noqa: S607  # wherever the user has it
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TMUX_S,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None


def _unasked(name: str, answers: Answers | None) -> Finding:
    return skip(
        name, "not asked: no terminal that would answer silently" if answers is None else "the terminal did not answer"
    )
