"""What the next request is asked with: model, system prompt, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchat.chat.books import Wish
    from orchat.domain.conversation import Conversation
    from orchat.runtime import Runtime


class Choices:
    """What was chosen for the conversation that is shown, and for those that begin after it.

    Args:
        runtime: The parts behind the screen; it need not have started yet.
        model: Model to ask; None: the conversation's, else the default.
        system: System prompt of new conversations.
        parameters: Fields of every request.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        model: str | None = None,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self._runtime = runtime
        self._usual_system = system or None
        self._parameters = parameters or {}
        self.default_model = ""
        """Answers where none was chosen; empty while it is not known."""
        self.model = model
        """Chosen by the person; None: the conversation's own, else the default."""
        self.system = self._usual_system
        """System prompt of the conversation, or of the next one that begins."""

    def model_of(self, conversation: Conversation | None) -> str:
        """Id of the model that is asked next; empty while the default is not known."""
        kept = conversation.model if conversation else None
        return self.model or kept or self.default_model

    async def use_model(self, model: str, conversation: Conversation | None) -> None:
        """Ask this model from now on, and remember that it was chosen."""
        from orchat.store import settings

        self.model = model
        await self._runtime.parts.db.write(settings.note_used, model)
        if conversation is not None:
            await self._runtime.conversations.set_model(conversation.id, model)

    async def use_system(self, text: str, conversation: Conversation | None) -> None:
        """Give the following turns a system prompt; an empty one takes it away."""
        self.system = text or None
        if conversation is not None:
            await self._runtime.conversations.set_system(conversation.id, self.system)

    def begin_anew(self) -> None:
        """Another conversation begins or is opened: it has the usual system prompt until it says otherwise."""
        self.system = self._usual_system

    def wish(self, parameters: Mapping[str, Any] | None, *, over_budget: bool) -> Wish:
        """What a turn is asked with.

        Args:
            parameters: Fields of `ChatRequest` for this turn alone.
            over_budget: Send it although a budget is used up.
        """
        from orchat.chat.books import Wish

        fields = {**self._parameters, **(parameters or {})}
        return Wish(model=self.model, parameters=fields or None, over_budget=over_budget)
