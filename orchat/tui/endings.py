"""Ends that nobody chose at the keyboard: a signal, or a terminal that is closed."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 5.0
"""How long leaving may take when the terminal is gone: whoever writes to it might wait for ever."""
_STANDARD = (0, 1, 2)
_HUNG_UP = 129


class Endings:
    """Leaves the screen at the first signal, as if somebody had pressed the key; the second one ends the process.

    The handlers are Python's own and not the loop's: they run even while a write blocks.

    Args:
        leave: Called once, in the running loop.
        give_up: Ends the process at once.
    """

    def __init__(self, leave: Callable[[], Any], give_up: Callable[[int], Any] = os._exit) -> None:
        self.is_over = False
        """Whether there was one."""
        self._leave = leave
        self._give_up = give_up
        self._before: dict[signal.Signals, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Endings:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                # `nohup` and a shell that starts a job in the background ignore a signal for us.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_over:
            self._restore()
        if self._timer is not None:
            self._timer.cancel()

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        self.is_over = True
        self._restore()
        if number == signal.SIGHUP:
            self._forget_terminal()
        self._loop.call_soon_threadsafe(self._leave)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            # The terminal may be gone by the second one, and nothing else would end a process that waits for it.
            signal.signal(number, signal.SIG_DFL if self.is_over else handler)

    def _forget_terminal(self) -> None:
        """Write to nowhere from now on: a write to a terminal that is gone ends the thread that writes."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in _STANDARD:
            os.dup2(nowhere, number)
        os.close(nowhere)
        self._timer = threading.Timer(GRACE_S, self._give_up, (_HUNG_UP,))
        self._timer.daemon = True
        self._timer.start()
