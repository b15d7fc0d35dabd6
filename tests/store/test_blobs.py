"""Files are kept once, whole, for as long as something refers to them."""

from __future__ import annotations

import hashlib
import os
import resource
from contextlib import closing
from pathlib import Path

import pytest

from orchat.errors import NotFound, StoreBusy, StoreUnwritable
from orchat.store import conversations, deletions, messages
from orchat.store.blobs import GRACE_S, Blobs
from orchat.store.connection import Connection
from orchat.store.locks import FileLock
from tests.support.clock import START


@pytest.fixture
def blobs(connection: Connection) -> Blobs:
    return Blobs.beside(connection.path)


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (START - seconds, START - seconds))


def test_bytes_come_back(blobs: Blobs) -> None:
    data = bytes(range(256))
    file = blobs.put(data, "a.bin", "application/octet-stream", 3, 4)
    assert (file.sha256, file.size, file.width, file.height) == (hashlib.sha256(data).hexdigest(), 256, 3, 4)
    assert blobs.get(file.sha256) == data
    assert blobs.has(file.sha256)


def test_files_are_for_their_owner_alone(blobs: Blobs) -> None:
    path = blobs.path(blobs.put(b"x", "a", "text/plain").sha256)
    assert [part.stat().st_mode & 0o777 for part in (path, path.parent, blobs.folder)] == [0o600, 0o700, 0o700]


def test_the_same_bytes_are_kept_once(blobs: Blobs) -> None:
    first, second = blobs.put(b"x", "a.txt", "text/plain"), blobs.put(b"x", "b.txt", "text/markdown")
    assert first.sha256 == second.sha256
    assert (first.name, second.name) == ("a.txt", "b.txt")
    assert len(list(blobs.folder.glob("??/*"))) == 1


def test_a_file_that_is_gone_is_named(blobs: Blobs) -> None:
    with pytest.raises(NotFound) as caught:
        blobs.get("ab" * 32)
    assert "ab" * 32 in str(caught.value.hint)
    assert not blobs.has("ab" * 32)


def test_a_file_that_cannot_be_read_is_not_called_gone(blobs: Blobs) -> None:
    blobs.path("ab" * 32).mkdir(parents=True)
    with pytest.raises(StoreUnwritable):
        blobs.get("ab" * 32)


def test_a_full_disk_leaves_no_half_file(blobs: Blobs) -> None:
    blobs.put(b"small", "a", "text/plain")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StoreUnwritable) as caught:
            blobs.put(b"x" * 10_000, "b", "text/plain")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(blobs.folder) in str(caught.value.hint)
    assert len([path for path in blobs.folder.glob("??/*") if path.is_file()]) == 1
    assert blobs.has(blobs.put(b"x" * 10_000, "b", "text/plain").sha256)


def test_a_folder_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnwritable):
        Blobs(tmp_path / "file").put(b"x", "a", "text/plain")


def test_nobody_adds_a_file_while_another_clears_up(blobs: Blobs) -> None:
    blobs.put(b"x", "a", "text/plain")
    with closing(FileLock(blobs.folder / ".lock", 0)) as lock, lock, pytest.raises(StoreBusy):
        Blobs(blobs.folder, timeout_s=0.01).put(b"y", "b", "text/plain")


def test_nothing_is_swept_where_nothing_was_kept(connection: Connection, blobs: Blobs) -> None:
    assert blobs.sweep(connection, START) == 0
    assert not blobs.folder.exists()


def test_what_no_message_refers_to_goes_after_a_while(connection: Connection, blobs: Blobs) -> None:
    used, draft, forgotten = (blobs.put(data, "a", "text/plain") for data in (b"used", b"draft", b"forgotten"))
    conversations.create(connection, "c", START)
    messages.add_prompt(connection, "c", None, "Look", (used,))
    aged(blobs.path(used.sha256), 10 * GRACE_S)
    aged(blobs.path(draft.sha256), GRACE_S - 1)
    aged(blobs.path(forgotten.sha256), GRACE_S + 1)
    assert blobs.sweep(connection, START) == 1
    assert [blobs.has(file.sha256) for file in (used, draft, forgotten)] == [True, True, False]


def test_what_is_attached_again_is_young_again(connection: Connection, blobs: Blobs) -> None:
    file = blobs.put(b"x", "a", "text/plain")
    aged(blobs.path(file.sha256), 10**9)
    blobs.put(b"x", "a", "text/plain")
    assert blobs.sweep(connection, START) == 0


def test_what_a_deletion_left_goes_at_once(connection: Connection, blobs: Blobs) -> None:
    own, shared = blobs.put(b"own", "a", "text/plain"), blobs.put(b"shared", "b", "text/plain")
    for id in "cd":
        conversations.create(connection, id, START)
    messages.add_prompt(connection, "c", None, "Look", (own, shared))
    messages.add_prompt(connection, "d", None, "Look", (shared,))
    assert blobs.sweep(connection, START, deletions.purge(connection, "c")) == 1
    assert (blobs.has(own.sha256), blobs.has(shared.sha256)) == (False, True)


def test_a_file_that_was_used_again_after_the_deletion_stays(connection: Connection, blobs: Blobs) -> None:
    file = blobs.put(b"own", "a", "text/plain")
    conversations.create(connection, "c", START)
    messages.add_prompt(connection, "c", None, "Look", (file,))
    orphans = deletions.purge(connection, "c")
    conversations.create(connection, "d", START)
    messages.add_prompt(connection, "d", None, "Look", (file,))
    assert orphans == (file.sha256,)
    assert blobs.sweep(connection, START, orphans) == 0
    assert blobs.has(file.sha256)


def test_what_is_gone_already_does_not_stop_a_sweep(connection: Connection, blobs: Blobs) -> None:
    blobs.put(b"x", "a", "text/plain")
    assert blobs.sweep(connection, START, ["ab" * 32]) == 1
