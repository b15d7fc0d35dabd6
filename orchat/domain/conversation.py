"""Conversations as they are kept: trees of messages, of which one path is active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orchat.domain.choices import LINK as LINK
from orchat.domain.content import Role
from orchat.domain.events import Timing
from orchat.domain.fold import Reply
from orchat.domain.money import UNKNOWN_COST, Cost, Usage

MessageState = Literal["done", "streaming", "stopped", "cut", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file beside the database, addressed by its content."""

    sha256: str
    """Hex digest of the bytes."""
    name: str
    """File name as the user knew it, raw."""
    mime: str
    """By content, never by extension."""
    size: int
    """Bytes."""
    width: int | None = None
    """Pixels, for images."""
    height: int | None = None
    """Pixels, for images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One node of a conversation's tree."""

    id: int
    """Number in the database."""
    conversation_id: str
    """Which conversation."""
    parent_id: int | None
    """The message before; None for a root."""
    role: Role
    """Who speaks."""
    reply: Reply
    """Text and everything else that was said; for prompts only the text is set."""
    state: MessageState = "done"
    """``streaming`` while it arrives; ``stopped`` by the user, ``cut`` by the network, ``failed`` with nothing."""
    created_at: float = 0.0
    """Epoch seconds."""
    attachments: tuple[Attachment, ...] = ()
    """Files sent with a prompt, or pictures received."""
    model: str | None = None
    """The model that answered."""
    provider: str | None = None
    """Who served it."""
    generation_id: str | None = None
    """``gen-…``."""
    finish_reason: str | None = None
    """As the server said."""
    usage: Usage | None = None
    """None when the server never said."""
    cost: Cost = UNKNOWN_COST
    """Of this message alone."""
    timing: Timing = field(default_factory=Timing)
    """How long it took."""
    key_label: str | None = None
    """Which key paid."""
    error: str | None = None
    """One line, for cut and failed answers."""
    hint: str | None = None
    """What to do about the error."""
    continues: int | None = None
    """The answer that stopped early and that this one goes on with: its text begins with that one's."""

    @property
    def text(self) -> str:
        """What was said."""
        return self.reply.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One session."""

    id: str
    """Short, unique, sorts by creation: what ``orchat -r`` takes."""
    title: str
    """The first line of the first prompt, or what the user chose."""
    created_at: float
    """Epoch seconds."""
    updated_at: float
    """Epoch seconds of the last message."""
    model: str | None = None
    """The model used last; None: the configured default."""
    system: str | None = None
    """System prompt."""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Fields of `ChatRequest` that every turn of it sets."""
    persona: str | None = None
    """Name of the persona that system prompt, model and parameters came from."""
    active_leaf: int | None = None
    """The message whose path to the root is shown."""
    messages: int = 0
    """How many there are, over all branches."""
    cost_pico: int = 0
    """Known cost of all its requests, every branch and attempt included."""
    models: tuple[str, ...] = ()
    """The models that answered in it, by name."""
    pinned: bool = False
    """Stands at the top of the list."""
    title_is_manual: bool = False
    """A person chose the title: nothing else replaces it."""
    deleted_at: float | None = None
    """Epoch seconds; None unless it is deleted and can still be brought back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A message found by full-text search."""

    conversation_id: str
    """Which conversation."""
    conversation_title: str
    """Its title."""
    message_id: int
    """Which message."""
    role: Role
    """Who said it."""
    snippet: str
    """Text around the match; the match stands between \\x02 and \\x03."""
    created_at: float
    """Epoch seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person is about to send."""

    text: str
    """The prompt."""
    attachments: tuple[Attachment, ...] = ()
    """Files that go with it, already kept by the store."""
    model: str | None = None
    """Model for this turn and the following ones; None: as before."""
