"""What every part of the conversations stands on: the desk of the disk, and one for what leaves no trace."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.tasks import Tasks

if TYPE_CHECKING:
    from orchat.chat.books import Desk
    from orchat.chat.title import Titles
    from orchat.chat.turn import Turn


class Part:
    """One part of the conversations of a database.

    Args:
        desk: Shared parts.
        tasks: Owns what must end even when the caller is gone.
        titles: Makes titles by a model; None: nobody does.
    """

    def __init__(self, desk: Desk, tasks: Tasks, titles: Titles | None = None) -> None:
        self._desk = desk
        self._tasks = tasks
        self._titles = titles
        self._running: set[Turn] = set()
        self._aside: Desk | None = None
        self._opening = asyncio.Lock()
        self._temporary: set[str] = set()

    def is_temporary(self, conversation_id: str) -> bool:
        """Whether a session is nowhere but in memory."""
        return conversation_id in self._temporary

    def _desk_of(self, conversation_id: str) -> Desk:
        if conversation_id not in self._temporary:
            return self._desk
        assert self._aside is not None
        return self._aside

    async def _desk_aside(self) -> Desk:
        """The desk of temporary sessions; their attempts are in the ledger all the same."""
        async with self._opening:
            if self._aside is None:
                from orchat.store.memory import MemoryDatabase

                db = await MemoryDatabase.begin(self._desk.db, self._desk.clock)
                self._aside = replace(self._desk, db=db, ledger=self._desk.db)
            return self._aside
