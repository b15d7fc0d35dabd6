"""Keys, what the server says of them, and what is put aside."""

from __future__ import annotations

from orchat.keys.lease import KnownKey
from orchat.store.holds import Hold, Source
from orchat.store.key_state import KeyState
from orchat.store.reports import Report
from tests.support.clock import START

PICO = 10**12
HOUR = 3600.0


def report(**fields: object) -> Report:
    return Report(**{"fingerprint": "f", "at": START - 120, **fields})  # type: ignore[arg-type]  # fields of the test


def hold(scope: str = "key:f", *, kind: str = "KeyRejected", until: float | None = START + 600) -> Hold:
    source: Source = "server"
    return Hold(scope=scope, kind=kind, reason="User not found.", source=source, since=START, until=until, times=1)


def known(**fields: object) -> KnownKey:
    state = {"fingerprint": "f", "label": "work", "position": 0, **fields.pop("state", {})}  # type: ignore[dict-item]  # fields of the test
    values = {"state": KeyState(**state), "requests_today": 12, "in_use": False, "kept": True, **fields}  # type: ignore[arg-type]  # the same
    return KnownKey(**values)  # type: ignore[arg-type]  # the same
