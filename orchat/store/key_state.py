"""What is known about keys: labels, order, holds. Never a key itself, and never enough of it to guess one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.errors import NotFound, UsageError
from orchat.store import holds, reports
from orchat.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """One key."""

    fingerprint: str
    """First 8 hex digits of the key's SHA-256."""
    label: str
    """What its owner calls it; unique."""
    position: int
    """Place in the ring, from 0; there may be gaps."""
    disabled: bool = False
    """Its owner does not want it used."""
    is_current: bool = False
    """New instances start with it, as long as it serves."""
    account: str | None = None
    """Hash of the account it belongs to; None while unknown."""
    held_reason: str | None = None
    """Why it is put aside, if it is."""
    held_until: float | None = None
    """Epoch seconds at which it may be tried again; None with a reason means: not before it is cleared."""
    holds: int = 0
    """How often it was put aside since it last served."""
    added_at: float = 0.0
    """Epoch seconds."""

    def is_held(self, now: float) -> bool:
        """Whether it is put aside at this time.

        Args:
            now: Epoch seconds.
        """
        return self.held_reason is not None and (self.held_until is None or self.held_until > now)


_KEYS = (
    "SELECT keys.*, key_reports.account FROM keys LEFT JOIN key_reports USING (fingerprint)"
    " ORDER BY position, added_at, fingerprint"
)


def list_keys(connection: Connection) -> list[KeyState]:
    """All keys in ring order, each with what holds it longest: its own hold or that of its account.

    Args:
        connection: Any.
    """
    return [_key(connection, row) for row in connection.execute(_KEYS).fetchall()]


def get(connection: Connection, fingerprint: str) -> KeyState:
    """One key.

    Args:
        connection: Any.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    for key in list_keys(connection):
        if key.fingerprint == fingerprint:
            return key
    raise NotFound(f"There is no key {fingerprint}.", hint="See them all: orchat keys list")


def add(connection: Connection, label: str, fingerprint: str, now: float) -> KeyState:
    """Add a key at the end of the ring; a key that is known already takes the new label.

    Args:
        connection: In a write transaction.
        label: Unique.
        fingerprint: Of the key.
        now: Epoch seconds.

    Raises:
        UsageError: Another key has this label.
    """
    _claim(connection, label, fingerprint)
    connection.execute(
        "INSERT INTO keys (fingerprint, label, position, added_at)"
        " VALUES (?, ?, (SELECT coalesce(max(position) + 1, 0) FROM keys), ?)"
        " ON CONFLICT (fingerprint) DO UPDATE SET label = excluded.label",
        (fingerprint, label, now),
    )
    return get(connection, fingerprint)


def remove(connection: Connection, fingerprint: str) -> None:
    """Forget a key with its hold and its report; its rows in the ledger stay, and so do the holds of its account.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    get(connection, fingerprint)
    connection.execute("DELETE FROM keys WHERE fingerprint = ?", (fingerprint,))
    # A scope of the fingerprint stands for an account that nobody knows.
    holds.clear(connection, key_scope(fingerprint), account_scope(fingerprint), free_scope(fingerprint))
    reports.remove(connection, fingerprint)


def rename(connection: Connection, fingerprint: str, label: str) -> None:
    """Give a key another label.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        label: Unique.

    Raises:
        NotFound: It is not known.
        UsageError: Another key has this label.
    """
    _claim(connection, label, fingerprint)
    _update(connection, fingerprint, "label = ?", label)


def reorder(connection: Connection, fingerprints: Sequence[str]) -> None:
    """Set the order of the ring.

    Args:
        connection: In a write transaction.
        fingerprints: Keys in their new order; those not named follow as they were.
    """
    others = [key.fingerprint for key in list_keys(connection) if key.fingerprint not in fingerprints]
    for position, fingerprint in enumerate((*fingerprints, *others)):
        connection.execute("UPDATE keys SET position = ? WHERE fingerprint = ?", (position, fingerprint))


def set_current(connection: Connection, fingerprint: str) -> None:
    """Choose the key that new instances start with.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    connection.execute("UPDATE keys SET is_current = 0 WHERE is_current = 1")
    _update(connection, fingerprint, "is_current = ?", 1)


def set_disabled(connection: Connection, fingerprint: str, disabled: bool) -> None:
    """Take a key out of the ring, or put it back.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        disabled: Whether it is out.

    Raises:
        NotFound: It is not known.
    """
    _update(connection, fingerprint, "disabled = ?", disabled)


def _update(connection: Connection, fingerprint: str, assignment: str, value: str | int | None) -> None:
    get(connection, fingerprint)
    connection.execute(f"UPDATE keys SET {assignment} WHERE fingerprint = ?", (value, fingerprint))  # noqa: S608  # ours


def _claim(connection: Connection, label: str, fingerprint: str) -> None:
    taken = connection.execute("SELECT 1 FROM keys WHERE label = ? AND fingerprint <> ?", (label, fingerprint))
    if taken.fetchone():
        raise UsageError(f"Another key is called {label!r}.", hint="Choose another label, or rename that key.")


def _key(connection: Connection, row: sqlite3.Row) -> KeyState:
    fields = dict(row)
    hold = holds.barring(connection, row["fingerprint"], row["account"] or row["fingerprint"])
    if hold is not None:
        fields |= {"held_reason": hold.reason, "held_until": hold.until, "holds": hold.times}
    return KeyState(**{**fields, "disabled": bool(fields["disabled"]), "is_current": bool(fields["is_current"])})
