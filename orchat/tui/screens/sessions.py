"""The list of sessions: what was talked about, found by any word in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.domain.conversation import Conversation, SearchHit, StoredMessage
from orchat.domain.query import parse_query
from orchat.domain.sessions import SessionFilter
from orchat.errors import OrchatError
from orchat.tui import exporting
from orchat.tui.found import facts, hit_line, line, preview, preview_below, words_of
from orchat.tui.keys import place_bindings
from orchat.tui.lines import DIM, keys_rows
from orchat.tui.screens.confirm import AskLine, Choose
from orchat.tui.screens.deleted import DeletedSessions
from orchat.tui.screens.dialog import NoteLine, TitleLine, soon
from orchat.tui.screens.finder import Finder
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plural

if TYPE_CHECKING:
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

MOST = 500
"""Sessions listed; older ones are found by searching."""
PREVIEW_S = 0.05
"""Seconds that a row has to be looked at before its session is read."""
SPLIT = 100
"""Cells from which on the preview stands beside the list."""
BELOW = 20
"""Rows from which on it stands below a list that it has no room beside."""
WORDS = ("rename", "pin", "duplicate", "fork", "export", "delete", "undo", "deleted")
"""What can be done, in the order of the keys at the bottom."""


class Sessions(Finder):
    """Gives back the id of the session to go on with; `hit` tells where in it.

    Args:
        runtime: Started.
        current: Id of the session that is shown, if it has one.
        can_keep: The session that is shown is temporary, and may be kept after all.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    Sessions {
        & > #panel { max-width: 160; max-height: 52; }
        & #found { height: 1fr; }
        & RowList { width: 1fr; }
        & #preview { width: 1fr; height: 1fr; margin-left: 1; padding-left: 2; display: none; overflow: hidden; }
        & #facts { height: 1; display: none; }
        & .foot { margin-top: 0; }
    }
    Sessions.-below #found { layout: vertical; }
    Sessions.-below #preview { display: block; height: 35%; margin-left: 0; border-top: solid $line; }
    Sessions.-split #preview { display: block; border-left: solid $line; }
    Sessions.-wide #facts { display: block; }
    Sessions.-narrow #facts { display: block; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide"), (SPLIT, "-split")]
    BINDINGS = place_bindings("sessions")

    def __init__(self, runtime: Runtime, *, current: str | None = None, can_keep: bool = False) -> None:
        super().__init__()
        self._runtime = runtime
        self._current = current
        self._can_keep = can_keep
        self.is_kept = False
        """Whether the temporary session that is shown shall be kept."""
        self._all: dict[str, Conversation] = {}
        self._hits: dict[str, SearchHit] = {}
        self._gone: list[str] = []
        self.renamed: set[str] = set()
        """Ids of the sessions that were renamed here."""

    @property
    def deleted(self) -> frozenset[str]:
        """Ids of the sessions that were deleted here and not brought back."""
        return frozenset(self._gone)

    def hit(self, conversation_id: str) -> int | None:
        """Number of the message that was found in a session."""
        found = self._hits.get(conversation_id)
        return found.message_id if found else None

    def words(self, conversation_id: str) -> tuple[str, ...]:
        """The words that were found in that message."""
        found = self._hits.get(conversation_id)
        return words_of(found.snippet) if found else ()

    def content(self) -> ComposeResult:
        """Search, list, preview, keys."""
        yield TitleLine("Sessions")
        yield from self.line('words · "a phrase" · model:NAME · after:2026-01 · title:WORD')
        with Horizontal(id="found"):
            yield RowList(empty="loading …")
            yield Static(Content(""), id="preview")
        yield Static(Content(""), id="facts")
        yield NoteLine()
        yield Static(Content(""), classes="foot", id="keys")

    def on_mount(self) -> None:
        """Fill the list."""
        self._search("")

    def on_resize(self) -> None:
        """The keys take as many lines as they need, the preview as many as there are."""
        self.set_class(self.size.width < SPLIT and self.size.height >= BELOW, "-below")
        soon(self, self._refit)

    def _refit(self) -> None:
        keys = self.query_one("#keys", Static)
        keep = [("sessions_keep", "keep this one")] if self._can_keep else []
        pairs = self.app.keymap.pairs(*keep, *((f"sessions_{word}", word) for word in WORDS))
        keys.update(keys_rows(("Enter", "open"), *pairs, ("Esc", "back"), width=max(20, keys.size.width)))
        self._look(self.rows.highlighted)

    # ---- finding ----

    def find(self) -> None:
        """Show the titles that fit at once, and where else it was said as soon as that is known."""
        self._note("")
        self._hits = {}
        self._fill(self.typed, (), None, empty="searching …")
        self._search(self.typed)

    @work(group="search", exclusive=True, exit_on_error=False, description="search the sessions")
    async def _search(self, text: str, highlight: str | None = None) -> None:
        service = self._runtime.conversations
        try:
            if not self._all or highlight is not None:
                self._all = {found.id: found for found in await service.list(limit=MOST)}
            hits = await service.search(text) if text.strip() else []
            if len(self._all) >= MOST and (title := _title_words(text)):
                older = await service.list(limit=MOST, wanted=SessionFilter(title=title))
                self._all.update({found.id: found for found in older})
        except OrchatError as error:
            self.rows.set_rows((), empty=clean_line(error.message, 200))
            return
        self._fill(text, hits, highlight or (None if text.strip() else self._current))

    def _fill(self, text: str, hits: Sequence[SearchHit], highlight: str | None, empty: str = "") -> None:
        now, words = self._runtime.clock.now(), _title_words(text).casefold().split()
        is_all = not text.strip()
        found = [
            kept
            for kept in self._all.values()
            if is_all or (words and all(word in kept.title.casefold() for word in words))
        ]
        self._hits = {}
        for hit in hits:
            self._hits.setdefault(hit.conversation_id, hit)
        pinned: list[Row] = []
        others: list[Row] = []
        titled = {kept.id for kept in found}
        for kept in found:
            (pinned if kept.pinned else others).append(Row(kept.id, partial(line, kept, now)))
        for id, hit in self._hits.items():
            if id not in titled:
                of = self._all.get(id)
                (pinned if of and of.pinned else others).append(Row(id, partial(hit_line, hit, of, now)))
        nothing = "no session yet: whatever you ask is kept here" if is_all else "nothing was said like that"
        self.rows.set_rows([*pinned, *others], highlight=highlight, empty=empty or nothing)
        self.query_one(TitleLine).set_facts(plural(len(pinned) + len(others), "session"))

    # ---- looking ----

    @on(RowList.Highlighted)
    def _highlighted(self, event: RowList.Highlighted) -> None:
        event.stop()
        self._look(event.row)

    def _look(self, row: Row | None) -> None:
        if row is None:
            # Whoever still reads the session before would show it beside an empty list.
            self.workers.cancel_group(self, "preview")
            self._show(Content(""), Content(""))
        else:
            self._preview(row.id)

    @work(group="preview", exclusive=True, exit_on_error=False, description="read a session for its preview")
    async def _preview(self, id: str) -> None:
        await self._runtime.clock.sleep(PREVIEW_S)
        hit = self._hits.get(id)
        try:
            told = await self._runtime.conversations.transcript(id, through=hit.message_id if hit else None)
        except OrchatError as error:
            self._show(Content.styled(clean_line(error.message, 200), DIM), Content(""))
            return
        now, pane = self._runtime.clock.now(), self.query_one("#preview", Static)
        path: Sequence[StoredMessage] = told.messages
        size = (max(20, pane.content_size.width), max(4, pane.content_size.height))
        shown = preview(told.conversation, path, hit, now, size)
        if self.has_class("-below"):
            shown = preview_below(path, hit, size[1])
        self._show(shown, facts(told.conversation, path, now))

    def _show(self, preview: Content, facts: Content) -> None:
        self.query_one("#preview", Static).update(preview)
        self.query_one("#facts", Static).update(Content.assemble("  ", facts) if facts else facts)

    def _note(self, words: str, *, is_error: bool = False) -> None:
        self.query_one(NoteLine).say(words, is_error=is_error)

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

    @work(group="change", exit_on_error=False, description="pin a session")
    async def action_pin(self) -> None:
        """Keep the highlighted session at the top, or let it go down."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        kept = await self._runtime.conversations.get(chosen.id)
        await self._runtime.conversations.pin(chosen.id, not kept.pinned)
        self._note("Not pinned any more." if kept.pinned else "Pinned: it stays at the top.")
        self._search(self.typed, highlight=chosen.id)

    @work(group="change", exit_on_error=False, description="duplicate a session")
    async def action_duplicate(self) -> None:
        """Copy the highlighted session with all its branches."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        made = await self._runtime.conversations.duplicate(chosen.id)
        self._note("Duplicated: the copy is highlighted.")
        self._search(self.typed, highlight=made.id)

    @work(group="change", exit_on_error=False, description="fork a session")
    async def action_fork(self) -> None:
        """Copy the highlighted session up to the message that was found, or to its end, without other branches."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        service = self._runtime.conversations
        at = self.hit(chosen.id)
        if at is None:
            path = (await service.transcript(chosen.id)).messages
            at = path[-1].id if path else None
        if at is None:
            self._note("There is nothing to fork in it.")
            return
        made = await service.fork(chosen.id, at)
        where = "up to what was found" if self.hit(chosen.id) is not None else "without other branches"
        self._note(f"Forked, {where}: the new session is highlighted.")
        self._search(self.typed, highlight=made.id)

    def action_keep(self) -> None:
        """Keep the temporary session that is shown."""
        if self._can_keep:
            self.is_kept = True
            self.dismiss(None)

    @work(group="change", exclusive=True, exit_on_error=False, description="bring an older session back")
    async def action_deleted(self) -> None:
        """Show what was deleted, and bring one of them back."""
        chosen = await self.app.push_screen_wait(DeletedSessions(self._runtime))
        if chosen is None:
            return
        await self._bring_back(chosen)
        if chosen in self._gone:
            self._gone.remove(chosen)

    @work(group="change", exclusive=True, exit_on_error=False, description="export a session")
    async def action_export(self) -> None:
        """Write the highlighted session into a file."""
        chosen = self.rows.highlighted
        if chosen is None:
            return
        form = await self.app.push_screen_wait(Choose("Export as", list(exporting.FORMS)))
        if form is None:
            return
        try:
            target = await exporting.export(self._runtime, chosen.id, exporting.FORMS[form], Path.cwd())
        except OrchatError as error:
            self._note(f"{error.message}. {error.hint or ''}", is_error=True)
        else:
            self._note(f"Written to {target}.")

    @work(group="change", exit_on_error=False, description="delete a session")
    async def action_delete(self) -> None:
        """Delete the highlighted session; it can be brought back."""
        chosen = self.rows.highlighted
        if chosen is None or chosen.id in self._gone:
            return
        title = self._title(chosen.id)
        next_one = self._neighbour(chosen.id)
        self._gone.append(chosen.id)
        await self._runtime.conversations.delete(chosen.id)
        self._note(f"Deleted: {clean_line(title, 60)}. Ctrl+Z brings it back.")
        self._search(self.typed, highlight=next_one)

    @work(group="change", exit_on_error=False, description="bring a session back")
    async def action_undo(self) -> None:
        """Bring back what was deleted last."""
        if not self._gone:
            self._note("Nothing was deleted here.")
            return
        await self._bring_back(self._gone.pop())

    async def _bring_back(self, id: str) -> None:
        made = await self._runtime.conversations.undelete(id)
        self._note(f"Brought back: {clean_line(made.title, 60)}.")
        self._search(self.typed, highlight=made.id)

    def _neighbour(self, id: str) -> str:
        """The row that is highlighted when this one is gone."""
        ids = [row.id for row in self.rows.rows]
        at = ids.index(id)
        return next(iter((*ids[at + 1 : at + 2], *ids[max(0, at - 1) : at])), "")

    def _title(self, conversation_id: str) -> str:
        kept = self._all.get(conversation_id)
        return kept.title if kept else conversation_id


def _title_words(text: str) -> str:
    """What may stand in a title, if only words were typed."""
    query = parse_query(text)
    is_plain = not (query.models or query.titles or query.after or query.before)
    return " ".join(term.text for term in query.terms) if is_plain else ""
