"""An earlier message that is said anew in the composer, while the draft waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.errors import UsageError
from orchat.tui.changes import Prompt
from orchat.tui.transcript.entry import Entry
from orchat.tui.widgets.chips import Chips

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen


class Editing:
    """Which message is edited, if one is.

    Args:
        screen: Holds the composer, and the line that says what is in it.
    """

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._draft = Prompt(text="")
        self.entry: Entry | None = None
        """Shows the message as it was."""

    def begin(self, entry: Entry, prompt: Prompt) -> None:
        """Put a message into the composer; what was there comes back when this is over.

        Args:
            entry: Shows the message.
            prompt: What stands in the composer at first.
        """
        if self.entry is None:
            self._draft = self._screen.composer.prompt
        self.entry = entry
        self._screen.composer.replace(prompt)
        self._screen.to_composer()
        self._screen.query_one(Chips).editing = "editing an earlier message"

    def end(self) -> Entry | None:
        """Bring the draft back.

        Returns:
            What was edited; None if nothing was.
        """
        entry, self.entry = self.entry, None
        if entry is not None:
            self._screen.composer.replace(self._draft)
            self._screen.query_one(Chips).editing = ""
        return entry

    def must_be_over(self) -> None:
        """Let nothing else be asked while a message is edited.

        Raises:
            UsageError: One is.
        """
        if self.entry is not None:
            raise UsageError("an earlier message is being edited", hint="send it with Enter, or leave it with Esc")

    def draft(self, prompt: Prompt) -> Prompt:
        """What is to be kept as the draft.

        Args:
            prompt: What is in the composer.
        """
        return prompt if self.entry is None or self._draft.is_empty else self._draft
