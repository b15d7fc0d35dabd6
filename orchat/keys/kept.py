"""The keys that are kept: their secrets in the vault, everything else in the database, changed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from orchat import logs
from orchat.domain.secret import Secret
from orchat.errors import KeyKnown, KeysError, LabelTaken, NotFound, UsageError
from orchat.keys import roster
from orchat.keys.entry import parse_label
from orchat.keys.lease import Source
from orchat.keys.place import ELSEWHERE, Keys
from orchat.keys.threads import in_thread
from orchat.store import key_state

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.keys.vault import Vault
    from orchat.store.database import Database
    from orchat.store.key_state import KeyState


class KeptKeys:
    """The keys that outlive a process. Making one reads nothing.

    Args:
        db: Labels, order, holds and counts.
        vault: Where secrets are; None: nowhere.
        clock: Tells the time.
    """

    def __init__(self, db: Database, vault: Vault | None, clock: Clock) -> None:
        self.db = db
        """Labels, order, holds and counts."""
        self.vault = vault
        """Where secrets are; None: nowhere."""
        self._clock = clock
        self._seen: Keys | None = None

    @property
    def place(self) -> str:
        """Where secrets are, in words."""
        return "any other place (keys.store = env)" if self.vault is None else self.vault.place

    @property
    def source(self) -> Source:
        """What a key that is kept says of where it came from."""
        return "process" if self.vault is None else self.vault.source

    @property
    def seen(self) -> Keys | None:
        """What was read in this process, without reading it again; None before."""
        return self._seen

    async def load(self) -> Keys:
        """All keys.

        Raises:
            KeysError: The key file is refused.
            KeyringUnavailable: The keyring does not answer.
        """
        if self.vault is None:
            return {}
        return self._saw(await in_thread(self.vault.load, name="orchat-vault"))

    async def sync(self) -> Keys:
        """All keys, after the database was brought in line with them; raises as `load` does."""
        keys = await self.load()
        await self.db.write(roster.register, fingerprints(keys), self._clock.now())
        return keys

    async def find(self, label: str) -> KeyState:
        """The kept key that has a label.

        Raises:
            NotFound: None has.
            KeysError: The keys cannot be read, and the database knows no such one.
        """
        found = _labelled(await self.db.read(key_state.list_keys), label)
        if found is not None:
            return found
        await self.sync()
        states = await self.db.read(key_state.list_keys)
        found = _labelled(states, label)
        if found is None:
            from difflib import get_close_matches  # only for the hint: a request never needs it

            near = get_close_matches(label, [state.label for state in states], n=1)
            hint = f"Did you mean {near[0]}?" if near else "See them all: orchat keys list"
            raise NotFound(f"there is no key {label}", hint=hint)
        return found

    async def secret(self, state: KeyState) -> Secret:
        """The secret of a kept key.

        Raises:
            KeysError: It is gone, or cannot be read.
        """
        for secret in (await self.load()).values():
            if secret.fingerprint == state.fingerprint:
                return secret
        raise KeysError(
            f"the key {state.label} is no longer in {self.place}",
            hint=f"Add it again: orchat keys add {state.label!r}. Or forget it: orchat keys remove {state.label!r}",
        )

    async def keep(self, label: str, secret: Secret, *, prefer: bool = True) -> None:
        """Keep a key, put it to use, and forget what was held against it.

        Args:
            label: What its owner calls it.
            secret: The key.
            prefer: Make it the current one.

        Raises:
            KeyKnown: It is there already, under another label.
            LabelTaken: Another key has this label.
            KeysError: It cannot be kept.
            KeyringUnavailable: The keyring does not answer.
        """
        keys = await self._update(partial(_enter, label, secret))
        await self.db.write(roster.adopt, fingerprints(keys), secret.fingerprint, self._clock.now(), prefer=prefer)

    async def rename(self, old: str, new: str) -> str:
        """Give a key another label.

        Returns:
            The label as it is kept.

        Raises:
            UsageError: It cannot be a label, or another key has it.
            NotFound: No key has the old one.
            KeysError: The keys cannot be changed.
        """
        new, state = parse_label(new), await self.find(old)
        await self.db.read(roster.claim, state.fingerprint, new)
        await self._update(partial(_relabel, state.fingerprint, new))
        await self.db.write(roster.rename, state.fingerprint, new)
        return new

    async def set_disabled(self, label: str, disabled: bool) -> None:
        """Take a key out of the ring, or put it back; raises as `find` does."""
        state = await self.find(label)
        await self.db.write(key_state.set_disabled, state.fingerprint, disabled)

    async def reorder(self, labels: Sequence[str]) -> None:
        """Set the order of the ring; keys that are not named follow as they were.

        Raises:
            UsageError: A label comes twice.
            NotFound: No key has one of the labels.
        """
        if len(set(labels)) < len(labels):
            raise UsageError("a label comes twice", hint="Name each key once; those not named follow as they were.")
        found = [await self.find(label) for label in labels]
        await self.db.write(key_state.reorder, [state.fingerprint for state in found])

    async def remove(self, label: str) -> KeyState:
        """Forget a key, its secret included; what it cost stays in the books.

        Returns:
            What was known about it.

        Raises:
            NotFound: No key has this label.
            KeysError: The keys cannot be changed.
        """
        state = await self.find(label)
        await self._update(partial(_leave, state.fingerprint))
        await self.db.write(roster.remove, state.fingerprint)
        return state

    async def _update(self, edit: Callable[[Keys], None]) -> Keys:
        if self.vault is None:
            raise KeysError("no place for keys is configured (keys.store = env)", hint=ELSEWHERE)
        return self._saw(await in_thread(partial(self.vault.update, edit), name="orchat-vault"))

    def _saw(self, keys: Keys) -> Keys:
        logs.hide(*keys.values())
        self._seen = dict(keys)
        return keys


def fingerprints(keys: Keys) -> dict[str, str]:
    """Label to fingerprint."""
    return {label: secret.fingerprint for label, secret in keys.items()}


def _labelled(states: Sequence[KeyState], label: str) -> KeyState | None:
    return next((state for state in states if state.label == label), None)


def _enter(label: str, secret: Secret, keys: Keys) -> None:
    """Put a key among the kept ones."""
    if keys.get(label, secret) != secret:
        raise LabelTaken(f"there is another key called {label}", hint="Choose another label, or remove that key.")
    twin = next((name for name, kept in keys.items() if kept == secret and name != label), None)
    if twin is not None:
        raise KeyKnown(f"this key is there already, as {twin}", label=twin, hint=f"Use it: orchat keys use {twin!r}")
    keys[label] = secret


def _relabel(fingerprint: str, label: str, keys: Keys) -> None:
    """Change one label, and leave the order as it is."""
    items = [(label if secret.fingerprint == fingerprint else name, secret) for name, secret in keys.items()]
    if len(dict(items)) < len(items):
        raise LabelTaken(f"there is another key called {label}", hint="Choose another label, or remove that key.")
    keys.clear()
    keys.update(items)


def _leave(fingerprint: str, keys: Keys) -> None:
    for label in [label for label, secret in keys.items() if secret.fingerprint == fingerprint]:
        del keys[label]
