"""Conversations: everything a front end remembers goes through here. This module talks; the rest is in its parts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from orchat.chat.books import TurnBooks, Wish
from orchat.chat.branches import Branches
from orchat.chat.continuing import must_be_unfinished
from orchat.chat.sessions import Sessions
from orchat.chat.turn import Turn
from orchat.domain.conversation import Conversation, Draft, StoredMessage
from orchat.errors import UsageError
from orchat.store import conversations as store
from orchat.store import messages, tree
from orchat.tasks import settled

if TYPE_CHECKING:
    from orchat.store.connection import Connection

Begun = tuple[Conversation, StoredMessage, int, StoredMessage | None]
"""The conversation, the saved prompt, the number of the answer's row, and the answer that it goes on with."""


class Conversations(Sessions, Branches):
    """The conversations of one database, and those that leave no trace in it."""

    async def send(
        self, conversation_id: str, draft: Draft, wish: Wish | None = None, *, parent_id: int | None = None
    ) -> Turn:
        """Save a prompt and begin its answer.

        Args:
            conversation_id: Where it is said.
            draft: What is said.
            wish: How the answer is wanted.
            parent_id: The message that it follows; None: the active path. While somebody else's answer still arrives
                there, the prompt stands beside theirs, as a branch.

        Returns:
            A turn whose prompt is already saved; entering it sends the request.

        Raises:
            UsageError: The draft is empty.
            NotFound: The conversation or the parent does not exist.
        """
        wanted = _wanted(draft, wish)
        return await self._begun(conversation_id, partial(_send, draft=draft, parent_id=parent_id), wanted)

    async def edit(self, conversation_id: str, prompt_id: int, draft: Draft, wish: Wish | None = None) -> Turn:
        """Say something else in the place of an earlier prompt: a new branch; the old one stays.

        Args:
            conversation_id: Where it was said.
            prompt_id: Number of the prompt.
            draft: What is said instead.
            wish: How the answer is wanted.

        Raises:
            UsageError: The draft is empty.
            NotFound: There is no such prompt.
        """
        wanted = _wanted(draft, wish)
        return await self._begun(conversation_id, partial(_edit, draft=draft, prompt_id=prompt_id), wanted)

    async def again(self, conversation_id: str, prompt_id: int, wish: Wish | None = None) -> Turn:
        """Answer an earlier prompt anew, with another model where `wish` names one; its answers stay as branches.

        Args:
            conversation_id: Where it was said.
            prompt_id: Number of the prompt.
            wish: How the answer is wanted.

        Raises:
            NotFound: There is no such prompt.
        """
        return await self._begun(conversation_id, partial(_again, prompt_id=prompt_id), wish or Wish())

    async def go_on(self, conversation_id: str, answer_id: int, wish: Wish | None = None) -> Turn:
        """Go on with an answer that was stopped, cut, or too long for its limit.

        What comes is saved as an answer of its own whose text begins with the one that stopped, and which takes its
        place: that one is no branch any more, unless this one is deleted or something was said after it.

        Args:
            conversation_id: Where it is.
            answer_id: Number of the answer.
            wish: How the rest is wanted; its model is the answer's own unless it names one.

        Raises:
            UsageError: The answer is complete, or has no text to go on with.
            NotFound: There is no such answer.
        """
        return await self._begun(conversation_id, partial(_go_on, answer_id=answer_id), wish or Wish())

    async def drain(self) -> None:
        """Stop and save every answer that still runs."""
        for turn in list(self._running):
            await turn.stop()

    async def aclose(self) -> None:
        """Forget the temporary sessions; nothing may run any more."""
        if self._aside is not None:
            await self._aside.db.close()

    async def _begun(self, conversation_id: str, save: partial[Begun], wish: Wish) -> Turn:
        """The turn, once it is saved; a caller who leaves meanwhile leaves a stopped answer and no open one."""
        desk = self._desk_of(conversation_id)
        saving = desk.db.write(save, conversation_id, wish.model, desk.clock.now(), desk.owner)
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
        conversation, prompt, answer_id, before = begun
        desk = self._desk_of(conversation.id)
        if before is not None:
            wish = replace(wish, model=wish.model or before.model)
        books = TurnBooks(desk, prompt, answer_id, conversation, wish, before)
        return Turn(books, desk.clock, self._tasks, self._running)


def _wanted(draft: Draft, wish: Wish | None) -> Wish:
    if not draft.text.strip() and not draft.attachments:
        raise UsageError("the prompt is empty", hint="say something, or attach a file")
    wanted = wish or Wish()
    return replace(wanted, model=wanted.model or draft.model)


def _send(
    connection: Connection,
    conversation_id: str,
    model: str | None,
    now: float,
    owner: str,
    *,
    draft: Draft,
    parent_id: int | None,
) -> Begun:
    if parent_id is None:
        parent_id = _free_leaf(connection, conversation_id)
    return _said(connection, conversation_id, model, now, owner, draft=draft, parent_id=parent_id)


def _edit(
    connection: Connection,
    conversation_id: str,
    model: str | None,
    now: float,
    owner: str,
    *,
    draft: Draft,
    prompt_id: int,
) -> Begun:
    parent_id = _prompt(connection, conversation_id, prompt_id).parent_id
    return _said(connection, conversation_id, model, now, owner, draft=draft, parent_id=parent_id)


def _said(
    connection: Connection,
    conversation_id: str,
    model: str | None,
    now: float,
    owner: str,
    *,
    draft: Draft,
    parent_id: int | None,
) -> Begun:
    """Prompt and empty answer appear together, or not at all."""
    conversation = store.get(connection, conversation_id)
    if model is not None and model != conversation.model:
        store.set_model(connection, conversation_id, model)
    prompt = messages.add_prompt(connection, conversation_id, parent_id, draft.text, draft.attachments, now)
    answer = messages.begin_answer(
        connection, conversation_id, prompt.id, model or conversation.model, owner=owner, now=now
    )
    return store.get(connection, conversation_id), prompt, answer, None


def _again(
    connection: Connection, conversation_id: str, model: str | None, now: float, owner: str, *, prompt_id: int
) -> Begun:
    conversation = store.get(connection, conversation_id)
    prompt = _prompt(connection, conversation_id, prompt_id)
    answer = messages.begin_answer(
        connection, conversation_id, prompt.id, model or conversation.model, owner=owner, now=now
    )
    return conversation, prompt, answer, None


def _go_on(
    connection: Connection, conversation_id: str, model: str | None, now: float, owner: str, *, answer_id: int
) -> Begun:
    conversation = store.get(connection, conversation_id)
    before = tree.get_message(connection, answer_id, conversation_id)
    must_be_unfinished(before)
    if before.parent_id is None:
        raise UsageError("the answer has no prompt", hint="Ask something.")
    prompt = tree.get_message(connection, before.parent_id)
    answer = messages.begin_answer(
        connection,
        conversation_id,
        prompt.id,
        model or before.model or conversation.model,
        owner=owner,
        now=now,
        continues=before.id,
    )
    return conversation, prompt, answer, before


def _prompt(connection: Connection, conversation_id: str, id: int) -> StoredMessage:
    found = tree.get_message(connection, id, conversation_id)
    if found.role == "assistant":
        raise UsageError("that is an answer, not a prompt")
    return found


def _free_leaf(connection: Connection, conversation_id: str) -> int | None:
    """The end of the active path, or the message before a prompt that is being answered there by somebody else."""
    leaf = tree.active_leaf(connection, conversation_id)
    if leaf is None:
        return None
    last = tree.get_message(connection, leaf)
    if last.state != "streaming" or last.parent_id is None:
        return leaf
    return tree.get_message(connection, last.parent_id).parent_id
