"""Puts what a session says onto the widgets of the chat screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchat.tui import changes
from orchat.tui.changes import Change
from orchat.tui.commands import BY_ID
from orchat.tui.entries import is_unfinished
from orchat.tui.keymap import Keymap
from orchat.tui.layout import footer_pairs
from orchat.tui.shown import Shown
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.chips import KEYS as CHIP_KEYS
from orchat.tui.widgets.chips import Chips
from orchat.tui.widgets.composer import Composer
from orchat.tui.widgets.keybar import KeyBar
from orchat.tui.widgets.opening import Opening
from orchat.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen
    from orchat.tui.session import Session


class Stage:
    """The widgets that follow a session.

    Args:
        screen: Holds them.
        changed: Called when title, model or state have to be shown again.
    """

    def __init__(self, screen: ChatScreen, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._changed = changed
        self.opening = Opening()
        """Stands in a conversation before anything is said."""

    def show(self, change: Change) -> None:
        """Show one change."""
        transcript = self._screen.query_one(Transcript)
        self._show_change(change, transcript)
        if not isinstance(change, changes.Said | changes.Thought):
            self.opening.set_class(not transcript.entries, "-shown")

    def _show_change(self, change: Change, transcript: Transcript) -> None:
        match change:
            case changes.Said():
                transcript.stream_text(change.entry, change.text)
            case changes.Thought():
                transcript.stream_reasoning(change.entry, change.text)
            case changes.Updated():
                transcript.update_entry(change.entry, **change.values)
            case changes.Added():
                transcript.add(change.entry)
                transcript.follow()
            case changes.Removed():
                transcript.remove(change.entry)
            case changes.Finished():
                transcript.finish(change.entry)
            case changes.Spliced():
                transcript.splice(change.at, change.entries)
            case changes.Replaced():
                transcript.set_entries(list(change.entries))
            case _:
                self._show_rest(change)

    def _show_rest(self, change: Change) -> None:
        match change:
            case changes.QueueChanged():
                chips = self._screen.query_one(Chips)
                chips.waiting, chips.following = change.waiting, change.following
            case changes.GivenBack():
                composer = self._screen.query_one(Composer)
                for prompt in reversed(change.prompts):
                    composer.restore(prompt)
            case _:
                self._changed()

    def show_state(self, session: Session, *, ready: bool, keymap: Keymap) -> None:
        """Title, model, keys.

        Args:
            session: What is shown.
            ready: Whether something can be sent.
            keymap: The keys that count.
        """
        bar = self._screen.query_one(TopBar)
        bar.conversation, bar.temporary = session.title, session.is_temporary
        bar.turns, bar.model = session.turns, session.model
        bar.ready = ready
        self._screen.query_one(Composer).area.prompts = session.prompts
        self.opening.is_temporary = session.is_temporary
        self.opening.pairs = opening_pairs(keymap)
        self.opening.set_class(not session.entries, "-shown")
        marked = self._screen.query_one(Transcript).marked
        if marked is not None:
            self._screen.query_one(KeyBar).pairs = message_pairs(session.shown, marked, keymap)
            return
        if isinstance(self._screen.focused, Chips):
            self._screen.query_one(KeyBar).pairs = CHIP_KEYS
            return
        self._screen.query_one(KeyBar).pairs = footer_pairs(keymap, busy=session.busy)


def opening_pairs(keymap: Keymap) -> tuple[tuple[str, str], ...]:
    """The keys to begin with.

    Args:
        keymap: The keys that count.
    """
    ways = (("model", "another model"), ("sessions", "an earlier session"))
    keys = [(keymap.shown(id), about) for id, about in ways]
    keys += [("/", "every command"), (keymap.shown("help"), "all keys")]
    return tuple((key, about) for key, about in keys if key)


def message_pairs(shown: Shown, marked: Entry, keymap: Keymap) -> tuple[tuple[str, str], ...]:
    """The keys that do something with a message.

    Args:
        shown: What is on the screen.
        marked: The message.
        keymap: The keys that count.
    """
    kept = shown.kept(marked)
    ids = ["copy_answer", "edit", "again", "again_with", "fork", "delete", "details"]
    if marked.chips:
        ids[:0] = ["files", "save_files"]
    if "```" in marked.source:
        ids.insert(1, "copy_code")
    if kept is not None and is_unfinished(kept):
        ids.insert(0, "go_on")
    pairs = [(keymap.shown(id), BY_ID[id].title) for id in ids if keymap.shown(id)]
    if shown.branch(marked) is not None:
        sides = "".join(keymap.shown(id) for id in ("previous_branch", "next_branch"))
        pairs.insert(0, (sides or f"/{BY_ID['next_branch'].slash}", "branch"))
    return (*pairs, ("Esc", "back"))
