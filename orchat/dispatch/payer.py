"""Who pays for one request: the key in use, those that failed for it, and what was put aside because of that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat import logs
from orchat.dispatch import blame
from orchat.domain.events import SwitchedKey
from orchat.errors import KeysError, OrchatError, RateLimited
from orchat.store import holds, reports

if TYPE_CHECKING:
    from orchat.config.sections import OnExhausted
    from orchat.dispatch.attempt import Ground
    from orchat.keys.ring import KeyLease, Ring
    from orchat.store.connection import Connection
    from orchat.store.holds import Hold

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What this request has put aside."""

    scope: str
    before: Hold | None
    kind: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aside:
    """What became of a failure in the database."""

    account: str
    until: float | None
    mark: _Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """A key that cannot serve this request."""

    owner: blame.KeyOwner
    account: str


class Payer:
    """The keys of one request. A key is asked once for the same cause, and a switch costs neither sleep nor retry.

    Args:
        ring: All keys.
        ground: Shared parts.
        lease: The key to begin with.
        on_exhausted: What to do when it can no longer serve.
    """

    def __init__(self, ring: Ring, ground: Ground, lease: KeyLease, on_exhausted: OnExhausted) -> None:
        self._ring = ring
        self._ground = ground
        self._on_exhausted = on_exhausted
        self._failed: dict[str, _Failure] = {}
        self._marks: list[_Mark] = []
        self._insists_on: set[str] = set()
        self.lease = lease
        """The key that pays for the next attempt."""

    @classmethod
    async def begin(
        cls, ring: Ring, ground: Ground, on_exhausted: OnExhausted, *, switch: bool | None, key_label: str | None
    ) -> Payer:
        """The payer of a request that is about to be sent.

        Args:
            ring: All keys.
            ground: Shared parts.
            on_exhausted: As configured.
            switch: What this request wishes instead: to switch, or at least to be asked; None: as configured.
            key_label: The key that is to pay; None: the one of this instance.

        Raises:
            KeysError: No key can serve.
            NotFound: No key has this label.
        """
        lease = await ring.lease()
        if key_label is not None and key_label != lease.label:
            lease = await ring.use(key_label)
        if switch:
            on_exhausted = "switch"
        elif switch is False and on_exhausted == "switch":
            on_exhausted = "ask"
        return cls(ring, ground, lease, on_exhausted)

    async def blame(self, error: OrchatError) -> None:
        """Put aside what the server's refusal belongs to, and note until when in the error.

        Args:
            error: What an attempt with the present key failed with.
        """
        owner = blame.key_owner(error)
        if owner is None:
            return
        lease, now = self.lease, self._ground.clock.now()
        aside = await self._ground.db.write(_put_aside, lease.fingerprint, owner, error, now)
        self._failed[lease.fingerprint] = _Failure(owner=owner, account=aside.account)
        if aside.mark is not None:
            self._marks.append(aside.mark)
            logs.event(logger, "key.aside", key=lease.label, scope=owner, kind=aside.mark.kind)
        if isinstance(error, KeysError):
            error.until, error.scope, error.key_label = aside.until, owner, lease.label
        elif isinstance(error, RateLimited) and error.resets_at is None:
            error.resets_at = aside.until

    async def barred(self, hold: Hold, model: str) -> OrchatError:
        """The failure that a hold stands for, where it keeps the present key from being asked.

        Args:
            hold: An active one.
            model: Model that would have been asked.
        """
        error = blame.error_of(hold, key_label=self.lease.label, model=model)
        account = await self._ground.db.read(reports.account_of, self.lease.fingerprint)
        self._failed[self.lease.fingerprint] = _Failure(owner=blame.key_owner(error) or "key", account=account)
        return error

    async def switch(self, error: OrchatError) -> SwitchedKey | None:
        """Go on with the next key that may serve, where that is wished.

        Args:
            error: What the present key failed with.

        Returns:
            None where the failure is not the key's, nobody wishes it, or no key is left; if then all keys failed
            alike, it was none of their faults, and none stays aside for it.
        """
        if self._on_exhausted != "switch" or blame.key_owner(error) is None:
            return None
        before = self.lease
        try:
            # Another request of this instance may have gone on to the next key already.
            lease = await self._ring.lease()
            if lease.fingerprint in self._failed:
                lease = await self._ring.switch(tried=set(self._failed), avoid_accounts=self._accounts())
        except KeysError:
            await self._undo(error)
            return None
        self.lease = lease
        return SwitchedKey(from_label=before.label, to_label=self.lease.label, error=error)

    async def insist(self, error: OrchatError) -> bool:
        """Ask the present key although it is put aside, where no other one is left: the server knows best.

        Its owner may have paid meanwhile, or lifted its limit; when free requests come back, the server has said.

        Args:
            error: From `barred`.

        Returns:
            Whether to ask it.
        """
        if blame.key_owner(error) not in ("key", "account"):
            return False
        if self._on_exhausted != "switch" and await self._next_label() is not None:
            return False
        self._insists_on.add(self.lease.fingerprint)
        return True

    @property
    def insists(self) -> bool:
        """Whether the present key is asked although it is put aside."""
        return self.lease.fingerprint in self._insists_on

    async def advise(self, error: OrchatError) -> None:
        """Note in an error that goes to the user which key would come next, where the user is to decide."""
        if self._on_exhausted != "ask" or not isinstance(error, (KeysError, RateLimited)):
            return
        if blame.key_owner(error) is not None:
            error.next_label = await self._next_label()

    def turn(self) -> None:
        """Another model is asked: what is held against free requests does not count for it."""
        self._failed = {key: failure for key, failure in self._failed.items() if failure.owner != "free"}

    async def _next_label(self) -> str | None:
        return await self._ring.peek_next(tried=set(self._failed), avoid_accounts=self._accounts())

    def _accounts(self) -> set[str]:
        return {failure.account for failure in self._failed.values() if failure.owner != "key"}

    async def _undo(self, error: OrchatError) -> None:
        keys, kinds = {mark.fingerprint for mark in self._marks}, {mark.kind for mark in self._marks}
        if len(keys) < 2 or len(kinds) > 1:
            return
        marks, self._marks = self._marks, []
        await self._ground.db.write(_restore, marks)
        if isinstance(error, KeysError):
            error.until = None


def _put_aside(
    connection: Connection, fingerprint: str, owner: blame.KeyOwner, error: OrchatError, now: float
) -> _Aside:
    """Hold a failure against its owner, in one transaction: requests that failed together are one failure."""
    account = reports.account_of(connection, fingerprint)
    scope, kind = blame.scope_of(owner, fingerprint=fingerprint, account=account), blame.hold_kind(error)
    before = holds.get(connection, scope)
    if before is not None and before.kind == kind and before.is_active(now):
        return _Aside(account=account, until=before.until)
    until = blame.hold_for(error, before, reports.get(connection, fingerprint), now=now)
    holds.put(connection, scope, kind=kind, reason=error.message, source="server", now=now, until=until)
    mark = _Mark(scope=scope, before=before, kind=kind, fingerprint=fingerprint)
    return _Aside(account=account, until=until, mark=mark)


def _restore(connection: Connection, marks: list[_Mark]) -> None:
    for mark in reversed(marks):
        holds.restore(connection, mark.scope, mark.before)
