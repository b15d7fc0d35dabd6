"""The program itself: version, Python, SQLite, settings."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from orchat import __version__
from orchat.cli.doctor.finding import Finding, fault, ok, warn
from orchat.config import LoadedConfig
from orchat.paths import Paths

OLDEST_PYTHON = (3, 10)


def version() -> Finding:
    """Which orchat, and where it runs."""
    return ok("orchat", f"{__version__} on {platform.system()} {platform.release()}, {platform.machine()}")


def python(found: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Which Python.

    Args:
        found: Its version.
    """
    numbers = ".".join(map(str, found))
    if found < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return fault("python", f"{numbers}; orchat needs {wanted}", "Install orchat with a newer Python.")
    return ok("python", f"{numbers} ({sys.executable})")


def sqlite() -> Finding:
    """Which SQLite, and what follows from its age."""
    from orchat.store.inspection import SAFE_WAL, has_full_text, sqlite_version

    return judged_sqlite(sqlite_version(), SAFE_WAL, full_text=has_full_text())


def judged_sqlite(found: tuple[int, int, int], safe: tuple[int, int, int], *, full_text: bool) -> Finding:
    """What a version of SQLite means.

    Args:
        found: The version.
        safe: The first one without the bug in its write-ahead log.
        full_text: It has FTS5.
    """
    from orchat.store.database import OLDEST_SQLITE

    numbers, wanted, mended = (".".join(map(str, each)) for each in (found, OLDEST_SQLITE, safe))
    if found < OLDEST_SQLITE:
        return fault("sqlite", f"{numbers}; orchat needs {wanted}", "Install orchat with a newer Python.")
    if not full_text:
        return fault("sqlite", f"{numbers} without full-text search (FTS5)", "Install orchat with another Python.")
    if found < safe:
        return ok(
            "sqlite", f"{numbers}; orchat's file lock keeps the write-ahead log bug of versions before {mended} away"
        )
    return ok("sqlite", numbers)


def settings(paths: Paths, loaded: LoadedConfig) -> Finding:
    """Where the settings come from; that they could be loaded shows that they are right.

    Args:
        paths: Say where the file is.
        loaded: The settings.
    """
    layers = [origin.layer for origin in loaded.origins.values()]
    counts = [(layers.count(layer), layer) for layer in ("file", "environment", "flag") if layer in layers]
    said = ", ".join(f"{number} from the {layer}" for number, layer in counts) or "all defaults"
    there = "" if paths.config_file.exists() else " (there is no such file)"
    return ok("settings", f"{paths.config_file}{there}: {said}")


def keymap(loaded: LoadedConfig) -> Iterator[Finding]:
    """Whether the keys of somebody's own can be.

    Args:
        loaded: The settings.
    """
    from orchat.tui.keymap import faults_of

    faults = faults_of(loaded)
    for wrong in faults:
        yield warn("keymap", wrong.message, wrong.hint)
    if not faults:
        own = len(loaded.config.keymap)
        yield ok("keymap", f"{own} of your own" if own else "the usual keys")
