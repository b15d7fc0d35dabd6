"""The list of sessions: what was talked about, found by any word in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.domain.conversation import Conversation, SearchHit
from orchat.errors import OrchatError
from orchat.tui.lines import ACCENT, DIM, STRONG, column, keys_line, spread
from orchat.tui.screens.confirm import AskLine, Confirm
from orchat.tui.screens.dialog import TitleLine
from orchat.tui.screens.finder import Finder
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plain, plural, short_model, usd, when

if TYPE_CHECKING:
    from orchat.runtime import Runtime

MOST = 500
"""Sessions listed; older ones are found by searching."""
_WIDE = 84
MATCH_BEGINS, MATCH_ENDS = "\x02", "\x03"
"""Between these stands what a search found."""


class Sessions(Finder):
    """Gives back the id of the session to go on with.

    Args:
        runtime: Started.
        current: Id of the session that is shown, if it has one.
    """

    BINDINGS = [
        Binding("f2", "rename", "Rename", show=False, priority=True),
        Binding("ctrl+d", "delete", "Delete", show=False, priority=True),
    ]

    def __init__(self, runtime: Runtime, *, current: str | None = None) -> None:
        super().__init__()
        self._runtime = runtime
        self._current = current
        self._all: dict[str, Conversation] = {}
        self.deleted: set[str] = set()
        """Ids of the sessions that were deleted here."""
        self.renamed: set[str] = set()
        """Ids of the sessions that were renamed here."""

    def content(self) -> ComposeResult:
        """Search, list, keys."""
        yield TitleLine("Sessions")
        yield from self.line("words of a title or of anything that was said")
        yield RowList(empty="loading …")
        yield Static(keys_line(("Enter", "go on"), ("F2", "rename"), ("^D", "delete"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Fill the list."""
        self._search("")

    def find(self) -> None:
        """Show the titles that fit at once, and where else it was said as soon as that is known."""
        self._fill(self.typed, (), None, empty="searching …")
        self._search(self.typed)

    @work(group="search", exclusive=True, exit_on_error=False, description="search the sessions")
    async def _search(self, text: str, highlight: str | None = None) -> None:
        service = self._runtime.conversations
        try:
            if not self._all or highlight is not None:
                self._all = {found.id: found for found in await service.list(limit=MOST)}
            hits = await service.search(text) if text.strip() else []
        except OrchatError as error:
            self.rows.set_rows((), empty=clean_line(error.message, 200))
            return
        self._fill(text, hits, highlight or self._current)

    def _fill(self, text: str, hits: Sequence[SearchHit], highlight: str | None, empty: str = "") -> None:
        now = self._runtime.clock.now()
        words = text.casefold().split()
        found = [kept for kept in self._all.values() if all(word in kept.title.casefold() for word in words)]
        rows = [Row(kept.id, partial(_line, kept, now)) for kept in found]
        listed = {kept.id for kept in found}
        for hit in hits:
            if hit.conversation_id not in listed:
                listed.add(hit.conversation_id)
                rows.append(Row(hit.conversation_id, partial(_hit_line, hit, now)))
        nothing = "nothing was said like that" if words else "no session yet: whatever you ask is kept here"
        self.rows.set_rows(rows, highlight=None if words else highlight, empty=empty or nothing)
        self.query_one(TitleLine).set_facts(plural(len(rows), "session"))

    # ---- changing ----

    @work(group="change", exclusive=True, exit_on_error=False, description="rename a session")
    async def action_rename(self) -> None:
        """Give the highlighted session another title."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        title = await self.app.push_screen_wait(AskLine("Rename", self._title(chosen.id)))
        if title and title.strip():
            await self._runtime.conversations.rename(chosen.id, title)
            self.renamed.add(chosen.id)
            self._search(self.typed, highlight=chosen.id)

    @work(group="change", exclusive=True, exit_on_error=False, description="delete a session")
    async def action_delete(self) -> None:
        """Delete the highlighted session, after a question."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        about = Content.assemble(plain(self._title(chosen.id), 200), "\n", ("It cannot be brought back.", DIM))
        if await self.app.push_screen_wait(Confirm("Delete this session?", about, yes="delete")):
            await self._runtime.conversations.delete(chosen.id)
            self.deleted.add(chosen.id)
            self._search(self.typed, highlight="")

    def _title(self, conversation_id: str) -> str:
        kept = self._all.get(conversation_id)
        return kept.title if kept else conversation_id


def _line(kept: Conversation, now: float, width: int) -> Content:
    """Title, model, messages, cost, time: the less room, the fewer of them."""
    time = _time(kept.updated_at, now)
    title = Content.assemble(" ", plain(kept.title, 200))
    if width < _WIDE:
        return spread(title, time, width)
    cost = usd(kept.cost_pico) if kept.cost_pico else ""
    right = Content.assemble(
        column(Content(clean_line(short_model(kept.model or ""), 40)), 22),
        column(Content(plural(kept.messages, "message")), 13, "right"),
        column(Content(cost), 11, "right"),
        time,
    )
    return spread(title, right.stylize(DIM), width)


def _time(epoch_s: float, now: float) -> Content:
    return Content.assemble(column(Content.styled(when(epoch_s, now), DIM), 11, "right"), " ")


def _hit_line(hit: SearchHit, now: float, width: int) -> Content:
    """The title, and the words around what was found."""
    title = plain(hit.conversation_title, 200).truncate(max(12, width // 3), ellipsis=True)
    return spread(Content.assemble(" ", title, "  ", snippet(hit.snippet)), _time(hit.created_at, now), width)


def snippet(text: str) -> Content:
    """Text around a match, the match in bold: both are foreign."""
    parts: list[Content] = []
    for piece in text.split(MATCH_BEGINS):
        found, mark, rest = piece.partition(MATCH_ENDS)
        if mark:
            parts.append(Content.styled(clean_line(found, 200), f"{STRONG} {ACCENT}"))
        else:
            rest = found
        kept = clean_line(f"|{rest}|", 300)[1:-1]
        parts.append(Content.styled(kept, DIM))
    return Content("").join(parts)
