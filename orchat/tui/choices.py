"""What the next request is asked with: model, persona, system prompt, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchat.chat.persona import Asked as Asked
from orchat.chat.persona import dressed
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.chat.books import Wish
    from orchat.domain.conversation import Conversation
    from orchat.runtime import Runtime
    from orchat.tui.session import Session


class Choices:
    """What was chosen for the conversation that is shown, and for those that begin after it.

    Args:
        runtime: The parts behind the screen; it need not have started yet.
        session: What is shown.
        asked: How new conversations are asked.
    """

    def __init__(self, runtime: Runtime, session: Session, asked: Asked) -> None:
        self._runtime = runtime
        self._session = session
        self._usual = replace(asked, system=asked.system or None)
        self._next = self._usual
        self._model = asked.model
        self.default_model = ""
        """Answers where none was chosen; empty while it is not known."""

    @property
    def _present(self) -> Conversation | None:
        return self._session.conversation

    @property
    def _own_model(self) -> str | None:
        return self._model or (self._present.model if self._present else None)

    @property
    def model(self) -> str:
        """Id of the model that is asked next; empty while the default is not known."""
        return self._own_model or self.default_model

    @property
    def system(self) -> str | None:
        """The system prompt."""
        return self._present.system if self._present else self._next.system

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What every request says besides."""
        return self._present.parameters if self._present else self._next.parameters

    @property
    def persona(self) -> str | None:
        """Name of the persona that is worn."""
        return self._present.persona if self._present else self._next.persona

    async def use_model(self, model: str) -> None:
        """Ask this model from now on, and remember that it was chosen."""
        from orchat.store import settings

        self._model = model
        await self._runtime.parts.db.write(settings.note_used, model)
        if self._present is not None:
            await self._runtime.conversations.set_model(self._present.id, model)
        self._session.tell()

    async def use_system(self, text: str) -> None:
        """Give the following turns a system prompt; an empty one takes it away."""
        self._next = replace(self._next, system=text or None)
        if self._present is not None:
            await self._runtime.conversations.set_system(self._present.id, text or None)
            await self._session.reload()
        self._session.tell()

    async def set(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Ask with other parameters from now on: all of these, or, where one does not fit, none.

        Args:
            pairs: Name and value as people write them; the value ``default`` takes one away.

        Raises:
            UsageError: One does not fit.
        """
        from orchat.tui.asked import changed

        parameters = dict(self.parameters)
        for name, text in pairs:
            parameters = changed(parameters, name, text)
        await self._use_parameters(parameters, self.persona)

    async def wear(self, name: str | None) -> None:
        """Put on a persona, over what the one before it leaves; None takes it away.

        Raises:
            UsageError: There is none of this name.
        """
        loaded = self._runtime.loaded
        put_on = loaded.persona(name) if name else None
        if put_on is None and self.persona is None:
            raise UsageError("there is no persona to take away", hint="Choose one with /persona.")
        taken_off = loaded.config.personas.get(self.persona or "")
        before = Asked(model=self._own_model, system=self.system, parameters=self.parameters, persona=self.persona)
        after = dressed(before, taken_off, put_on, system=loaded.config.chat.system or None)
        after = replace(after, persona=name)
        self._next = replace(after, model=None)
        self._model = after.model
        if self._present is not None:
            await self._runtime.conversations.set_model(self._present.id, after.model)
            await self._runtime.conversations.set_system(self._present.id, after.system)
        await self._use_parameters(after.parameters, name)

    async def _use_parameters(self, parameters: Mapping[str, Any], persona: str | None) -> None:
        self._next = replace(self._next, parameters=parameters, persona=persona)
        if self._present is not None:
            await self._runtime.conversations.set_parameters(self._present.id, parameters, persona=persona)
            await self._session.reload()
        self._session.tell()

    def begin_anew(self) -> None:
        """Another conversation begins or is opened: it is asked as usual until it says otherwise."""
        self._next = self._usual

    def leave_model(self) -> None:
        """The conversation that is opened has a model of its own."""
        self._model = None

    def keep_model(self) -> None:
        """The chosen model stays for the conversation that begins."""
        self._model = self.model or None

    def of_new(self) -> dict[str, Any]:
        """What a conversation that begins now is created with."""
        asked = self._next
        return {
            "model": self._model,
            "system": asked.system,
            "parameters": asked.parameters,
            "persona": asked.persona,
        }

    def wish(self, parameters: Mapping[str, Any] | None, *, over_budget: bool) -> Wish:
        """What a turn is asked with, beyond what its conversation keeps.

        Args:
            parameters: Fields of `ChatRequest` for this turn alone.
            over_budget: Send it although a budget is used up.
        """
        from orchat.chat.books import Wish

        worn = self._runtime.config.personas.get(self.persona or "")
        return Wish(
            model=self._model,
            fallbacks=worn.fallbacks if worn else (),
            parameters=parameters,
            over_budget=over_budget,
        )
