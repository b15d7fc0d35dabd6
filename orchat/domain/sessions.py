"""Sessions seen from outside: which are wanted, what a screen shows of one, and one as a whole.

Apart from `orchat.domain.conversation`, because a question from the command line needs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchat.domain.conversation import Conversation, StoredMessage
from orchat.domain.money import Cost, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions of all are wanted; what is left open does not count."""

    title: str = ""
    """Every word must be part of the title."""
    model: str = ""
    """Part of the name of a model that answered."""
    after: float | None = None
    """Used at this time or later, in epoch seconds."""
    before: float | None = None
    """Used earlier than this, in epoch seconds."""
    pinned: bool = False
    """Only those that are pinned."""
    deleted: bool = False
    """Those that were deleted and can be brought back, instead of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where a message stands among those that take its place on other branches."""

    ids: tuple[int, ...]
    """All of them, the oldest first."""
    number: int
    """Place of this one, from 1."""

    @property
    def before(self) -> int | None:
        """The one before it, if there is one."""
        return self.ids[self.number - 2] if self.number > 1 else None

    @property
    def after(self) -> int | None:
        """The one after it, if there is one."""
        return self.ids[self.number] if self.number < len(self.ids) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A branch that was deleted: its number brings it back."""

    id: int
    """What `restore_branch` takes."""
    conversation_id: str
    """Where it was."""
    root: int
    """The message that it began with."""
    messages: int
    """How many messages went with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One path through a conversation, and what a screen needs to know around it; read at one moment."""

    conversation: Conversation
    """Title, model and figures."""
    messages: tuple[StoredMessage, ...]
    """From the root to the leaf."""
    branches: Mapping[int, Branch]
    """For the messages that have others in their place: which, by the message's number."""
    state: str
    """Changes whenever anything of the conversation does; see `Conversations.state`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSession:
    """A whole session outside the database: exported, to be imported, or to be kept."""

    conversation: Conversation
    """Its facts; `cost_pico` is what it had cost so far."""
    messages: tuple[StoredMessage, ...]
    """All branches, parents before children. Their numbers hold within the session alone."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The bytes of its attachments, by SHA-256."""
    source: str = ""
    """Where it comes from: the name of a program, a colon, and that program's own id for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All that is known of one message."""

    message: StoredMessage
    """The message: model, provider, times, generation id, key label."""
    branch: Branch | None
    """Where it stands among others in its place; None where it is alone."""
    usage: Usage | None
    """Tokens, the server's later figures included; None when nobody knows."""
    cost: Cost
    """What it cost, the server's later figure included."""
