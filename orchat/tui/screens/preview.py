"""Attached and received files, one at a time, as large as the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean, clean_line
from orchat.errors import OrchatError
from orchat.tui.attached import Attached, format_of
from orchat.tui.keys import place_bindings
from orchat.tui.lending import lend
from orchat.tui.lines import DIM, keys_line
from orchat.tui.pictures.picture import Picture
from orchat.tui.pictures.sharp import is_installed, show
from orchat.tui.saving import proposed, save, save_as
from orchat.tui.screens.dialog import Dialog, TitleLine, soon
from orchat.tui.wording import size

if TYPE_CHECKING:
    from orchat.tui.app import OrchatApp

MOST_TEXT = 100_000
"""Characters of a text that are shown."""

Read = Callable[[Attached], Awaitable[bytes]]
"""Gives the bytes of a file, without blocking; it may put what the file turned out to be in its place."""

_ENDS = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


class Preview(Dialog[int]):
    """Shows files and saves copies of them; gives back the one that shall be written into the text.

    Args:
        files: At least one.
        at: The one that is shown first.
        read: Gives their bytes.
        plain: No pictures, words.
        writable: Which of them may be written into the text.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    Preview {
        & > #panel { width: 96%; height: 94%; max-width: 240; max-height: 100; }
        & #facts { height: 1; color: $dim; margin-bottom: 1; }
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; display: none; }
        &.-text VerticalScroll { display: block; }
        &.-text Picture { display: none; }
    }
    Preview.-low #facts { margin-bottom: 0; }
    """
    BINDINGS = [
        *place_bindings("preview"),
        Binding("enter,q", "back", "Back", show=False),
    ]

    def __init__(
        self, files: Sequence[Attached], at: int, read: Read, *, plain: bool = False, writable: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self._files = files
        self.at = max(0, min(at, len(files) - 1))
        """The one that is shown, from 0."""
        self._read = read
        self._is_plain = plain
        self._writable = writable

    def content(self) -> ComposeResult:
        """Name, facts, the file itself, keys."""
        yield TitleLine("")
        yield Static(Content(""), id="facts")
        yield Picture(plain=self._is_plain)
        with VerticalScroll(can_focus=True):
            yield Static(Content(""), id="text")
        yield Static(Content(""), id="keys", classes="foot")

    def on_mount(self) -> None:
        """Show the first one."""
        self._show()

    @property
    def file(self) -> Attached:
        """The one that is shown."""
        return self._files[self.at]

    def action_go(self, by: int) -> None:
        """Show another one."""
        to = max(0, min(self.at + by, len(self._files) - 1))
        if to != self.at:
            self.at = to
            self._show()

    def on_resize(self, _event: events.Resize) -> None:
        """The keys follow the width."""
        soon(self, self._show_keys)

    def _show_keys(self) -> None:
        file = self.file
        pairs = [("preview_before preview_after", "others")] if len(self._files) > 1 else []
        pairs += [("preview_save", "save a copy"), ("preview_open", "open outside")]
        if file.is_picture and not self._is_plain and is_installed():
            pairs.append(("preview_sharpen", "full sharpness"))
        if self.at in self._writable:
            pairs.insert(0, ("preview_write", "into the text"))
        foot = self.query_one("#keys", Static)
        foot.update(keys_line(*self.app.keymap.pairs(*pairs), ("Esc", "back"), width=foot.size.width))

    def _show(self) -> None:
        file = self.file
        several = len(self._files) > 1
        title = self.query_one(TitleLine)
        title.rename(clean_line(file.name, 80))
        title.set_facts(f"{self.at + 1} of {len(self._files)}" if several else "")
        self._show_facts()
        self._load(file)

    def _show_facts(self) -> None:
        self.query_one("#facts", Static).update(Content.styled(facts_of(self.file), DIM))
        self._show_keys()

    @work(group="preview", exclusive=True, exit_on_error=False, description="read an attached file")
    async def _load(self, file: Attached) -> None:
        picture = self.query_one(Picture)
        try:
            data = await self._read(file)
        except OrchatError as error:
            self.remove_class("-text")
            picture.say(error.message)
            return
        file = self.file
        self._show_facts()
        is_text = file.mime == "text/plain"
        self.set_class(is_text, "-text")
        if is_text:
            shown = clean(data[: MOST_TEXT * 4].decode(errors="replace")[:MOST_TEXT])
            self.query_one("#text", Static).update(Content(shown))
            scroll = self.query_one(VerticalScroll)
            scroll.scroll_home(animate=False)
            scroll.focus()
        elif file.is_link:
            picture.say(f"A link, which is not opened here: {data.decode(errors='replace')}")
        elif file.is_picture:
            picture.show(lambda: data, file.name, f"A picture: {facts_of(file)}.")
        else:
            picture.say(f"{format_of(file)}: it is not shown here. o opens it in another program.")

    # ---- what can be done with it ----

    def action_write_out(self) -> None:
        """Let a short paste stand in the text instead of going along as a file."""
        if self.at in self._writable:
            self.dismiss(self.at)

    @work(group="save", exclusive=True, exit_on_error=False, description="save a copy")
    async def action_save(self) -> None:
        """Write a copy into a file."""
        from orchat.tui.screens.confirm import AskLine

        file = self.file
        name = _ended(file)
        wish = await self.app.push_screen_wait(AskLine("Save as", str(proposed(Path.cwd(), name))))
        if wish:
            try:
                where = await asyncio.to_thread(save_as, await self._read(file), wish, name)
                self._say(f"Saved {where}.")
            except OrchatError as error:
                self._say(str(error), is_problem=True)

    @work(group="save", exclusive=True, exit_on_error=False, description="show it in the terminal's own pixels")
    async def action_sharpen(self) -> None:
        """Show a picture by Kitty's protocol or Sixel, where the extra and the terminal can."""
        if not self.file.is_picture or self._is_plain:
            return
        if not is_installed():
            self._say("Sharp pictures need the extra: orchat-tui[images].", is_problem=True)
            return
        try:
            data = await self._read(self.file)
            await lend(self.app, lambda: show(data), "the terminal cannot be given away here")
        except OrchatError as error:
            self._say(str(error), is_problem=True)

    @work(group="save", exclusive=True, exit_on_error=False, description="open in another program")
    async def action_open(self) -> None:
        """Open a copy in the system's own program, after a question."""
        from orchat.tui.screens.confirm import Confirm

        file = self.file
        about = Content.assemble((clean_line(file.name, 80), "bold"), "\n", (facts_of(file), DIM))
        if not await self.app.push_screen_wait(Confirm("Open it in another program?", about, yes="open")):
            return
        try:
            data = await self._read(file)
            address = data.decode() if file.is_link else await asyncio.to_thread(_copied, data, _ended(file))
        except OrchatError as error:
            self._say(str(error), is_problem=True)
        else:
            self.app.open_url(address)

    def _say(self, words: str, *, is_problem: bool = False) -> None:
        self.app.notify(
            clean_line(words, 300), severity="warning" if is_problem else "information", markup=False, timeout=4
        )


def facts_of(file: Attached) -> str:
    """``PNG · 1240×1754 · 301 kB · from 4000×3000``.

    Args:
        file: What goes along.

    Returns:
        Nothing where it was not read yet.
    """
    if not file.sha256:
        return ""
    shape = f"{file.width}×{file.height}" if file.width and file.height else ""
    length = "" if file.is_link else size(file.size)
    return " · ".join(part for part in (format_of(file), shape, length, file.note) if part)


def _ended(file: Attached) -> str:
    """A name by which other programs know a picture: a page of a document has no end of its own."""
    has_end = Path(file.name).suffix.lower() in _ENDS
    return file.name if has_end or not file.mime.startswith("image/") else f"{file.name}.{file.mime.partition('/')[2]}"


def _copied(data: bytes, name: str) -> str:
    """A copy that other programs may read; the system clears it away."""
    import tempfile

    return save(data, proposed(Path(tempfile.mkdtemp(prefix="orchat-")), name)).as_uri()
