"""Whoever waits for a lock gets it in turn, and whoever gives up leaves nothing locked."""

from __future__ import annotations

import errno
import threading
from contextlib import closing
from pathlib import Path

import pytest

from orchat.errors import StoreBusy
from orchat.store.locks import FileLock


def waiters() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "orchat-lock"]


def test_a_lock_is_handed_over_to_whoever_waits(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path, 10)) as first, closing(FileLock(path, 10)) as second:
        second_has_it = threading.Event()

        def wait() -> None:
            with second:
                second_has_it.set()

        with first:
            thread = threading.Thread(target=wait)
            thread.start()
            while not waiters():
                pass
            assert not second_has_it.is_set()
        thread.join(10)
        assert second_has_it.is_set()
        assert first.take()


def test_whoever_waited_can_lock_and_unlock_as_before(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        closing(FileLock(path, 10)) as first,
        closing(FileLock(path, 10)) as second,
        closing(FileLock(path, 0)) as third,
    ):
        assert first.take()
        thread = threading.Thread(target=second.wait)
        thread.start()
        while not waiters():
            pass
        first.release()
        thread.join(10)
        assert not third.take()
        second.release()
        assert third.take()
        third.release()
        with second:
            assert not third.take()


def test_whoever_gives_up_gets_the_lock_no_more(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path, 10)) as first, closing(FileLock(path, 0.1)) as second:
        with first:
            with pytest.raises(StoreBusy, match=r"writing for 0\.1 s"):
                second.wait()
            (abandoned,) = waiters()
        abandoned.join(10)
        assert not abandoned.is_alive()
        assert first.take()
        first.release()
        with second:
            assert not first.take()


def test_whoever_has_no_time_does_not_stand_in_line(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path, 10)) as first, closing(FileLock(path, 0.001)) as second, first:
        with pytest.raises(StoreBusy):
            second.wait()
        assert waiters() == []


def test_a_file_system_without_locks_counts_as_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with closing(FileLock(tmp_path / "lock", 0.1)) as lock, pytest.raises(StoreBusy):
        lock.wait()


def test_waiting_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path, 10)) as first, closing(FileLock(path, 0.06)) as second:
        before = descriptors()
        with first:
            for _ in range(5):
                with pytest.raises(StoreBusy):
                    second.wait()
        for thread in waiters():
            thread.join(10)
        assert descriptors() == before


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
