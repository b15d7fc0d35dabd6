"""Locks between processes: files that the kernel unlocks when their holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from orchat.errors import StoreBusy
from orchat.paths import UNINHERITED
from orchat.store.failures import failure

if sys.platform == "win32":  # pragma: no cover  # only Windows runs it
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _lock_in_line(descriptor: int) -> None:
        while True:
            with suppress(OSError):
                return _lock(descriptor)
            time.sleep(_LONGEST_PAUSE_S)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _lock_in_line(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


_FIRST_PAUSE_S = 0.0002
_LONGEST_PAUSE_S = 0.001
# Asking again is the faster way for most, as nobody has to be woken up; the line is for the few who would starve.
_PATIENCE_S = 0.05


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | UNINHERITED, 0o600)


class _Turn:
    """A place in the kernel's own line for a lock.

    The kernel knows no time limit, so the place is taken by a thread, with a descriptor of its own: whoever gives up
    leaves both behind, and the lock is dropped as soon as it is given.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = _opened(path)
        self._mutex = threading.Lock()
        self._came = threading.Event()
        self._given_up = False
        threading.Thread(target=self._stand, name="orchat-lock", daemon=True).start()

    def _stand(self) -> None:
        try:
            _lock_in_line(self._descriptor)
        except OSError:  # a file system without locks
            os.close(self._descriptor)
            return
        with self._mutex:
            if self._given_up:
                os.close(self._descriptor)
            self._came.set()

    def wait(self, timeout_s: float) -> int | None:
        """The descriptor that holds the lock; None when it did not come in time."""
        self._came.wait(timeout_s)
        with self._mutex:
            self._given_up = not self._came.is_set()
        return None if self._given_up else self._descriptor


class FileLock:
    """An exclusive lock on a file of its own, for one thread. The file stays where it is when the lock is released.

    Args:
        path: The lock file; created with mode 0600 when it is missing.
        timeout_s: How long `with lock:` waits before it raises `StoreBusy`.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._descriptor = _opened(path)

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
        began = time.monotonic()
        pause = _FIRST_PAUSE_S
        while not self.take():
            waited_s = time.monotonic() - began
            if waited_s >= min(_PATIENCE_S, self._timeout_s):
                self._stand_in_line(self._timeout_s - waited_s)
                return
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _stand_in_line(self, timeout_s: float) -> None:
        descriptor = _Turn(self.path).wait(timeout_s) if timeout_s > 0 else None
        if descriptor is None:
            raise failure(StoreBusy, f"Another process has been writing for {self._timeout_s:g} s", self.path)
        os.close(self._descriptor)
        self._descriptor = descriptor

    def __enter__(self) -> FileLock:
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
