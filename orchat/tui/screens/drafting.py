"""A screen that keeps what was typed and not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from orchat.tui.changes import joined
from orchat.tui.drafts import Drafts
from orchat.tui.screens.starting import Starting
from orchat.tui.widgets.composer import Composer

if TYPE_CHECKING:
    from orchat.runtime import Runtime
    from orchat.tui.beginning import Beginning
    from orchat.tui.editing import Editing

DRAFT_S = 0.5
"""Seconds after the last key until a draft is kept."""


class Drafting(Starting):
    """Keeps a draft of each conversation on the disk: what waits in the queue, and what is in the composer.

    Args:
        runtime: Need not have started.
        beginning: How the first conversation begins.
    """

    editing: Editing
    """The earlier message that is edited."""

    def __init__(self, runtime: Runtime, beginning: Beginning) -> None:
        super().__init__(runtime, beginning)
        self._drafts = Drafts(runtime.paths.drafts)
        self._draft_timer: Timer | None = None

    def keep_draft_soon(self) -> None:
        """Write it down when no key has been pressed for a moment."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(DRAFT_S, self.keep_draft)

    def keep_draft(self) -> None:
        """Write it down now, unless nothing shall be on the disk."""
        if self.session.is_temporary:
            return
        draft = joined(*self.session.waiting.prompts, self.editing.draft(self.query_one(Composer).prompt))
        self._drafts.save(self._conversation_id, draft)

    def take_draft(self, *, keep: bool = False) -> None:
        """Bring back what was typed in this conversation and not sent.

        Args:
            keep: Leave what is in the composer, behind it.
        """
        composer = self.query_one(Composer)
        (composer.restore if keep else composer.replace)(self._drafts.load(self._conversation_id))

    @property
    def _conversation_id(self) -> str | None:
        conversation = self.session.conversation
        return conversation.id if conversation else None
