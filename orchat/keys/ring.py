"""The keys of this instance: which one pays, and what becomes of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat import logs
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, KeyringUnavailable, KeysError, NoKeys, UsageError
from orchat.keys import roster
from orchat.keys.entry import parse_key, parse_label
from orchat.keys.kept import KeptKeys, fingerprints
from orchat.keys.lease import KeyLease, KnownKey, leased
from orchat.keys.rotation import Choice
from orchat.keys.vault import Vault, vault_for
from orchat.store.key_state import KeyState

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.config import KeySettings
    from orchat.keys.place import Keys
    from orchat.store.database import Database

__all__ = ["VARIABLE", "KeyLease", "KnownKey", "Ring"]

VARIABLE = "OPENROUTER_API_KEY"
logger = logging.getLogger(__name__)


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
        self.kept = KeptKeys(db, vault or vault_for(settings, environ, db.path.parent), clock)
        """The keys that outlive this process."""
        self.environ = environ
        """The environment."""
        self._db = db
        self._settings = settings
        self._clock = clock
        self._given = None if key is None else leased(key_label, key, "given")
        self._lease: KeyLease | None = None
        self._choosing = asyncio.Lock()
        self.choice: Choice | None = None
        """How the key was chosen; None before, and for a given key."""
        self.trouble: KeysError | None = None
        """Why the kept keys could not be read or written, where work went on without them."""

    # ---- the key of this instance ----

    async def lease(self) -> KeyLease:
        """The key of this instance: chosen once, then always the same.

        Raises:
            NoKeys: There is none, or every one is disabled.
            KeyRejected: The one in the environment cannot be a key.
            KeysError: The key file is refused.
            KeyringUnavailable: The keyring that may hold one does not answer.
        """
        async with self._choosing:
            return self._lease or self._take(await self._choose(turn=True))

    async def look(self) -> KeyLease:
        """The key that this instance has, or would get; the ring does not turn. Raises as `lease` does."""
        async with self._choosing:
            if self._lease is not None:
                return self._lease
            if self._given is None and self.from_environment() is None:
                await self.kept.sync()
            return await self._choose(turn=False)

    async def switch(self, *, tried: Collection[str] = (), avoid_accounts: Collection[str] | None = None) -> KeyLease:
        """Go on with another key than the present one. For other instances the ring stays as it is.

        Args:
            tried: Fingerprints of further keys that do not count.
            avoid_accounts: Accounts that do not count; None: where the present key's account has no free requests
                left, every account of which that is known.

        Raises:
            NoKeys: There is no other one that can serve.
        """
        async with self._choosing:
            if self._given is not None:
                raise NoKeys("there is no other key: this one was given for this run alone", hint="Give another one.")
            try:
                keys = await self.kept.sync()
            except KeysError as error:
                self.trouble = error
                keys = {}
            passing = self.from_environment()
            key = await self._db.read(
                roster.successor,
                passing,
                fingerprints(keys).values(),
                self._clock.now(),
                self._settings.rotate_after,
                after=None if self._lease is None else self._lease.fingerprint,
                tried=tried,
                avoid_accounts=avoid_accounts,
            )
            if key is None:
                why = "" if self.trouble is None else f", and the others cannot be read: {self.trouble.message}"
                raise NoKeys(f"there is no other key that can serve{why}", hint="See why: orchat keys list")
            return self._take(self._found(key, passing, keys))

    async def peek_next(self, *, tried: Collection[str] = (), avoid_accounts: Collection[str] = ()) -> str | None:
        """The label of the key that `switch` would take; changes nothing and opens no keyring.

        Args:
            tried: As for `switch`.
            avoid_accounts: As for `switch`.
        """
        if self._given is not None:
            return None
        seen = self.kept.seen
        key = await self._db.read(
            roster.successor,
            self._valid_from_environment(),
            None if seen is None else fingerprints(seen).values(),
            self._clock.now(),
            self._settings.rotate_after,
            after=None if self._lease is None else self._lease.fingerprint,
            tried=tried,
            avoid_accounts=avoid_accounts,
        )
        return None if key is None else key.label

    async def use(self, label: str) -> KeyLease:
        """Use a key because its owner says so: here and now, and for every new instance.

        Whatever was held against it is forgotten.

        Args:
            label: Of a kept key, of the one in the environment, or of the given one.

        Raises:
            NotFound: No key has this label.
            UsageError: It is disabled.
            KeysError: Its secret cannot be read.
        """
        async with self._choosing:
            passing = self.passing(label)
            if passing is not None:
                await self._db.write(roster.forgive, passing.fingerprint)
                return self._take(passing)
            state = await self.kept.find(label)
            if state.disabled:
                raise UsageError(
                    f"the key {label} is disabled", hint=f"Put it back first: orchat keys enable {label!r}"
                )
            secret = await self.kept.secret(state)
            await self._db.write(roster.make_current, state.fingerprint)
            return self._take(leased(label, secret, self.kept.source))

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
            try:
                await self.kept.keep(label, secret)
            except KeysError as error:
                if self.kept.vault is not None and not isinstance(error, KeyringUnavailable):
                    raise
                self.trouble = error
                return self._take(leased(label, secret, "process"))
            return self._take(leased(label, secret, self.kept.source))

    def forget(self, fingerprint: str) -> None:
        """A key was removed: if this instance uses it, the next request chooses anew."""
        if self._lease is not None and self._lease.fingerprint == fingerprint:
            self._lease = None

    # ---- what is known ----

    async def known(self) -> tuple[KnownKey, ...]:
        """Every key of which anything is known, in ring order, those that are kept nowhere first."""
        found = await self._db.read(roster.roll, self._clock.now())
        kept = {state.fingerprint for state in found.states}
        passing = [lease for lease in (self._given, self._valid_from_environment(), self._lease) if lease is not None]
        ephemeral = {
            lease.fingerprint: await self._db.read(roster.passing_state, lease)
            for lease in passing
            if lease.fingerprint not in kept
        }
        in_use = None if self._lease is None else self._lease.fingerprint
        return tuple(
            KnownKey(
                state=state,
                requests_today=found.sums_of(state.fingerprint).attempts,
                in_use=state.fingerprint == in_use,
                kept=state.fingerprint in kept,
                report=found.reports.get(state.fingerprint),
                holds=found.holds_of(state.fingerprint),
                usage=found.sums_of(state.fingerprint),
            )
            for state in (*ephemeral.values(), *found.states)
        )

    async def secret_of(self, fingerprint: str) -> Secret | None:
        """The key behind a fingerprint, if it is at hand without opening a keyring.

        Args:
            fingerprint: First 8 hex digits of its SHA-256.
        """
        passing = (self._lease, self._given, self._valid_from_environment())
        secrets = [lease.secret for lease in passing if lease is not None] + list((self.kept.seen or {}).values())
        return next((secret for secret in secrets if secret.fingerprint == fingerprint), None)

    def remarks(self) -> tuple[str, ...]:
        """What is worth a line to the owner of the keys: one line each, empty when all is as it should be."""
        lines = []
        choice = self.choice
        if choice is not None and choice.key is not None and choice.all_over and choice.usable > 1:
            limit = self._settings.rotate_after
            lines.append(
                f"all {choice.usable} keys have sent more than {limit} requests today; staying with {choice.key.label}"
            )
        if self.trouble is not None and self._lease is not None and self._lease.source == "env":
            lines.append(f"the other keys cannot be read: {self.trouble.message}")
        return tuple(lines)

    # ---- choosing ----

    def from_environment(self) -> KeyLease | None:
        """The key in the environment, if there is one.

        Raises:
            KeyRejected: It cannot be a key.
        """
        text = self.environ.get(VARIABLE, "")
        if not text.strip():
            return None
        try:
            return leased("env", parse_key(text), "env")
        except KeyRejected as error:
            raise KeyRejected(f"{VARIABLE}: {error.message}", hint=error.hint) from None

    def passing(self, label: str) -> KeyLease | None:
        """The key of this label that is kept nowhere: given, from the environment, or added without a place for it.

        Args:
            label: What it is called.

        Raises:
            KeyRejected: The one in the environment cannot be a key.
        """
        held = self._lease if self._lease is not None and self._lease.source == "process" else None
        found = (self._given, held, self.from_environment())
        return next((lease for lease in found if lease is not None and lease.label == label), None)

    def _valid_from_environment(self) -> KeyLease | None:
        with suppress(KeyRejected):
            return self.from_environment()
        return None

    def _take(self, lease: KeyLease) -> KeyLease:
        self._lease = lease
        logs.hide(lease.secret)
        logs.event(logger, "key.chosen", key=lease.label, source=lease.source)
        return lease

    async def _choose(self, *, turn: bool) -> KeyLease:
        if self._given is not None:
            return self._given
        passing = self.from_environment()
        if passing is not None:
            key = await self._pick(passing, None, turn=turn)
            if key is not None and key.fingerprint == passing.fingerprint and not key.is_held(self._clock.now()):
                return replace(passing, label=key.label)
        try:
            keys = await self.kept.load()
        except KeysError as error:
            if passing is None or (await self._db.read(roster.passing_state, passing)).is_held(self._clock.now()):
                raise
            self.trouble = error
            return passing
        if not keys and passing is None:
            raise NoKeys(f"there is no key in {VARIABLE} nor in {self.kept.place}", hint=self._remedy())
        key = await self._pick(passing, keys, turn=turn)
        if key is None:
            raise NoKeys("every key is disabled", hint="Put one back: orchat keys enable LABEL")
        return self._found(key, passing, keys)

    async def _pick(self, passing: KeyLease | None, keys: Keys | None, *, turn: bool) -> KeyState | None:
        now, threshold = self._clock.now(), self._settings.rotate_after
        kept = None if keys is None else fingerprints(keys)
        run = self._db.write if turn else self._db.read
        self.choice = await run(roster.pick, passing, kept, now, threshold, turn=turn)
        return self.choice.key

    def _found(self, key: KeyState, passing: KeyLease | None, keys: Keys) -> KeyLease:
        if passing is not None and key.fingerprint == passing.fingerprint:
            return replace(passing, label=key.label)
        secret = next(secret for secret in keys.values() if secret.fingerprint == key.fingerprint)
        return leased(key.label, secret, self.kept.source)

    def _remedy(self) -> str:
        return f"Set {VARIABLE}." if self.kept.vault is None else f"Run `orchat keys add work`, or set {VARIABLE}."
