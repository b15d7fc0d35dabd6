"""Conversations: everything a front end remembers goes through here. This module talks; the rest is in its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
    from orchat.domain.sessions import Transcript
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

    async def compare(
        self,
        conversation_id: str,
        draft: Draft,
        models: Sequence[str],
        wish: Wish | None = None,
        *,
        parent_id: int | None = None,
    ) -> tuple[Turn, ...]:
        """Save a prompt and begin an answer of each of several models: branches of the same prompt.

        The model of the conversation stays as it is until `choose` is called, and no other model stands in for one
        that fails. `orchat.chat.comparing.Comparison` reads all of them at once.

        Args:
            conversation_id: Where it is said.
            draft: What is said.
            models: Two to four, each once.
            wish: How the answers are wanted, beside the model.
            parent_id: As for `send`.

        Returns:
            A turn for each model, in their order. Each is entered, stopped and saved by itself.

        Raises:
            UsageError: The draft is empty, or there are too few or too many models.
            NotFound: The conversation or the parent does not exist.
        """
        wanted = _wanted(draft, wish)
        save = partial(_compare, draft=draft, parent_id=parent_id, models=_several(models))
        return await self._begun_beside(conversation_id, save, _wishes(wanted, models))

    async def compare_again(
        self, conversation_id: str, prompt_id: int, models: Sequence[str], wish: Wish | None = None
    ) -> tuple[Turn, ...]:
        """As `compare`, for an earlier prompt; its answers stay as branches.

        Args:
            conversation_id: Where it was said.
            prompt_id: Number of the prompt.
            models: Two to four, each once.
            wish: How the answers are wanted, beside the model.

        Raises:
            UsageError: There are too few or too many models.
            NotFound: There is no such prompt.
        """
        save = partial(_compare_again, prompt_id=prompt_id, models=_several(models))
        return await self._begun_beside(conversation_id, save, _wishes(wish or Wish(), models))

    async def choose(self, conversation_id: str, answer_id: int, model: str | None = None) -> Transcript:
        """Go on with one of several answers to a prompt; the others stay as branches.

        Args:
            conversation_id: Where it was said.
            answer_id: Number of the answer that is shown and continued from now on.
            model: Asked from now on; None: as before.

        Raises:
            NotFound: There is no such answer.
        """
        db = self._desk_of(conversation_id).db
        await db.write(_choose, conversation_id, answer_id, model)
        return await self.transcript(conversation_id)

    async def drain(self) -> None:
        """Stop and save every answer that still runs."""
        for turn in list(self._running):
            await turn.stop()

    async def aclose(self) -> None:
        """Forget the temporary sessions; nothing may run any more."""
        if self._aside is not None:
            await self._aside.db.close()

    async def _begun(self, conversation_id: str, save: partial[Begun], wish: Wish) -> Turn:
        turns = await self._begun_beside(conversation_id, partial(_alone, save), (wish,))
        return turns[0]

    async def _begun_beside(
        self, conversation_id: str, save: partial[tuple[Begun, ...]], wishes: Sequence[Wish]
    ) -> tuple[Turn, ...]:
        """The turns, once they are saved; a caller who leaves meanwhile leaves stopped answers and no open ones."""
        desk = self._desk_of(conversation_id)
        saving = desk.db.write(save, conversation_id, wishes[0].model, desk.clock.now(), desk.owner)
        task = self._tasks.spawn(saving, name="begin a turn")
        try:
            await settled(task)
        except asyncio.CancelledError:
            self._tasks.spawn(self._given_up(task, wishes), name="give up a turn")
            raise
        return self._turns(task.result(), wishes)

    async def _given_up(self, saving: asyncio.Task[tuple[Begun, ...]], wishes: Sequence[Wish]) -> None:
        await settled(saving)
        if saving.exception() is None:
            for turn in self._turns(saving.result(), wishes):
                await turn.give_up()

    def _turns(self, begun: Sequence[Begun], wishes: Sequence[Wish]) -> tuple[Turn, ...]:
        return tuple(self._turn(one, wish) for one, wish in zip(begun, wishes, strict=True))

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


MOST_COMPARED = 4
"""Models that one prompt is compared on."""


def _several(models: Sequence[str]) -> Sequence[str]:
    if not 2 <= len(set(models)) == len(models) <= MOST_COMPARED:
        raise UsageError(f"{len(models)} models cannot be compared", hint=f"name two to {MOST_COMPARED}, each once")
    return models


def _wishes(wish: Wish, models: Sequence[str]) -> tuple[Wish, ...]:
    """Each model answers for itself: with itself as the only fallback, the configured ones stay out of it."""
    return tuple(replace(wish, model=model, fallbacks=(model,)) for model in models)


def _alone(save: partial[Begun], connection: Connection, *about: str | float | None) -> tuple[Begun, ...]:
    return (save(connection, *about),)


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


def _compare(
    connection: Connection,
    conversation_id: str,
    _model: str | None,
    now: float,
    owner: str,
    *,
    draft: Draft,
    parent_id: int | None,
    models: Sequence[str],
) -> tuple[Begun, ...]:
    if parent_id is None:
        parent_id = _free_leaf(connection, conversation_id)
    prompt = messages.add_prompt(connection, conversation_id, parent_id, draft.text, draft.attachments, now)
    return _answers(connection, prompt, models, owner=owner, now=now)


def _compare_again(
    connection: Connection,
    conversation_id: str,
    _model: str | None,
    now: float,
    owner: str,
    *,
    prompt_id: int,
    models: Sequence[str],
) -> tuple[Begun, ...]:
    return _answers(connection, _prompt(connection, conversation_id, prompt_id), models, owner=owner, now=now)


def _answers(
    connection: Connection, prompt: StoredMessage, models: Sequence[str], *, owner: str, now: float
) -> tuple[Begun, ...]:
    """An empty answer of each model; the first one is shown until another is chosen."""
    id = prompt.conversation_id
    ids = [messages.begin_answer(connection, id, prompt.id, model, owner=owner, now=now) for model in models]
    tree.set_active_leaf(connection, id, ids[0])
    conversation = store.get(connection, id)
    return tuple((conversation, prompt, answer, None) for answer in ids)


def _choose(connection: Connection, conversation_id: str, answer_id: int, model: str | None) -> None:
    tree.switch(connection, conversation_id, answer_id)
    if model is not None:
        store.set_model(connection, conversation_id, model)


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
