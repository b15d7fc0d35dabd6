"""What the session is asked with, in one list: look, change, take away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.errors import OrchatError
from orchat.tui.asked import BY_NAME, NOBODY, SETTINGS, USUAL, others, usual, value
from orchat.tui.keys import place_bindings
from orchat.tui.lines import DIM, ERROR, YOU, column, keys_line, spread
from orchat.tui.screens.confirm import AskLine, Choose
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp
    from orchat.tui.session import Session

NAME_WIDTH = 18
MODEL, PERSONA, SYSTEM, MORE = "model", "persona", "system", "+"


class SettingsScreen(Dialog[None]):
    """Model, persona, system prompt and parameters of the session.

    Args:
        runtime: Has started.
        session: What they belong to.
        highlight: Name of the setting to begin at.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    SettingsScreen {
        & RowList { margin-top: 1; }
        & #note { height: auto; max-height: 2; }
    }
    SettingsScreen.-low RowList { margin-top: 0; }
    """
    BINDINGS = place_bindings("settings")

    def __init__(self, runtime: Runtime, session: Session, *, highlight: str = "") -> None:
        super().__init__()
        self._runtime = runtime
        self._session = session
        self._highlight = highlight
        self._faulty = ""

    def content(self) -> ComposeResult:
        """List, what went wrong, keys."""
        yield TitleLine("Settings of this session")
        yield RowList()
        yield Static(Content(""), id="note")
        own = self.app.keymap.pairs(("settings_usual", "as usual"), ("settings_add", "another"))
        yield Static(keys_line(("Enter", "change"), *own, ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Show what counts."""
        self._fill(self._highlight)
        self.query_one(RowList).focus()

    def _fill(self, highlight: str) -> None:
        names = [MODEL, PERSONA, SYSTEM, *(setting.name for setting in SETTINGS)]
        names += [name for name, _ in others(self._session.choices.parameters)]
        rows = [Row(name, partial(self._line, name)) for name in (*names, MORE)]
        self.query_one(RowList).set_rows(rows, highlight=highlight)
        own = sum(bool(self._own(name)) for name in names[1:])
        self.query_one(TitleLine).set_facts(f"{own} set" if own else "all as usual")

    def _own(self, name: str) -> str:
        """What the session says of it; empty for nothing."""
        choices = self._session.choices
        first = {MODEL: choices.model, PERSONA: choices.persona or "", SYSTEM: choices.system or ""}
        if name in first:
            return first[name]
        return value(choices.parameters, name) or dict(others(choices.parameters)).get(name, "")

    def _line(self, name: str, width: int) -> Content:
        if name == MORE:
            return Content.styled("another …", DIM)
        setting, own = BY_NAME.get(name), self._own(name)
        label = {SYSTEM: "system prompt"}.get(name, setting.label if setting else name)
        about = setting.about if setting and width >= 70 else ""
        here = usual(self._runtime.config, setting) if setting else ""
        words = clean_line(own, 200) if own else f"{clean_line(here, 100)} (settings)" if here else "as usual"
        right = Content.styled(about, DIM)
        room = max(8, width - NAME_WIDTH - right.cell_length - 2)
        shown = Content.styled(words, (YOU if name != MODEL else "") if own else DIM).truncate(room, ellipsis=True)
        return spread(
            Content.assemble(column(Content(clean_line(label, NAME_WIDTH - 1)), NAME_WIDTH), shown), right, width
        )

    # ---- changing ----

    @on(RowList.Highlighted)
    def _highlighted(self, event: RowList.Highlighted) -> None:
        event.stop()
        # Filling the list again highlights a row as well, after what went wrong with it was told.
        if event.row is None or event.row.id != self._faulty:
            self._note("")

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self._change(event.row.id)

    def action_usual(self) -> None:
        """Take away what is set."""
        row = self.query_one(RowList).highlighted
        if row is not None and row.id not in (MODEL, MORE):
            self._reset(row.id)

    def action_add(self) -> None:
        """Set something that has no line yet."""
        self._change(MORE)

    @work(group="command", exclusive=True, exit_on_error=False, description="take a setting away")
    async def _reset(self, name: str) -> None:
        if self._own(name):
            await self._put(name, "" if name == SYSTEM else NOBODY if name == PERSONA else USUAL)

    @work(group="command", exclusive=True, exit_on_error=False, description="change a setting")
    async def _change(self, name: str) -> None:
        text = await self._asked(name)
        if text is None:
            return
        if name == MORE:
            name, _, text = text.strip().replace("=", " ", 1).partition(" ")
            if not name:
                return
        await self._put(name, text)

    async def _asked(self, name: str) -> str | None:
        """What a person wants it to be; None for no answer."""
        app, own = self.app, self._own(name)
        if name == MODEL:
            from orchat.tui.screens.picker import Picker

            return await app.push_screen_wait(Picker(self._runtime, current=own))
        if name == PERSONA:
            known = self._runtime.config.personas
            if not known:
                self._note("Write [personas.NAME] into the settings.")
                return None
            return await app.push_screen_wait(Choose("Persona", [*known, NOBODY], highlight=own or NOBODY))
        setting = BY_NAME.get(name)
        if setting is not None and setting.values:
            return await app.push_screen_wait(
                Choose(setting.label.capitalize(), [*setting.values, USUAL], highlight=own or USUAL)
            )
        title = "Name and value" if name == MORE else setting.label.capitalize() if setting else name
        if name == SYSTEM:
            title = "System prompt"
        return await app.push_screen_wait(AskLine(title, own))

    async def _put(self, name: str, text: str) -> None:
        choices = self._session.choices
        try:
            if name == MODEL:
                await self._session.choose_model(text)
            elif name == PERSONA:
                await choices.wear(None if text == NOBODY else text)
            elif name == SYSTEM:
                await choices.use_system(text)
            else:
                await choices.set([(name, text.strip() or USUAL)])
        except OrchatError as error:
            self._fill(name)
            self._faulty = name
            self._note(f"{error.message}{f': {error.hint}' if error.hint else ''}", is_error=True)
            return
        self._faulty = ""
        self._fill(name)

    def _note(self, words: str, *, is_error: bool = False) -> None:
        self.query_one("#note", Static).update(Content.styled(clean_line(words, 300), ERROR if is_error else DIM))
