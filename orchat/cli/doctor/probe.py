"""Questions to the terminal itself, by escape sequences; asked only where somebody sits at one."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Mapping
from dataclasses import dataclass

KEYBOARD = b"\x1b[?u"
"""Kitty's keyboard protocol?"""
PICTURES = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""Kitty's pictures?"""
ATTRIBUTES = b"\x1b[c"
"""What every terminal answers, and the last question: its device attributes."""
LIMIT_S = 1.0
LONGEST = 4096
_SAID_KEYBOARD = re.compile(rb"\x1b\[\?(\d+)u")
_SAID_PICTURES = re.compile(rb"\x1b_G[^\x1b]*;OK\x1b\\")
_SAID_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a terminal said about itself."""

    has_answered: bool = False
    """It sent its device attributes; otherwise the rest means nothing."""
    kitty_keyboard: bool = False
    """It tells Shift+Enter from Enter."""
    kitty_pictures: bool = False
    """It draws pictures by Kitty's protocol."""
    sixel: bool = False
    """It draws pictures as Sixels."""
    clipboard: bool = False
    """It says that it takes texts for the clipboard (OSC 52); few say so, even of those that do."""


def question_for(environ: Mapping[str, str]) -> bytes | None:
    """What a terminal may be asked without showing it on the screen.

    Args:
        environ: The environment.

    Returns:
        None for a terminal that shows whatever it does not understand.
    """
    term = environ.get("TERM", "")
    if term in ("", "dumb", "unknown", "linux"):
        return None
    is_screen = environ.get("STY") or term.startswith("screen")
    return KEYBOARD + ATTRIBUTES if is_screen else KEYBOARD + PICTURES + ATTRIBUTES


def ask(question: bytes | None, source: int = 0, target: int = 1, *, limit_s: float = LIMIT_S) -> Answers | None:
    """Ask the terminal.

    Args:
        question: From `question_for`.
        source: Descriptor of its keys.
        target: Descriptor of its screen.
        limit_s: Seconds to wait for the whole answer.

    Returns:
        None where it may not be asked, is no terminal on both sides, or cannot be made silent.
    """
    if question is None or not (os.isatty(source) and os.isatty(target)):
        return None
    import termios
    import tty

    try:
        before = termios.tcgetattr(source)
    except termios.error:
        return None
    try:
        # Whatever was typed meanwhile stays out of the answer, and the answer off the screen.
        tty.setcbreak(source, termios.TCSAFLUSH)
        os.write(target, question)
        said = _read(source, limit_s)
    finally:
        termios.tcsetattr(source, termios.TCSAFLUSH, before)
    return understood(said)


def understood(said: bytes) -> Answers:
    """What an answer means.

    Args:
        said: All bytes that came back.
    """
    found = _SAID_ATTRIBUTES.search(said)
    attributes = found[1].split(b";") if found else []
    return Answers(
        has_answered=found is not None,
        kitty_keyboard=_SAID_KEYBOARD.search(said) is not None,
        kitty_pictures=_SAID_PICTURES.search(said) is not None,
        sixel=b"4" in attributes[1:],
        clipboard=b"52" in attributes[1:],
    )


def _read(source: int, limit_s: float) -> bytes:
    import time

    said, deadline = b"", time.monotonic() + limit_s
    while not _SAID_ATTRIBUTES.search(said) and len(said) < LONGEST:
        ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(source, 1024) if ready else b""
        if not piece:
            break
        said += piece
    return said
