"""What the store relies on: locks, file systems, and errors that a person can be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchat.errors import StoreBusy, StoreDamaged, StoreError, StoreForeign, StoreUnwritable
from orchat.store.failures import explain, explained
from orchat.store.filesystem import network_type, private_file, private_folder
from orchat.store.locks import FileLock
from tests.support.store import network_mounts

PATH = Path("/data/orchat.db")


# ---- locks ----


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with closing(FileLock(tmp_path / "lock", 0)) as first, closing(FileLock(tmp_path / "lock", 0)) as second:
        assert first.take()
        assert not second.take()
        first.release()
        assert second.take()


def test_a_lock_waits_only_so_long(tmp_path: Path) -> None:
    with closing(FileLock(tmp_path / "lock", 0)) as first, closing(FileLock(tmp_path / "lock", 0.01)) as second:
        with first, pytest.raises(StoreBusy, match=r"0\.01 s"):
            second.wait()
        with second:
            assert not first.take()
        assert first.take()


def test_closing_a_lock_releases_it(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock", 0)
    assert first.take()
    first.close()
    with closing(FileLock(tmp_path / "lock", 0)) as second:
        assert second.take()


# ---- file systems ----


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    private_folder(tmp_path / "shared" / "own")
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "shared" / "own").stat().st_mode & 0o777 == 0o700


def test_the_root_is_where_making_folders_ends() -> None:
    assert private_folder(Path("/")) == Path("/")


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    assert private_file(tmp_path / "a")
    (tmp_path / "a").write_text("kept")
    assert not private_file(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "kept"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph"])
def test_a_network_file_system_is_known(tmp_path: Path, kind: str) -> None:
    table = network_mounts(tmp_path, kind)
    assert network_type(tmp_path / "deep" / "below", table) == kind
    assert network_type(tmp_path.parent, table) is None


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "xfs", "apfs", "tmpfs", "overlay", "fuseblk", "zfs"])
def test_a_local_file_system_is_no_reason_to_warn(tmp_path: Path, kind: str) -> None:
    assert network_type(tmp_path, network_mounts(tmp_path, kind)) is None


def test_the_mount_that_was_made_last_counts(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text("s:/ /a nfs rw 0 0\n/dev/b /a ext4 rw 0 0\ns:/ /with\\040space nfs rw 0 0\n")
    assert network_type(Path("/a"), table) is None
    assert network_type(Path("/with space/x"), table) == "nfs"
    assert network_type(Path("/ab"), table) is None


def test_a_system_without_such_a_table_is_taken_for_local(tmp_path: Path) -> None:
    assert network_type(tmp_path, tmp_path / "missing") is None


# ---- errors ----


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("database is locked", StoreBusy),
        ("database table is locked: messages", StoreBusy),
        ("locking protocol", StoreBusy),
        ("attempt to write a readonly database", StoreUnwritable),
        ("database or disk is full", StoreUnwritable),
        ("unable to open database file", StoreUnwritable),
        ("disk I/O error", StoreUnwritable),
        ("access permission denied", StoreUnwritable),
        ("file is not a database", StoreForeign),
        ("database disk image is malformed", StoreDamaged),
        ("malformed database schema (x)", StoreDamaged),
        ("Could not decode to UTF-8 column 'text' with text 'x'", StoreDamaged),
        ("something new", StoreError),
    ],
)
def test_words_are_enough_where_there_is_no_code(text: str, kind: type[StoreError]) -> None:
    """Python 3.10 knows no error codes."""
    error = explain(sqlite3.OperationalError(text), PATH)
    assert type(error) is kind
    assert "\n" not in str(error)
    assert error.hint is not None
    assert str(PATH) in error.hint


class Coded(sqlite3.OperationalError):
    sqlite_errorcode = 5 | 2 << 8


def test_a_code_is_enough_where_the_words_are_new() -> None:
    assert type(explain(Coded("geändert"), PATH)) is StoreBusy


def test_the_hint_for_a_damaged_file_names_the_copies() -> None:
    error = explain(sqlite3.DatabaseError("database disk image is malformed"), PATH)
    assert "orchat-backups" in str(error.hint)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device"), OSError("bare")]
)
def test_the_file_system_is_quoted(error: OSError) -> None:
    found = explain(error, PATH)
    assert type(found) is StoreUnwritable
    assert str(found).endswith(": orchat.db.")
    assert str(found).startswith(error.strerror or "OSError")


def raise_decode_error() -> None:
    b"\xff".decode()


def raise_sqlite_error() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("CREATE TABLE t (a)")


@pytest.mark.parametrize(
    ("action", "kind"), [(raise_decode_error, StoreDamaged), (raise_sqlite_error, StoreUnwritable)]
)
def test_whatever_goes_wrong_in_a_block_is_explained(action: Callable[[], None], kind: type[StoreError]) -> None:
    with pytest.raises(kind) as caught, explained(PATH):
        action()
    assert caught.value.__cause__ is not None


def test_a_mistake_of_ours_is_not_explained_away() -> None:
    with pytest.raises(ZeroDivisionError), explained(PATH):
        _ = 1 / 0
