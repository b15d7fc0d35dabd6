"""Sessions: begun, found, listed, named, copied, deleted and brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchat.chat.transfers import Transfers
from orchat.domain.conversation import Attachment, Conversation, SearchHit
from orchat.errors import UsageError
from orchat.store import conversations as store
from orchat.store import copies, deletions
from orchat.store import search as search_store

if TYPE_CHECKING:
    from orchat.domain.sessions import SessionFilter

DAY_S = 86_400.0
KEPT_DAYS = 30
"""What was deleted can be brought back for so long."""


class Sessions(Transfers):
    """The part that looks after sessions as wholes."""

    # ---- beginning ----

    async def create(
        self,
        *,
        model: str | None = None,
        system: str | None = None,
        title: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        persona: str | None = None,
    ) -> Conversation:
        """Begin a conversation; its title is taken from the first prompt unless it is given here."""
        now = self._desk.clock.now()
        return await self._desk.db.write(
            store.create, store.new_id(now), now, title or "", model, system, parameters, persona
        )

    async def create_temporary(
        self,
        *,
        model: str | None = None,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        persona: str | None = None,
    ) -> Conversation:
        """Begin a conversation that leaves nothing on the disk but the rows of its attempts in the ledger.

        It is not listed and not found, and everything else works as ever. It is gone when the runtime is closed,
        unless `keep` is called before.
        """
        desk = await self._desk_aside()
        now = desk.clock.now()
        made = await desk.db.write(store.create, store.new_id(now), now, "", model, system, parameters, persona)
        self._temporary.add(made.id)
        return made

    async def keep(self, conversation_id: str) -> Conversation:
        """Keep a temporary session after all, under its id; its messages have other numbers afterwards.

        Raises:
            UsageError: An answer still arrives in it.
        """
        if not self.is_temporary(conversation_id):
            return await self._desk.db.read(store.get, conversation_id)
        if any(turn.conversation_id == conversation_id for turn in self._running):
            raise UsageError("an answer still arrives", hint="Keep the session when it is there.")
        saved = await self.saved(conversation_id)
        for message in saved.messages:
            for file in message.attachments:
                data = saved.files.get(file.sha256)
                if data is not None:
                    await asyncio.to_thread(
                        self._desk.db.blobs.put, data, file.name, file.mime, file.width, file.height
                    )
        # What it has cost is in the ledger here, under its id.
        saved = replace(saved, conversation=replace(saved.conversation, cost_pico=0))
        kept = await self._desk.db.write(copies.insert, saved, conversation_id)
        self._temporary.discard(conversation_id)
        return kept

    # ---- finding ----

    async def get(self, id_or_prefix: str) -> Conversation:
        """The conversation with this id, or with the only id that begins so.

        Raises:
            NotFound: None, or more than one.
        """
        if self.is_temporary(id_or_prefix):
            return await self._desk_of(id_or_prefix).db.read(store.get, id_or_prefix)
        conversation_id = await self._desk.db.read(store.resolve_id, id_or_prefix)
        return await self._desk.db.read(store.get, conversation_id)

    async def latest(self) -> Conversation | None:
        """The conversation that was used last."""
        return await self._desk.db.read(store.latest)

    async def list(
        self, *, limit: int = 200, offset: int = 0, wanted: SessionFilter | None = None
    ) -> Sequence[Conversation]:
        """Conversations: those that are pinned first, then the one used last first."""
        return await self._desk.db.read(store.list_conversations, limit, offset, wanted)

    async def titles(self, ids: Sequence[str]) -> Mapping[str, str]:
        """What sessions are called, deleted ones too; nothing for those that leave nothing on the disk."""
        return await self._desk.db.read(store.titles, ids)

    async def search(self, text: str, *, limit: int = 50) -> Sequence[SearchHit]:
        """Messages that hold all words of `text`; `orchat.domain.query.parse_query` tells what else it may say."""
        return await self._desk.db.read(search_store.search, text, limit)

    async def prompts(self, *, limit: int = 500, longest: int = 20_000) -> Sequence[str]:
        """What was asked last, in whatever session, the newest first; each text once.

        Args:
            limit: How many prompts are looked at.
            longest: Characters; longer ones are left out.
        """
        return await self._desk.db.read(search_store.prompts, limit, longest)

    # ---- changing ----

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give it a name that no automatic title replaces.

        Raises:
            UsageError: The title is empty.
        """
        name = " ".join(title.split())
        if not name:
            raise UsageError("a title cannot be empty")
        await self._desk_of(conversation_id).db.write(store.rename, conversation_id, name)

    async def make_title(self, conversation_id: str) -> str | None:
        """Let the configured model name a session, if there is one, its budget allows it and no person has.

        Returns:
            The new title; None where the old one stays, for whatever reason: a title is never worth an error.
        """
        if self._titles is None:
            return None
        return await self._titles.make(self._desk_of(conversation_id), conversation_id)

    async def pin(self, conversation_id: str, pinned: bool = True) -> None:
        """Keep it at the top of the list, or let it go down."""
        await self._desk_of(conversation_id).db.write(store.set_pinned, conversation_id, pinned)

    async def duplicate(self, conversation_id: str) -> Conversation:
        """Copy it with all its branches; the copy has cost nothing yet."""
        desk = self._desk_of(conversation_id)
        now = desk.clock.now()
        return self._beside(
            conversation_id, await desk.db.write(copies.duplicate, conversation_id, store.new_id(now), now)
        )

    async def fork(self, conversation_id: str, message_id: int) -> Conversation:
        """Copy the path to a message into a session of its own, which has cost nothing yet.

        Raises:
            NotFound: There is no such message in it.
        """
        desk = self._desk_of(conversation_id)
        now = desk.clock.now()
        made = await desk.db.write(copies.fork, conversation_id, message_id, store.new_id(now), now)
        return self._beside(conversation_id, made)

    async def delete(self, conversation_id: str) -> None:
        """Delete it; for `KEPT_DAYS` days `undelete` brings it back. The ledger stays."""
        desk = self._desk_of(conversation_id)
        await desk.db.write(store.delete, conversation_id, desk.clock.now())

    async def undelete(self, id_or_prefix: str) -> Conversation:
        """Bring a deleted session back as it was.

        Raises:
            NotFound: None that was deleted begins like this, or more than one.
        """
        desk = self._desk_of(id_or_prefix)
        conversation_id = await desk.db.read(store.resolve_id, id_or_prefix, True)
        return await desk.db.write(store.restore, conversation_id)

    async def sweep(self) -> None:
        """Take away for good what was deleted more than `KEPT_DAYS` days ago, and files that nothing uses."""
        db, now = self._desk.db, self._desk.clock.now()
        orphans = await db.write(deletions.sweep, now - KEPT_DAYS * DAY_S)
        await db.write(db.blobs.sweep, now, orphans)
        await db.write(db.blobs.sweep, now)

    async def set_model(self, conversation_id: str, model: str | None) -> None:
        """The model of the following turns; None: the configured default."""
        await self._desk_of(conversation_id).db.write(store.set_model, conversation_id, model)

    async def set_system(self, conversation_id: str, system: str | None) -> None:
        """The system prompt of the following turns."""
        await self._desk_of(conversation_id).db.write(store.set_system, conversation_id, system)

    async def set_parameters(
        self, conversation_id: str, parameters: Mapping[str, Any], *, persona: str | None = None
    ) -> None:
        """What the following turns are asked with, besides model and system prompt.

        Args:
            conversation_id: Which conversation.
            parameters: Fields of `ChatRequest`.
            persona: Where they came from.
        """
        db = self._desk_of(conversation_id).db
        await db.write(store.set_parameters, conversation_id, parameters, persona)

    async def attach(
        self, data: bytes, *, name: str, mime: str, width: int | None = None, height: int | None = None
    ) -> Attachment:
        """Keep a file, so that a draft can carry it."""
        return await asyncio.to_thread(self._desk.db.blobs.put, data, name, mime, width, height)

    async def attach_temporary(
        self, data: bytes, *, name: str, mime: str, width: int | None = None, height: int | None = None
    ) -> Attachment:
        """Keep a file in memory alone, for the draft of a temporary session."""
        desk = await self._desk_aside()
        return await asyncio.to_thread(desk.db.blobs.put, data, name, mime, width, height)

    async def file(self, conversation_id: str, sha256: str) -> bytes:
        """The bytes of an attachment.

        Args:
            conversation_id: Where it was sent or received.
            sha256: Its digest.

        Raises:
            NotFound: They are gone.
        """
        return await asyncio.to_thread(self._desk_of(conversation_id).db.blobs.get, sha256)

    def _beside(self, origin: str, made: Conversation) -> Conversation:
        """What comes of a temporary session is temporary."""
        if self.is_temporary(origin):
            self._temporary.add(made.id)
        return made
