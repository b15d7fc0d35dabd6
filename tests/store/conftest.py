"""A new database for each test, and instances that ask it for admission."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from orchat.store.connection import Connection
from orchat.store.database import Database
from tests.support.pool import Pool, pool_on
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


@pytest.fixture
def pool(connection: Connection) -> Iterator[Pool]:
    """An instance on that database."""
    with pool_on(connection) as made:
        yield made


@pytest.fixture
def other(connection: Connection) -> Iterator[Pool]:
    """A second instance on the same database."""
    with pool_on(connection) as made:
        yield made
