"""The pages of a session: a list, the picture of one of them, and its text."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static, TextArea

from orchat.domain.clean import clean, clean_line
from orchat.errors import OrchatError
from orchat.ocr.page import Format
from orchat.tui.keys import place_bindings
from orchat.tui.lines import ACCENT, DIM, ERROR, YOU, column, keys_line, spread
from orchat.tui.pictures.pages import PageFiles, drawn
from orchat.tui.pictures.picture import Picture
from orchat.tui.pulse import Pulse
from orchat.tui.reading import BUSY, PageReading, names_of
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.dialog import soon
from orchat.tui.screens.links import open_link
from orchat.tui.screens.preview import Preview
from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.keybar import KeyBar
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plain, plural, usd

if TYPE_CHECKING:
    from orchat.ocr.page import Page
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

SECOND_S = 1.0
LONG_S = 3600.0
STYLES = {"failed": ERROR, "corrected": YOU, BUSY: ACCENT}
FORMS: dict[str, Format] = dict(zip(("Markdown", "plain text", "JSON"), get_args(Format), strict=True))
_BRIEF = {"read on": "read", "export all": "export"}
_NUMBER, _STATE, _COST = 5, 10, 12


class OcrScreen(Screen[None]):
    """Pages on their way to text, and what was read of them.

    Args:
        runtime: Started.
        reading: What is shown; closed by the caller.
        start: Read what is left at once.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    OcrScreen {
        background: $background;
        & #told { height: 1; padding: 0 2; background: $surface; }
        & #body { height: 1fr; margin-top: 1; }
        & RowList { width: 38%; max-width: 60; height: 1fr; padding: 0 0 0 2; }
        & #page { width: 1fr; height: 1fr; }
        & Picture { width: 2fr; margin: 0 1 0 2; content-align-vertical: top; }
        & #text { width: 3fr; height: 1fr; }
        & Transcript { height: 1fr; scrollbar-size-vertical: 1; }
        & TextArea {
            height: 1fr;
            display: none;
            border: none;
            padding: 0 2;
            background: $surface;
            scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
        & #note { height: auto; max-height: 2; padding: 0 2; }
    }
    OcrScreen.-editing TextArea { display: block; }
    OcrScreen.-editing Transcript { display: none; }
    OcrScreen.-narrow {
        & #body { layout: vertical; margin-top: 0; }
        & RowList { width: 1fr; height: auto; max-height: 33%; }
        & Picture { display: none; }
    }
    OcrScreen.-narrow.-high RowList { margin-bottom: 1; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]
    BINDINGS = place_bindings("ocr")

    def __init__(self, runtime: Runtime, reading: PageReading, *, start: bool) -> None:
        super().__init__()
        self._runtime = runtime
        self._is_to_start = start
        self._shown: object = None
        self._pictured: Page | None = None
        self._listed: tuple[Page, ...] = ()
        self._edited: Page | None = None
        self._pulse = Pulse(self, self._wait, self._show)
        self.reading = reading
        reading.watch(self._show, self.say)

    # ---- parts ----

    def compose(self) -> ComposeResult:
        """How far it is; the list; picture beside text; keys."""
        tui = self._runtime.config.tui
        yield Static(Content(""), id="told")
        with Horizontal(id="body"):
            yield RowList()
            with Horizontal(id="page"):
                yield Picture(plain=tui.plain, ground="background")
                with Vertical(id="text"):
                    yield Transcript(flush_s=tui.flush_ms / 1000, plain=tui.plain, copy_hint="")
                    yield TextArea(soft_wrap=True)
        yield Static(Content(""), id="note")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the pages, and read them if that is wanted."""
        self._fill()
        self._rows.focus()
        if self._is_to_start:
            self.reading.start()
        self._show()

    async def on_unmount(self) -> None:
        """Whoever leaves the program stops the reading; what is read is kept."""
        await self.reading.stop()

    def on_resize(self, _event: events.Resize) -> None:
        """The lines follow the width; a text begins at its top again."""
        self._shown = None
        soon(self, self._show)

    def _fill(self) -> None:
        """List the pages; the files may have changed when they were looked at again."""
        before = self._rows.highlighted
        self._listed = self.reading.pages
        rows = [Row(str(page.number), partial(self._line, page)) for page in self._listed]
        self._rows.set_rows(rows, highlight=None if before is None else before.id)

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    @property
    def page(self) -> Page:
        """The page that keys are for."""
        row = self._rows.highlighted
        return self.reading.pages[int(row.id) - 1 if row is not None else 0]

    # ---- what is shown ----

    def _line(self, page: Page, width: int) -> Content:
        """``3 scan.png  read  $0.000 4``."""
        state = self.reading.state(page)
        name = max(6, width - _NUMBER - _STATE - _COST - 1)
        return Content.assemble(
            column(Content.styled(f"{page.number} ", DIM), _NUMBER, "right"),
            column(_name(page, name), name),
            " ",
            column(Content.styled(state, STYLES.get(state, DIM)), _STATE),
            column(Content(self.reading.cost(page)), _COST, "right"),
        )

    def _show(self) -> None:
        """Everything again; what has not changed costs little."""
        if not self.is_attached or not self._rows.rows:
            return
        bar = self.query_one("#told", Static)
        left = Content.assemble(("orchat", f"bold {ACCENT}"), "   ", ("OCR", "bold"), "   ", (self._names(), DIM))
        bar.update(spread(left, Content.styled(self.reading.progress(), DIM), bar.content_size.width))
        if self._listed is not self.reading.pages:
            self._fill()
        self._rows.redraw()
        self._show_page()
        note = self.query_one("#note", Static)
        stopped = self.reading.stopped
        words = self._note()
        note.update(Content.styled(clean_line(words, 300), ERROR if stopped is not None else DIM) if words else "")
        note.display = bool(words)
        self.query_one(KeyBar).pairs = self._keys()
        self._pulse.feel()

    def _names(self) -> str:
        return names_of(self.reading.pages)

    @property
    def _again(self) -> str:
        """The key that reads on."""
        return self.app.keymap.shown("ocr_again") or "/ocr"

    def _note(self) -> str:
        """Why it does not go on, or what going on costs."""
        reading = self.reading
        if reading.is_running or not reading.left:
            return ""
        if reading.stopped is not None:
            return ". ".join(part for part in (reading.stopped.message, _hint(reading.stopped, self._again)) if part)
        failed = sum(reading.failure(page) is not None for page in reading.pages)
        if failed:
            others = reading.left - failed
            more = f", {others} not read yet" if others > 0 else ""
            return f"{plural(failed, 'page')} could not be read{more}; {self._again} tries again."
        price, pages = reading.estimate.likely_pico, reading.estimate.pages
        about = "" if price is None or not pages else f", about {usd(price * reading.left // pages)}"
        return f"{plural(reading.left, 'page')} not read yet{about}; {self._again} reads on."

    def _keys(self) -> tuple[tuple[str, str], ...]:
        pairs = self.app.keymap.pairs
        if self._edited is not None:
            return pairs(("ocr_keep", "keep the text"), ("ocr_stop", "leave it as it was"))
        reading = self.reading
        has_text = reading.record(self.page) is not None
        own = pairs(
            ("ocr_stop", "stop" if reading.is_running else "back"),
            *((("ocr_again", "read on"),) if reading.left and not reading.is_running else ()),
            *((("ocr_copy", "copy"), ("ocr_edit", "correct")) if has_text else ()),
            *((("ocr_export", "export all"),) if reading.records else ()),
            ("ocr_picture", "picture"),
        )
        known = ("↑↓", "page"), ("Tab", "scroll the text"), *pairs(("quit", "leave"), ("help", "help"))
        return _in_room(own, known, self.query_one(KeyBar).content_size.width)

    def _show_page(self) -> None:
        page = self.page
        entry = self._entry(page)
        shown = (page.number, entry.source, entry.error)
        if shown != self._shown:
            self._shown = shown
            transcript = self.query_one(Transcript)
            transcript.set_entries([entry])
            transcript.action_scroll_home()
        if self._pictured != page:
            self._pictured = page
            self._show_picture(page)

    def _entry(self, page: Page) -> Entry:
        record, failure = self.reading.record(page), self.reading.failure(page)
        if record is not None:
            return Entry(role="model", source=record.text)
        if failure is None:
            return Entry(role="notice", source=self.reading.words(page))
        keys = () if self.reading.is_running else self.app.keymap.pairs(("ocr_again", "read it again"))
        return Entry(role="model", error=ErrorCard(title=failure.message, hint=_hint(failure, self._again), keys=keys))

    def _show_picture(self, page: Page) -> None:
        picture = self.query_one(Picture)
        if page.source.problem is not None:
            picture.say(page.source.problem.message)
        else:
            picture.show(partial(drawn, page), page.name, f"A picture: {clean_line(page.name, 80)}.")

    def _wait(self) -> float:
        return SECOND_S if self.reading.is_running else LONG_S

    @on(RowList.Highlighted)
    def _looked_at(self, event: RowList.Highlighted) -> None:
        event.stop()
        self._show()

    # ---- keys ----

    @work(group="pages", exclusive=False, exit_on_error=False, description="stop reading or go back")
    async def action_stop(self) -> None:
        """Leave the correction; else stop; where nothing runs, go back."""
        if self._edited is not None:
            self._end_edit()
        elif self.reading.is_running:
            await self.reading.stop()
            self._show()
        else:
            self.dismiss(None)

    @work(group="pages", exclusive=False, exit_on_error=False, description="copy a page")
    async def action_copy(self) -> None:
        """Copy the page's text."""
        page, record = self.page, self.reading.record(self.page)
        if record is None:
            self.say("There is nothing to copy yet.")
        elif await self.app.copy_text(record.text):
            self.say(f"Copied page {page.number}.")
        else:
            self.say("Could not copy the page: it is too long for the terminal's clipboard.")

    @work(group="pages", exclusive=False, exit_on_error=False, description="look at pages")
    async def action_picture(self) -> None:
        """Look at the page's picture, as large as the screen, and at those beside it; the list follows."""
        pages = PageFiles(self.reading.pages)
        looking = Preview(pages.files, self.page.number - 1, pages.read, plain=self._runtime.config.tui.plain)
        await self.app.push_screen_wait(looking)
        self._rows.action_move(looking.at + 1 - self.page.number)

    def action_edit(self) -> None:
        """Correct the page's text."""
        page, record = self.page, self.reading.record(self.page)
        if record is None:
            self.say("There is no text to correct yet.")
            return
        self._edited = page
        area = self.query_one(TextArea)
        # A control character would reach the terminal from here.
        area.load_text(clean(record.text))
        self.add_class("-editing")
        area.focus()
        self._show()

    @work(group="pages", exclusive=False, exit_on_error=False, description="keep a corrected text")
    async def action_keep(self) -> None:
        """Keep the corrected text."""
        page = self._edited
        if page is None:
            return
        try:
            await self.reading.correct(page, self.query_one(TextArea).text)
        except OrchatError as error:
            self.say(f"{error.message}. {error.hint or ''}")
        else:
            self._end_edit()
            self.say(f"Page {page.number} is corrected.")

    def _end_edit(self) -> None:
        self._edited = None
        self.remove_class("-editing")
        self._rows.focus()
        self._show()

    @work(group="pages", exclusive=False, exit_on_error=False, description="read pages again")
    async def action_again(self) -> None:
        """Read what is left, failed pages too."""
        if self.reading.is_running or not self.reading.left:
            return
        try:
            await self.reading.again()
        except OrchatError as error:
            self.say(f"{error.message}. {error.hint or ''}")

    @work(group="export", exclusive=True, exit_on_error=False, description="export all pages")
    async def action_export(self) -> None:
        """Write all texts into one file."""
        if not self.reading.records:
            self.say("There is nothing to export yet.")
            return
        form = await self.app.push_screen_wait(Choose("Export all pages as", list(FORMS)))
        if form is None:
            return
        try:
            target = await self.reading.export(FORMS[form], Path())
        except OrchatError as error:
            self.say(f"{error.message}. {error.hint or ''}")
        else:
            self.say(f"Written: {target.name} in {target.absolute().parent}")

    @on(Transcript.LinkClicked)
    @work(group="link", exclusive=True, exit_on_error=False, description="open a link")
    async def _link_clicked(self, event: Transcript.LinkClicked) -> None:
        await open_link(self, event.href)

    def say(self, words: str) -> None:
        """Something that may be missed."""
        self.notify(clean_line(words, 300), markup=False, timeout=6)


def _hint(error: OrchatError, again: str) -> str:
    """What to do next; what the command line calls an option is a key here, or belongs to the command."""
    hint = (error.hint or "").replace("--max-cost and --resume", f"limit: /ocr --max-cost USD, and then {again}")
    return hint.replace("--resume", again)


def _in_room(
    own: tuple[tuple[str, str], ...], known: tuple[tuple[str, str], ...], width: int
) -> tuple[tuple[str, str], ...]:
    """Every key of this screen's own, in fewer words where that must be; then those that are the same everywhere."""
    if keys_line(*own).cell_length > width:
        own = tuple((key, _BRIEF.get(title, title)) for key, title in own)
    for pair in known:
        if keys_line(*own, pair).cell_length <= width:
            own = (*own, pair)
    return own


def _name(page: Page, width: int) -> Content:
    """A page's name; which page of a document it is stays when there is little room."""
    name = plain(page.source.name, 120)
    if not page.source.is_document:
        return name
    return spread(name, Content.styled(f"p. {page.index + 1}", DIM), width, gap=1)
