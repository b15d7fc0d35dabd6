"""What came of an import, and what tells that something came before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from orchat.chat.export import to_json
from orchat.domain.conversation import StoredMessage
from orchat.domain.sessions import SavedSession

Outcome = Literal["imported", "known", "deleted", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSession:
    """What came of one session of a file."""

    outcome: Outcome
    """``imported``; ``known``: here already; ``deleted``: was here and can be brought back; ``failed``."""
    title: str
    """Its title; foreign text."""
    id: str | None = None
    """The session here; None where it failed."""
    messages: int = 0
    """How many came."""
    reason: str = ""
    """Why it failed, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of one file."""

    path: Path
    """The file."""
    program: str
    """Who wrote it."""
    sessions: tuple[ImportedSession, ...]
    """In the order of the file."""

    def count(self, outcome: Outcome) -> int:
        """How many sessions ended so."""
        return sum(session.outcome == outcome for session in self.sessions)


def content_hash(saved: SavedSession) -> str:
    """A digest of everything that a session holds, its files by their digests."""
    told = to_json(replace(saved, files={}))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def paths_of(messages: Iterable[StoredMessage]) -> frozenset[str]:
    """For each message a digest of all that leads to it: what two sessions share, they share here too.

    Args:
        messages: Parents before children.
    """
    digests: dict[int | None, str] = {None: ""}
    for message in messages:
        files = [file.sha256 for file in message.attachments]
        said = [digests.get(message.parent_id, ""), message.role, message.text, message.reply.reasoning, files]
        digests[message.id] = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    del digests[None]
    return frozenset(digests.values())
