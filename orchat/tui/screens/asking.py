"""A screen that asks, stops, and shows another conversation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Iterable
from contextlib import suppress

from textual import work
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from orchat.errors import NotFound
from orchat.tui.changes import Prompt
from orchat.tui.screens.drafting import Drafting
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.composer import Composer


class Asking(Drafting):
    """Runs one answer at a time."""

    _answering: Worker[None] | None = None

    def give_back(self, prompt: Prompt) -> None:
        """Put a prompt into the composer that could not be sent."""
        self.query_one(Composer).restore(prompt)

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
        self._name_session()

    @work(group="title", exclusive=True, exit_on_error=False, description="name the session")
    async def _name_session(self) -> None:
        await self.session.name()

    def answer_again(
        self,
        *,
        you: Entry | None = None,
        model: str | None = None,
        max_tokens: int | None = None,
        over_budget: bool = False,
    ) -> None:
        """Answer a prompt anew; None: the last one."""
        if not self.session.busy:
            parameters = {"max_completion_tokens": max_tokens} if max_tokens else None
            self.to_composer()
            self._answering = self._answer(
                self.session.again(you=you, model=model, parameters=parameters, over_budget=over_budget)
            )

    def edit(self, you: Entry, prompt: Prompt) -> None:
        """Say something else in the place of an earlier prompt; where that is not possible, the text stays."""
        if self.session.busy or self.session.shown.kept(you) is None:
            self.give_back(prompt)
            self.say("This cannot be sent now: an answer arrives, or its place is gone.", severity="warning")
            return
        self._answering = self._answer(self.session.edit(you, prompt))

    def go_on(self, answer: Entry) -> None:
        """Go on with an answer that stopped early."""
        self.to_composer()
        self._answering = self._answer(self.session.go_on(answer))

    @work(group="answer", exclusive=False, exit_on_error=False, description="answer a prompt again")
    async def _answer(self, answering: Awaitable[None]) -> None:
        await answering
        await self._take_lease()

    async def _take_lease(self) -> None:
        """A key that was found while answering belongs into the figures too."""
        if self.lease is None and self.session.answer is not None:
            await self.take_key()

    def glance(self) -> None:
        """As `look`, for every key: nothing is begun while it is too early."""
        if self.session.branches.is_due():
            self.look()

    @work(group="look", exclusive=False, exit_on_error=False, description="look what others have done")
    async def look(self, *, at_once: bool = False) -> None:
        """Show what another window has done in this session."""
        await self.session.branches.look(at_once=at_once)

    def stop_answer(self) -> None:
        """End the answer that runs; what arrived is kept."""
        if self._answering is not None:
            self._answering.cancel()

    async def leave_session(self) -> None:
        """Before another conversation is shown: the answer that runs is stopped and kept."""
        self.session.waiting.give_back()
        self.editing.end()
        self.keep_draft()
        if self.session.busy and self._answering is not None:
            self.stop_answer()
            with suppress(WorkerCancelled, WorkerFailed):
                await self._answering.wait()

    async def open_session(self, id_or_prefix: str, *, at: int | None = None, words: Iterable[str] = ()) -> None:
        """Show another conversation.

        Args:
            id_or_prefix: Which one.
            at: Number of the message to go to, on whatever branch it is.
            words: What was found in it: the line where they stand is shown.
        """
        await self.leave_session()
        if at is not None:
            await self._lead_to(id_or_prefix, at)
        await self.session.open(id_or_prefix)
        self.session.choices.leave_model()
        self.take_draft()
        self.to_composer()
        entry = next((entry for entry in self.session.entries if at is not None and entry.key == at), None)
        if entry is not None:
            self.query_one(Transcript).show_text(entry, words)

    async def _lead_to(self, conversation_id: str, message_id: int) -> None:
        """Let the path that is shown lead through a message, if it is still there."""
        service = self.runtime.conversations
        if all(stored.id != message_id for stored in await service.path(conversation_id)):
            with suppress(NotFound):
                await service.switch(conversation_id, message_id)
