"""A picture on the screen, as large as there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import work
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from orchat.domain.clean import clean_line
from orchat.errors import MediaError, OrchatError
from orchat.media.thumbnail import Thumbnail, thumbnail
from orchat.tui.lines import DIM
from orchat.tui.pictures.ground import ground_of
from orchat.tui.pictures.half import draw

Load = Callable[[], bytes]
"""Reads the file of a picture; it may block."""


class Picture(Widget):
    """Shows one picture, or says in words why there is none.

    Args:
        plain: Words only.
        ground: Name of the theme's colour that it lies on.
        id: Textual's id.
    """

    DEFAULT_CSS = """
    Picture { width: 1fr; height: 1fr; content-align-vertical: middle; }
    """

    def __init__(self, *, plain: bool = False, ground: str = "surface", id: str | None = None) -> None:
        super().__init__(id=id)
        self._is_plain = plain
        self._ground = ground
        self._load: Load | None = None
        self._file = ""
        self._words = ""
        self._strips: list[Strip] = []
        self._picture: Thumbnail | None = None

    @property
    def picture(self) -> Thumbnail | None:
        """What is shown; None: words, or nothing yet."""
        return self._picture

    def show(self, load: Load, name: str, words: str = "") -> None:
        """Show a picture.

        Args:
            load: Reads its file, off the event loop.
            name: Its name, foreign.
            words: Said in its place where there are no pictures; ours.
        """
        self._load, self._file, self._words = load, name, words
        if self._is_plain:
            self._set(None)
        else:
            self._words = ""
            self._make()

    def say(self, words: str) -> None:
        """Show words in the place of a picture: foreign."""
        self._load, self._words = None, words
        self.workers.cancel_node(self)
        self._set(None)

    def on_resize(self) -> None:
        """The picture follows the room."""
        if self._load is not None and not self._is_plain:
            self._make()

    def on_mount(self) -> None:
        """The ground follows the theme."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: object) -> None:
        self._set(self._picture)

    @work(group="preview", exclusive=True, exit_on_error=False, description="make a picture small")
    async def _make(self) -> None:
        load, size = self._load, self.size
        if load is None or not size.width or not size.height:
            return
        name = self._file
        try:
            made = await asyncio.to_thread(lambda: thumbnail(load(), name, size.width, size.height))
        except MediaError as error:
            self._fail(error.message)
        except (OSError, OrchatError):
            self._fail("It cannot be read any more.")
        else:
            self._set(made)

    def _fail(self, words: str) -> None:
        self._words = words
        self._set(None)

    def _set(self, picture: Thumbnail | None) -> None:
        self._picture = picture
        self._strips = []
        if picture is not None:
            ground = ground_of(self.app.theme_variables, self._ground)
            self._strips = [Strip(row, picture.width) for row in draw(picture, ground)]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row: of the picture, in the middle or where the style has it, or of the words."""
        width, height = self.size
        style = self.rich_style
        if self._picture is None:
            lines = Content.styled(clean_line(self._words, 300), DIM).wrap(max(1, width)) if self._words else []
            if y >= len(lines):
                return Strip.blank(width, style)
            return Visual.to_strips(self, lines[y], width, 1, self.visual_style, pad=True)[0]
        above = 0 if self.styles.content_align_vertical == "top" else (height - len(self._strips)) // 2
        row = y - above
        if not 0 <= row < len(self._strips):
            return Strip.blank(width, style)
        left = (width - self._picture.width) // 2
        return Strip.join([Strip.blank(left, style), self._strips[row]]).adjust_cell_length(width, style)
