"""Keys: where they are kept, and whether that place answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchat import logs
from orchat.cli.doctor.finding import Finding, fault, of_error, ok, skip, warn
from orchat.domain.secret import Secret
from orchat.errors import KeysError, OrchatError

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.config import KeySettings

VARIABLE = "OPENROUTER_API_KEY"
SLOW_S = 1.0
"""Seconds after which a keyring delays every start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known about the keys."""

    finding: Finding
    """The place where they are kept."""
    passing: Secret | None = None
    """The one in the environment."""
    kept: Mapping[str, Secret] | None = None
    """Label to key; None where they could not be read."""


def read(settings: KeySettings, environ: Mapping[str, str], folder: Path, clock: Clock) -> Found:
    """Read the place where keys are kept, against the clock; nothing is written there.

    Args:
        settings: The section ``keys``.
        environ: The environment.
        folder: Where a file of keys would be.
        clock: Measures.
    """
    from orchat.keys.entry import parse_key
    from orchat.keys.vault import KeyringVault, vault_for

    passing: Secret | None = None
    if text := environ.get(VARIABLE, "").strip():
        try:
            passing = parse_key(text)
        except OrchatError as error:
            return Found(finding=fault("keys", f"{VARIABLE}: {error.message}", error.hint))
        logs.hide(passing)
    vault = vault_for(settings, environ, folder)
    if vault is None:
        return Found(finding=ok("keys", "only in the environment (keys.store = env)"), passing=passing, kept={})
    place = vault.place
    began = clock.monotonic()
    try:
        if isinstance(vault, KeyringVault):
            place = f"{place} ({vault.backend()})"
        kept = vault.load()
    except KeysError as error:
        return Found(finding=_failed(error, passing), passing=passing)
    logs.hide(*kept.values())
    return Found(finding=_timed(place, len(kept), clock.monotonic() - began), passing=passing, kept=kept)


def _failed(error: KeysError, passing: Secret | None) -> Finding:
    found = of_error("keys", error)
    if passing is None:
        return found
    return warn("keys", f"{found.detail}; the key in {VARIABLE} serves all the same", found.fix)


def _timed(place: str, count: int, seconds: float) -> Finding:
    said = f"{place}: {count} {'key' if count == 1 else 'keys'}, read in {seconds * 1000:.0f} ms"
    if seconds > SLOW_S:
        return warn("keys", f"{said}, which delays every start", f"Set {VARIABLE}, or name a file in ORCHAT_KEYS_FILE.")
    return ok("keys", said)


def chosen(found: Found, current: str | None) -> tuple[str, Secret] | None:
    """The key that would pay now: the one in the environment, else the current one, else the first.

    Args:
        found: What is known about the keys.
        current: Fingerprint of the current key, as the database has it.

    Returns:
        Label and key; None where there is none.
    """
    if found.passing is not None:
        return "env", found.passing
    kept = dict(found.kept or {})
    for label, secret in kept.items():
        if secret.fingerprint == current:
            return label, secret
    return next(iter(kept.items()), None)


def which(found: Found, key: tuple[str, Secret] | None) -> Finding:
    """Whether there is a key at all.

    Args:
        found: What is known about the keys.
        key: From `chosen`.
    """
    if key is not None:
        return ok("key", f"{key[0]} ({key[1].fingerprint})")
    if found.kept is None:
        return skip("key", "the keys could not be read")
    return fault("key", "there is none", f"Run `orchat login` or `orchat keys add work`, or set {VARIABLE}.")
