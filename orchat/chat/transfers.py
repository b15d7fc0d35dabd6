"""Sessions on their way out of the database, and into it."""

from __future__ import annotations

import asyncio
import json

from orchat.chat import export
from orchat.chat.part import Part
from orchat.domain.conversation import SavedSession
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
        """The conversation as ``md`` (active path) or ``json`` (everything).

        Raises:
            UsageError: Another format.
        """
        saved = await self.saved(conversation_id)
        path = await self._desk_of(conversation_id).db.read(tree.path, conversation_id)
        if form == "md":
            return export.to_markdown(saved.conversation, path)
        if form != "json":
            raise UsageError(f"no such format: {form}", hint=", ".join(FORMATS))
        return json.dumps(export.to_json(saved), ensure_ascii=False, indent=2) + "\n"
