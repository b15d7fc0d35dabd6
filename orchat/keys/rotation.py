"""Which key a new instance starts with, and which one comes when that one can no longer serve."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orchat.store.key_state import KeyState


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The outcome of `choose`."""

    key: KeyState | None
    """None when every key is disabled."""
    rotated: bool = False
    """The ring moved on: this key is the current one from now on."""
    all_over: bool = False
    """Every usable key has exceeded the threshold, so the ring stays where it is."""
    usable: int = 0
    """How many keys can serve."""


def choose(keys: Sequence[KeyState], requests_today: Mapping[str, int], now: float, rotate_after: int) -> Choice:
    """Choose the key of a new instance.

    The current key stays until it has *exceeded* `rotate_after` requests today; then the next usable key in ring order
    that has not takes over. A current key that is merely put aside is stood in for, and comes back. Where all are put
    aside, the current one is asked all the same: its owner may have mended what was wrong, and the server knows.

    Args:
        keys: In ring order.
        requests_today: Fingerprint to attempts sent on this UTC day, by all instances.
        now: Epoch seconds.
        rotate_after: The threshold.
    """
    start = next((index for index, key in enumerate(keys) if key.is_current), 0)
    ring = [*keys[start:], *keys[:start]]
    usable = [key for key in ring if not key.disabled and not key.is_held(now)]
    if not usable:
        return Choice(key=next((key for key in ring if not key.disabled), None))
    fresh = [key for key in usable if requests_today.get(key.fingerprint, 0) <= rotate_after]
    chosen = (fresh or usable)[0]
    stands_in = ring[0].is_current and not ring[0].disabled and ring[0].is_held(now)
    return Choice(key=chosen, rotated=not chosen.is_current and not stands_in, all_over=not fresh, usable=len(usable))


def next_usable(
    keys: Sequence[KeyState],
    requests_today: Mapping[str, int],
    now: float,
    rotate_after: int,
    *,
    after: str | None,
    tried: Collection[str] = (),
    avoid_accounts: Collection[str] = (),
) -> KeyState | None:
    """The key that stands in for one that cannot serve: the next usable one, rather one below the threshold.

    Args:
        keys: In ring order.
        requests_today: Fingerprint to attempts sent on this UTC day, by all instances.
        now: Epoch seconds.
        rotate_after: The threshold.
        after: Fingerprint of the key that cannot serve; None: the search begins with the first one.
        tried: Fingerprints that do not count either.
        avoid_accounts: Accounts whose keys do not count; a key whose account is not known is an account of its own.
    """
    start = next((index + 1 for index, key in enumerate(keys) if key.fingerprint == after), 0)
    usable = [
        key
        for key in (*keys[start:], *keys[:start])
        if key.fingerprint != after
        and key.fingerprint not in tried
        and (key.account or key.fingerprint) not in avoid_accounts
        and not key.disabled
        and not key.is_held(now)
    ]
    fresh = (key for key in usable if requests_today.get(key.fingerprint, 0) <= rotate_after)
    return next(fresh, usable[0] if usable else None)
