"""Keys as people write them (``^O``, ``Ctrl+O``, ``pgup``, ``?``), as Textual names them, and as they are shown."""

from __future__ import annotations

import re
import string
import unicodedata

_REPLACED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_NAME_OF_CHAR = {
    char: _REPLACED.get(name, name)
    for char in string.punctuation
    for name in [unicodedata.name(char).lower().replace(" ", "_").replace("-", "_")]
}
_CHAR_OF_NAME = {name: char for char, name in _NAME_OF_CHAR.items()}
_SPECIAL = {
    "escape": "Esc",
    "enter": "Enter",
    "end": "End",
    "home": "Home",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "insert": "Ins",
    "delete": "Del",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
_OTHER_NAMES = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
    "bs": "backspace",
    "spacebar": "space",
}
_MODIFIERS = {
    "ctrl": "ctrl",
    "control": "ctrl",
    "alt": "alt",
    "option": "alt",
    "meta": "alt",
    "shift": "shift",
    "super": "super",
    "cmd": "super",
    "hyper": "hyper",
}
_ARRIVES_AS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
_CARET = re.compile(r"\^(.)")
_UNBOUND = "unbound_"


class BadKey(ValueError):
    """A text that names no key, or one that no terminal sends; `str` is the reason."""


def parse_key(text: str) -> str:
    """A key as Textual names it.

    Args:
        text: As somebody wrote it, without commas.

    Raises:
        BadKey: It is no key.
    """
    written = text.strip()
    if caret := _CARET.fullmatch(written):
        written = f"ctrl+{caret[1]}"
    *before, last = written.split("+") if not written.endswith("+") else [*written[:-1].strip("+").split("+"), "+"]
    modifiers = {_MODIFIERS.get(word.strip().casefold(), "") for word in before if word.strip()}
    name = _base(last.strip())
    if not name or "" in modifiers:
        raise BadKey("is no key")
    if len(name) == 1 and name.isupper() and modifiers:
        name = name.lower()
        modifiers |= set() if "ctrl" in modifiers else {"shift"}
    if modifiers == {"shift"} and len(name) == 1 and name.isalpha():
        return name.upper()
    if modifiers == {"shift"} and (len(name) == 1 or name in _CHAR_OF_NAME):
        raise BadKey("depends on the keyboard: write the character itself")
    key = "+".join([*sorted(modifiers), name])
    if key in _ARRIVES_AS:
        raise BadKey(f"never arrives: terminals send {shown_key(_ARRIVES_AS[key])} for it")
    return key


def _base(text: str) -> str:
    """The key without modifiers; empty when it is none."""
    if len(text) == 1:
        return _NAME_OF_CHAR.get(text, text if text.isalnum() else "")
    name = text.casefold().replace(" ", "_")
    name = _OTHER_NAMES.get(name, name)
    return name if name in _SPECIAL or name in _CHAR_OF_NAME else ""


def is_written(key: str) -> bool:
    """Whether a key puts a character into a text."""
    return key == "space" or len(key) == 1 or key in _CHAR_OF_NAME


def needs_kitty(key: str) -> bool:
    """Whether a key arrives as itself only where the terminal speaks Kitty's protocol."""
    *modifiers, last = key.split("+")
    if "super" in modifiers or "hyper" in modifiers:
        return True
    if "ctrl" in modifiers and (is_written(last) or last in _PLAIN):
        is_letter = len(last) == 1 and last.isalpha() and last.isascii()
        return "shift" in modifiers if is_letter else last not in _CONTROLS
    return "shift" in modifiers and last in ("enter", "backspace", "escape", "space")


_PLAIN = ("enter", "backspace", "escape", "tab")
_CONTROLS = ("space", "at", "backslash", "right_square_bracket", "circumflex_accent", "underscore")
"""What has a control character of its own, besides the letters."""


def unbound(command_id: str) -> str:
    """Stands for the key of a command that has none: Textual cannot take a key away, and nobody can press this one."""
    return f"{_UNBOUND}{command_id}"


def shown_key(key: str) -> str:
    """A key as people know it: ``^O``, ``F1``, ``Esc``, ``Alt+Enter``; empty for none."""
    if not key or key.startswith(_UNBOUND):
        return ""
    *modifiers, last = key.split("+")
    name = _SPECIAL.get(last) or _CHAR_OF_NAME.get(last) or (last if len(last) == 1 else last.capitalize())
    if modifiers == ["ctrl"] and len(name) == 1 and last not in _SPECIAL:
        return f"^{name.upper()}"
    if modifiers and len(name) == 1 and name.isalpha():
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])
