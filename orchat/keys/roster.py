"""The ring in the database: which keys it holds, which one is current, what was used. Functions for one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from orchat.clock import utc_day
from orchat.domain.ledger import UsageRow
from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.errors import LabelTaken
from orchat.keys.lease import KeyLease
from orchat.keys.rotation import Choice, choose, next_usable
from orchat.store import holds, key_state, ledger, reports
from orchat.store.connection import Connection
from orchat.store.holds import Hold
from orchat.store.key_state import KeyState
from orchat.store.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """All that is known about keys at one time."""

    states: list[KeyState]
    """Kept ones, in ring order."""
    usage: dict[str, UsageRow]
    """Today's sums by fingerprint."""
    reports: dict[str, Report]
    """What the server said, by fingerprint."""
    holds: list[Hold]
    """Those that are active."""

    def holds_of(self, fingerprint: str) -> tuple[Hold, ...]:
        """Those that concern one key."""
        report = self.reports.get(fingerprint)
        account = report.account if report is not None and report.account else fingerprint
        scopes = (key_scope(fingerprint), account_scope(account), free_scope(account))
        return tuple(hold for hold in self.holds if hold.scope in scopes)

    def sums_of(self, fingerprint: str) -> UsageRow:
        """Today's sums of one key."""
        return self.usage.get(fingerprint, UsageRow(group=fingerprint))


def roll(connection: Connection, now: float) -> Roll:
    """Everything about every key.

    Args:
        connection: Any.
        now: Epoch seconds.
    """
    return Roll(
        states=key_state.list_keys(connection),
        usage=ledger.usage_by_key(connection, utc_day(now)),
        reports=reports.all(connection),
        holds=holds.active(connection, now),
    )


def pick(
    connection: Connection,
    passing: KeyLease | None,
    kept: Mapping[str, str] | None,
    now: float,
    rotate_after: int,
    *,
    turn: bool,
) -> Choice:
    """Choose the key of a new instance and write down that the ring moved on, in one transaction.

    Args:
        connection: In a write transaction, if the ring may turn.
        passing: A key that is kept nowhere and goes first.
        kept: Label to fingerprint of the keys whose secrets are at hand; None when nobody has looked.
        now: Epoch seconds.
        rotate_after: The threshold.
        turn: Keep the outcome; False only tells it.
    """
    if kept is not None and turn:
        register(connection, kept, now)
    ring, counts = _ring(connection, None if kept is None else kept.values(), now)
    current = next((state.fingerprint for state in ring if state.is_current), None)
    if passing is not None:
        ring = _behind(passing_state(connection, passing), ring)
    choice = choose(ring, counts, now, rotate_after)
    key = choice.key
    if turn and key is not None and choice.rotated and key.position >= 0 and key.fingerprint != current:
        key_state.set_current(connection, key.fingerprint)
    return choice


def successor(
    connection: Connection,
    passing: KeyLease | None,
    kept: Collection[str] | None,
    now: float,
    rotate_after: int,
    *,
    after: str | None,
    tried: Collection[str],
    avoid_accounts: Collection[str] | None,
) -> KeyState | None:
    """The key that comes when another cannot serve; the ring stays as it is.

    Args:
        connection: Any.
        passing: A key that is kept nowhere and goes first.
        kept: Fingerprints of the keys whose secrets are at hand; None when nobody has looked.
        now: Epoch seconds.
        rotate_after: The threshold.
        after: Fingerprint of the key that cannot serve.
        tried: Fingerprints that do not count either.
        avoid_accounts: Accounts that do not count; None: where the account of `after` may not ask free models, all of
            which that is true.
    """
    ring, counts = _ring(connection, kept, now)
    if passing is not None:
        state = passing_state(connection, passing)
        same = next((other for other in ring if other.fingerprint == state.fingerprint), None)
        ring = [same or state, *(other for other in ring if other is not same)]
    if avoid_accounts is None:
        avoid_accounts = _without_free_requests(connection, after, now)
    return next_usable(ring, counts, now, rotate_after, after=after, tried=tried, avoid_accounts=avoid_accounts)


def register(connection: Connection, kept: Mapping[str, str], now: float) -> None:
    """Bring the database in line with the keys that are really there.

    Args:
        connection: In a write transaction.
        kept: Label to fingerprint.
        now: Epoch seconds.
    """
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


def adopt(connection: Connection, kept: Mapping[str, str], fingerprint: str, now: float, *, prefer: bool) -> None:
    """A key was added: it is in use, and nothing held against it counts any more.

    Args:
        connection: In a write transaction.
        kept: Label to fingerprint of all keys, the new one among them.
        fingerprint: Of the new key.
        now: Epoch seconds.
        prefer: It is the current one from now on.
    """
    register(connection, kept, now)
    key_state.set_disabled(connection, fingerprint, False)
    forgive(connection, fingerprint)
    if prefer:
        key_state.set_current(connection, fingerprint)


def make_current(connection: Connection, fingerprint: str) -> None:
    """Its owner wishes a key to be used: it is the current one, and is tried whatever was held against it.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
    """
    forgive(connection, fingerprint)
    key_state.set_current(connection, fingerprint)


def held(connection: Connection, fingerprint: str, *, free: bool) -> list[str]:
    """The scopes of a key that were put aside and have not served since, be the hold over or not.

    Args:
        connection: Any.
        fingerprint: Of the key.
        free: Also what its account may ask of free models.
    """
    account = reports.account_of(connection, fingerprint)
    scopes = [key_scope(fingerprint), account_scope(account), *([free_scope(account)] if free else [])]
    return [scope for scope in scopes if holds.get(connection, scope) is not None]


def forgive(connection: Connection, fingerprint: str, *, free: bool = True) -> int:
    """Clear the holds of a key and of its account.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        free: Also that of its account's free requests.

    Returns:
        How many there were.
    """
    return holds.clear(connection, *held(connection, fingerprint, free=free))


def rename(connection: Connection, fingerprint: str, label: str) -> None:
    """Give a key another label.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
        label: The new one.

    Raises:
        LabelTaken: Another key has it.
    """
    claim(connection, fingerprint, label)
    key_state.rename(connection, fingerprint, label)


def claim(connection: Connection, fingerprint: str, label: str) -> None:
    """Make sure that a key may have a label.

    Args:
        connection: Any.
        fingerprint: Of the key.
        label: The one that it is to have.

    Raises:
        LabelTaken: Another key has it.
    """
    if any(state.label == label and state.fingerprint != fingerprint for state in key_state.list_keys(connection)):
        raise LabelTaken(f"there is another key called {label}", hint="Choose another label, or remove that key.")


def remove(connection: Connection, fingerprint: str) -> None:
    """Forget a key; where it was the current one, the next in the ring takes its place.

    Args:
        connection: In a write transaction.
        fingerprint: Of the key.
    """
    ring = key_state.list_keys(connection)
    place = next(index for index, state in enumerate(ring) if state.fingerprint == fingerprint)
    following = ring[(place + 1) % len(ring)]
    key_state.remove(connection, fingerprint)
    if ring[place].is_current and following.fingerprint != fingerprint:
        key_state.set_current(connection, following.fingerprint)


def passing_state(connection: Connection, passing: KeyLease) -> KeyState:
    """A key that is kept nowhere, as one of the ring.

    Args:
        connection: Any.
        passing: From the environment or a program.
    """
    account = reports.account_of(connection, passing.fingerprint)
    hold = holds.barring(connection, passing.fingerprint, account)
    return KeyState(
        fingerprint=passing.fingerprint,
        label=passing.label,
        position=-1,
        is_current=True,
        account=None if account == passing.fingerprint else account,
        held_reason=None if hold is None else hold.reason,
        held_until=None if hold is None else hold.until,
        holds=0 if hold is None else hold.times,
    )


def _ring(connection: Connection, kept: Collection[str] | None, now: float) -> tuple[list[KeyState], dict[str, int]]:
    states = key_state.list_keys(connection)
    ring = [state for state in states if kept is None or state.fingerprint in kept]
    return ring, ledger.requests_today(connection, utc_day(now))


def _behind(first: KeyState, ring: list[KeyState]) -> list[KeyState]:
    """The ring with a passing key as its current one; the kept ones follow from their own current one on."""
    start = next((index for index, state in enumerate(ring) if state.is_current), 0)
    others = [replace(state, is_current=False) for state in (*ring[start:], *ring[:start])]
    same = next((state for state in others if state.fingerprint == first.fingerprint), None)
    return [
        first if same is None else replace(same, is_current=True),
        *(state for state in others if state is not same),
    ]


def _without_free_requests(connection: Connection, fingerprint: str | None, now: float) -> frozenset[str]:
    prefix = free_scope("")
    accounts = frozenset(
        hold.scope.removeprefix(prefix) for hold in holds.active(connection, now) if hold.scope.startswith(prefix)
    )
    own = None if fingerprint is None else reports.account_of(connection, fingerprint)
    return accounts if own in accounts else frozenset()
