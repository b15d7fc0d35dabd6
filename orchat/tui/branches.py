"""What can be done with the branches of the conversation that is shown, and whether somebody else did something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.errors import NotFound, UsageError
from orchat.tui.shown import number_of

if TYPE_CHECKING:
    from orchat.chat.branches import Watch
    from orchat.domain.conversation import Conversation
    from orchat.domain.sessions import Deletion, Details
    from orchat.runtime import Runtime
    from orchat.tui.session import Session
    from orchat.tui.transcript.entry import Entry

LOOK_S = 2.0
"""Between two looks for what others have done."""


def must_be_idle(session: Session) -> None:
    """Let nothing be done to a conversation while an answer arrives in it.

    Raises:
        UsageError: One does.
    """
    if session.busy:
        raise UsageError("an answer still arrives", hint="wait for it, or stop it with Esc")


class Branches:
    """Switches, deletes, restores, copies; everything it does can be undone.

    Args:
        runtime: It has started when something is shown.
        session: What is shown.
    """

    def __init__(self, runtime: Runtime, session: Session) -> None:
        self._runtime = runtime
        self._session = session
        self._watch: Watch | None = None
        self._watched = ""
        self._looked = 0.0
        self.deletion: Deletion | None = None
        """What was deleted last and is not back yet."""

    async def switch(self, entry: Entry, by: int) -> bool:
        """Show the branch before or after that of a message.

        Returns:
            False when there is none.
        """
        branch = self._session.shown.branch(entry)
        other = None if branch is None else branch.before if by < 0 else branch.after
        return other is not None and await self.show(other)

    async def show(self, id: int) -> bool:
        """Show the branch of a message by its number."""
        conversation_id = self._idle()
        self._session.adopt(await self._runtime.conversations.switch(conversation_id, id))
        return True

    async def delete(self, entry: Entry) -> Deletion:
        """Delete a message with everything after it."""
        conversation_id = self._idle()
        self.deletion = await self._runtime.conversations.delete_branch(conversation_id, self._number(entry))
        self._session.adopt(await self._runtime.conversations.transcript(conversation_id))
        return self.deletion

    async def restore(self) -> Deletion:
        """Bring back what was deleted last.

        Raises:
            NotFound: There is nothing.
        """
        conversation_id = self._idle()
        restored = await self._runtime.conversations.restore_branch(conversation_id)
        self.deletion = None
        await self.show(restored.root)
        return restored

    async def fork(self, entry: Entry) -> Conversation:
        """Copy the path to a message into a session of its own."""
        return await self._runtime.conversations.fork(self._id(), self._number(entry))

    async def details(self, entry: Entry) -> Details:
        """All that is known of a message."""
        return await self._runtime.conversations.details(self._id(), self._number(entry))

    def is_due(self, *, at_once: bool = False) -> bool:
        """Whether it may be looked for what others have done; asking often costs nothing.

        Args:
            at_once: Also right after another look.
        """
        session, passed = self._session, self._runtime.clock.monotonic() - self._looked
        return session.conversation is not None and not session.busy and (at_once or not 0 <= passed < LOOK_S)

    async def look(self, *, at_once: bool = False) -> None:
        """Show what another window has done here, if it has and it is time to look.

        Args:
            at_once: Also right after another look: there may be no occasion for a later one.
        """
        session, service = self._session, self._runtime.conversations
        present = session.conversation
        if present is None or not self.is_due(at_once=at_once):
            return
        self._looked = self._runtime.clock.monotonic()
        try:
            if self._watch is not None and self._watched == present.id and not await self._watch.changed():
                return
            transcript = await service.transcript(present.id, through=session.shown.leaf)
        except NotFound:
            return
        if self._watch is None or self._watched != present.id:
            self._watch, self._watched = service.watch(transcript), present.id
        self._watch.seen(transcript)
        session.adopt(transcript)

    def _id(self) -> str:
        if self._session.conversation is None:
            raise UsageError("nothing was said yet", hint="ask something first")
        return self._session.conversation.id

    def _idle(self) -> str:
        must_be_idle(self._session)
        return self._id()

    def _number(self, entry: Entry) -> int:
        number = number_of(entry)
        if number is None:
            raise UsageError("this message is not kept", hint="it was never sent")
        return number
