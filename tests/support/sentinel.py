"""A key that is like no other text, and the search for it in whatever a program leaves behind."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote_from_bytes

from tests.support.cli import Done

BODY = "zQ7xWv9kJ4mB2nYp8rTs6uLc3dFg5hAeXiOoUq7VwN9KbZ4MyP2RtS8GuL6CfD3h"
SENTINEL = f"sk-or-v1-{BODY}"
LEAST = 8
"""So many characters in a row give it away."""


def _pieces() -> Iterator[tuple[bytes, str]]:
    """Every spelling that is looked for, in small letters, and what it is called."""
    for start in range(len(BODY) - LEAST + 1):
        yield BODY[start : start + LEAST].encode(), "as it is"
    key = SENTINEL.encode()
    for shift in range(3):
        # In base64 the first and the last characters depend on what stands beside it.
        yield base64.b64encode(b" " * shift + key)[8:-8], "in base64"
    yield key.hex().encode(), "in hexadecimal"
    yield BODY.encode("utf-16-le"), "in UTF-16"
    yield quote_from_bytes(key).encode(), "in an address"


PIECES = {piece.lower(): name for piece, name in _pieces()}


def hits(data: bytes | str) -> set[str]:
    """How the key, or a piece of it, stands in some data; nothing if it does not."""
    found = (data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data).lower()
    return {name for piece, name in PIECES.items() if piece in found}


def places(folder: Path, *, but: tuple[Path, ...] = ()) -> dict[str, set[str]]:
    """The files in a folder in which it stands, or in whose names.

    Args:
        folder: Searched with all that is below it, links and hidden files included.
        but: Files that are there to keep keys.
    """
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path not in but}
    found = {name: hits(path.read_bytes()) | hits(name) for name, path in files.items()}
    return {name: how for name, how in found.items() if how}


def leaks(done: Done, folder: Path, *, but: tuple[Path, ...] = ()) -> Mapping[str, set[str]]:
    """Where it stands after a command; nothing is what should come of it."""
    found = {"stdout": hits(done.out), "stderr": hits(done.err), **places(folder, but=but)}
    return {name: how for name, how in found.items() if how}
