"""Our figures against the server's: what a key has used, and what an answer cost that was cut or lost.

Nothing runs while the program is idle: a task exists from an answer on, until the server was asked about its key and no
row of the ledger waits for its price any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from orchat import logs
from orchat.domain.scope import free_scope
from orchat.errors import ConnectionFailed, KeysError, OrchatError, RateLimited, RequestFailed, TimedOut, UpstreamFailed
from orchat.keys.status import report_of
from orchat.store import holds, ledger, lookups, reports
from orchat.tasks import Tasks, settled

if TYPE_CHECKING:
    from orchat.dispatch.attempt import Ground
    from orchat.domain.secret import Secret
    from orchat.keys.ring import KeyLease, Ring
    from orchat.store.connection import Connection
    from orchat.store.reports import Report

logger = logging.getLogger(__name__)

QUIET_S = 2.0
"""Seconds without an answer after which the server is asked."""
LONGEST_S = 30.0
"""Seconds after which it is asked although answers keep coming."""
MOST_LOOKUPS = 20
"""Rows looked up in one run."""
BETWEEN_RUNS_S = 60.0
"""Seconds until the next run, where rows were left over."""
DAY_S = 86_400.0
_NOT_NOW = (ConnectionFailed, TimedOut, RateLimited, UpstreamFailed)
"""The server cannot be asked at all; it is left alone until the next answer."""


class Reconciler:
    """Asks the server for its own figures, as seldom as possible and one request at a time.

    Args:
        ground: Shared parts.
        ring: Has the keys of older rows.
    """

    def __init__(self, ground: Ground, ring: Ring) -> None:
        self._ground = ground
        self._ring = ring
        self._tasks = Tasks()
        self._following: asyncio.Task[None] | None = None
        self._sleeping: asyncio.Task[None] | None = None
        self._leases: dict[str, KeyLease] = {}
        self._since = 0.0
        self._quiet_at = 0.0
        self._lookup_at: float | None = None
        self._closed = False
        self.changed: Callable[[], None] | None = None
        """Called when figures of the store have changed."""

    def answered(self, lease: KeyLease) -> None:
        """An attempt is over: ask about its key, once answers have stopped coming. Never waits.

        Args:
            lease: The key that paid.
        """
        if self._closed or self._ground.client.dialect != "openrouter":
            return
        now = self._ground.clock.monotonic()
        if not self._leases:
            self._since = now
        self._leases[lease.fingerprint] = lease
        self._quiet_at = min(now + QUIET_S, self._since + LONGEST_S)
        if self._following is None or self._following.done():
            self._following = self._tasks.spawn(self._follow(), name="compare with the server")
        elif self._sleeping is not None:
            self._sleeping.cancel()

    async def refresh(self, lease: KeyLease) -> Report:
        """Ask the server about a key now, and keep what it says.

        Args:
            lease: The key.

        Raises:
            RequestFailed: The server does not answer.
            KeysError: It refuses the key.
            StoreError: The answer cannot be kept.
        """
        status = await self._ground.client.key_status(lease.secret)
        now = self._ground.clock.now()
        report = report_of(lease.fingerprint, status, now)
        await self._ground.db.write(_keep, report, now)
        self._tell()
        return report

    async def look_up_due(self) -> int:
        """Ask what the rows cost whose look-up is due: one at a time, and not too many.

        Returns:
            How many rows have the server's own figures now.

        Raises:
            RequestFailed: The server cannot be asked; the rows left over stay due.
            StoreError: The ledger cannot be read or written.
        """
        secrets = await self._secrets()
        corrected = asked = 0
        while asked < MOST_LOOKUPS:
            entry = await self._ground.db.write(lookups.claim, tuple(secrets), self._ground.clock.now())
            if entry is None:
                break
            asked += 1
            fingerprint = entry.attempt.key_fingerprint
            try:
                corrected += await self._look_up(entry, secrets[fingerprint])
            except _NOT_NOW:
                raise
            except KeysError:
                del secrets[fingerprint]
            except RequestFailed as error:
                logs.event(logger, "generation.unknown", level=logging.DEBUG, status=error.status, attempt=entry.id)
        self._lookup_at = await self._next_run(secrets, asked)
        return corrected

    async def until_idle(self) -> None:
        """Wait until nothing is left to ask."""
        if self._following is not None:
            await settled(self._following)

    async def aclose(self) -> None:
        """Break off whatever still runs; a second call does nothing."""
        self._closed = True
        await self._tasks.close(cancel=True)

    async def _follow(self) -> None:
        try:
            while (delay := self._delay()) is not None:
                if delay > 0:
                    await self._sleep(delay)
                    continue
                for lease in self._quiet_ones():
                    await self._compare(lease)
                await self.look_up_due()
        except OrchatError as error:
            self._lookup_at = None
            logs.event(logger, "reconcile.stopped", level=logging.WARNING, error=error)

    def _quiet_ones(self) -> list[KeyLease]:
        """The keys to be asked about now; none while answers keep coming."""
        if self._quiet_at > self._ground.clock.monotonic():
            return []
        leases, self._leases = list(self._leases.values()), {}
        return leases

    def _delay(self) -> float | None:
        """Seconds until there is something to ask; None when there is nothing."""
        clock = self._ground.clock
        delays = [self._quiet_at - clock.monotonic()] if self._leases else []
        if self._lookup_at is not None:
            delays.append(self._lookup_at - clock.now())
        return min(delays, default=None)

    async def _secrets(self) -> dict[str, Secret]:
        """The keys that rows wait for, as far as they are at hand."""
        waiting = await self._ground.db.read(lookups.waiting)
        found = {fingerprint: await self._ring.secret_of(fingerprint) for fingerprint in waiting}
        return {fingerprint: secret for fingerprint, secret in found.items() if secret is not None}

    async def _next_run(self, keys: Collection[str], asked: int) -> float | None:
        waiting = await self._ground.db.read(lookups.waiting)
        now = self._ground.clock.now()
        at = min((at for fingerprint, at in waiting.items() if fingerprint in keys), default=None)
        if at is None or at > now:
            return at
        return now + BETWEEN_RUNS_S if asked else None

    async def _sleep(self, seconds: float) -> None:
        """Wait, or until another answer ends the waiting."""
        self._sleeping = self._tasks.spawn(self._ground.clock.sleep(seconds), name="wait before asking the server")
        await settled(self._sleeping)
        self._sleeping = None

    async def _compare(self, lease: KeyLease) -> None:
        """A key whose state cannot be learned is no reason to leave the others alone."""
        try:
            await self.refresh(lease)
        except (RequestFailed, KeysError) as error:
            logs.event(logger, "key.unknown", level=logging.WARNING, key=lease.label, error=error)

    async def _look_up(self, entry: ledger.Entry, secret: Secret) -> bool:
        usage = (await self._ground.client.generation(entry.settlement.generation_id or "", secret)).usage
        if usage.cost_pico is None:
            return False
        counted = usage if usage.prompt_tokens or usage.completion_tokens else None
        await self._ground.db.write(ledger.reprice, entry.id, counted, usage.cost)
        logs.event(logger, "attempt.repriced", attempt=entry.id, cost_pico=usage.cost_pico)
        self._tell()
        return True

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()


def _keep(connection: Connection, report: Report, now: float) -> None:
    """Keep a report, and put the account's free models aside for the day when it says that none is left of them.

    Only such a hold is lifted again by a report: the server counts late, so its refusal weighs more than its count.
    """
    reports.put(connection, report)
    if report.free_remaining is None:
        return
    scope = free_scope(reports.account_of(connection, report.fingerprint))
    hold = holds.get(connection, scope)
    if report.free_remaining > 0:
        if hold is not None and hold.source == "report":
            holds.clear(connection, scope)
    elif report.free_limit and (hold is None or not hold.is_active(now)):
        holds.put(
            connection,
            scope,
            kind="RateLimited",
            reason="the free requests of this day are used up",
            source="report",
            now=now,
            until=(now // DAY_S + 1) * DAY_S,
        )
