"""Keys that tests put into vaults."""

from __future__ import annotations

from orchat.domain.secret import Secret

KEY = "sk-or-v1-0123456789abcdef"


def keys(count: int) -> dict[str, Secret]:
    return {f"key {number}": Secret(f"{KEY}{number:04}") for number in range(count)}
