from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from orchat.store.connection import Connection
from orchat.store.database import Database
from tests.support.store import connected, open_database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to a new database, in this thread."""
    folder = tmp_path / "data"
    folder.mkdir()
    with connected(folder) as found:
        yield found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new database, open."""
    opened = await open_database(tmp_path / "data" / "orchat.db")
    yield opened
    await opened.close()
