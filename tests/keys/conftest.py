"""One machine with keys for each test, and its way to the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchat.demo.server import DemoServer
from orchat.keys.shelf import Shelf
from orchat.openrouter.client import OpenRouter
from tests.support.key_desk import Desk, desk_in


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as found:
        yield found


@pytest.fixture
async def client(server: DemoServer) -> AsyncIterator[OpenRouter]:
    async with OpenRouter(base_url=server.base_url, dialect="openrouter") as client:
        yield client


@pytest.fixture
def shelf(desk: Desk, client: OpenRouter) -> Shelf:
    return Shelf(desk.ring(), client, desk.clock)
