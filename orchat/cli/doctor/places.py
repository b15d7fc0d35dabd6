"""Folders and files: there or not, whose, and who else may look in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchat.cli.doctor.finding import Finding, fault, ok, warn
from orchat.paths import Paths

ELSEWHERE = "Make it writable, or set ORCHAT_HOME to a folder of yours."


def folder(name: str, path: Path, *, private: bool) -> Finding:
    """A folder that orchat writes into.

    Args:
        name: Of the finding.
        path: The folder; it need not exist yet.
        private: Nobody else may look in.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _missing(name, path)
    if not stat.S_ISDIR(status.st_mode):
        return fault(name, f"{path} is not a folder", f"Move it away, or set ORCHAT_HOME: {path}")
    shown = f"{path} (mode {stat.S_IMODE(status.st_mode):04o})"
    if not os.access(path, os.W_OK | os.X_OK):
        return fault(name, f"{shown} is not writable", ELSEWHERE)
    return _owned(name, shown, path, status, loose=0o077 if private else 0o022)


def file(name: str, path: Path, *, private: bool = True) -> Finding:
    """A file of orchat.

    Args:
        name: Of the finding.
        path: The file; it need not exist yet.
        private: Nobody else may read it.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ok(name, f"{path} is not there yet")
    shown = f"{path} (mode {stat.S_IMODE(status.st_mode):04o})"
    if not stat.S_ISREG(status.st_mode):
        return fault(name, f"{path} is not a file", f"Move it away: {path}")
    if not os.access(path, os.R_OK | os.W_OK):
        return fault(name, f"{shown} cannot be read and written", f"Check its owner, or run: chmod u+rw {path}")
    return _owned(name, shown, path, status, loose=0o077 if private else 0o022)


def all_of(paths: Paths) -> tuple[tuple[str, Path, bool], ...]:
    """The folders, each with its name and whether it is private.

    Args:
        paths: Where everything is.
    """
    return (
        ("settings folder", paths.config_dir, False),
        ("data folder", paths.data_dir, True),
        ("cache folder", paths.cache_dir, True),
        ("log folder", paths.log_dir, True),
    )


def _missing(name: str, path: Path) -> Finding:
    nearest = next(place for place in path.parents if place.exists())
    if not nearest.is_dir():
        return fault(name, f"{path} cannot be made: {nearest} is not a folder", ELSEWHERE)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return fault(name, f"{path} cannot be made: {nearest} is not writable", ELSEWHERE)
    return ok(name, f"{path} is not there yet")


def _owned(name: str, shown: str, path: Path, status: os.stat_result, *, loose: int) -> Finding:
    if status.st_uid != os.geteuid():
        return warn(name, f"{shown} belongs to somebody else", f"Run: chown -R {os.geteuid()} {path}")
    if status.st_mode & loose:
        mode = "go-w" if loose == 0o022 else "go-rwx"
        return warn(name, f"{shown} is open to others", f"Run: chmod {mode} {path}")
    return ok(name, shown)
