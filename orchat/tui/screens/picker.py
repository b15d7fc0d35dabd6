"""The model picker: a few letters, and the model is found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from orchat.domain.catalog import Catalogue, Model
from orchat.domain.clean import clean_line
from orchat.errors import OrchatError
from orchat.tui.keys import place_bindings
from orchat.tui.lines import DIM, keys_line
from orchat.tui.listing import (
    SORTS,
    TRAITS,
    Listing,
    Trait,
    Wanted,
    brief,
    details,
    header,
    listed,
    typed_id,
    typed_row,
)
from orchat.tui.screens.dialog import TitleLine, soon
from orchat.tui.screens.finder import Finder
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import age

if TYPE_CHECKING:
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp


class Chip(Widget, can_focus=True):
    """A trait that can be asked for."""

    DEFAULT_CSS = """
    Chip { width: auto; height: 1; margin-right: 2; color: $dim; }
    Chip.-on { color: $accent; text-style: bold; }
    Chip:focus { text-style: reverse; }
    """
    BINDINGS = [
        Binding("enter,space", "press", "Toggle", show=False),
        Binding("left", "app.focus_previous", "Left", show=False),
        Binding("right", "app.focus_next", "Right", show=False),
    ]

    on: reactive[bool] = reactive(False, toggle_class="-on")
    """Asked for."""

    class Toggled(Message):
        """Asked for, or no longer."""

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(id=id)
        self.label = label

    def render(self) -> Content:
        """``[sees]``, with a mark where it is asked for: colour alone tells nothing."""
        return Content(f"[✓ {self.label}]" if self.on else f"[{self.label}]")

    def watch_on(self) -> None:
        """The mark takes room."""
        self.refresh(layout=True)

    def action_press(self) -> None:
        """Ask for it, or no longer."""
        self.on = not self.on
        self.post_message(self.Toggled())

    def on_click(self, event: events.Click) -> None:
        """As Space."""
        event.stop()
        self.action_press()


class SortChip(Chip):
    """Goes through the orders."""

    DEFAULT_CSS = """
    SortChip { dock: right; margin-right: 0; }
    """

    index: reactive[int] = reactive(0)
    """Which order."""

    def render(self) -> Content:
        """``sort: newest first ▾``."""
        return Content(f"sort: {SORTS[self.index][1]} ▾")

    def watch_index(self) -> None:
        """The words take room."""
        self.refresh(layout=True)

    def action_press(self) -> None:
        """The next order."""
        self.index = (self.index + 1) % len(SORTS)
        self.post_message(self.Toggled())


class Picker(Finder):
    """Gives back the id of a model.

    Args:
        runtime: Started.
        current: Id of the present model.
        text: What is searched at first.
        traits: What is asked for at first.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    Picker {
        & .ask { margin: 1 0; }
        & #chips { height: 1; margin-bottom: 1; }
        & #columns { height: 1; }
        & #details { height: 5; margin-top: 1; border-top: solid $line; }
    }
    Picker.-low #chips { margin: 0; }
    Picker.-narrow SortChip { display: none; }
    Picker.-low #details { height: 1; margin-top: 0; border-top: none; }
    """
    BINDINGS = place_bindings("models")

    def __init__(self, runtime: Runtime, *, current: str = "", text: str = "", traits: Sequence[Trait] = ()) -> None:
        super().__init__()
        self._traits = traits
        self._runtime = runtime
        self._current = current
        self._text = text
        self._listing = Listing.of(Catalogue())
        self._found: dict[str, Model] = {}
        self._offline = ""

    def content(self) -> ComposeResult:
        """Search, filters, list, details, keys."""
        yield TitleLine("Model")
        yield from self.line("name or id; any id can be typed", self._text)
        with Horizontal(id="chips"):
            for trait in TRAITS:
                chip = Chip(trait, id=trait)
                chip.set_reactive(Chip.on, trait in self._traits)
                chip.set_class(trait in self._traits, "-on")
                yield chip
            yield SortChip("sort", id="sort")
        yield Static(Content(""), id="columns")
        yield RowList(empty="loading the catalogue …")
        yield Static(Content(""), id="details")
        yield Static(Content(""), classes="foot")

    def on_mount(self) -> None:
        """Show what is known, then fetch what is new."""
        self._load()

    @work(group="catalogue", exclusive=True, exit_on_error=False, description="load the catalogue")
    async def _load(self) -> None:
        from orchat.store import settings

        runtime = self._runtime
        try:
            await runtime.start()
            known = await runtime.models.known()
            self._listing = Listing.of(
                known,
                favourites=await runtime.parts.db.read(settings.favourites),
                recents=await runtime.parts.db.read(settings.recents),
                named=(*runtime.config.models.text, *runtime.config.models.vision),
            )
            if known.models:
                self._fill(self._current)
            current = await runtime.models.current()
            self._offline = "" if current is not known or self._is_fresh(current) else "offline · "
            self._relist(current, self._highlight_id())
        except OrchatError as error:
            self._offline = "offline · "
            self.rows.set_rows((), empty=clean_line(f"no catalogue: {error.message}", 200))
            self._show_facts(0)

    def _is_fresh(self, catalogue: Catalogue) -> bool:
        limit_s = self._runtime.config.models.catalogue_max_age_h * 3600
        return self._runtime.clock.now() - catalogue.fetched_at <= limit_s

    def _highlight_id(self) -> str:
        row = self.rows.highlighted
        return row.id if row else self._current

    def _relist(self, catalogue: Catalogue, highlight: str, favourites: tuple[str, ...] | None = None) -> None:
        old = self._listing
        stars = old.favourites if favourites is None else favourites
        self._listing = Listing.of(catalogue, favourites=stars, recents=old.recents, named=old.named)
        self._fill(highlight)

    # ---- finding ----

    @property
    def _wanted(self) -> Wanted:
        chips: list[Trait] = [trait for trait in TRAITS if self.query_one(f"#{trait}", Chip).on]
        sort = SORTS[self.query_one(SortChip).index][0]
        return Wanted(text=self.typed, traits=frozenset(chips), sort=sort)

    def find(self) -> None:
        """Show the models that fit what is wanted."""
        self._fill()

    @on(Chip.Toggled)
    def _toggled(self, event: Chip.Toggled) -> None:
        event.stop()
        self._fill()

    def _fill(self, highlight: str | None = None) -> None:
        wanted, listing = self._wanted, self._listing
        found = listing.find(wanted)
        self._found = {model.id: model for model in found}
        rows = listed(listing, found, wanted.text, listing.mark)
        other = typed_id(wanted.text, found)
        if other is not None:
            rows.append(Row(other, partial(typed_row, other, " ")))
        empty = "no model fits" if listing.catalogue.models else None
        self.rows.set_rows(rows, highlight=None if wanted.text else highlight, empty=empty)
        self._show_facts(len(found))
        # More or fewer rows bring or take the scrollbar, and the columns their width.
        soon(self, self._lay_out)

    def _show_facts(self, found: int) -> None:
        catalogue = self._listing.catalogue
        facts = "no catalogue yet"
        if catalogue.models:
            old = age(self._runtime.clock.now() - catalogue.fetched_at)
            words = "catalogue is new" if old == "new" else f"catalogue {old} old"
            facts = f"{found} of {len(catalogue.models)} · {self._offline}{words}"
        self.query_one(TitleLine).set_facts(facts)

    # ---- looking and choosing ----

    @on(RowList.Highlighted)
    def _looked_at(self, event: RowList.Highlighted) -> None:
        event.stop()
        self._show_details()

    def on_key(self, event: events.Key) -> None:
        """Letters go into the line also while a filter has the keys."""
        line = self.query_one(Input)
        if isinstance(self.focused, Chip) and event.is_printable and event.character and event.key != "space":
            event.stop()
            line.focus()
            line.insert_text_at_cursor(event.character)

    def on_resize(self, _event: events.Resize) -> None:
        """The columns and the details follow the size."""
        soon(self, self._lay_out)

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        words = (("models_details", "details"), ("models_favourite", "favourite"), ("models_sort", "sort"))
        return ("Enter", "use"), *self.app.keymap.pairs(*words), ("Tab", "filters"), ("Esc", "back")

    def _lay_out(self) -> None:
        width = self.rows.scrollable_content_region.width or self.rows.size.width
        self.query_one("#columns", Static).update(header(width))
        self.query_one(".foot", Static).update(keys_line(*self._pairs(), width=width))
        self._show_details()

    def _show_details(self) -> None:
        pane = self.query_one("#details", Static)
        chosen = self.rows.highlighted
        model = self._found.get(chosen.id) if chosen else None
        width = max(20, pane.size.width or self.size.width - 12)
        if model is not None:
            pane.update(brief(model, width) if self.has_class("-low") else details(model, width))
        elif chosen is not None:
            pane.update(Content.styled("not in the catalogue: it is sent as typed", DIM))
        else:
            pane.update(Content(""))

    def action_sort(self) -> None:
        """The next order."""
        self.query_one(SortChip).action_press()

    def action_details(self) -> None:
        """Everything about the highlighted model, and who serves it."""
        from orchat.tui.screens.model_details import ModelDialog

        chosen = self.rows.highlighted
        model = self._found.get(chosen.id) if chosen else None
        if model is not None:

            def decided(is_wanted: bool | None) -> None:
                if is_wanted:
                    self.dismiss(model.id)

            self.app.push_screen(ModelDialog(self._runtime, model), decided)

    @work(group="favourite", exclusive=False, exit_on_error=False, description="remember a favourite")
    async def action_favourite(self) -> None:
        """Give the highlighted model a star, or take it away."""
        from orchat.store import settings

        chosen = self.rows.highlighted
        if chosen is None:
            return
        await self._runtime.parts.db.write(settings.toggle_favourite, chosen.id)
        favourites = await self._runtime.parts.db.read(settings.favourites)
        self._relist(self._listing.catalogue, chosen.id, favourites)
