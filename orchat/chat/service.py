"""Conversations: create, find, send, answer again. Everything a front end remembers goes through here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchat.chat import export
from orchat.chat.books import Desk, TurnBooks, Wish
from orchat.chat.turn import Turn
from orchat.domain.conversation import Attachment, Conversation, Draft, SearchHit, StoredMessage
from orchat.errors import UsageError
from orchat.store import conversations as store
from orchat.store import messages, tree
from orchat.store import search as search_store
from orchat.tasks import Tasks, settled

if TYPE_CHECKING:
    from orchat.store.connection import Connection

Begun = tuple[Conversation, StoredMessage, int]
"""The conversation, the saved prompt, and the number of the answer's row."""


class Conversations:
    """The conversations of one database.

    Args:
        desk: Shared parts.
        tasks: Owns what must end even when the caller is gone.
    """

    def __init__(self, desk: Desk, tasks: Tasks) -> None:
        self._desk = desk
        self._tasks = tasks
        self._running: set[Turn] = set()

    # ---- finding ----

    async def create(
        self, *, model: str | None = None, system: str | None = None, title: str | None = None
    ) -> Conversation:
        """Begin a conversation; its title is taken from the first prompt unless it is given here."""
        now = self._desk.clock.now()
        return await self._desk.db.write(store.create, store.new_id(now), now, title or "", model, system)

    async def get(self, id_or_prefix: str) -> Conversation:
        """The conversation with this id, or with the only id that begins so.

        Raises:
            NotFound: None, or more than one.
        """
        conversation_id = await self._desk.db.read(store.resolve_id, id_or_prefix)
        return await self._desk.db.read(store.get, conversation_id)

    async def latest(self) -> Conversation | None:
        """The conversation that was used last."""
        return await self._desk.db.read(store.latest)

    async def list(self, *, limit: int = 200, offset: int = 0) -> Sequence[Conversation]:
        """Conversations, the one used last first."""
        return await self._desk.db.read(store.list_conversations, limit, offset)

    async def path(self, conversation_id: str) -> tuple[StoredMessage, ...]:
        """The messages from the root to the active leaf."""
        return await self._desk.db.read(tree.path, conversation_id)

    async def search(self, text: str, *, limit: int = 50) -> Sequence[SearchHit]:
        """Messages that contain all words of `text`; the last word may be a beginning."""
        return await self._desk.db.read(search_store.search, text, limit)

    # ---- changing ----

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give it a name that no automatic title replaces.

        Raises:
            UsageError: The title is empty.
        """
        name = " ".join(title.split())
        if not name:
            raise UsageError("a title cannot be empty")
        await self._desk.db.write(store.rename, conversation_id, name)

    async def delete(self, conversation_id: str) -> None:
        """Delete it with all its messages; files that nothing else uses go too. The ledger stays."""
        db = self._desk.db
        orphans = await db.write(store.delete, conversation_id)
        if orphans:
            await db.write(db.blobs.sweep, self._desk.clock.now(), orphans)

    async def set_model(self, conversation_id: str, model: str | None) -> None:
        """The model of the following turns; None: the configured default."""
        await self._desk.db.write(store.set_model, conversation_id, model)

    async def set_system(self, conversation_id: str, system: str | None) -> None:
        """The system prompt of the following turns."""
        await self._desk.db.write(store.set_system, conversation_id, system)

    async def attach(
        self, data: bytes, *, name: str, mime: str, width: int | None = None, height: int | None = None
    ) -> Attachment:
        """Keep a file, so that a draft can carry it."""
        return await asyncio.to_thread(self._desk.db.blobs.put, data, name, mime, width, height)

    async def export(self, conversation_id: str, form: str) -> str:
        """The conversation as ``markdown`` (active path) or ``json`` (everything).

        Raises:
            UsageError: Another format.
        """
        conversation = await self._desk.db.read(store.get, conversation_id)
        if form == "markdown":
            return export.to_markdown(conversation, await self.path(conversation_id))
        if form != "json":
            raise UsageError(f"no such format: {form}", hint="markdown or json")
        stored = await self._desk.db.read(tree.all_messages, conversation_id)
        wanted = {attachment.sha256 for message in stored for attachment in message.attachments}
        files = {sha256: await asyncio.to_thread(self._desk.db.blobs.get, sha256) for sha256 in sorted(wanted)}
        return json.dumps(export.to_json(conversation, stored, files), ensure_ascii=False, indent=2) + "\n"

    # ---- talking ----

    async def send(self, conversation_id: str, draft: Draft, wish: Wish | None = None) -> Turn:
        """Save a prompt and begin its answer.

        Args:
            conversation_id: Where it is said; it continues the active path.
            draft: What is said.
            wish: How the answer is wanted.

        Returns:
            A turn whose prompt is already saved; entering it sends the request.

        Raises:
            UsageError: The draft is empty.
            NotFound: The conversation does not exist.
        """
        if not draft.text.strip() and not draft.attachments:
            raise UsageError("the prompt is empty", hint="say something, or attach a file")
        wanted = wish or Wish()
        wanted = replace(wanted, model=wanted.model or draft.model)
        now, owner = self._desk.clock.now(), self._desk.owner
        saving = self._desk.db.write(_send, conversation_id, draft, wanted.model, now, owner)
        return await self._begun(saving, wanted)

    async def again(self, conversation_id: str, prompt_id: int, wish: Wish | None = None) -> Turn:
        """Answer an earlier prompt anew; the answers it has stay as branches.

        Args:
            conversation_id: Where it was said.
            prompt_id: Number of the prompt.
            wish: How the answer is wanted.

        Raises:
            NotFound: There is no such prompt.
        """
        wanted = wish or Wish()
        now, owner = self._desk.clock.now(), self._desk.owner
        saving = self._desk.db.write(_again, conversation_id, prompt_id, wanted.model, now, owner)
        return await self._begun(saving, wanted)

    async def _begun(self, saving: Coroutine[Any, Any, Begun], wish: Wish) -> Turn:
        """The turn, once it is saved; a caller who leaves meanwhile leaves a stopped answer and no open one."""
        task = self._tasks.spawn(saving, name="begin a turn")
        try:
            await settled(task)
        except asyncio.CancelledError:
            self._tasks.spawn(self._given_up(task, wish), name="give up a turn")
            raise
        return self._turn(task.result(), wish)

    async def _given_up(self, saving: asyncio.Task[Begun], wish: Wish) -> None:
        await settled(saving)
        if saving.exception() is None:
            await self._turn(saving.result(), wish).give_up()

    def _turn(self, begun: Begun, wish: Wish) -> Turn:
        conversation, prompt, answer_id = begun
        books = TurnBooks(self._desk, prompt, answer_id, conversation, wish)
        return Turn(books, self._desk.clock, self._tasks, self._running)

    async def drain(self) -> None:
        """Stop and save every answer that still runs."""
        for turn in list(self._running):
            await turn.stop()


def _send(
    connection: Connection, conversation_id: str, draft: Draft, model: str | None, now: float, owner: str
) -> Begun:
    """Prompt and empty answer appear together, or not at all."""
    conversation = store.get(connection, conversation_id)
    if model is not None and model != conversation.model:
        store.set_model(connection, conversation_id, model)
    prompt = messages.add_prompt(
        connection, conversation_id, conversation.active_leaf, draft.text, draft.attachments, now
    )
    answer = messages.begin_answer(
        connection, conversation_id, prompt.id, model or conversation.model, owner=owner, now=now
    )
    return store.get(connection, conversation_id), prompt, answer


def _again(
    connection: Connection, conversation_id: str, prompt_id: int, model: str | None, now: float, owner: str
) -> Begun:
    conversation = store.get(connection, conversation_id)
    prompt = tree.get_message(connection, prompt_id)
    answer = messages.begin_answer(
        connection, conversation_id, prompt.id, model or conversation.model, owner=owner, now=now
    )
    return conversation, prompt, answer
