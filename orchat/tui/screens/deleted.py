"""Sessions that were deleted, as long as they can be brought back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.domain.conversation import Conversation
from orchat.domain.sessions import SessionFilter
from orchat.errors import OrchatError
from orchat.tui.found import models
from orchat.tui.lines import DIM, column, keys_line, spread
from orchat.tui.screens.dialog import TitleLine
from orchat.tui.screens.finder import Finder
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import age, plain, plural

if TYPE_CHECKING:
    from orchat.runtime import Runtime

MOST = 500
"""Sessions listed."""
_WIDE = 70


class DeletedSessions(Finder):
    """Gives back the id of the session that is to come back.

    Args:
        runtime: Started.
    """

    DEFAULT_CSS = """
    DeletedSessions .foot { margin-top: 0; }
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._all: Sequence[Conversation] = ()

    def content(self) -> ComposeResult:
        """Words of the title, list, keys."""
        yield TitleLine("Deleted sessions")
        yield from self.line("words of the title")
        yield RowList(empty="reading …")
        yield Static(keys_line(("Enter", "bring back"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Read them."""
        self._load()

    @work(group="search", exclusive=True, exit_on_error=False, description="list what was deleted")
    async def _load(self) -> None:
        try:
            found = await self._runtime.conversations.list(limit=MOST, wanted=SessionFilter(deleted=True))
        except OrchatError as error:
            self.rows.set_rows((), empty=clean_line(error.message, 200))
            return
        self._all = sorted(found, key=lambda kept: kept.deleted_at or 0.0, reverse=True)
        self.find()

    def find(self) -> None:
        """Show those whose titles hold every word."""
        from orchat.chat.sessions import KEPT_DAYS

        words, now = self.typed.casefold().split(), self._runtime.clock.now()
        found = [kept for kept in self._all if all(word in kept.title.casefold() for word in words)]
        nothing = "none is called like that" if self._all else f"nothing was deleted in the last {KEPT_DAYS} days"
        self.rows.set_rows([Row(kept.id, partial(deleted_line, kept, now)) for kept in found], empty=nothing)
        self.query_one(TitleLine).set_facts(f"{plural(len(found), 'session')}, kept for {KEPT_DAYS} days")


def deleted_line(kept: Conversation, now: float, width: int) -> Content:
    """Title, models, messages, and how long ago it was deleted.

    Args:
        kept: The session.
        now: Epoch seconds.
        width: Cells; the less room, the fewer of them.
    """
    old = age(now - (kept.deleted_at or now))
    right = column(Content("just now" if old == "new" else f"{old} ago"), 12, "right")
    if width >= _WIDE:
        facts = column(Content(plural(kept.messages, "message")), 14, "right")
        right = Content.assemble(column(Content(models(kept)), 22), facts, right)
    return spread(Content.assemble("  ", plain(kept.title, 200)), Content.assemble(right.stylize(DIM), " "), width)
