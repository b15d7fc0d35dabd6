"""Locks between processes: files that the kernel unlocks when their holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from orchat.errors import StoreBusy
from orchat.store.failures import failure

if sys.platform == "win32":  # pragma: no cover  # only Windows runs it
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


_FIRST_PAUSE_S = 0.0002
_LONGEST_PAUSE_S = 0.001


class FileLock:
    """An exclusive lock on a file of its own, for one thread. The file stays where it is when the lock is released.

    Args:
        path: The lock file; created with mode 0600 when it is missing.
        timeout_s: How long `with lock:` waits before it raises `StoreBusy`.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)

    def take(self) -> bool:
        """Lock at once or not at all; whether it worked."""
        try:
            _lock(self._descriptor)
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Unlock."""
        _unlock(self._descriptor)

    def close(self) -> None:
        """Unlock and forget the file."""
        os.close(self._descriptor)

    def wait(self) -> None:
        """Lock, sooner or later.

        Raises:
            StoreBusy: Later than after `timeout_s`.
        """
        deadline = time.monotonic() + self._timeout_s
        pause = _FIRST_PAUSE_S
        while not self.take():
            if time.monotonic() >= deadline:
                raise failure(StoreBusy, f"Another process has been writing for {self._timeout_s:g} s", self.path)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def __enter__(self) -> FileLock:
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
