"""Time limits for calls that may never come back: a name server, a keyring, a terminal that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """The call has not come back; its thread is left behind."""


def limited(work: Callable[[], T], seconds: float) -> T:
    """Run `work` in a thread that may be left behind.

    Args:
        work: May block.
        seconds: How long to wait for it.

    Raises:
        TookTooLong: It is still running.
        Exception: As `work` raises.
    """
    results: list[T] = []
    failures: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # handed to the caller below
            failures.append(error)

    thread = threading.Thread(target=run, name="orchat-doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TookTooLong
    return results[0]
