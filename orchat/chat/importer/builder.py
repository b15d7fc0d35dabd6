"""Puts a session together from messages that a foreign file tells in any order."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from orchat.domain.conversation import Attachment, Conversation, StoredMessage
from orchat.domain.fold import Reply
from orchat.domain.sessions import SavedSession
from orchat.store.messages import title_of

LONGEST_TITLE = 200
NOTHING_SAID = "nothing was said in it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A session that could not be understood."""

    title: str
    """What is known of its name; foreign text."""
    reason: str
    """One line."""


Found = list[SavedSession | Unreadable]
"""The sessions of a file, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A file within a foreign session."""

    data: bytes
    """Its bytes."""
    name: str
    """As it was called there."""
    mime: str
    """As it was declared there."""


class Builder:
    """Collects messages under whatever keys the file has for them.

    Args:
        source: See `SavedSession.source`.
        facts: What is known of the session; its id counts only where it is one of ours.
    """

    def __init__(self, source: str, facts: Conversation) -> None:
        self._source = source
        self._facts = facts
        self._messages: dict[str, StoredMessage] = {}
        self._parents: dict[str, str | None] = {}
        self._continues: dict[str, str] = {}
        self._files: dict[str, bytes] = {}

    def enclose(self, files: Sequence[Enclosed]) -> tuple[Attachment, ...]:
        """Take files in, for a message that will be added."""
        attachments = []
        for file in files:
            digest = hashlib.sha256(file.data).hexdigest()
            self._files[digest] = file.data
            attachments.append(Attachment(sha256=digest, name=file.name, mime=file.mime, size=len(file.data)))
        return tuple(attachments)

    def add(self, key: str, parent: str | None, message: StoredMessage, *, continues: str | None = None) -> None:
        """Add a message; its numbers do not count, and one whose parent never comes begins a path of its own."""
        self._messages[key] = message
        self._parents[key] = parent
        if continues is not None:
            self._continues[key] = continues

    def session(self, active: str | None = None, *, by_time: bool = True) -> SavedSession:
        """All that was added, parents before children.

        Args:
            active: Key of the message that the active path leads to; None: the last one.
            by_time: Where there is a choice, the older message comes first; otherwise the one added first.
        """
        numbers = {key: number for number, key in enumerate(self._in_order(by_time), start=1)}
        messages = tuple(self._numbered(key, numbers) for key in numbers)
        facts = self._facts
        first = next((message.text for message in messages if message.role == "user" and message.text.strip()), "")
        last_said = max((message.created_at for message in messages), default=0.0)
        created = facts.created_at or next((m.created_at for m in messages if m.created_at), 0.0)
        conversation = replace(
            facts,
            title=" ".join(facts.title.split())[:LONGEST_TITLE] or title_of(first),
            created_at=created,
            updated_at=facts.updated_at or max(created, last_said),
            active_leaf=numbers.get(active or "", messages[-1].id if messages else 0) or None,
            messages=len(messages),
        )
        return SavedSession(conversation=conversation, messages=messages, files=self._files, source=self._source)

    def _numbered(self, key: str, numbers: dict[str, int]) -> StoredMessage:
        number = numbers[key]
        parent = numbers.get(self._parents[key] or "", number)
        before = numbers.get(self._continues.get(key, ""), number)
        return replace(
            self._messages[key],
            id=number,
            parent_id=parent if parent < number else None,
            continues=before if before < number else None,
        )

    def _in_order(self, by_time: bool) -> list[str]:
        """Keys so that parents come before children; who is his own ancestor loses the parent named first."""
        places = {key: place for place, key in enumerate(self._messages)}
        children: dict[str | None, list[str]] = defaultdict(list)
        for key, parent in self._parents.items():
            children[parent if parent in places and parent != key else None].append(key)
        ready: list[tuple[float, int, str]] = []
        order: list[str] = []
        waiting = dict.fromkeys(places)
        begin = children[None] or list(places)[:1]
        while begin:
            for key in begin:
                heappush(ready, (self._messages[key].created_at if by_time else 0.0, places[key], key))
            while ready:
                key = heappop(ready)[2]
                if key not in waiting:
                    continue
                del waiting[key]
                order.append(key)
                for child in children[key]:
                    heappush(ready, (self._messages[child].created_at if by_time else 0.0, places[child], child))
            begin = list(waiting)[:1]
        return order


def said(role: str, reply: str | Reply, created_at: float = 0.0, **facts: object) -> StoredMessage:
    """A message that is not in any database yet; every role but that of a person is the model's."""
    return StoredMessage(
        id=0,
        conversation_id="",
        parent_id=None,
        role="user" if role == "user" else "assistant",
        reply=Reply(text=reply) if isinstance(reply, str) else reply,
        created_at=created_at,
        **facts,  # type: ignore[arg-type]  # fields of StoredMessage
    )


def beginning(title: str, created_at: float = 0.0, **facts: object) -> Conversation:
    """The facts of a session that is not in any database yet."""
    return Conversation(
        id="",
        title=title,
        created_at=created_at,
        **{"updated_at": 0.0, **facts},  # type: ignore[arg-type]  # fields of Conversation
    )
