"""A database that leaves no trace on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchat.errors import NotFound, StoreError
from orchat.store import conversations, messages, search, tree
from orchat.store.database import Database
from orchat.store.memory import MemoryDatabase
from tests.support.clock import START, FakeClock

pytestmark = pytest.mark.anyio


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
async def memory(anyio_backend: str, database: Database) -> AsyncIterator[MemoryDatabase]:
    opened = await MemoryDatabase.begin(database, FakeClock())
    yield opened
    await opened.close()


async def test_it_does_what_a_database_does_and_writes_nothing(
    memory: MemoryDatabase, database: Database, tmp_path: Path
) -> None:
    before = files(tmp_path)
    file = memory.blobs.put(b"secret", "a.txt", "text/plain", 3, 4)
    await memory.write(conversations.create, "c", START)
    await memory.write(messages.add_prompt, "c", None, "needle", (file,))
    (kept,) = await memory.read(tree.path, "c")
    assert kept.attachments == (file,)
    assert memory.blobs.get(file.sha256) == b"secret"
    assert len(await memory.read(search.search, "needle")) == 1
    assert await memory.write(memory.blobs.sweep, START * 2, [file.sha256]) == 0
    assert files(tmp_path) == before
    assert await database.read(conversations.list_conversations) == []


async def test_files_on_the_disk_can_be_used(memory: MemoryDatabase, database: Database) -> None:
    kept = database.blobs.put(b"kept", "k.txt", "text/plain")
    assert memory.blobs.has(kept.sha256)
    assert memory.blobs.get(kept.sha256) == b"kept"
    assert not memory.blobs.has("0" * 64)
    with pytest.raises(NotFound):
        memory.blobs.get("0" * 64)


async def test_it_is_gone_when_it_is_closed(memory: MemoryDatabase, database: Database) -> None:
    await memory.write(conversations.create, "c", START)
    await memory.close()
    with pytest.raises(StoreError, match="closed"):
        await memory.read(conversations.latest)
    again = await MemoryDatabase.begin(database, FakeClock())
    assert await again.read(conversations.latest) is None
    await again.close()
