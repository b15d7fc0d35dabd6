"""Time and chance: the one place that asks the machine for either."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # this is its home
import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """What the rest of orchat may know about time. Tests put a `tests.support.FakeClock` in its place."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A random number between `low` and `high`."""
        ...


def utc_day(epoch_s: float) -> str:
    """The UTC day (``YYYY-MM-DD``) of a point in time: limits and counts reset with it."""
    return datetime.fromtimestamp(epoch_s, tz=timezone.utc).strftime("%Y-%m-%d")


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()  # noqa: TID251  # this is its home

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """A random number between `low` and `high`; jitter needs no secrecy."""
        return random.uniform(low, high)  # noqa: S311  # jitter, not a secret
