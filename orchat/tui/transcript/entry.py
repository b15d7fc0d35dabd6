"""One message as the transcript shows it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from orchat.domain.events import Cited
    from orchat.tui.transcript.insets import Inset

Speaker: TypeAlias = Literal["you", "model", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCard:
    """What went wrong, in the place where the answer would be."""

    title: str
    """What happened, one line."""
    text: str = ""
    """Whose limit, until when; may wrap."""
    hint: str = ""
    """What to do next."""
    keys: tuple[tuple[str, str], ...] = ()
    """The one-key ways on: key and what it does."""


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A message on the screen. All of its text is foreign text: it is cleaned when it is drawn.

    Change an entry that a transcript holds only through the transcript, which then knows what to draw again.
    """

    role: Speaker
    """Who speaks."""
    title: str = ""
    """Name in the header; empty: ``You`` or nothing."""
    facts: str = ""
    """Right end of the header: time, speed, cost."""
    branch: str = ""
    """Place among the branches, such as ``2 of 3``, before the facts; empty where there is one only."""
    source: str = ""
    """The message itself, Markdown."""
    reasoning: str = ""
    """The model's thoughts, plain text."""
    thought: str = ""
    """Line over the thoughts, such as ``thought for 3 s, 212 tokens``."""
    folded: bool | None = None
    """Whether the thoughts are folded to one line; None: as soon as the answer begins."""
    chips: tuple[str, ...] = ()
    """Attachments, each in a few words: name, size; they are numbered from 1."""
    insets: tuple[Inset, ...] = ()
    """The pictures among them."""
    citations: tuple[Cited, ...] = ()
    """Sources, shown as numbered footnotes."""
    error: ErrorCard | None = None
    """Shown under what arrived."""
    note: str = ""
    """Said under it, dim: what happened on the way."""
    state: str = ""
    """A mark such as ``stopped`` or ``cut: the connection broke``."""
    key: Hashable = None
    """Whatever the caller finds the message again by."""
