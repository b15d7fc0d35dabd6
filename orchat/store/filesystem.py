"""Folders and files that belong to one person, and the file systems they lie on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""Where Linux lists what is mounted; other systems have no such file."""

_NETWORK_TYPES = frozenset({"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "lustre", "ncpfs"})
_NETWORK_BEGINNINGS = ("nfs", "smb", "fuse.")


def private_folder(folder: Path) -> Path:
    """Create a folder that only its owner may enter; one that exists keeps its mode.

    Args:
        folder: The folder; missing ones above it are created alike.

    Returns:
        The folder.
    """
    if not folder.is_dir():
        for part in (*reversed(folder.parents), folder):
            with suppress(FileExistsError):
                part.mkdir(mode=0o700)
    return folder


def private_file(path: Path) -> bool:
    """Create an empty file with mode 0600 unless there is one.

    An existing file is not even opened: closing it would drop the locks that SQLite holds on it in this process.

    Args:
        path: The file.

    Returns:
        Whether it was created.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    os.close(descriptor)
    return True


def flush(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk.

    Args:
        path: A file or a folder.
    """
    flags = os.O_RDWR if path.is_file() else os.O_RDONLY
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def network_type(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the network file system that holds a folder.

    Args:
        folder: An absolute path without symbolic links.
        mounts: The system's table of mounts.

    Returns:
        For example ``nfs4``; None for a local one, or where the system has no such table.
    """
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return None
    best, found = -1, ""
    for fields in (line.split(" ") for line in lines):
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        # A later mount on the same point hides the earlier one.
        if len(point.parts) >= best and folder.is_relative_to(point):
            best, found = len(point.parts), fields[2]
    return found if found in _NETWORK_TYPES or found.startswith(_NETWORK_BEGINNINGS) else None
