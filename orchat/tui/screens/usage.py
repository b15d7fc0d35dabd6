"""What was sent and what it cost: a chart of the days, and tables by model, key, provider, session and day."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.clock import utc_day
from orchat.errors import OrchatError
from orchat.tui import exporting
from orchat.tui.books import Books, read_books
from orchat.tui.keys import place_bindings
from orchat.tui.lines import DIM, keys_rows, stack
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.dialog import Dialog, NoteLine, TitleLine, soon
from orchat.tui.wording import plain

if TYPE_CHECKING:
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

SPANS: tuple[int | None, ...] = (7, 14, 30, 90, None)
"""Days that can be chosen; None: all there are."""
FORMS = {"CSV, for a spreadsheet": "csv", "JSON": "json"}


class UsageScreen(Dialog[None]):
    """Sums over the ledger.

    Args:
        runtime: Started.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    UsageScreen {
        & > #panel { max-width: 128; max-height: 52; }
        & VerticalScroll {
            height: 1fr;
            margin-top: 1;
            scrollbar-size-vertical: 1;
            scrollbar-gutter: stable;
            & > #tables { text-wrap: nowrap; text-overflow: ellipsis; }
        }
    }
    UsageScreen.-low VerticalScroll { margin-top: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]
    BINDINGS = place_bindings("usage")

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._span = 1
        self._books: Books | None = None

    def content(self) -> ComposeResult:
        """Chart and tables, which scroll."""
        yield TitleLine("Usage")
        with VerticalScroll(can_focus=True):
            yield Static(Content.styled("adding up …", DIM), id="tables")
        yield NoteLine()
        yield Static(Content(""), classes="foot", id="keys")

    def on_mount(self) -> None:
        """Read the ledger."""
        self._scroll.focus()
        self._load()

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    @work(group="usage", exclusive=True, exit_on_error=False, description="add up the ledger")
    async def _load(self) -> None:
        try:
            self._books = await read_books(self._runtime, SPANS[self._span])
        except OrchatError as error:
            self.query_one("#tables", Static).update(plain(error.message))
            return
        self._show()

    def on_resize(self, _event: events.Resize) -> None:
        """The columns follow the width."""
        soon(self, self._show)

    def _show(self) -> None:
        keys = self.query_one("#keys", Static)
        pairs = self.app.keymap.pairs
        steps = pairs(("usage_fewer usage_more", "days"), ("usage_next", "next table"))
        others = (("↑↓", "scroll"), *pairs(("usage_export", "export")), ("Esc", "back"))
        keys.update(keys_rows(*steps, *others, width=max(20, keys.size.width)))
        days = SPANS[self._span]
        words = "all days, UTC" if days is None else f"the last {days} days, UTC"
        self.query_one(TitleLine).set_facts(f"‹ {words} ›")
        if self._books is not None:
            self.query_one("#tables", Static).update(stack(*self._sections()))

    def _sections(self) -> list[Content]:
        """What stands under each other, a blank line after each."""
        assert self._books is not None
        width = self._scroll.scrollable_content_region.width
        parts = self._books.sections(width, bars=not self._runtime.config.tui.plain, is_low=self.has_class("-low"))
        return [part if number == len(parts) - 1 else stack(part, Content("")) for number, part in enumerate(parts)]

    # ---- keys ----

    def action_days(self, by: int) -> None:
        """Add up more days, or fewer."""
        span = max(0, min(len(SPANS) - 1, self._span + by))
        if span != self._span:
            self._span = span
            self._note("")
            self._scroll.scroll_home(animate=False)
            self._load()

    def action_section(self, by: int) -> None:
        """Go to the next table, or the one before; after the last one comes the first."""
        if self._books is None:
            return
        tops = [0]
        for part in self._sections():
            tops.append(tops[-1] + part.plain.count("\n") + 1)
        here, last = self._scroll.scroll_y, self._scroll.max_scroll_y
        wanted = [top for top in tops[:-1] if (top > here if by > 0 else top < here)]
        target = (wanted[0] if by > 0 else wanted[-1]) if wanted else (0 if by > 0 else last)
        self._scroll.scroll_to(y=0 if by > 0 and here >= last else target, animate=False)

    @work(group="export", exclusive=True, exit_on_error=False, description="export the usage")
    async def action_export(self) -> None:
        """Write all figures into a file."""
        books = self._books
        if books is None:
            return
        form = await self.app.push_screen_wait(Choose("Export as", list(FORMS)))
        if form is None:
            return
        text = books.csv() if FORMS[form] == "csv" else books.json()
        stem = f"usage-{utc_day(self._runtime.clock.now())}"
        try:
            target = await asyncio.to_thread(exporting.write_new, Path.cwd(), stem, FORMS[form], text)
        except OrchatError as error:
            self._note(f"{error.message}. {error.hint or ''}", is_error=True)
        else:
            self._note(f"Written: {target.name} in {target.parent}")

    def _note(self, words: str, *, is_error: bool = False) -> None:
        self.query_one(NoteLine).say(words, is_error=is_error)
