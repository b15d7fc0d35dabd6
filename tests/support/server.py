"""The scripted OpenRouter for tests: a real server on a real loopback socket, without any pauses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orchat.demo.server import DemoServer


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[DemoServer]:
    """Tell it what to answer with ``server.script(say("Hello"))``."""
    async with DemoServer(pace=0) as running:
        yield running
