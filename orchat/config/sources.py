"""The places a setting may come from: a file, the environment, flags."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from orchat.config.sections import PERSONAS
from orchat.errors import ConfigError

Layer = Literal["default", "file", "environment", "flag"]
PREFIX = "ORCHAT_"

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[\s*({_PATH})\s*\]\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_PATH})\s*=")
_PART = re.compile(_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from."""

    layer: Layer
    """Which of the four layers."""
    source: str = ""
    """``path:line``, the variable's name or the flag."""

    def __str__(self) -> str:
        return {"default": "default", "file": self.source, "environment": f"env {self.source}"}.get(
            self.layer, f"flag {self.source}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One setting as somebody wrote it."""

    section: str
    """Name of the section; may be unknown."""
    key: str
    """Name within the section; empty when the section itself is no table."""
    raw: object
    """As written: text, or a value of TOML."""
    origin: Origin
    """Where it stands."""


def read_file(path: Path) -> Iterator[Entry]:
    """The settings in a TOML file; none if it does not exist.

    Args:
        path: The file.

    Raises:
        ConfigError: It cannot be read, or is not TOML.
    """
    text = _text_of(path)
    if text is None:
        return
    tables = _tables_of(text, path)
    lines = _line_numbers(text)

    def origin(*names: str) -> Origin:
        line = next((lines[names[:size]] for size in range(len(names), 0, -1) if names[:size] in lines), None)
        return Origin(layer="file", source=f"{path}:{line}" if line else str(path))

    for section, table in tables.items():
        if table and isinstance(table, dict):
            for key, raw in table.items():
                yield from _entries(section, key, raw, origin)
        else:
            yield Entry(section=section, key="", raw=table, origin=origin(section))


def _entries(section: str, key: str, raw: object, origin: Callable[..., Origin]) -> Iterator[Entry]:
    """A setting, or those of a persona, which is a table of its own."""
    if section == PERSONAS and raw and isinstance(raw, dict):
        for name, value in raw.items():
            yield Entry(section=section, key=f"{key}.{name}", raw=value, origin=origin(section, key, name))
    else:
        yield Entry(section=section, key=key, raw=raw, origin=origin(section, key))


def read_environment(environ: Mapping[str, str]) -> Iterator[Entry]:
    """The settings named ``ORCHAT_SECTION__KEY``, or ``ORCHAT_PERSONAS__NAME__KEY``; other variables are not ours."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and "__" in name:
            section, _, key = name.removeprefix(PREFIX).lower().partition("__")
            if section == PERSONAS:
                key = key.replace("__", ".", 1)
            yield Entry(section=section, key=key, raw=environ[name], origin=Origin(layer="environment", source=name))


def read_overrides(overrides: Mapping[str, object]) -> Iterator[Entry]:
    """The settings given as ``section.key``, by a flag or by a program."""
    for name, raw in overrides.items():
        section, _, key = name.partition(".")
        yield Entry(section=section, key=key, raw=raw, origin=Origin(layer="flag", source=name))


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if not path.is_symlink():
            return None
        raise _unreadable(path, "is a link to a file that does not exist", "Repair or remove the link.") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is not a text file in UTF-8", _START_AGAIN) from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise _unreadable(path, f"cannot be read: {reason}", "Make it a file that you can read.") from None


def _tables_of(text: str, path: Path) -> dict[str, Any]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        tables: dict[str, Any] = toml.loads(text)
    except RecursionError:
        raise _unreadable(path, "is nested too deeply", _START_AGAIN) from None
    except ValueError as error:
        reason = str(error)
        line = re.search(r"line (\d+)", reason)
        source = f"{path}:{line[1]}" if line else str(path)
        raise _unreadable(path, f"is not valid TOML: {reason}", 'Texts need quotes: key = "text".', source) from None
    return tables


_START_AGAIN = "Move it away and run `orchat config init`."


def _unreadable(path: Path, reason: str, hint: str, source: str = "") -> ConfigError:
    return ConfigError(f"{path} {reason}", layer="file", source=source or str(path), hint=hint)


def _line_numbers(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and each key by their names from the top; tomllib does not tell them."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    quotes = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quotes:
            quotes = "" if quotes in line else quotes
            continue
        if header := _HEADER.match(line):
            table = _names(header[1])
            found[table] = number
        elif key := _KEY.match(line):
            names = (*table, *_names(key[1]))
            for size in range(len(table) + 1, len(names) + 1):
                found.setdefault(names[:size], number)
        quotes = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return found


def _names(path: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _PART.findall(path))
