"""What is known about keys: labels, order, holds. Never a key itself, and never enough of it to guess one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from orchat.errors import NotFound, UsageError
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


def list_keys(connection: Connection) -> list[KeyState]:
    """All keys in ring order.

    Args:
        connection: Any.
    """
    return [_key(row) for row in connection.execute("SELECT * FROM keys ORDER BY position, added_at, fingerprint")]


def get(connection: Connection, fingerprint: str) -> KeyState:
    """One key.

    Args:
        connection: Any.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    row = connection.execute("SELECT * FROM keys WHERE fingerprint = ?", (fingerprint,)).fetchone()
    if row is None:
        raise NotFound(f"There is no key {fingerprint}.", hint="See them all: orchat keys list")
    return _key(row)


def add(connection: Connection, label: str, fingerprint: str, now: float, account: str | None = None) -> KeyState:
    """Add a key at the end of the ring; a key that is known already takes the new label.

    Args:
        connection: In a write transaction.
        label: Unique.
        fingerprint: Of the key.
        now: Epoch seconds.
        account: Hash of its account, where known.

    Raises:
        UsageError: Another key has this label.
    """
    _claim(connection, label, fingerprint)
    connection.execute(
        "INSERT INTO keys (fingerprint, label, position, account, added_at)"
        " VALUES (?, ?, (SELECT coalesce(max(position) + 1, 0) FROM keys), ?, ?)"
        " ON CONFLICT (fingerprint) DO UPDATE SET label = excluded.label,"
        " account = coalesce(excluded.account, account)",
        (fingerprint, label, account, now),
    )
    return get(connection, fingerprint)


def remove(connection: Connection, fingerprint: str) -> None:
    """Forget a key; its rows in the ledger stay.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    get(connection, fingerprint)
    connection.execute("DELETE FROM keys WHERE fingerprint = ?", (fingerprint,))


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


def set_account(connection: Connection, fingerprint: str, account: str | None) -> None:
    """Note which account a key belongs to: limits of free models are counted per account.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        account: Hash of the account.

    Raises:
        NotFound: The key is not known.
    """
    _update(connection, fingerprint, "account = ?", account)


def hold(
    connection: Connection, fingerprint: str, reason: str, until: float | None = None, whole_account: bool = False
) -> None:
    """Put a key aside.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        reason: One line.
        until: Epoch seconds at which it may be tried again; None: when it is cleared.
        whole_account: Also every other key that is known to belong to the same account.

    Raises:
        NotFound: It is not known.
    """
    key = get(connection, fingerprint)
    connection.execute(
        "UPDATE keys SET held_reason = ?, held_until = ?, holds = holds + 1"
        " WHERE fingerprint = ? OR (? AND account = ?)",
        (reason, until, fingerprint, whole_account, key.account),
    )


def clear_hold(connection: Connection, fingerprint: str) -> None:
    """A key served, or its owner wants it tried: it is put aside no longer.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.

    Raises:
        NotFound: It is not known.
    """
    _update(connection, fingerprint, "held_reason = ?, held_until = NULL, holds = 0", None)


def _update(connection: Connection, fingerprint: str, assignment: str, value: str | int | None) -> None:
    get(connection, fingerprint)
    connection.execute(f"UPDATE keys SET {assignment} WHERE fingerprint = ?", (value, fingerprint))  # noqa: S608  # ours


def _claim(connection: Connection, label: str, fingerprint: str) -> None:
    taken = connection.execute("SELECT 1 FROM keys WHERE label = ? AND fingerprint <> ?", (label, fingerprint))
    if taken.fetchone():
        raise UsageError(f"Another key is called {label!r}.", hint="Choose another label, or rename that key.")


def _key(row: sqlite3.Row) -> KeyState:
    fields = dict(row)
    return KeyState(**{**fields, "disabled": bool(fields["disabled"]), "is_current": bool(fields["is_current"])})
