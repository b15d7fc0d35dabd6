"""Files to attach: what a folder holds, what of it is meant, and what is known of each. Knows no widget."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.content import Content

from orchat.domain.clean import clean_line
from orchat.media.glance import Glance
from orchat.media.sniff import Family
from orchat.tui.fuzzy import match
from orchat.tui.lines import ACCENT, DIM, FAINT, STRONG, column
from orchat.tui.wording import size

MOST = 20_000
"""Entries of a folder that are listed."""
UP = ".."
MOST_RECENT = 8
"""Folders that are remembered."""
_MARK, _SIZE, _SHAPE = 3, 9, 16
_WITH_SIZE, _WITH_SHAPE = 34, 48


@dataclass(frozen=True, slots=True)
class Found:
    """A file or a folder."""

    path: Path
    """Where it is."""
    name: str
    """What it is called here; foreign."""
    is_folder: bool
    """Whether there is more in it."""
    size: int = 0
    """Bytes."""


def listing(folder: Path, *, hidden: bool) -> list[Found]:
    """What a folder holds: the way up, folders, files, by name; it blocks.

    Args:
        folder: Absolute.
        hidden: Whether names that begin with a dot are listed.

    Raises:
        OSError: It cannot be read.
    """
    found: list[Found] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and not hidden:
                continue
            found.append(_entry(entry))
            if len(found) >= MOST:
                break
    found.sort(key=lambda each: (not each.is_folder, each.name.casefold()))
    return found if folder.parent == folder else [Found(folder.parent, UP, is_folder=True), *found]


def _entry(entry: os.DirEntry[str]) -> Found:
    try:
        is_folder = entry.is_dir()
        return Found(Path(entry.path), entry.name, is_folder, 0 if is_folder else entry.stat().st_size)
    except OSError:
        return Found(Path(entry.path), entry.name, is_folder=False)


def fitting(found: Sequence[Found], typed: str) -> list[Found]:
    """What is meant by a few letters, the best first; everything where nothing is typed.

    Args:
        found: What there is.
        typed: A part of a name.
    """
    query = typed.casefold().strip()
    if not query:
        return list(found)
    scored = [(met.score, each) for each in found if each.name != UP and (met := match(query, each.name.casefold()))]
    scored.sort(key=lambda pair: -pair[0])
    return [each for _, each in scored]


def resolved(typed: str, folder: Path) -> tuple[Path, str] | None:
    """Where a typed path leads: its folder, and the part of a name that is left; it asks the disk.

    Args:
        typed: As typed or pasted.
        folder: What a relative path begins at.

    Returns:
        None when there is no slash in it, or no such folder.
    """
    from orchat.tui.mentions import unescaped

    text = unescaped(typed.strip().strip("'\"").removeprefix("file://"))
    head, slash, tail = text.rpartition("/")
    if not slash:
        return (Path.home(), "") if text == "~" else None
    try:
        place = (folder / Path(head + slash).expanduser()).resolve()
        return (place, tail) if place.is_dir() else None
    except (OSError, ValueError, RuntimeError):
        return None


def shown(folder: Path) -> str:
    """A folder as people write it, with ``~``: cleaned.

    Args:
        folder: Absolute.
    """
    try:
        return clean_line(f"~/{folder.relative_to(Path.home())}".removesuffix("/."), 200)
    except (ValueError, RuntimeError):
        return clean_line(str(folder), 200)


def with_recent(folders: Iterable[str], folder: Path) -> list[str]:
    """The folders that were used, the last one first.

    Args:
        folders: Those before.
        folder: The one that was used now.
    """
    return list(dict.fromkeys([str(folder), *folders]))[:MOST_RECENT]


def row(found: Found, seen: Glance | None, typed: str, *, is_chosen: bool, width: int) -> Content:
    """A file or a folder in one line.

    Args:
        found: Which one.
        seen: What is known of it; None: nothing yet.
        typed: What it was found by.
        is_chosen: Whether it is to be attached.
        width: Cells.
    """
    mark = "● " if is_chosen else "  "
    room = width - _MARK - (_SIZE if width >= _WITH_SIZE else 0) - (_SHAPE if width >= _WITH_SHAPE else 0)
    name = Content.assemble((f" {mark}", ACCENT), column(_name(found, typed, is_chosen), max(4, room)))
    if found.is_folder:
        return name
    cannot = seen is not None and bool(seen.refusal)
    if width >= _WITH_SIZE:
        name = Content.assemble(name, column(Content.styled(size(found.size), DIM), _SIZE, "right"))
    if width >= _WITH_SHAPE:
        name = Content.assemble(name, "  ", column(Content.styled(shape(seen), FAINT if cannot else DIM), _SHAPE - 2))
    return name.stylize(FAINT) if cannot else name


def shape(seen: Glance | None) -> str:
    """``1240×1754``, ``PDF``, ``cannot be sent``.

    Args:
        seen: What is known of a file.
    """
    if seen is None:
        return ""
    if seen.refusal:
        return "cannot be sent"
    if seen.width and seen.height:
        return f"{seen.width}×{seen.height}"
    return {Family.PDF: "PDF", Family.TEXT: "text", Family.DRAWING: "text"}.get(seen.kind.family, "picture")


def _name(found: Found, typed: str, is_chosen: bool) -> Content:
    name = clean_line(found.name, 120) + ("/" if found.is_folder else "")
    words = Content.styled(name, ACCENT if is_chosen else "")
    met = match(typed.casefold().strip(), name.casefold()) if typed.strip() else None
    if met is None or len(name.casefold()) != len(name):
        return words
    for place in met.positions:
        words = words.stylize(f"{STRONG} {ACCENT}", place, place + 1)
    return words
