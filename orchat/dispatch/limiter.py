"""Rate slots, agreed on by all processes of this machine through the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat.domain.model_id import is_free_id
from orchat.store import slots

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.keys.ring import KeyLease
    from orchat.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """No slot is free yet."""

    seconds: float
    """Until one is."""
    reason: str
    """Whose limit it is, in words."""


class Limiter:
    """Gives out rate slots before a request is sent.

    Args:
        db: Where slots are counted.
        clock: Tells the time.
        free_per_minute: Most requests to free models in any 60 s; 0 for no limit.
        min_interval_s: Least seconds between two requests of one key; 0 for none.
    """

    def __init__(self, db: Database, clock: Clock, *, free_per_minute: int, min_interval_s: float) -> None:
        self._db = db
        self._clock = clock
        self._free_per_minute = free_per_minute
        self._min_interval_s = min_interval_s

    async def reserve(self, lease: KeyLease, model: str) -> Wait | None:
        """Take a slot for one request.

        Returns:
            None when the slot is taken, else how long to wait before asking again.
        """
        if self._min_interval_s > 0:
            wait = await self._ask(f"all:{lease.fingerprint}", 0, self._min_interval_s)
            if wait > 0:
                return Wait(seconds=wait, reason=f"{self._min_interval_s:g} s between requests")
        if self._free_per_minute > 0 and is_free_id(model):
            wait = await self._ask(f"free:{lease.fingerprint}", self._free_per_minute, 0.0)
            if wait > 0:
                return Wait(seconds=wait, reason=f"free models: {self._free_per_minute} requests a minute")
        return None

    async def _ask(self, scope: str, per_minute: int, min_interval_s: float) -> float:
        return await self._db.write(slots.reserve, scope, self._clock.now(), per_minute, min_interval_s)
