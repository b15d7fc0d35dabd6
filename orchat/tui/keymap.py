"""The keys of the commands: the defaults of the table, changed by the user's own."""

from __future__ import annotations

from collections.abc import Mapping

from orchat.tui.commands import Command

_KEY_NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "end": "End",
    "home": "Home",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
    "space": "Space",
    "delete": "Del",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(keys: str) -> str:
    """The first of some keys as people write it: ``^O``, ``F1``, ``Esc``, ``Alt+Enter``."""
    key = keys.partition(",")[0].strip()
    if not key:
        return ""
    *modifiers, last = key.split("+")
    name = _KEY_NAMES.get(last, last if len(last) == 1 else last.capitalize())
    if modifiers == ["ctrl"] and len(last) == 1:
        return f"^{last.upper()}"
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def keys_of(command: Command, keymap: Mapping[str, str]) -> str:
    """The keys of a command, the user's own choice first."""
    return keymap.get(command.id, command.keys)
