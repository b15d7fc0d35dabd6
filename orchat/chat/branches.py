"""The tree of one conversation: which path is shown, what else there is, what goes and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.chat.part import Part
from orchat.errors import NotFound
from orchat.store import conversations as store
from orchat.store import deletions, ledger, tree

if TYPE_CHECKING:
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.sessions import Branch, Deletion, Details, Transcript
    from orchat.store.connection import Connection
    from orchat.store.database import Database


class Watch:
    """Tells when somebody else has changed what a screen shows.

    Args:
        db: Where it is kept.
        transcript: What is shown.
    """

    def __init__(self, db: Database, transcript: Transcript) -> None:
        self._db = db
        self._id = transcript.conversation.id
        self._state = transcript.state
        self._version: int | None = None

    def seen(self, transcript: Transcript) -> None:
        """This is shown now."""
        self._state = transcript.state

    async def changed(self) -> bool:
        """Whether the conversation is another than what is shown; asking every second costs nothing to speak of.

        After a change it says so once. Changes by this very instance are noticed only together with others.
        """
        version = await self._db.read(tree.version)
        if version == self._version:
            return False
        self._version = version
        state = await self._db.read(tree.state, self._id)
        changed = state != self._state
        self._state = state
        return changed


class Branches(Part):
    """The part that looks after the messages within a session."""

    async def path(self, conversation_id: str, leaf_id: int | None = None) -> tuple[StoredMessage, ...]:
        """The messages from the root to a leaf; None: to the active one."""
        return await self._desk_of(conversation_id).db.read(tree.path, conversation_id, leaf_id)

    async def transcript(self, conversation_id: str, *, through: int | None = None) -> Transcript:
        """Everything that a screen shows of a conversation, read at one moment.

        Args:
            conversation_id: Which conversation.
            through: Show the newest path through this message, as long as it is there; None: the active path.

        Raises:
            NotFound: There is no such conversation.
        """
        return await self._desk_of(conversation_id).db.read(_transcript, conversation_id, through)

    def watch(self, transcript: Transcript) -> Watch:
        """What tells when somebody else has changed the conversation that is shown."""
        return Watch(self._desk_of(transcript.conversation.id).db, transcript)

    async def branch(self, conversation_id: str, message_id: int) -> Branch:
        """Where a message stands among those in its place: "2 of 3".

        Raises:
            NotFound: There is no such message.
        """
        return await self._desk_of(conversation_id).db.read(_branch, conversation_id, message_id)

    async def details(self, conversation_id: str, message_id: int) -> Details:
        """All that is known of a message.

        Raises:
            NotFound: There is no such message.
        """
        from orchat.domain.sessions import Details

        desk = self._desk_of(conversation_id)
        message = await desk.db.read(tree.get_message, message_id, conversation_id)
        branches = await desk.db.read(tree.branches, (message_id,))
        usage, cost = message.usage, message.cost
        if message.generation_id is not None:
            books = desk.ledger or desk.db
            entry = await books.read(ledger.of_generation, conversation_id, message.generation_id)
            if entry is not None and entry.settlement.cost.source == "reported":
                usage, cost = entry.settlement.usage or usage, entry.settlement.cost
        return Details(message=message, branch=branches.get(message_id), usage=usage, cost=cost)

    async def switch(self, conversation_id: str, message_id: int) -> Transcript:
        """Show the branch of a message: the active path leads through it to the newest message after it.

        Raises:
            NotFound: There is no such message in the conversation.
        """
        db = self._desk_of(conversation_id).db
        await db.write(tree.switch, conversation_id, message_id)
        return await db.read(_transcript, conversation_id, None)

    async def delete_branch(self, conversation_id: str, message_id: int) -> Deletion:
        """Delete a message with everything after it; the active path goes on beside it.

        Returns:
            What was deleted; `restore_branch` takes its number for as long as deleted sessions are kept.

        Raises:
            NotFound: There is no such message in the conversation.
        """
        desk = self._desk_of(conversation_id)
        return await desk.db.write(deletions.delete_branch, conversation_id, message_id, desk.clock.now())

    async def restore_branch(self, conversation_id: str, deletion_id: int | None = None) -> Deletion:
        """Bring a deleted branch back as it was.

        Args:
            conversation_id: Where it was.
            deletion_id: From `delete_branch`; None: what was deleted last in this conversation.

        Raises:
            NotFound: There is nothing to bring back.
            UsageError: What the branch hangs from was deleted too.
        """
        db = self._desk_of(conversation_id).db
        if deletion_id is None:
            deletion_id = await db.read(deletions.last_deletion, conversation_id)
        return await db.write(deletions.restore_branch, deletion_id or 0)


def _transcript(connection: Connection, conversation_id: str, through: int | None) -> Transcript:
    from orchat.domain.sessions import Transcript

    conversation = store.get(connection, conversation_id)
    leaf = None
    if through is not None:
        try:
            tree.get_message(connection, through, conversation_id)
            leaf = tree.newest_leaf(connection, through)
        except NotFound:
            leaf = None
    path = tree.path(connection, conversation_id, leaf)
    return Transcript(
        conversation=conversation,
        messages=path,
        branches=tree.branches(connection, [message.id for message in path]),
        state=tree.state(connection, conversation_id),
    )


def _branch(connection: Connection, conversation_id: str, message_id: int) -> Branch:
    from orchat.domain.sessions import Branch

    tree.get_message(connection, message_id, conversation_id)
    return tree.branches(connection, (message_id,)).get(message_id) or Branch(ids=(message_id,), number=1)
