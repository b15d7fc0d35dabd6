"""Ctrl-C and its kin: stop and save, then leave, then leave at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar

from orchat.cli.diagnostics import ExitCode

T = TypeVar("T")

TOGETHER_S = 2.0
"""Interrupts that follow each other within so many seconds count together."""
GRACE_S = 1.0
"""How long saving may still take after the second one."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns signals into a cancellation of the work that runs.

    The first stops the work, which saves what it has; a second within `TOGETHER_S` leaves `GRACE_S` for that; a
    third leaves at once. The handlers are Python's own and not the loop's: they run even while a write blocks.
    """

    def __init__(self, leave: Callable[[int], Any] = os._exit) -> None:
        self.caught = False
        self._leave = leave
        self._count = 0
        self._last = 0.0
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in SIGNALS:
            # `nohup` and a shell that starts a job in the background ignore a signal for us.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def guard(self, work: Awaitable[T]) -> T | None:
        """Wait for `work`; None when an interrupt ended it."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self.caught:
            self._stop()
        try:
            return await work
        except asyncio.CancelledError:
            if self.caught:
                return None
            raise
        finally:
            self._task = None

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        self._count = self._count + 1 if now - self._last <= TOGETHER_S else 1
        self._last = now
        self.caught = True
        if self._count > 2:
            self._leave(ExitCode.INTERRUPTED)
        elif self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._count > 1 and self._loop is not None:
            self._loop.call_later(GRACE_S, self._leave, ExitCode.INTERRUPTED)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in an event loop of its own.

    Raises:
        KeyboardInterrupt: A signal ended it; it has saved what it had.
    """
    with Interrupts() as interrupts:
        result = asyncio.run(_guarded(interrupts, work))
    if result is None:
        raise KeyboardInterrupt
    return result[0]


async def _guarded(interrupts: Interrupts, work: Callable[[], Awaitable[T]]) -> tuple[T] | None:
    return await interrupts.guard(_boxed(work))


async def _boxed(work: Callable[[], Awaitable[T]]) -> tuple[T]:
    """A result of None must differ from no result."""
    return (await work(),)
