"""A shelf of keys on a desk, and what is kept on it."""

from __future__ import annotations

from typing import Any

from orchat.keys.key_file import FileVault
from orchat.keys.shelf import Shelf
from orchat.openrouter.client import OpenRouter
from tests.support.key_desk import Desk


def shelf_of(desk: Desk, client: OpenRouter, environ: dict[str, str] | None = None, **more: Any) -> Shelf:
    return Shelf(desk.ring(environ), client, desk.clock, **more)


def kept(desk: Desk) -> dict[str, str]:
    return {label: secret.reveal() for label, secret in FileVault(desk.file).load().items()}
