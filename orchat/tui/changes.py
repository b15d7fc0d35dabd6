"""What a session tells the screen. The session knows no widget, the screen knows no turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from orchat.tui.transcript.entry import Entry

if TYPE_CHECKING:
    from orchat.tui.attached import Attached


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a person is about to say."""

    text: str
    """As typed."""
    files: tuple[Attached, ...] = ()
    """Pictures and documents that go along, in this order."""
    pastes: tuple[str, ...] = ()
    """Long pasted texts that go along as files."""

    @property
    def is_empty(self) -> bool:
        """Nothing to send."""
        return not (self.text.strip() or self.files or self.pastes)


def joined(*prompts: Prompt) -> Prompt:
    """Prompts as one, with an empty line between their texts.

    Args:
        *prompts: In their order; one may have no text.
    """
    return Prompt(
        text="\n\n".join(prompt.text for prompt in prompts if prompt.text.strip()),
        files=tuple(file for prompt in prompts for file in prompt.files),
        pastes=tuple(paste for prompt in prompts for paste in prompt.pastes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Another conversation is shown."""

    entries: tuple[Entry, ...]
    """All of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spliced:
    """Other messages stand at the end of the path."""

    at: int
    """Index of the first one that is another."""
    entries: tuple[Entry, ...]
    """All from there on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A message begins."""

    entry: Entry
    """The last one from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A message goes."""

    entry: Entry
    """Which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A piece of an answer."""

    entry: Entry
    """Whose."""
    text: str
    """Raw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A piece of a model's thoughts."""

    entry: Entry
    """Whose."""
    text: str
    """Raw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """Something about a message changed, but not its text."""

    entry: Entry
    """Which one."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Names and new values of its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request went out: it counts from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An answer is over, however it ended."""

    entry: Entry
    """Which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged:
    """Prompts wait, or wait no longer."""

    waiting: int
    """How many."""
    following: str = ""
    """Begins like the one whose turn is next: foreign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """Prompts that were not sent belong into the composer again."""

    prompts: tuple[Prompt, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """Title, model, number of turns, or whether an answer runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that may be missed."""

    words: str
    """One line."""
    topic: str = ""
    """Said once about each; empty: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySwitched:
    """Another key pays from now on."""

    label: str
    """What it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNeeded:
    """Nothing can be sent without a key."""

    reason: str
    """Why there is none."""
    is_unreadable: bool = False
    """There may be one, but it cannot be read."""


Change: TypeAlias = (
    Replaced
    | Spliced
    | Added
    | Removed
    | Said
    | Thought
    | Updated
    | Sent
    | Finished
    | QueueChanged
    | GivenBack
    | StateChanged
    | Told
    | KeySwitched
    | KeyNeeded
)
