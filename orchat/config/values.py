"""From what someone wrote to a value of the right type within its bounds, and back to text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import Field
from typing import Any

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
WORDS = {
    "str": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "tuple[str, ...]": "a list of texts",
}


class Refused(ValueError):
    """A value that cannot be used.

    Args:
        reason: What was expected and what came, for one line.
        hint: A better word, if there is one.
    """

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def from_toml(field: Field[Any], raw: object) -> object:
    """The value of a setting as a TOML file gives it.

    Raises:
        Refused: Wrong type or out of bounds.
    """
    return _bounded(field, _READERS[kind_of(field)](raw))


def from_text(field: Field[Any], text: str) -> object:
    """The value of a setting as an environment variable or a flag gives it; lists are separated by commas.

    Raises:
        Refused: Wrong type or out of bounds.
    """
    kind = kind_of(field)
    stripped = text.strip()
    if not stripped and field.default is None:
        return None
    return _bounded(field, _PARSERS[kind](text if kind == "str" else stripped))


def kind_of(field: Field[Any]) -> str:
    """The type of a setting as written, without ``| None``; words to choose from are texts."""
    return "str" if field.metadata["choices"] else str(field.type).removesuffix(" | None")


def as_toml(value: object) -> str:
    """A value as it stands in a TOML file."""
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_toml(name)} = {as_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, float):
        return repr(value)
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in text)


def near(word: str, known: tuple[str, ...]) -> str | None:
    """A hint that names the known word most like `word`."""
    from difflib import get_close_matches

    matches = get_close_matches(word, known, n=1)
    return f"Did you mean {matches[0]}?" if matches else None


def shown(value: object) -> str:
    """What someone wrote, short, escaped, and without what may be a key."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out numbers of more than 4,300 digits
        return "a number of thousands of digits"
    if re.search(r"\bsk-", text):
        return "something like a key"
    return text if len(text) <= 40 else f"{text[:39]}…"


def _bounded(field: Field[Any], value: object) -> object:
    rules = field.metadata
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = rules["low"], rules["high"]
        if not low <= value <= high:
            raise Refused(f"expected {WORDS[kind_of(field)]} from {low} to {high}, got {shown(value)}")
    if rules["choices"] and value not in rules["choices"]:
        allowed = ", ".join(choice or '""' for choice in rules["choices"])
        raise Refused(f"expected one of {allowed}, got {shown(value)}", near(str(value), rules["choices"]))
    if rules["url"] and value and not str(value).startswith(("https://", "http://")):
        raise Refused(f"expected an address that begins with https:// or http://, got {shown(value)}")
    return value


def _wrong(kind: str, raw: object) -> Refused:
    return Refused(f"expected {WORDS[kind]}, got {shown(raw)}")


def _read_str(raw: object) -> str:
    if not isinstance(raw, str):
        raise _wrong("str", raw)
    return raw


def _read_bool(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise _wrong("bool", raw)
    return raw


def _read_int(raw: object) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise _wrong("int", raw)
    return raw


def _read_float(raw: object) -> float:
    if not isinstance(raw, (int, float)) or isinstance(raw, bool):
        raise _wrong("float", raw)
    try:
        return float(raw)
    except OverflowError:
        raise _wrong("float", raw) from None


def _read_list(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, (list, tuple)) or not all(isinstance(item, str) for item in raw):
        raise _wrong("tuple[str, ...]", raw)
    return tuple(raw)


def _parse_bool(text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise _wrong("bool", text)


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _wrong("int", text) from None


def _parse_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _wrong("float", text) from None


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_READERS: dict[str, Callable[[object], object]] = {
    "str": _read_str,
    "bool": _read_bool,
    "int": _read_int,
    "float": _read_float,
    "tuple[str, ...]": _read_list,
}
_PARSERS: dict[str, Callable[[str], object]] = {
    "str": str,
    "bool": _parse_bool,
    "int": _parse_int,
    "float": _parse_float,
    "tuple[str, ...]": _parse_list,
}
