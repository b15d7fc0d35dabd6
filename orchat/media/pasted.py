"""Files that were dropped on the terminal, or whose paths were pasted into it.

A drop arrives as text: one path or many, bare, in quotes, with backslashes or as ``file://`` links, depending on the
terminal and the file manager.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from orchat.domain.content import ImagePart
from orchat.errors import MediaUnsupported
from orchat.media.links import link_image

MAX_TEXT = 65_536
"""Characters of a paste that is looked at; longer ones are text."""

Pasted: TypeAlias = Path | ImagePart
"""A file that is there, or a link to a picture."""

_STARTS = ("/", "~/", "./", "../")
_HEADERS = frozenset({"copy", "cut", "x-special/nautilus-clipboard"})
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif)$", re.IGNORECASE)


def attachments_in(text: str) -> tuple[Pasted, ...]:
    """Tell whether a paste consists of nothing but files and links to pictures.

    It asks the disk whether the files are there, so call it off the event loop.

    Args:
        text: What was pasted.

    Returns:
        The files and links in their order, each once; nothing when any word of the text is something else, so that a
        sentence about a file stays a sentence. Paths are absolute or begin with ``~/``, ``./`` or ``../``.
    """
    if len(text) > MAX_TEXT:
        return ()
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    # What file managers put on the clipboard begins with what they mean to do with the files.
    while lines and lines[0] in _HEADERS:
        del lines[0]
    found: dict[Pasted, None] = {}
    for line in lines:
        entries = _entries(line)
        if not entries:
            return ()
        found.update(dict.fromkeys(entries))
    return tuple(found)


def _entries(line: str) -> list[Pasted]:
    """What is named by one line: one thing, or several that are quoted as a shell would have them; [] for a text."""
    whole = _entry(line)
    if whole is not None:
        return [whole]
    try:
        words = shlex.split(line)
    except ValueError:
        return []
    entries: list[Pasted] = []
    for word in words:
        entry = _entry(word)
        if entry is None:
            return []
        entries.append(entry)
    return entries


def _entry(word: str) -> Pasted | None:
    if word.startswith(("https://", "http://")):
        return _link(word)
    if word.startswith("file:"):
        return _existing(_path_of(word))
    return _existing(word) if word.startswith(_STARTS) else None


def _link(url: str) -> ImagePart | None:
    try:
        return link_image(url) if _PICTURE.search(urlsplit(url).path) else None
    except (MediaUnsupported, ValueError):
        return None


def _path_of(url: str) -> str:
    """The path in a ``file:`` link of this machine; "" when it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    # A file name may hold "?" and "#", and some programs write them as they are.
    path = unquote(url.removeprefix("file:").removeprefix(f"//{parts.netloc}"))
    return path if parts.netloc in ("", "localhost") and path.startswith("/") else ""


def _existing(path: str) -> Path | None:
    try:
        found = Path(path).expanduser()
        return found if found.is_file() else None
    # A path may hold a NUL, be too long, lie in a folder that may not be read, or name a user who is not there.
    except (OSError, ValueError, RuntimeError):
        return None
