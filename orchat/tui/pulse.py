"""One timer that runs only while time alone changes what is on the screen."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.timer import Timer
from textual.widget import Widget

SOONEST_S = 0.05
"""Between two beats, whatever is asked for."""


class Pulse:
    """Beats when something is due; where nothing is, nothing wakes up.

    Args:
        owner: Its timers are used; they end with it.
        due: Tells in how many seconds the screen has to change by itself.
        beat: Changes it.
    """

    def __init__(self, owner: Widget, due: Callable[[], float], beat: Callable[[], None]) -> None:
        self._owner = owner
        self._due = due
        self._beat = beat
        self._timer: Timer | None = None
        self._at = 0.0

    def feel(self) -> None:
        """Something changed: beat earlier if that is wanted now. It costs little, however often it is called."""
        at = monotonic() + max(SOONEST_S, self._due())
        if self._timer is None or at < self._at:
            self._set(at)

    def _set(self, at: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._at = at
        self._timer = self._owner.set_timer(at - monotonic(), self._beats)

    def _beats(self) -> None:
        self._timer = None
        self._beat()
        self.feel()
