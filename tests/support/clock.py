"""A clock that only moves when a test says so."""

from __future__ import annotations

import asyncio

START = 1_790_000_000.0
"""2026-09-21T14:13:20Z, so that nothing depends on the day the tests run."""


class FakeClock:
    """Sleeping moves time forward at once, and is remembered.

    Args:
        now: Epoch seconds to start from.
    """

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.slept: list[float] = []
        self.share = 1.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def uniform(self, low: float, high: float) -> float:
        """`share` = 1 gives `high`, 0 gives `low`."""
        return low + (high - low) * self.share

    def advance(self, seconds: float) -> None:
        self.time += seconds
