"""The database: can it be read, is it whole, do the sums agree with the rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orchat.cli.doctor.finding import OURS, Finding, fault, ok, skip, warn

if TYPE_CHECKING:
    from orchat.store.connection import Connection

T = TypeVar("T")
MOST = 5
"""Lines told of one fault."""

BIG = 256 * 2**20
"""Bytes of a file in which indexes are not compared with their tables: that would take many seconds."""


def reading(path: Path, check: Callable[[], T]) -> T:
    """Run a check that reads the database.

    Args:
        path: The database.
        check: Looks.

    Raises:
        StoreError: It cannot be read.
    """
    from orchat.store.failures import explained

    with explained(path):
        return check()


def place(path: Path) -> Finding:
    """What the database lies on.

    Args:
        path: The database.
    """
    from orchat.store.filesystem import network_type

    kind = network_type(path.parent.resolve())
    if kind:
        fix = "Set ORCHAT_HOME to a folder on a local disk."
        return warn("file system", f"{kind}, a network file system: slower, and less safe with several machines", fix)
    return ok("file system", "local")


def opened(path: Path, connection: Connection) -> Finding:
    """Size, format and journal.

    Args:
        path: The database.
        connection: Reads it.
    """
    from orchat.store.inspection import format_of, journal_of

    version, newest = format_of(connection)
    coming = "" if version == newest else f", to be upgraded to {newest} at the next start"
    size = _size(path.stat().st_size)
    return ok("database", f"{path}, {size}, format {version}{coming}, journal {journal_of(connection)}")


def whole(path: Path, connection: Connection) -> Finding:
    """What SQLite says about the file.

    Args:
        path: The database.
        connection: Reads it.
    """
    from orchat.store.failures import backups_folder
    from orchat.store.inspection import faults_of

    quick = path.stat().st_size > BIG
    found = faults_of(connection, quick=quick)
    if found:
        fix = f"Move it away, or put a copy of {backups_folder(path)} in its place: {path}"
        return fault("integrity", f"SQLite finds faults: {'; '.join(found)}", fix)
    return ok("integrity", "whole" + (" (quick check, the file is big)" if quick else ""))


def ledger(connection: Connection) -> Finding:
    """Whether the sums of the ledger are the sums of its rows.

    Args:
        connection: Reads the database.
    """
    from orchat.store import audit
    from orchat.store.inspection import format_of

    version, newest = format_of(connection)
    if version < newest:
        return skip("ledger", "looked at after the upgrade")
    found = audit.unsound(connection)
    if found:
        return fault("ledger", "; ".join(found[:MOST]), OURS)
    left = audit.orphans(connection)
    if left:
        return ok("ledger", f"sound; a crash left rows open, which the next start settles: {'; '.join(left[:MOST])}")
    return ok("ledger", "every sum is the sum of its rows")


def current_key(connection: Connection) -> str | None:
    """Fingerprint of the key that the ring stands at, where the database can tell.

    Args:
        connection: Reads the database.
    """
    from orchat.store import key_state
    from orchat.store.inspection import format_of

    version, newest = format_of(connection)
    states = key_state.list_keys(connection) if version == newest else []
    return next((state.fingerprint for state in states if state.is_current), None)


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{max(1, count // 1024)} KiB"
