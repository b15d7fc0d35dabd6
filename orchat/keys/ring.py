"""The keys of this instance: which one pays, and what becomes of the others."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from orchat import logs
from orchat.clock import utc_day
from orchat.domain.scope import key_scope
from orchat.domain.secret import Secret
from orchat.errors import KeyKnown, KeyRejected, KeyringUnavailable, KeysError, LabelTaken, NoKeys, NotFound
from orchat.keys.entry import parse_key, parse_label
from orchat.keys.rotation import Choice, choose
from orchat.keys.vault import ELSEWHERE, Keys, Vault, vault_for
from orchat.store import holds, key_state, ledger
from orchat.store.key_state import KeyState

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.config import KeySettings
    from orchat.store.connection import Connection
    from orchat.store.database import Database

T = TypeVar("T")
Source = Literal["given", "env", "file", "keyring", "process"]

VARIABLE = "OPENROUTER_API_KEY"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLease:
    """The key that an instance uses."""

    label: str
    """What its owner calls it."""
    fingerprint: str
    """First 8 hex digits of its SHA-256."""
    secret: Secret
    """The key itself, for the transport."""
    source: Source
    """Where it came from: ``given`` by a flag or a program, ``env``, ``file``, ``keyring``; ``process``: not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key as people see it."""

    state: KeyState
    """Label, fingerprint, order, holds."""
    requests_today: int
    """Attempts sent on this UTC day, by all instances."""
    in_use: bool
    """This instance uses it."""
    kept: bool
    """It stands in the database; False for one that came from the environment or a program."""


class Ring:
    """The keys: one given, else the environment's, else those kept in a file or the system's keyring.

    Making one reads nothing. A key in the environment never touches the keyring, unless it is used up and others
    are known.

    Args:
        db: Labels, order, holds and counts.
        settings: The section ``keys``.
        environ: The environment.
        clock: Tells the time.
        vault: Where secrets are kept; None: as the settings say.
        key: A key that goes before all others.
        key_label: Its label.
    """

    def __init__(
        self,
        db: Database,
        settings: KeySettings,
        *,
        environ: Mapping[str, str],
        clock: Clock,
        vault: Vault | None = None,
        key: Secret | None = None,
        key_label: str = "given",
    ) -> None:
        self._db = db
        self._settings = settings
        self._environ = environ
        self._clock = clock
        self._vault = vault or vault_for(settings, environ, db.path.parent)
        self._given = None if key is None else _leased(key_label, key, "given")
        self._lease: KeyLease | None = None
        self._choosing = asyncio.Lock()
        self._aside: dict[str, tuple[str, float | None]] = {}
        self.choice: Choice | None = None
        """How the key was chosen; None before, and for a given key."""
        self.trouble: KeysError | None = None
        """Why the kept keys could not be read or written, where work went on without them."""

    async def lease(self) -> KeyLease:
        """The key of this instance: chosen once, then always the same.

        Raises:
            NoKeys: There is none, or every one is put aside or disabled.
            KeyRejected: The one in the environment cannot be a key.
            KeysError: The key file is refused.
            KeyringUnavailable: The keyring that may hold one does not answer.
        """
        async with self._choosing:
            if self._lease is None:
                self._lease = await self._choose()
                logs.hide(self._lease.secret)
                logs.event(logger, "key.chosen", key=self._lease.label, source=self._lease.source)
            return self._lease

    async def switch(self) -> KeyLease:
        """Go on with the next usable key, after the present one was put aside with `hold`.

        Raises:
            KeysError: As for `lease`.
        """
        async with self._choosing:
            self._lease = None
        return await self.lease()

    async def add(self, label: str, text: str) -> KeyLease:
        """Keep a key and use it from now on; where no keyring answers, it serves this process alone.

        Args:
            label: What its owner calls it.
            text: The key as it was typed; never repeated in a message.

        Returns:
            The key; the source ``process`` means that it could not be kept, and `trouble` says why.

        Raises:
            KeyRejected: The text cannot be a key.
            UsageError: The label cannot be one, or is taken, or the key is there already.
            KeysError: The key file is refused.
        """
        label, secret = parse_label(label), parse_key(text)
        logs.hide(secret)
        async with self._choosing:
            self._lease = _leased(label, secret, await self._keep(label, secret))
            return self._lease

    async def _keep(self, label: str, secret: Secret) -> Source:
        if self._vault is None:
            self.trouble = KeysError("no place for keys is configured (keys.store = env)", hint=ELSEWHERE)
            return "process"
        try:
            kept = await _in_thread(partial(self._vault.update, partial(_enter, label, secret)))
        except KeyringUnavailable as error:
            self.trouble = error
            return "process"
        await self._db.write(_adopt, _labels(kept), secret.fingerprint, self._clock.now())
        return self._vault.source

    async def hold(self, label: str, reason: str, until: float | None) -> None:
        """Put a key aside: new instances and `switch` pass it over.

        Args:
            label: Which key.
            reason: One line.
            until: Epoch seconds at which it may be tried again; None: when it is cleared.

        Raises:
            NotFound: No key has this label.
        """
        known = await self._find(label)
        if known.kept:
            scope, now = key_scope(known.state.fingerprint), self._clock.now()
            await self._db.write(
                holds.put, scope, kind="KeysError", reason=reason, source="server", now=now, until=until
            )
        else:
            self._aside[known.state.fingerprint] = (reason, until)

    async def clear_hold(self, label: str) -> None:
        """A key served again: it is put aside no longer.

        Args:
            label: Which key.

        Raises:
            NotFound: No key has this label.
        """
        known = await self._find(label)
        if known.kept:
            await self._db.write(holds.clear, key_scope(known.state.fingerprint))
        else:
            self._aside.pop(known.state.fingerprint, None)

    async def known(self) -> tuple[KnownKey, ...]:
        """Every key of which anything is known, in ring order, those that are kept nowhere first."""
        day = utc_day(self._clock.now())
        states, counts = await self._db.read(_states, day)
        kept = {state.fingerprint for state in states}
        passing = [lease for lease in (self._given, self._from_environment(), self._lease) if lease is not None]
        ephemeral = {lease.fingerprint: self._state(lease) for lease in passing if lease.fingerprint not in kept}
        return tuple(
            KnownKey(
                state=state,
                requests_today=counts.get(state.fingerprint, 0),
                in_use=self._lease is not None and self._lease.fingerprint == state.fingerprint,
                kept=state.fingerprint in kept,
            )
            for state in (*ephemeral.values(), *states)
        )

    async def _find(self, label: str) -> KnownKey:
        for known in await self.known():
            if known.state.label == label:
                return known
        raise NotFound(f"there is no key {label}", hint="See them all: orchat keys list")

    async def _choose(self) -> KeyLease:
        if self._given is not None:
            return self._given
        passing = self._from_environment()
        if passing is not None:
            key = await self._pick(passing, None)
            if key is not None and key.fingerprint == passing.fingerprint:
                return replace(passing, label=key.label)
        try:
            keys = await self._load()
        except KeysError as error:
            if passing is None or self._state(passing).is_held(self._clock.now()):
                raise
            self.trouble = error
            return passing
        if not keys and passing is None:
            raise NoKeys(f"there is no key in {VARIABLE} nor in {self._place()}", hint=self._remedy())
        key = await self._pick(passing, _labels(keys))
        if key is None:
            raise NoKeys("every key is put aside or disabled", hint="See why: orchat keys list")
        if passing is not None and key.fingerprint == passing.fingerprint:
            return replace(passing, label=key.label)
        assert self._vault is not None
        secret = next(secret for secret in keys.values() if secret.fingerprint == key.fingerprint)
        return _leased(key.label, secret, self._vault.source)

    async def _pick(self, passing: KeyLease | None, kept: Mapping[str, str] | None) -> KeyState | None:
        extra = None if passing is None else self._state(passing)
        now, threshold = self._clock.now(), self._settings.rotate_after
        self.choice = await self._db.write(_pick, extra, kept, now, threshold)
        return self.choice.key

    async def _load(self) -> Keys:
        if self._vault is None:
            return {}
        keys = await _in_thread(self._vault.load)
        logs.hide(*keys.values())
        return keys

    def _from_environment(self) -> KeyLease | None:
        text = self._environ.get(VARIABLE, "")
        if not text.strip():
            return None
        try:
            return _leased("env", parse_key(text), "env")
        except KeyRejected as error:
            raise KeyRejected(f"{VARIABLE}: {error.message}", hint=error.hint) from None

    def _state(self, lease: KeyLease) -> KeyState:
        """A key that is kept nowhere, as one of the ring."""
        reason, until = self._aside.get(lease.fingerprint, (None, None))
        return KeyState(
            fingerprint=lease.fingerprint,
            label=lease.label,
            position=-1,
            is_current=True,
            held_reason=reason,
            held_until=until,
        )

    def _place(self) -> str:
        return "any other place (keys.store = env)" if self._vault is None else self._vault.place

    def _remedy(self) -> str:
        return f"Set {VARIABLE}." if self._vault is None else f"Run `orchat keys add work`, or set {VARIABLE}."


def _pick(
    connection: Connection, extra: KeyState | None, kept: Mapping[str, str] | None, now: float, rotate_after: int
) -> Choice:
    """Choose a key and write down that the ring moved on, in one transaction.

    Args:
        connection: In a write transaction.
        extra: A key that is kept nowhere and goes first.
        kept: Label to fingerprint of the keys whose secrets are at hand; None when nobody has looked.
        now: Epoch seconds.
        rotate_after: The threshold.
    """
    if kept is not None:
        _register(connection, kept, now)
    states, counts = _states(connection, utc_day(now))
    ring = [state for state in states if kept is None or state.fingerprint in kept.values()]
    current = next((state.fingerprint for state in ring if state.is_current), None)
    if extra is not None:
        ring = _behind(extra, ring)
    choice = choose(ring, counts, now, rotate_after)
    key = choice.key
    moves = key is not None and choice.rotated and key.position >= 0 and key.fingerprint != current
    if key is not None and moves:
        key_state.set_current(connection, key.fingerprint)
    return choice


def _behind(extra: KeyState, ring: list[KeyState]) -> list[KeyState]:
    """The ring with a passing key as its current one; the kept ones follow from their own current one on."""
    start = next((index for index, state in enumerate(ring) if state.is_current), 0)
    others = [replace(state, is_current=False) for state in (*ring[start:], *ring[:start])]
    same = next((state for state in others if state.fingerprint == extra.fingerprint), None)
    first = extra if same is None else replace(same, is_current=True)
    return [first, *(state for state in others if state is not same)]


def _register(connection: Connection, kept: Mapping[str, str], now: float) -> None:
    """Bring the database in line with the labels of the keys that are really there."""
    wanted = {fingerprint: label for label, fingerprint in kept.items()}
    for state in key_state.list_keys(connection):
        if kept.get(state.label, state.fingerprint) == state.fingerprint:
            continue
        if state.fingerprint in wanted:  # labels were exchanged: free this one first
            key_state.rename(connection, state.fingerprint, f"{state.label} {state.fingerprint}")
        else:
            key_state.remove(connection, state.fingerprint)
    labels = {state.fingerprint: state.label for state in key_state.list_keys(connection)}
    for fingerprint, label in wanted.items():
        if labels.get(fingerprint) != label:
            key_state.add(connection, label, fingerprint, now)


def _adopt(connection: Connection, kept: Mapping[str, str], fingerprint: str, now: float) -> None:
    """A key was added: it is the current one, and nothing held against it counts any more."""
    _register(connection, kept, now)
    key_state.set_disabled(connection, fingerprint, False)
    holds.clear(connection, key_scope(fingerprint))
    key_state.set_current(connection, fingerprint)


def _states(connection: Connection, day: str) -> tuple[list[KeyState], dict[str, int]]:
    return key_state.list_keys(connection), ledger.requests_today(connection, day)


def _enter(label: str, secret: Secret, keys: Keys) -> None:
    """Put a key among the kept ones."""
    if keys.get(label, secret) != secret:
        raise LabelTaken(f"there is another key called {label}", hint="Choose another label, or remove that key.")
    twin = next((name for name, kept in keys.items() if kept == secret and name != label), None)
    if twin is not None:
        hint = f"Use it: orchat keys use {twin!r}"
        raise KeyKnown(f"this key is there already, as {twin}", label=twin, hint=hint)
    keys[label] = secret


def _labels(keys: Keys) -> dict[str, str]:
    return {label: secret.fingerprint for label, secret in keys.items()}


def _leased(label: str, secret: Secret, source: Source) -> KeyLease:
    return KeyLease(label=label, fingerprint=secret.fingerprint, secret=secret, source=source)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread that nobody waits for at the end: leaving must not take as long as a prompt."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(outcome: Callable[[], None]) -> None:
        if not answer.done():
            outcome()

    def run() -> None:
        try:
            outcome: Callable[[], None] = partial(answer.set_result, work())
        except BaseException as error:
            outcome = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=run, name="orchat-vault", daemon=True).start()
    return await answer
