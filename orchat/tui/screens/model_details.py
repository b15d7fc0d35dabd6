"""All that is known of one model, and who serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean, clean_line
from orchat.errors import OrchatError
from orchat.tui.lines import DIM, keys_line
from orchat.tui.providers import facts_table, providers_table
from orchat.tui.screens.dialog import Dialog, TitleLine, soon

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.openrouter.account import Endpoint
    from orchat.runtime import Runtime


class ModelDialog(Dialog[bool]):
    """Description, limits, every price, providers. Gives back True when the model is to be used.

    Args:
        runtime: Started.
        model: From the catalogue.
    """

    DEFAULT_CSS = """
    ModelDialog VerticalScroll { margin-top: 1; scrollbar-size-vertical: 1; }
    ModelDialog VerticalScroll > Static { margin-bottom: 1; }
    ModelDialog.-low VerticalScroll { margin-top: 0; }
    """
    BINDINGS = [
        Binding("enter", "use", "Use", show=False),
        Binding("ctrl+d", "back", "Back", id="models_details", show=False),
    ]

    def __init__(self, runtime: Runtime, model: Model) -> None:
        super().__init__()
        self._runtime = runtime
        self._model = model
        self._endpoints: tuple[Endpoint, ...] | None = None

    def content(self) -> ComposeResult:
        """Words, then tables."""
        model = self._model
        yield TitleLine(clean_line(model.name or model.id, 80))
        with VerticalScroll(can_focus=True):
            if model.description:
                yield Static(Content(clean(model.description).strip()))
            yield Static(Content(""), id="facts")
            yield Static(Content.styled("asking who serves it …", DIM), id="providers")
        yield Static(keys_line(("↑↓", "scroll"), ("Enter", "use"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """The arrows scroll; the providers are asked for."""
        self.query_one(VerticalScroll).focus()
        self._load()

    def on_resize(self, _event: events.Resize) -> None:
        """The tables follow the width."""
        soon(self, self._lay_out)

    def _lay_out(self) -> None:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one("#facts", Static).update(facts_table(self._model, width))
        if self._endpoints is not None:
            self.query_one("#providers", Static).update(providers_table(self._endpoints, width))

    def action_use(self) -> None:
        """Ask this model from now on."""
        self.dismiss(True)

    @work(group="providers", exclusive=True, exit_on_error=False, description="ask who serves a model")
    async def _load(self) -> None:
        try:
            lease = await self._runtime.lease()
            self._endpoints = await self._runtime.parts.client.endpoints(self._model.id, lease.secret)
        except OrchatError as error:
            why = f"who serves it could not be asked: {clean_line(error.message, 200)}"
            self.query_one("#providers", Static).update(Content.styled(why, DIM))
        self._lay_out()
