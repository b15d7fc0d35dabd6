"""A person with several keys in a file, and a server that knows them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from orchat.demo.accounts import DemoKey
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from tests.support.clock import FakeClock
from tests.support.screen import Person, at_screen, screen_runtime

FREE = "demo/tiny:free"


def key_text(label: str) -> str:
    """The key of a label, always the same."""
    return "sk-or-v1-" + label.encode().hex() * 4


def server_with(clock: FakeClock, keys: Mapping[str, DemoKey]) -> DemoServer:
    """A server that accepts these keys, by label, and no others."""
    return DemoServer(pace=0, clock=clock, keys={key_text(label): terms for label, terms in keys.items()})


def keep(folder: Path, *labels: str) -> Path:
    """A key file with the keys of these labels, in this order."""
    path = folder / "keys.json"
    path.write_text(json.dumps({label: key_text(label) for label in labels}))
    path.chmod(0o600)
    return path


@asynccontextmanager
async def with_keys(
    folder: Path,
    keys: Mapping[str, DemoKey],
    *,
    clock: FakeClock | None = None,
    size: tuple[int, int] = (120, 40),
    wait: bool = True,
    kept: tuple[str, ...] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Person, DemoServer]]:
    """Somebody at the screen whose keys are in a file.

    Args:
        folder: For the file.
        keys: Label to what the server knows of it.
        clock: That of the screen and the server.
        size: Columns and lines.
        wait: Until key and figures are there.
        kept: The labels in the file; None: all that the server knows.
        **settings: As for `screen_runtime`.
    """
    clock = clock or FakeClock()
    path = keep(folder, *(keys if kept is None else kept))
    async with server_with(clock, keys) as server:
        runtime = screen_runtime(server, clock, key=None, keys__store="file", keys__file=str(path), **settings)
        async with at_screen(runtime, size=size, wait=wait) as person:
            yield person, server


def fingerprint(label: str) -> str:
    """Of the key of a label."""
    return Secret(key_text(label)).fingerprint
