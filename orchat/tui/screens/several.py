"""Choosing the models of a comparison: as in the picker, but two to four of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from orchat.chat.service import MOST_COMPARED
from orchat.domain.catalog import Catalogue, Pricing
from orchat.domain.clean import clean_line
from orchat.errors import OrchatError
from orchat.tui.lines import DIM, FAINT, keys_line
from orchat.tui.listing import Listing, Wanted, header, listed, typed_id, typed_row
from orchat.tui.screens.dialog import TitleLine, soon
from orchat.tui.screens.finder import Finder
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plain, short_model

if TYPE_CHECKING:
    from orchat.runtime import Runtime

LEAST = 2
"""Models that a comparison needs."""


class Several(Finder):
    """Gives back something when `chosen` are to be compared.

    Args:
        runtime: Started.
        chosen: Marked at first.
        text: What is searched at first.
        estimate: Says in words what asking models with these prices may cost.
    """

    DEFAULT_CSS = """
    Several {
        & #columns { height: 1; }
        & #chosen { height: 2; margin-top: 1; }
    }
    Several.-low #chosen { margin-top: 0; }
    """
    BINDINGS = [Binding("tab", "mark", "Mark", show=False, priority=True)]

    def __init__(
        self,
        runtime: Runtime,
        *,
        chosen: Sequence[str] = (),
        text: str = "",
        estimate: Callable[[Sequence[Pricing | None]], str],
    ) -> None:
        super().__init__()
        self._runtime = runtime
        self._text = text
        self._estimate = estimate
        self._listing = Listing.of(Catalogue())
        self.chosen = list(chosen)
        """Ids of those that are marked, in the order in which they were."""

    def content(self) -> ComposeResult:
        """Search, list, what is marked, keys."""
        yield TitleLine("Compare")
        yield from self.line("name or id; any id can be typed", self._text)
        yield Static(Content(""), id="columns")
        yield RowList(empty="loading the catalogue …")
        yield Static(Content(""), id="chosen")
        yield Static(keys_line(("Tab", "mark"), ("Enter", "compare"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Show what is known, then fetch what is new."""
        self._load()

    @work(group="catalogue", exclusive=True, exit_on_error=False, description="load the catalogue")
    async def _load(self) -> None:
        from orchat.store import settings

        runtime = self._runtime
        try:
            db = runtime.parts.db
            favourites, recents = await db.read(settings.favourites), await db.read(settings.recents)
            for catalogue in (await runtime.models.known(), await runtime.models.current()):
                self._listing = Listing.of(
                    catalogue, favourites=favourites, recents=recents, named=runtime.config.models.text
                )
                highlighted = self.rows.highlighted
                self._fill(highlighted.id if highlighted else None)
        except OrchatError as error:
            if not self._listing.catalogue.models:
                self.rows.set_rows((), empty=clean_line(f"no catalogue: {error.message}", 200))

    # ---- finding ----

    def find(self) -> None:
        """Show the models that fit what is typed."""
        self._fill()

    def _fill(self, highlight: str | None = None) -> None:
        listing, typed = self._listing, self.typed
        found = listing.find(Wanted(text=typed))
        rows = listed(listing, found, typed, self._mark_of)
        other = typed_id(typed, found)
        if other is not None:
            rows.append(Row(other, partial(typed_row, other, self._mark_of(other))))
        empty = "no model fits" if listing.catalogue.models else None
        self.rows.set_rows(rows, highlight=highlight, empty=empty)
        self._show_chosen()
        # More or fewer rows bring or take the scrollbar, and the columns their width.
        soon(self, self._lay_out)

    def _mark_of(self, model_id: str) -> str:
        return "✓" if model_id in self.chosen else self._listing.mark(model_id)

    def _show_chosen(self) -> None:
        self.query_one(TitleLine).set_facts(f"{len(self.chosen)} marked · {LEAST} to {MOST_COMPARED}")
        pane = self.query_one("#chosen", Static)
        width = max(20, pane.size.width or self.size.width - 12)
        line = _numbered(self.chosen)
        if line.cell_length > width:
            line = _numbered([short_model(id) for id in self.chosen])
        prices = {model.id: model.pricing for model in self._listing.catalogue.models}
        words = self._estimate([prices.get(id) for id in self.chosen]) if self.chosen else ""
        cost = Content.styled(words, DIM)
        pane.update(Content("\n").join([line.truncate(width, ellipsis=True), cost.truncate(width, ellipsis=True)]))

    def on_resize(self, _event: events.Resize) -> None:
        """The columns follow the size."""
        soon(self, self._lay_out)

    def _lay_out(self) -> None:
        width = self.rows.scrollable_content_region.width or self.rows.size.width
        self.query_one("#columns", Static).update(header(width))
        self._show_chosen()

    # ---- choosing ----

    def action_mark(self) -> None:
        """Mark the highlighted model, or take its mark away."""
        if self.rows.highlighted is not None:
            self._toggle(self.rows.highlighted.id)

    def _toggle(self, model_id: str) -> None:
        if model_id in self.chosen:
            self.chosen.remove(model_id)
        elif len(self.chosen) < MOST_COMPARED:
            self.chosen.append(model_id)
        else:
            self._say(f"No more than {MOST_COMPARED}: take a mark away first.")
        self._fill(model_id)
        # What is typed next is the name of another one.
        line = self.query_one(Input)
        line.focus()
        line.select_all()

    @on(RowList.Chosen)
    def _clicked(self, event: RowList.Chosen) -> None:
        event.stop()
        event.prevent_default()
        self._toggle(event.row.id)

    @on(Input.Submitted)
    def _compare(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()
        highlighted = self.rows.highlighted
        if len(self.chosen) == LEAST - 1 and highlighted is not None and highlighted.id not in self.chosen:
            # Whoever marked one and looks at another means both.
            self.chosen.append(highlighted.id)
        if len(self.chosen) >= LEAST:
            self.dismiss("compare")
        else:
            self._say(f"Mark {LEAST} to {MOST_COMPARED} models with Tab.")

    def _say(self, words: str) -> None:
        self.notify(words, markup=False, timeout=4)


def _numbered(names: Sequence[str]) -> Content:
    """The models in their order; foreign."""
    parts = [Content.assemble((f"{number} ", FAINT), plain(name, 80)) for number, name in enumerate(names, 1)]
    return Content("   ").join(parts) if parts else Content.styled("Nothing is marked yet.", FAINT)
