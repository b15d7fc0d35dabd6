"""A screen that asks, stops, and shows another conversation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from textual import work
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from orchat.errors import NotFound
from orchat.tui.changes import Prompt
from orchat.tui.screens.starting import Starting
from orchat.tui.transcript.widget import Transcript


class Asking(Starting):
    """Runs one answer at a time."""

    _answering: Worker[None] | None = None

    @abstractmethod
    def keep_draft(self) -> None:
        """Write down what is in the composer."""

    @abstractmethod
    def to_composer(self) -> None:
        """Write on."""

    def ask(self, prompt: Prompt) -> None:
        """Send a prompt, then what is queued meanwhile."""
        self._answering = self._converse(prompt)

    @work(group="answer", exclusive=False, exit_on_error=False, description="answer a prompt")
    async def _converse(self, prompt: Prompt) -> None:
        await self.session.converse(prompt)
        await self._take_lease()

    def answer_again(
        self, *, model: str | None = None, max_tokens: int | None = None, over_budget: bool = False
    ) -> None:
        """Answer the last prompt anew."""
        if not self.session.busy:
            parameters = {"max_completion_tokens": max_tokens} if max_tokens else None
            self.to_composer()
            self._answering = self._again(model, parameters, over_budget)

    @work(group="answer", exclusive=False, exit_on_error=False, description="answer a prompt again")
    async def _again(self, model: str | None, parameters: Mapping[str, Any] | None, over_budget: bool) -> None:
        await self.session.again(model=model, parameters=parameters, over_budget=over_budget)
        await self._take_lease()

    async def _take_lease(self) -> None:
        """A key that was found while answering belongs into the figures too."""
        if self.lease is None and self.session.answer is not None:
            await self.take_key()

    def stop_answer(self) -> None:
        """End the answer that runs; what arrived is kept."""
        if self._answering is not None:
            self._answering.cancel()

    async def leave_session(self) -> None:
        """Before another conversation is shown: the answer that runs is stopped and kept."""
        self.session.give_back()
        self.keep_draft()
        if self.session.busy and self._answering is not None:
            self.stop_answer()
            with suppress(WorkerCancelled, WorkerFailed):
                await self._answering.wait()

    async def open_session(self, id_or_prefix: str, *, at: int | None = None) -> None:
        """Show another conversation.

        Args:
            id_or_prefix: Which one.
            at: Number of the message to go to, on whatever branch it is.
        """
        await self.leave_session()
        if at is not None:
            await self._lead_to(id_or_prefix, at)
        await self.session.open(id_or_prefix)
        self.take_draft()
        self.to_composer()
        entry = next((entry for entry in self.session.entries if at is not None and entry.key == at), None)
        if entry is not None:
            self.query_one(Transcript).mark(entry)

    async def _lead_to(self, conversation_id: str, message_id: int) -> None:
        """Let the path that is shown lead through a message, if it is still there."""
        service = self.runtime.conversations
        if all(stored.id != message_id for stored in await service.path(conversation_id)):
            with suppress(NotFound):
                await service.switch(conversation_id, message_id)
