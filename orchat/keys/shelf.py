"""What a person does with keys: add, check, rename, set aside, put in order, remove, bring along from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat import logs
from orchat.errors import KeyLimitReached, KeyRejected, KeysError, NoKeys, OrchatError, TimedOut, UsageError
from orchat.keys import elsewhere, roster
from orchat.keys.entry import parse_key, parse_label
from orchat.keys.lease import KeyLease, leased
from orchat.keys.status import report_of
from orchat.store import key_state, reports

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.domain.secret import Secret
    from orchat.keys.elsewhere import Elsewhere, FoundKey
    from orchat.keys.ring import Ring
    from orchat.openrouter.account import KeyStatus
    from orchat.openrouter.client import OpenRouter
    from orchat.store.connection import Connection
    from orchat.store.reports import Report

CHECK_TIMEOUT_S = 15.0
"""A person waits for it."""
KEYS_PAGE = "https://openrouter.ai/settings/keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A key that was added."""

    lease: KeyLease
    """As it serves now; the source ``process`` means that it could not be kept."""
    status: KeyStatus | None = None
    """What the server says about it; None when it was not asked, or did not answer."""
    warning: str | None = None
    """One line: why it could not be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one key that was found elsewhere."""

    found: FoundKey
    """The key."""
    added: Added | None = None
    """None when it is not kept."""
    error: OrchatError | None = None
    """Why it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What the server said when it was asked about one key."""

    label: str
    """Of the key."""
    fingerprint: str = ""
    """First 8 hex digits of its SHA-256; empty when there is no key."""
    status: KeyStatus | None = None
    """None when it did not say."""
    error: OrchatError | None = None
    """Why the key cannot serve, or why nobody knows."""

    @property
    def ok(self) -> bool:
        """Whether it can serve."""
        return self.error is None


class Shelf:
    """The keys as their owner handles them.

    Args:
        ring: The keys.
        client: The way to the server.
        clock: Tells the time.
        timeout_s: Seconds that the server has to say something about a key.
    """

    def __init__(self, ring: Ring, client: OpenRouter, clock: Clock, *, timeout_s: float = CHECK_TIMEOUT_S) -> None:
        self._ring = ring
        self._kept = ring.kept
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s

    async def add(self, label: str, text: str, *, check: bool = True) -> Added:
        """Keep a key and use it from now on.

        A key that the server refuses is not kept; one that cannot be checked is, with a warning.

        Args:
            label: What its owner calls it.
            text: The key as it was typed; never repeated in a message.
            check: Ask the server about it first.

        Raises:
            KeyRejected: It cannot be a key, the server does not know it, or it cannot chat.
            UsageError: The label cannot be one, or is taken, or the key is there already.
            KeysError: The key file is refused.
        """
        label, secret = parse_label(label), parse_key(text)
        logs.hide(secret)
        status, warning = await self._checked(secret) if check else (None, None)
        lease = await self._ring.add(label, text)
        await self._note(secret, status)
        return Added(lease=lease, status=status, warning=warning)

    async def rename(self, old: str, new: str) -> str:
        """Give a key another label.

        Returns:
            The label as it is kept.

        Raises:
            UsageError: It cannot be a label, another key has it, or the old one is that of no kept key.
            NotFound: No key has the old one.
            KeysError: The keys cannot be changed.
        """
        self._refuse_passing(old)
        return await self._kept.rename(old, new)

    async def set_disabled(self, label: str, disabled: bool) -> None:
        """Take a key out of the ring, or put it back. An instance that uses it goes on with it.

        Raises:
            UsageError: The label is that of no kept key.
            NotFound: No key has this label.
        """
        self._refuse_passing(label)
        await self._kept.set_disabled(label, disabled)

    async def reorder(self, labels: Sequence[str]) -> None:
        """Set the order of the ring; keys that are not named follow as they were.

        Raises:
            UsageError: A label comes twice, or is that of no kept key.
            NotFound: No key has one of the labels.
        """
        for label in labels:
            self._refuse_passing(label)
        await self._kept.reorder(labels)

    async def remove(self, label: str) -> str:
        """Forget a key, its secret included; what it cost stays in the books.

        Returns:
            The fingerprint that it had.

        Raises:
            UsageError: The label is that of no kept key.
            NotFound: No key has this label.
            KeysError: The keys cannot be changed.
        """
        self._refuse_passing(label)
        state = await self._kept.remove(label)
        self._ring.forget(state.fingerprint)
        return state.fingerprint

    # ---- asking the server ----

    async def test(self, labels: Sequence[str] = ()) -> tuple[Tested, ...]:
        """Ask the server about keys: what it says is kept, and a key that can serve is put aside no longer.

        Args:
            labels: Which keys; empty: all, the disabled ones too.

        Returns:
            One for each key, in the order of the labels or of the ring.

        Raises:
            NoKeys: There is none.
            NotFound: No key has one of the labels.
            KeysError: The keys cannot be read.
        """
        found = [await self._named(label) for label in labels] if labels else await self._all()
        return tuple(await asyncio.gather(*(self._test(item) for item in found)))

    async def _test(self, item: KeyLease | Tested) -> Tested:
        if isinstance(item, Tested):
            return item
        try:
            status = await self._ask(item.secret)
        except OrchatError as error:
            return Tested(label=item.label, fingerprint=item.fingerprint, error=error)
        objection = _objection(status)
        await self._note(item.secret, status, forgive=objection is None)
        return Tested(label=item.label, fingerprint=item.fingerprint, status=status, error=objection)

    async def _named(self, label: str) -> KeyLease:
        passing = self._ring.passing(label)
        if passing is not None:
            return passing
        state = await self._kept.find(label)
        return leased(label, await self._kept.secret(state), self._kept.source)

    async def _all(self) -> list[KeyLease | Tested]:
        found: list[KeyLease | Tested] = []
        keys = await self._kept.sync()
        by_fingerprint = {secret.fingerprint: secret for secret in keys.values()}
        try:
            passing = self._ring.from_environment()
            if passing is not None and passing.fingerprint not in by_fingerprint:
                found.append(passing)
        except KeyRejected as error:
            found.append(Tested(label="env", error=error))
        for state in await self._kept.db.read(key_state.list_keys):
            secret = by_fingerprint.get(state.fingerprint)
            if secret is None:
                gone = KeysError(f"it is no longer in {self._kept.place}", hint="Add it again, or remove it.")
                found.append(Tested(label=state.label, fingerprint=state.fingerprint, error=gone))
            else:
                found.append(leased(state.label, secret, self._kept.source))
        if not found:
            raise NoKeys("there is no key to test", hint="Keep one: orchat keys add work")
        return found

    async def _checked(self, secret: Secret) -> tuple[KeyStatus | None, str | None]:
        """What the server says about a key that is to be added, or why that is not known."""
        if self._client.dialect != "openrouter":
            return None, None
        try:
            status = await self._ask(secret)
        except KeyRejected as error:
            raise KeyRejected(f"the server refuses this key: {error.message}", hint=_COPY) from None
        except OrchatError as error:
            return None, f"it could not be checked: {error.message}"
        if status.is_management_key:
            raise _management()
        return status, None

    async def _ask(self, secret: Secret) -> KeyStatus:
        try:
            return await asyncio.wait_for(self._client.key_status(secret), self._timeout_s)
        except asyncio.TimeoutError:
            raise TimedOut(
                f"the server did not answer within {self._timeout_s:g} s", stage="total", hint="Try again later."
            ) from None

    async def _note(self, secret: Secret, status: KeyStatus | None, *, forgive: bool = False) -> None:
        if status is not None:
            report = report_of(secret.fingerprint, status, self._clock.now())
            await self._kept.db.write(_noted, report, forgive=forgive)

    # ---- from elsewhere ----

    async def found_elsewhere(self) -> Elsewhere:
        """Keys of OpenRouter in the environment and in the files of other programs; nothing is changed.

        Raises:
            KeysError: The keys that are kept already cannot be read.
        """
        return elsewhere.look(self._ring.environ, await self._kept.sync())

    async def import_keys(self, found: Sequence[FoundKey], *, check: bool = True) -> tuple[Imported, ...]:
        """Keep keys that were found elsewhere, at the end of the ring; the current key stays.

        Args:
            found: Which; their labels may be changed.
            check: Ask the server about each first.

        Raises:
            KeysError: No place can keep them.
        """
        return tuple([await self._import(key, check=check) for key in found])

    async def _import(self, key: FoundKey, *, check: bool) -> Imported:
        logs.hide(key.secret)
        try:
            status, warning = await self._checked(key.secret) if check else (None, None)
            label = parse_label(key.label)
            await self._kept.keep(label, key.secret, prefer=False)
        except (KeyRejected, UsageError) as error:
            return Imported(found=key, error=error)
        await self._note(key.secret, status)
        lease = leased(label, key.secret, self._kept.source)
        return Imported(found=key, added=Added(lease=lease, status=status, warning=warning))

    def _refuse_passing(self, label: str) -> None:
        if label == "env" and self._ring.environ.get("OPENROUTER_API_KEY", "").strip():
            raise UsageError("the key env is not kept: it comes from OPENROUTER_API_KEY", hint="Unset the variable.")


_COPY = f"Copy it whole from {KEYS_PAGE}, or make a new one there."


def _management() -> KeyRejected:
    return KeyRejected("this is a management key, which cannot chat", hint=f"Make an ordinary one at {KEYS_PAGE}.")


def _objection(status: KeyStatus) -> KeysError | None:
    """Why a key that the server knows cannot serve all the same."""
    if status.is_management_key:
        return _management()
    if status.limit_remaining_pico is not None and status.limit_remaining_pico <= 0:
        return KeyLimitReached("the key's own limit is used up", hint=f"Raise it at {KEYS_PAGE}, or use another key.")
    return None


def _noted(connection: Connection, report: Report, *, forgive: bool) -> None:
    """Keep a report; where it shows that the key serves, nothing is held against it any more."""
    reports.put(connection, report)
    if forgive:
        roster.forgive(connection, report.fingerprint, free=report.free_remaining is None or report.free_remaining > 0)
