"""The attach dialog: a few letters, a look, and the file goes along."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from orchat.domain.clean import clean_line
from orchat.errors import MediaError
from orchat.media.glance import Glance, glance
from orchat.tui import browsing
from orchat.tui.attached import Attached, Wanted, prepare
from orchat.tui.browsing import UP, Found
from orchat.tui.keys import place_bindings
from orchat.tui.lines import YOU, keys_line, keys_rows, stack
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.dialog import Dialog, TitleLine, soon
from orchat.tui.weighing import Asked, chosen_facts, file_facts, refusal_lines, refused
from orchat.tui.widgets.line_input import NameLine
from orchat.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.tui.app import OrchatApp

REST_S = 0.12
"""Seconds on a file until it is made fit to send, to say what would be sent."""
_LOW = 20
"""Rows of a terminal below which only the first facts are shown."""
_AT_ONCE = 40
"""Files whose heads are read before the list is drawn anew."""


class AttachDialog(Dialog[tuple[Wanted, ...]]):
    """Gives back what is to be attached: files, prepared where there was time, or the clipboard.

    Args:
        folder: Where to begin.
        at: Name of the file to look at first.
        recent: Folders used before, the last one first.
        asked: The model that will be asked.
        plain: No pictures, words.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    AttachDialog {
        & > #panel { width: 96%; height: 90%; max-width: 170; max-height: 52; }
        & #both { height: 1fr; }
        & #left { width: 1fr; height: 1fr; }
        & #right { width: 42%; height: 1fr; margin-left: 3; display: none; }
        & #summary { height: auto; margin-top: 1; }
    }
    AttachDialog.-wide #right { display: block; }
    AttachDialog.-low #summary { margin-top: 0; }
    AttachDialog.-low > #panel { max-width: 100%; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]
    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("space", "choose", "Choose", show=False, priority=True),
        Binding("backspace", "erase", "Erase, or go up", show=False, priority=True),
        *place_bindings("attach"),
    ]

    def __init__(
        self, folder: Path, *, at: str = "", recent: Sequence[str] = (), asked: Asked | None = None, plain: bool = False
    ) -> None:
        super().__init__()
        self.folder = folder
        self._first = at
        self._recent = recent
        self._asked = asked or Asked()
        self._is_plain = plain
        self._is_hidden_shown = False
        self._are_recent_shown = False
        self._all: list[Found] = []
        self._found: dict[str, Found] = {}
        self._seen: dict[Path, Glance] = {}
        self._unseen: dict[Path, None] = {}
        self._ready: dict[Path, Attached | MediaError] = {}
        self._chosen: dict[Path, None] = {}
        self._rest: Timer | None = None
        self._unread = ""

    def content(self) -> ComposeResult:
        """Files and facts beside the picture."""
        yield TitleLine("Attach")
        with Horizontal(id="both"):
            with Vertical(id="left"):
                with Horizontal(classes="ask"):
                    yield Static(Content("›"))
                    yield NameLine(placeholder="a part of a name, or a path")
                yield RowList(empty="reading the folder …")
                yield Static(Content(""), id="summary")
            yield Picture(plain=self._is_plain, id="right")
        yield Static(Content(""), id="keys", classes="foot")

    def on_mount(self) -> None:
        """Typing begins at once."""
        self.query_one(Input).focus()
        self._read(self.folder, self._first)

    def on_resize(self, _event: events.Resize) -> None:
        """The keys follow the width, and so does the place where a reason stands."""
        soon(self, self._show_keys)
        soon(self, self._show_summary)

    @property
    def rows(self) -> RowList:
        """What was found."""
        return self.query_one(RowList)

    @property
    def typed(self) -> str:
        """What stands in the line."""
        return self.query_one(Input).value

    # ---- folders ----

    @work(group="folder", exclusive=True, exit_on_error=False, description="read a folder")
    async def _read(self, folder: Path, highlight: str = "", typed: str | None = None) -> None:
        """Show a folder; where it cannot be read, say so and stay."""
        try:
            found = await asyncio.to_thread(browsing.listing, folder, hidden=self._is_hidden_shown)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            self._unread = f"{clean_line(str(folder), 120)}: {why}"
            self._show_summary()
            if not self._all:
                self._all = [Found(folder.parent, UP, is_folder=True)]
                self._fill()
            return
        self.folder, self._all, self._are_recent_shown, self._unread = folder, found, False, ""
        if typed is not None:
            self._retype(typed)
        self._fill(str(folder / highlight) if highlight else "")

    def _retype(self, text: str) -> None:
        line = self.query_one(Input)
        with self.prevent(Input.Changed):
            line.value = text
        line.cursor_position = len(text)

    @work(group="folder", exclusive=True, exit_on_error=False, description="follow a typed path")
    async def _follow(self, typed: str) -> None:
        led = await asyncio.to_thread(browsing.resolved, typed, self.folder)
        if led is None:
            self._fill()
        else:
            self._read(led[0], typed=led[1], highlight=led[1])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if "/" in event.value or event.value == "~":
            self._follow(event.value)
        elif event.value.startswith(".") and not self._is_hidden_shown:
            self._is_hidden_shown = True
            self._read(self.folder)
        else:
            self._fill()

    def _fill(self, highlight: str = "") -> None:
        """Show what fits what is typed."""
        found = browsing.fitting(self._folders() if self._are_recent_shown else self._all, self.typed)
        self._found = {str(each.path): each for each in found}
        rows = [Row(str(each.path), partial(self._draw, each)) for each in found]
        if not highlight and not self.typed and len(rows) > 1 and found[0].name == UP:
            highlight = rows[1].id
        self.rows.set_rows(rows, highlight=highlight or None, empty="nothing here has such a name")
        where = "recent folders" if self._are_recent_shown else browsing.shown(self.folder)
        hidden = " · hidden files too" if self._is_hidden_shown else ""
        self.query_one(TitleLine).set_facts(f"{where}{hidden}")
        self._show_keys()

    def _folders(self) -> list[Found]:
        return [Found(Path(name), browsing.shown(Path(name)), is_folder=True) for name in self._recent]

    # ---- what is known of each ----

    def _draw(self, found: Found, width: int) -> Content:
        seen = self._seen.get(found.path)
        if seen is None and not found.is_folder:
            if not self._unseen:
                self.call_later(self._look_ahead)
            self._unseen[found.path] = None
        return browsing.row(found, seen, self.typed, is_chosen=found.path in self._chosen, width=width)

    @work(group="heads", exclusive=False, exit_on_error=False, description="look at files")
    async def _look_ahead(self) -> None:
        """Read the heads of the files that are on the screen."""
        while self._unseen:
            paths = list(self._unseen)[:_AT_ONCE]
            self._seen.update(await asyncio.to_thread(lambda batch: {path: glance(path) for path in batch}, paths))
            for path in paths:
                self._unseen.pop(path, None)
            self.rows.redraw()

    @property
    def _looked_at(self) -> Found | None:
        row = self.rows.highlighted
        return self._found.get(row.id) if row else None

    @on(RowList.Highlighted)
    def _highlighted(self, event: RowList.Highlighted) -> None:
        event.stop()
        self._look()

    @work(group="look", exclusive=True, exit_on_error=False, description="look at a file")
    async def _look(self) -> None:
        """Show the highlighted file at once; what would be sent of it comes when the person rests on it."""
        found, picture = self._looked_at, self.query_one(Picture)
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_S, self._rested)
        if found is None or found.is_folder:
            picture.say("")
        else:
            if found.path not in self._seen:
                self._seen[found.path] = await asyncio.to_thread(glance, found.path)
            seen = self._seen[found.path]
            if self._is_refused(found.path):
                picture.say("")
            elif seen.is_picture:
                picture.show(found.path.read_bytes, found.name)
            else:
                picture.say("\n".join(await asyncio.to_thread(_beginning, found.path, seen)))
        self._show_summary()

    def _rested(self) -> None:
        self._prepare()

    @work(group="preparing", exclusive=True, exit_on_error=False, description="make files fit to send")
    async def _prepare(self) -> None:
        found = self._looked_at
        paths = [*self._chosen, *([found.path] if found is not None and not found.is_folder else [])]
        for path in paths:
            if path not in self._ready and not self._is_refused(path):
                await asyncio.to_thread(self._make_ready, path)
                if self._is_refused(path) and path in self._chosen:
                    del self._chosen[path]
                    self.rows.redraw()
                    self._show_keys()
                self._show_summary()

    def _make_ready(self, path: Path) -> None:
        try:
            self._ready[path] = prepare(path)
        except MediaError as error:
            self._ready[path] = error

    def _is_refused(self, path: Path) -> bool:
        return refused(self._seen.get(path), self._ready.get(path)) is not None

    def _show_summary(self) -> None:
        """What is known; why a file cannot be sent stands in the picture's place where there is one, else here."""
        found = self._looked_at
        file = None if found is None or found.is_folder else found.path
        seen, ready = (self._seen.get(file), self._ready.get(file)) if file else (None, None)
        why, is_wide = refused(seen, ready), self.has_class("-wide")
        if why is not None and is_wide:
            self.query_one(Picture).say(" ".join(line.plain for line in refusal_lines(why)))
        if self._unread and file is None:
            lines = [Content.styled(self._unread, YOU)]
        elif why is not None and not is_wide:
            lines = refusal_lines(why)
        elif self._chosen:
            chosen = [self._ready.get(path) for path in self._chosen]
            lines = chosen_facts([each for each in chosen if isinstance(each, Attached)], len(chosen), self._asked)
        else:
            lines = file_facts(seen, ready, self._asked)
        most = 2 if self.size.height < _LOW else None
        self.query_one("#summary", Static).update(stack(*lines[:most]))

    def _show_keys(self) -> None:
        count = len(self._chosen)
        recent = [("attach_recent", "recent folders")] if self._recent else []
        own = self.app.keymap.pairs(("attach_clipboard", "clipboard"), *recent, ("attach_hidden", "hidden"))
        pairs = (("Space", "choose"), ("Enter", f"attach {count}" if count else "attach"), *own, ("Esc", "back"))
        foot = self.query_one("#keys", Static)
        width = foot.size.width or self.size.width - 6
        # Where rows are few, each of them is worth more than the last key.
        is_low = self.size.height < _LOW
        foot.update(keys_line(*pairs, width=width) if is_low else keys_rows(*pairs, width=width))

    # ---- keys ----

    def action_move(self, by: int) -> None:
        """Look at another row."""
        self.rows.action_move(by)

    def action_page(self, by: int) -> None:
        """Look at a row one page away."""
        self.rows.action_page(by)

    def action_choose(self) -> None:
        """Let the file go along, or no longer; then look at the next."""
        found = self._looked_at
        if found is None or found.is_folder or self._is_refused(found.path):
            return
        if found.path in self._chosen:
            del self._chosen[found.path]
        else:
            self._chosen[found.path] = None
        self.rows.redraw()
        self.rows.action_move(1)
        self._show_keys()
        self._look()

    def action_erase(self) -> None:
        """Take back a letter; where there is none, go up."""
        if self.typed:
            self.query_one(Input).action_delete_left()
        else:
            self._read(self.folder.parent, highlight=self.folder.name)

    def action_hidden(self) -> None:
        """Show hidden files, or no longer."""
        self._is_hidden_shown = not self._is_hidden_shown
        self._read(self.folder)

    def action_recent(self) -> None:
        """Show the folders that were used before, or this one again."""
        if self._recent:
            self._are_recent_shown = not self._are_recent_shown
            self._retype("")
            self._fill()

    def action_clipboard(self) -> None:
        """Attach the picture on the clipboard, and what is chosen before it."""
        self.dismiss((*self._taken(), "clipboard"))

    def action_attach(self) -> None:
        """Attach what is chosen."""
        if self._chosen:
            self.dismiss(self._taken())
        else:
            self._entered(self._looked_at)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._entered(self._looked_at)

    @on(RowList.Chosen)
    def _clicked(self, event: RowList.Chosen) -> None:
        event.stop()
        self._entered(self._found.get(event.row.id))

    def _entered(self, found: Found | None) -> None:
        """Go into a folder, or attach."""
        if found is not None and found.is_folder:
            self._read(found.path, highlight=self.folder.name if found.name == UP else "", typed="")
        elif self._chosen:
            self.dismiss(self._taken())
        elif found is not None and not self._is_refused(found.path):
            self.dismiss((self._as_far_as_ready(found.path),))

    def _taken(self) -> tuple[Wanted, ...]:
        return tuple(self._as_far_as_ready(path) for path in self._chosen)

    def _as_far_as_ready(self, path: Path) -> Wanted:
        ready = self._ready.get(path)
        return ready if isinstance(ready, Attached) else path


def _beginning(path: Path, seen: Glance) -> list[str]:
    """What there is to see of a document: the first lines of a text."""
    from orchat.media.sniff import Family

    if seen.kind.family is Family.PDF:
        return [f"{clean_line(path.name, 80)} is a PDF document; it is sent as a file."]
    try:
        with path.open("rb") as file:
            text = file.read(4096).decode(errors="replace")
    except OSError:
        return [f"{clean_line(path.name, 80)} cannot be read."]
    return [clean_line(line, 200) for line in text.splitlines()[:40]]
