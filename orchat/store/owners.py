"""Who is alive: each instance holds a lock on a file of its own, which the kernel drops however its process ends."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from orchat.store.locks import FileLock


def folder_of(path: Path) -> Path:
    """The folder of the lock files of all instances.

    Args:
        path: The database.
    """
    return path.with_name(f"{path.stem}-instances")


def lock_file(folder: Path, id: str) -> Path:
    """The lock file of one instance.

    Args:
        folder: From `folder_of`.
        id: Of the instance.
    """
    return folder / f"{id}.lock"


def is_dead(folder: Path, id: str) -> bool:
    """Whether an instance has ended, or was never on this machine.

    Args:
        folder: From `folder_of`.
        id: Of the instance.
    """
    path = lock_file(folder, id)
    if not path.is_file():
        return True
    with closing(FileLock(path, 0)) as lock:
        return lock.take()
