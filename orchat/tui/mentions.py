"""Files that are named in a prompt: ``@`` and a part of a path."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from orchat.domain.clean import is_clean
from orchat.tui.wording import size

MOST = 50
"""Files that are offered."""
_MOST_LOOKED_AT = 20_000
_BEFORE_CURSOR = re.compile(r"(?:^|(?<=[\s(]))@((?:\\ |[^\s\\@])*)$")
_ANYWHERE = re.compile(r"(?:^|(?<=[\s(]))@((?:\\ |[^\s\\@])+)")
_AFTER_A_SENTENCE = ".,;:!?)"


@dataclass(frozen=True, slots=True)
class Mention:
    """An ``@`` and what follows it, before the cursor."""

    start: int
    """Column of the ``@``."""
    part: str
    """What follows it, as typed: a space in it has a backslash before it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or a folder that may be meant."""

    typed: str
    """What completes the mention, without the ``@``; a folder ends with a slash."""
    path: Path
    """Where it is."""
    about: str
    """Its size, or that it is a folder."""

    @property
    def is_folder(self) -> bool:
        """Whether there is more in it."""
        return self.typed.endswith("/")


def mention_at(line: str, column: int) -> Mention | None:
    """The mention that ends at the cursor.

    Args:
        line: The line with the cursor.
        column: Where the cursor is.
    """
    found = _BEFORE_CURSOR.search(line[:column])
    return None if found is None else Mention(found.start(), found[1])


def candidates(part: str, base: Path) -> list[Candidate]:
    """Files and folders that a part of a path may mean; asks the disk.

    Args:
        part: As typed: relative, absolute or from the home folder.
        base: What a relative path begins at.

    Returns:
        Names that begin so before those that contain it, folders first; hidden ones only where a dot was typed.
    """
    head, slash, tail = part.rpartition("/")
    folder = _folder(unescaped(head + slash), base)
    wanted = unescaped(tail).casefold()
    rows: list[tuple[bool, bool, str, os.DirEntry[str]]] = []
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                name = entry.name.casefold()
                if number >= _MOST_LOOKED_AT:
                    break
                if wanted in name and is_clean(entry.name) and name.startswith(".") <= wanted.startswith("."):
                    rows.append((not name.startswith(wanted), not entry.is_dir(), name, entry))
    except (OSError, ValueError, RuntimeError):
        return []
    rows.sort(key=lambda row: row[:3])
    return [_candidate(head + slash, entry, folder) for *_, entry in rows[:MOST]]


def _candidate(head: str, entry: os.DirEntry[str], folder: Path) -> Candidate:
    typed = head + entry.name.replace(" ", "\\ ")
    if entry.is_dir():
        return Candidate(f"{typed}/", folder / entry.name, "folder")
    try:
        about = size(entry.stat().st_size)
    except OSError:
        about = ""
    return Candidate(typed, folder / entry.name, about)


def named_in(text: str, base: Path) -> tuple[Path, ...]:
    """The files that a prompt names and that are there, each once; asks the disk.

    Args:
        text: The prompt.
        base: What a relative path begins at.
    """
    found: dict[Path, None] = {}
    for match in _ANYWHERE.finditer(text):
        for name in (match[1], match[1].rstrip(_AFTER_A_SENTENCE)):
            path = _existing(unescaped(name), base)
            if path is not None:
                found[path] = None
                break
    return tuple(found)


def names_any(text: str) -> bool:
    """Whether a prompt may name a file: quick, and asks no disk.

    Args:
        text: The prompt.
    """
    return _ANYWHERE.search(text) is not None


def unescaped(part: str) -> str:
    """A path without the backslashes before its spaces.

    Args:
        part: As typed.
    """
    return part.replace("\\ ", " ")


def _folder(head: str, base: Path) -> Path:
    try:
        return base / Path(head).expanduser() if head else base
    except RuntimeError:
        return base / head


def _existing(name: str, base: Path) -> Path | None:
    try:
        path = _folder(name, base)
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None
