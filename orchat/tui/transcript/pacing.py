"""How often an answer that arrives is drawn."""

from __future__ import annotations


class Pacer:
    """Leaves the machine at least two thirds of its time, however dear a flush is.

    Args:
        interval_s: Seconds between two flushes that cost nothing.
    """

    __slots__ = ("_next", "interval_s")

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._next = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until the next flush may run."""
        return max(0.0, self._next - now)

    def ran(self, started: float, ended: float) -> None:
        """A flush ran between two points of a monotonic clock, in seconds."""
        cost = ended - started
        self._next = ended + max(self.interval_s - cost, 2 * cost)
