"""Words and measures of the chat screen that have to be known before Textual is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchat.tui.commands import BY_ID, COMMANDS

if TYPE_CHECKING:
    from orchat.tui.keymap import Keymap

NAME = "orchat"
NEW = "New conversation"
"""Title of a conversation that has none."""
TEMPORARY = "[temporary]"
MARK = "›"
"""Stands before the prompt."""
PLACEHOLDER = "Ask anything · / for commands"
EDGE = 2
"""Cells left free at both ends of a line."""
HIGH = 20
"""Lines from which on there is room for lines without words."""
WIDE = 100
"""Columns from which on the figures stand beside the conversation."""
SIDEBAR = 34
"""Columns that they take."""

Pairs = Sequence[tuple[str, str]]
"""Keys and what they do."""


def footer_pairs(keymap: Keymap, *, busy: bool = False) -> tuple[tuple[str, str], ...]:
    """The keys for the last line, the most important first.

    Args:
        keymap: The keys that count.
        busy: Whether there is something to stop.
    """
    shown = [command for command in COMMANDS if command.footer]
    if busy:
        shown.insert(0, BY_ID["stop"])
    return tuple((keymap.shown(command), command.title) for command in shown if keymap.shown(command))


def fitting(pairs: Pairs, width: int = 0) -> list[tuple[str, str]]:
    """As many whole pairs as fit into a line, two cells apart.

    Args:
        pairs: The most important first; the last one, which leads to all others, is always kept.
        width: Cells; 0 for no limit.
    """
    room = width - sum(_cells(pair) for pair in pairs[-1:])
    kept = []
    for pair in pairs[:-1]:
        room -= _cells(pair) + 2
        if not width or room >= 0:
            kept.append(pair)
    return [*kept, *pairs[-1:]]


def _cells(pair: tuple[str, str]) -> int:
    """Names of keys and commands hold no wide characters."""
    return len(pair[0]) + 1 + len(pair[1])
