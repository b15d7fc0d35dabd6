"""What SQLite and the file system say, turned into one line and a hint that names the path."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchat.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForeign,
    StoreUnwritable,
)


class _Rule(NamedTuple):
    code: int
    text: str
    kind: type[StoreError]
    message: str


# Python 3.10 has no error codes, so each rule also knows the words that SQLite uses.
_RULES = (
    _Rule(5, "database is locked", StoreBusy, "Another process holds the database"),
    _Rule(6, "table is locked", StoreBusy, "Another process holds the database"),
    _Rule(15, "locking protocol", StoreBusy, "Another process holds the database"),
    _Rule(13, "database or disk is full", StoreUnwritable, "The disk is full"),
    _Rule(8, "readonly database", StoreUnwritable, "The database is read-only"),
    _Rule(14, "unable to open database", StoreUnwritable, "The database cannot be opened"),
    _Rule(10, "disk I/O error", StoreUnwritable, "The disk does not read or write"),
    _Rule(3, "access permission denied", StoreUnwritable, "The database may not be written"),
    _Rule(26, "file is not a database", StoreForeign, "The file is not an orchat database"),
    _Rule(11, "malformed", StoreDamaged, "The database is damaged"),
    _Rule(11, "Could not decode to UTF-8", StoreDamaged, "The database is damaged"),
)

_HINTS: dict[type[StoreError], str] = {
    StoreBusy: "Wait until the other orchat is done, or close it: {path}",
    StoreForeign: "Move the file away and start again, or choose another folder with ORCHAT_HOME: {path}",
    StoreDamaged: "Move the file away, or put a copy of {backups} in its place: {path}",
    StoreUnwritable: "Check free space, owner and permissions of {path}",
    StoreError: "The file is {path}",
}


def backups_folder(path: Path) -> Path:
    """The folder of the copies made before upgrades of the database at `path`."""
    return path.with_name(f"{path.stem}-backups")


def failure(kind: type[StoreError], message: str, path: Path) -> StoreError:
    """An error of one kind with the hint that belongs to it.

    Args:
        kind: `StoreError` or one of its subclasses that has a standing hint.
        message: One line without a full stop.
        path: The file concerned.
    """
    return kind(f"{message}.", hint=_HINTS[kind].format(path=path, backups=backups_folder(path).name))


def explain(error: sqlite3.Error | OSError | UnicodeDecodeError, path: Path) -> StoreError:
    """What an error of SQLite or of the file system means to a person.

    Args:
        error: As it was raised.
        path: The database, or the file beside it that is concerned.

    Returns:
        `StoreBusy`, `StoreForeign`, `StoreDamaged`, `StoreUnwritable`, or a plain `StoreError` for anything else.
    """
    if isinstance(error, OSError):
        return failure(StoreUnwritable, f"{error.strerror or type(error).__name__}: {path.name}", path)
    if isinstance(error, UnicodeDecodeError):
        # Python cannot even read the message, as it quotes the damaged schema.
        return failure(StoreDamaged, "The database is damaged", path)
    code, text = getattr(error, "sqlite_errorcode", None), str(error)
    for rule in _RULES:
        if rule.text in text or (code is not None and code & 0xFF == rule.code):
            return failure(rule.kind, rule.message, path)
    return failure(StoreError, f"SQLite failed: {' '.join(text.split()).rstrip('.')}", path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise in a block into errors that a person can be told.

    Args:
        path: The file that the errors shall name.
    """
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise explain(error, path) from error
