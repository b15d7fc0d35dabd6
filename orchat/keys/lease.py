"""A key as those who use it and those who look at it see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from orchat.domain.ledger import UsageRow
from orchat.domain.secret import Secret
from orchat.store.holds import Hold
from orchat.store.key_state import KeyState
from orchat.store.reports import Report

Source = Literal["given", "env", "file", "keyring", "process"]


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
    """Label, fingerprint, order; its own hold or its account's."""
    requests_today: int
    """Attempts sent on this UTC day, by all instances."""
    in_use: bool
    """This instance uses it."""
    kept: bool
    """It stands in the database; False for one that came from the environment or a program."""
    report: Report | None = None
    """What the server last said about it; None when it was never asked."""
    holds: tuple[Hold, ...] = ()
    """What puts it, its account or its account's free requests aside now."""
    usage: UsageRow = field(default_factory=lambda: UsageRow(group=""))
    """Today's sums, by all instances."""

    @property
    def account(self) -> str | None:
        """Hash of the account it belongs to; None while unknown."""
        return None if self.report is None else self.report.account


def leased(label: str, secret: Secret, source: Source) -> KeyLease:
    """A key, ready for use."""
    return KeyLease(label=label, fingerprint=secret.fingerprint, secret=secret, source=source)
