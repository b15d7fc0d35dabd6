"""The path through a conversation that is shown: each message with its entry, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from orchat.tui import changes
from orchat.tui.changes import Change
from orchat.tui.entries import entries_of
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.transcript.entry import Entry

if TYPE_CHECKING:
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.sessions import Branch, Transcript

_OURS = ("key", "folded", "branch", "note")
"""Fields that a kept message says nothing about, or that do not change."""


class Shown:
    """Entries from the root of a conversation to its leaf.

    Args:
        show: Told of every change, at once and in order.
        keymap: The keys that lead on where something went wrong.
    """

    def __init__(self, show: Callable[[Change], None], keymap: Keymap = USUAL) -> None:
        self._show = show
        self._keymap = keymap
        self._kept: dict[int, StoredMessage] = {}
        self._branches: dict[int, Branch] = {}
        self.entries: list[Entry] = []
        """Oldest first."""

    def add(self, entry: Entry) -> None:
        """Show a message at the end."""
        self.entries.append(entry)
        self._show(changes.Added(entry=entry))

    def take_away(self, entry: Entry) -> None:
        """Show a message no longer."""
        if entry in self.entries:
            self.entries.remove(entry)
            self._show(changes.Removed(entry=entry))

    def cut(self, at: int) -> None:
        """Show nothing from an index on."""
        if at < len(self.entries):
            self._splice(at, [])

    def replace(self, transcript: Transcript | None) -> None:
        """Show another conversation, from its end; None: a new one."""
        spoken = () if transcript is None else _spoken(transcript.messages)
        self.entries = entries_of(spoken, self._keymap)
        self._kept = {message.id: message for message in spoken}
        self._branches = {} if transcript is None else dict(transcript.branches)
        for entry in self.entries:
            entry.branch = self._place(entry)
        self._show(changes.Replaced(entries=tuple(self.entries)))

    def adopt(self, transcript: Transcript) -> bool:
        """Show the same conversation as it is now; what has not changed stays where it is.

        Returns:
            Whether other messages are shown.
        """
        spoken = _spoken(transcript.messages)
        same = 0
        for entry, message in zip(self.entries, spoken, strict=False):
            if entry.key != message.id:
                break
            self._renew(entry, message)
            same += 1
        # What was never kept, such as the card of an answer that was not sent, stays until the conversation goes on.
        is_end = same == len(spoken) and all(entry.key is None for entry in self.entries[same:])
        self._kept = {message.id: message for message in spoken}
        if not is_end:
            self._splice(same, entries_of(spoken[same:], self._keymap))
        self._mark(transcript.branches)
        return not is_end

    def keep(self, message: StoredMessage, branch: Branch | None) -> None:
        """A message was kept that is shown already."""
        self._kept[message.id] = message
        if branch is not None:
            self.place(message.id, branch)

    def place(self, id: int, branch: Branch) -> None:
        """A message stands among others."""
        self._mark({**self._branches, id: branch})

    def _splice(self, at: int, entries: Sequence[Entry]) -> None:
        self.entries[at:] = entries
        self._show(changes.Spliced(at=at, entries=tuple(entries)))

    def _renew(self, entry: Entry, message: StoredMessage) -> None:
        known = self._kept.get(message.id)
        if known is None or (known.state, known.text, known.reply.reasoning) == (
            message.state,
            message.text,
            message.reply.reasoning,
        ):
            return
        fresh = entries_of((message,), self._keymap)[0]
        news = {
            part.name: getattr(fresh, part.name)
            for part in fields(Entry)
            if part.name not in _OURS and getattr(fresh, part.name) != getattr(entry, part.name)
        }
        self._show(changes.Updated(entry=entry, values=news))

    def _mark(self, branches: Mapping[int, Branch]) -> None:
        self._branches = {id: branch for id, branch in branches.items() if len(branch.ids) > 1}
        for entry in self.entries:
            words = self._place(entry)
            if words != entry.branch:
                self._show(changes.Updated(entry=entry, values={"branch": words}))

    def _place(self, entry: Entry) -> str:
        branch = self.branch(entry)
        return "" if branch is None else f"{branch.number} of {len(branch.ids)}"

    # ---- finding ----

    def kept(self, entry: Entry) -> StoredMessage | None:
        """What is kept of a message; None while it arrives, or if nothing is."""
        return self._kept.get(number_of(entry) or 0)

    def branch(self, entry: Entry) -> Branch | None:
        """Where a message stands among those in its place; None where it is alone."""
        return self._branches.get(number_of(entry) or 0)

    def index(self, entry: Entry) -> int:
        """Where a message stands.

        Raises:
            ValueError: It is not shown any more.
        """
        return self.entries.index(entry)

    def prompt_of(self, entry: Entry) -> Entry | None:
        """The prompt that a message answers; a prompt's own is itself."""
        before = reversed(self.entries[: self.index(entry) + 1])
        return next((other for other in before if other.role == "you"), None)

    @property
    def leaf(self) -> int | None:
        """The number of the last message that is kept."""
        return next((id for entry in reversed(self.entries) if (id := number_of(entry)) is not None), None)

    @property
    def is_written_elsewhere(self) -> bool:
        """Whether another window is writing the last message."""
        last = self.kept(self.entries[-1]) if self.entries else None
        return last is not None and last.state == "streaming"


def number_of(entry: Entry) -> int | None:
    """The number of a message that is kept; None for another one."""
    return entry.key if isinstance(entry.key, int) else None


def _spoken(messages: Sequence[StoredMessage]) -> tuple[StoredMessage, ...]:
    return tuple(message for message in messages if message.role in ("user", "assistant"))
