"""Sessions on their way out of the database, and into it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.chat import export
from orchat.chat.part import Part
from orchat.domain.conversation import StoredMessage
from orchat.errors import NotFound, UsageError
from orchat.store import conversations as store
from orchat.store import copies, messages, tree

if TYPE_CHECKING:
    from pathlib import Path

    from orchat.chat.importer.report import ImportedSession, ImportReport
    from orchat.domain.sessions import SavedSession
    from orchat.store.connection import Connection

FORMATS = ("md", "json", "html")


class Transfers(Part):
    """The part that exports and imports."""

    async def saved(self, conversation_id: str) -> SavedSession:
        """A whole session, with all that belongs to it; files that are gone are left out."""
        from orchat.domain.sessions import SavedSession

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

    async def import_file(self, path: Path) -> ImportReport:
        """Take in the sessions of a file: our own export, or that of ChatGPT, llm, elia or OrChat.

        Each session comes whole or not at all. One that is here already is left as it is; one that has grown since it
        was imported comes again, beside the first.

        Args:
            path: The file; nothing in it is changed.

        Raises:
            UsageError: It cannot be read, or nobody knows what it is.
            StoreError: The database cannot be written; what came before it stays.
        """
        from orchat.chat.importer.builder import Unreadable
        from orchat.chat.importer.recognise import read_file
        from orchat.chat.importer.report import ImportedSession, ImportReport

        program, found = await asyncio.to_thread(read_file, path)
        sessions = []
        for session in found:
            if isinstance(session, Unreadable):
                sessions.append(ImportedSession(outcome="failed", title=session.title, reason=session.reason))
            else:
                sessions.append(await self._take_in(session))
        return ImportReport(path=path, program=program, sessions=tuple(sessions))

    async def add_exchange(
        self, conversation_id: str, prompt: str, answer: StoredMessage, *, prompt_id: int | None = None
    ) -> int:
        """Add a prompt and its answer that were made outside of the conversation, at the end of the active path.

        Args:
            conversation_id: Where they belong.
            prompt: What was asked.
            answer: What came of it; its numbers do not count.
            prompt_id: The prompt that was added before: where nothing was said since, this is another answer to it.

        Returns:
            The number of the prompt.

        Raises:
            NotFound: The conversation does not exist.
        """
        desk = self._desk_of(conversation_id)
        return await desk.db.write(_add_exchange, conversation_id, prompt, answer, prompt_id, desk.clock.now())

    async def _take_in(self, saved: SavedSession) -> ImportedSession:
        from orchat.chat.importer.report import ImportedSession, content_hash

        db, title = self._desk.db, saved.conversation.title
        digest = await asyncio.to_thread(content_hash, saved)
        known = await self._known(saved, digest)
        if known is not None:
            return replace(known, title=title)
        for message in saved.messages:
            for file in message.attachments:
                if (data := saved.files.get(file.sha256)) is not None:
                    await asyncio.to_thread(db.blobs.put, data, file.name, file.mime, file.width, file.height)
        id = saved.conversation.id
        while not id or await db.read(copies.is_taken, id):
            id = store.new_id(saved.conversation.created_at or self._desk.clock.now())
        made = await db.write(copies.insert, saved, id, digest)
        return ImportedSession(outcome="imported", title=title, id=made.id, messages=made.messages)

    async def _known(self, saved: SavedSession, digest: str) -> ImportedSession | None:
        """The session here that holds all of this one, if there is one."""
        from orchat.chat.importer.report import ImportedSession, paths_of

        db = self._desk.db
        before = await db.read(copies.of_source, saved.source)
        for id, former, deleted in before:
            if former == digest:
                return ImportedSession(outcome="deleted" if deleted else "known", title="", id=id)
        own = saved.conversation.id
        alive = [id for id, _, deleted in before if not deleted]
        if own and own not in alive and await db.read(copies.is_taken, own):
            alive.append(own)
        wanted = paths_of(saved.messages)
        for id in alive:
            try:
                there = await db.read(tree.all_messages, id)
            except NotFound:
                return ImportedSession(outcome="deleted", title="", id=id)
            if wanted <= paths_of(there):
                return ImportedSession(outcome="known", title="", id=id)
        return None


def _add_exchange(
    connection: Connection, conversation_id: str, text: str, answer: StoredMessage, prompt_id: int | None, now: float
) -> int:
    """Both appear together, or not at all."""
    leaf = tree.active_leaf(connection, conversation_id)
    if leaf is None or prompt_id is None or tree.get_message(connection, leaf).parent_id != prompt_id:
        prompt_id = messages.add_prompt(connection, conversation_id, leaf, text, now=now).id
    id = messages.begin_answer(connection, conversation_id, prompt_id, answer.model, now=now)
    messages.finish_answer(connection, replace(answer, id=id, conversation_id=conversation_id, parent_id=prompt_id))
    return prompt_id


def _written(saved: SavedSession, path: Sequence[StoredMessage], form: str) -> str:
    if form == "md":
        return export.to_markdown(saved.conversation, path)
    if form == "html":
        from orchat.chat.html import to_html

        return to_html(saved, path)
    import json

    return json.dumps(export.to_json(saved), ensure_ascii=False, indent=2) + "\n"
