"""What a turn reads from the database before it is sent, and writes to it while it runs and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchat.chat.context import build_messages
from orchat.chat.continuing import extended, going_on
from orchat.dispatch.dispatcher import Circumstances
from orchat.domain.conversation import Conversation, MessageState, StoredMessage
from orchat.domain.events import Finished, Opened, Timing
from orchat.domain.fold import Reply
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.domain.request import ChatRequest
from orchat.errors import OrchatError
from orchat.store import ledger, tree
from orchat.store import messages as store

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.dispatch.dispatcher import Dispatcher
    from orchat.domain.stream import EventStream
    from orchat.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an answer ended."""

    state: MessageState
    """``done``, ``stopped``, ``cut`` or ``failed``."""
    reply: Reply
    """What there is of it."""
    opened: Opened
    """Who began to answer."""
    finished: Finished | None
    """What the server said at the end, if it did."""
    failure: OrchatError | None
    """What broke it off, if something did."""
    key_label: str | None
    """Which key paid."""
    timing: Timing
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the books of every turn are kept with."""

    db: Database
    """Where everything is kept."""
    dispatcher: Dispatcher
    """The way to the server."""
    clock: Clock
    """Tells the time."""
    owner: str
    """This instance."""
    ledger: Database | None = None
    """Where the ledger is; None: in `db`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How this one answer is wanted, beyond the prompt."""

    model: str | None = None
    """Model to ask; None: the conversation's."""
    fallbacks: tuple[str, ...] = ()
    """Models asked in this order when it fails."""
    parameters: Mapping[str, Any] | None = None
    """Fields of `ChatRequest` to set."""
    use_cache: bool | None = None
    """Answer from the response cache if possible; None: as configured."""
    over_budget: bool = False
    """Send it although a budget is used up."""
    switch: bool | None = None
    """Whether another key may take over without a question; None: as configured."""


class TurnBooks:
    """The database side of one turn.

    Args:
        desk: Shared parts.
        prompt: The saved prompt that is answered.
        answer_id: The row that the answer is written to.
        conversation: The conversation as it was when the turn began.
        wish: How the answer is wanted.
        before: The answer that this one goes on with.
    """

    def __init__(
        self,
        desk: Desk,
        prompt: StoredMessage,
        answer_id: int,
        conversation: Conversation,
        wish: Wish,
        before: StoredMessage | None = None,
    ) -> None:
        self._desk = desk
        self.before = before
        self._conversation = conversation
        self._wish = wish
        self.prompt = prompt
        self.answer_id = answer_id

    @property
    def model(self) -> str | None:
        """The model that this turn asks; None: the default."""
        return self._wish.model or self._conversation.model

    async def open(self) -> EventStream:
        """Build the request from the path that leads to the prompt, and start it."""
        desk, conversation = self._desk, self._conversation
        path = await desk.db.read(tree.path, conversation.id, self.prompt.id)
        wanted = {attachment.sha256 for stored in path for attachment in stored.attachments}
        files = {sha256: await asyncio.to_thread(desk.db.blobs.get, sha256) for sha256 in wanted}
        messages = build_messages(path, system=conversation.system, model=self.model, files=files)
        request = ChatRequest(messages=messages, model=self.model, session_id=conversation.id)
        request = replace(request, **_merged(conversation.parameters, self._wish.parameters or {}))
        around = Circumstances(
            fallbacks=self._wish.fallbacks,
            conversation_id=conversation.id,
            use_cache=self._wish.use_cache,
            over_budget=self._wish.over_budget,
            switch=self._wish.switch,
        )
        if self.before is not None:
            return going_on(desk.dispatcher, request, self.before.text, around)
        return desk.dispatcher.stream(request, around)

    async def checkpoint(self, reply: Reply) -> None:
        """Write what has arrived so far."""
        whole = self._whole(reply)
        await self._desk.db.write(store.checkpoint_answer, self.answer_id, whole.text, whole.reasoning)

    async def note_generation(self, generation_id: str) -> None:
        """Write the server's id of the answer."""
        await self._desk.db.write(store.set_generation_id, self.answer_id, generation_id)

    async def close(self, ending: Ending) -> StoredMessage:
        """Write the answer as it ended.

        Returns:
            The answer as it is kept.
        """
        done, failure = ending.finished, ending.failure
        who = done or ending.opened
        usage, cost = (done.usage, done.cost) if done else await self._spent(who.generation_id)
        answer = StoredMessage(
            id=self.answer_id,
            conversation_id=self._conversation.id,
            parent_id=self.prompt.id,
            role="assistant",
            reply=self._whole(ending.reply),
            state=ending.state,
            model=who.model or self.model,
            provider=who.provider,
            generation_id=who.generation_id,
            finish_reason=done.finish_reason if done else None,
            usage=usage,
            cost=cost,
            timing=ending.timing,
            key_label=ending.key_label,
            error=failure.message if failure else None,
            hint=failure.hint if failure else None,
        )
        return await self._desk.db.write(store.finish_answer, answer)

    def _whole(self, reply: Reply) -> Reply:
        return reply if self.before is None else extended(self.before.reply, reply)

    async def _spent(self, generation_id: str | None) -> tuple[Usage | None, Cost]:
        """What an answer that was not finished has cost, as the ledger has it: an estimate, or what the server said."""
        if generation_id is None:
            return None, UNKNOWN_COST
        db = self._desk.ledger or self._desk.db
        entry = await db.read(ledger.of_generation, self._conversation.id, generation_id)
        return (None, UNKNOWN_COST) if entry is None else (entry.settlement.usage, entry.settlement.cost)


def _merged(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    if not kept:
        return wanted
    from orchat.domain.parameters import merged

    return merged(kept, wanted)
