"""Sessions on their way out of the database, and into it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from orchat.chat import export
from orchat.chat.part import Part
from orchat.domain.conversation import SavedSession, StoredMessage
from orchat.errors import UsageError
from orchat.store import conversations as store
from orchat.store import tree

FORMATS = ("md", "json", "html")


class Transfers(Part):
    """The part that exports and imports."""

    async def saved(self, conversation_id: str) -> SavedSession:
        """A whole session, with all that belongs to it; files that are gone are left out."""
        desk = self._desk_of(conversation_id)
        conversation = await desk.db.read(store.get, conversation_id)
        told = await desk.db.read(tree.all_messages, conversation_id)
        wanted = sorted({file.sha256 for message in told for file in message.attachments})
        files = {
            sha256: await asyncio.to_thread(desk.db.blobs.get, sha256) for sha256 in wanted if desk.db.blobs.has(sha256)
        }
        return SavedSession(conversation=conversation, messages=told, files=files)

    async def export(self, conversation_id: str, form: str) -> str:
        """A conversation as text.

        Args:
            conversation_id: Which conversation.
            form: ``md`` or ``html`` for people (the active path), ``json`` for programs (everything).

        Raises:
            UsageError: Another format.
        """
        if form not in FORMATS:
            raise UsageError(f"no such format: {form}", hint=f"There are {', '.join(FORMATS)}.")
        saved = await self.saved(conversation_id)
        path = await self._desk_of(conversation_id).db.read(tree.path, conversation_id)
        # A long session takes a while, and a screen has to stay live.
        return await asyncio.to_thread(_written, saved, path, form)


def _written(saved: SavedSession, path: Sequence[StoredMessage], form: str) -> str:
    if form == "md":
        return export.to_markdown(saved.conversation, path)
    if form == "html":
        from orchat.chat.html import to_html

        return to_html(saved, path)
    import json

    return json.dumps(export.to_json(saved), ensure_ascii=False, indent=2) + "\n"
