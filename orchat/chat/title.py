"""Titles made by a model: asked for once, within a budget, and never worth an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from orchat.dispatch.dispatcher import Circumstances
from orchat.dispatch.pricing import estimate, tokens_of_messages
from orchat.domain.clean import clean_line
from orchat.domain.content import message
from orchat.domain.events import Finished
from orchat.domain.money import Usage
from orchat.domain.request import ChatRequest
from orchat.errors import NotFound, OrchatError
from orchat.store import conversations, tree
from orchat.store.messages import TITLE_LENGTH

if TYPE_CHECKING:
    from orchat.chat.books import Desk
    from orchat.domain.catalog import Pricing
    from orchat.domain.content import Message
    from orchat.domain.conversation import StoredMessage

MOST_TOKENS = 60
"""Of a title, thoughts included; a model that needs more gives none."""
_QUOTED = 2_000
_TASK = (
    "Write a title for the conversation below: at most six words, in its language, without quotation marks or a full "
    "stop. Answer with the title alone."
)


class Titles:
    """Names sessions.

    Args:
        model: Who is asked.
        budget_pico: Most that one title may cost, in pico-dollars; a model whose price nobody knows is not asked.
        pricing: Tells the prices of a model.
    """

    def __init__(self, model: str, budget_pico: int, pricing: Callable[[str], Awaitable[Pricing | None]]) -> None:
        self._model = model
        self._budget_pico = budget_pico
        self._pricing = pricing

    async def make(self, desk: Desk, conversation_id: str) -> str | None:
        """Give a session a title, unless a person has.

        Args:
            desk: Where it is.
            conversation_id: Which session; something has to be said in it.

        Returns:
            The title that it has from now on; None when it keeps the one it had.
        """
        try:
            conversation = await desk.db.read(conversations.get, conversation_id)
            path = await desk.db.read(tree.path, conversation_id)
            asked = self._question(path)
            if conversation.title_is_manual or asked is None or not await self._is_cheap(desk, asked):
                return None
            title = await self._ask(desk, conversation_id, asked)
            changed = bool(title) and await desk.db.write(conversations.rename, conversation_id, title, False)
        except (OrchatError, NotFound):
            return None
        return title if changed else None

    def _question(self, path: tuple[StoredMessage, ...]) -> tuple[Message, ...] | None:
        said = [stored for stored in path if stored.text.strip()][:2]
        if not said:
            return None
        quoted = "\n\n".join(f"{stored.role}: {stored.text[:_QUOTED]}" for stored in said)
        return message("system", _TASK), message("user", quoted)

    async def _is_cheap(self, desk: Desk, asked: tuple[Message, ...]) -> bool:
        expected = Usage(prompt_tokens=tokens_of_messages(asked), completion_tokens=MOST_TOKENS)
        cost = estimate(expected, await self._pricing(self._model), now=desk.clock.now())
        return cost.pico is not None and cost.pico <= self._budget_pico

    async def _ask(self, desk: Desk, conversation_id: str, asked: tuple[Message, ...]) -> str:
        request = ChatRequest(messages=asked, model=self._model, max_completion_tokens=MOST_TOKENS)
        around = Circumstances(fallbacks=(self._model,), conversation_id=conversation_id, use_cache=False)
        said = ""
        async with desk.dispatcher.stream(request, around) as stream:
            async for event in stream:
                if isinstance(event, Finished) and event.finish_reason == "stop":
                    said = event.reply.text
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return clean_line(lines[0].strip("\"'“”„«»*#. "), TITLE_LENGTH) if lines else ""
