"""Attached or received files, written where a person wants them."""

from __future__ import annotations

import os
from pathlib import Path

from orchat.domain.clean import clean_line
from orchat.errors import StoreUnwritable
from orchat.media.filename import slug


def proposed(folder: Path, name: str) -> Path:
    """Where a file could be saved.

    Args:
        folder: Where the person works.
        name: What the file is called: foreign.
    """
    return folder / slug(name, default="attachment")


def save_as(data: bytes, wish: str, name: str) -> Path:
    """Write a new file where a person wants it; it blocks.

    Args:
        data: Its bytes.
        wish: A path as typed; in a folder it is called by its name.
        name: What the file is called: foreign.

    Returns:
        Where it is.

    Raises:
        StoreUnwritable: It cannot be written.
    """
    try:
        target = Path(wish).expanduser()
        return save(data, proposed(target, name) if target.is_dir() else target)
    except (RuntimeError, ValueError) as error:
        raise StoreUnwritable(f"cannot write there: {error}", hint="Choose another folder.") from None


def save(data: bytes, target: Path, *, hint: str = "Choose another folder.") -> Path:
    """Write a new file, which only its owner may read; it blocks.

    Args:
        data: Its bytes.
        target: Where; nothing that is there is replaced: a number is added to the name.
        hint: What can be done where it cannot be written.

    Returns:
        Where it is.

    Raises:
        StoreUnwritable: It cannot be written.
    """
    number = 1
    while True:
        path = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        except (OSError, ValueError) as error:
            raise _unwritable(path, error, hint) from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(path, error, hint) from None
        return path


def _unwritable(path: Path, error: OSError | ValueError, hint: str) -> StoreUnwritable:
    reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
    return StoreUnwritable(f"cannot write {clean_line(str(path), 200)}: {reason}", hint=hint)
