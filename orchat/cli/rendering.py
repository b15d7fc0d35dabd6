"""Shows an answer on a terminal while it arrives."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from orchat.cli.output import STDOUT
from orchat.tasks import Tasks, settled

if TYPE_CHECKING:
    from orchat.cli.output import Output

FLUSH_S = 0.05
"""Seconds between two frames that cost nothing."""
LOADED = ("orchat.cli.scroll", "markdown_it", "pygments.lexers")
"""Loaded in a thread while the server thinks."""
_USUAL = os.terminal_size((80, 24))


class Rendering:
    """Markdown, drawn frame by frame.

    Args:
        output: A terminal.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._tasks = Tasks()
        self._loading: asyncio.Future[Any] | None = None
        self._scroll: Any = None
        self._frame = bytearray()
        self._painting: asyncio.Task[None] | None = None
        self._is_dirty = asyncio.Event()
        self._is_over = asyncio.Event()

    def prepare(self) -> None:
        """Load what draws, while the answer is on its way."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, _load)

    async def write(self, text: str) -> None:
        """Take a piece; it is drawn with the next frame.

        Raises:
            OrchatError: The terminal cannot be written to.
        """
        if self._painting is None:
            self.prepare()
            assert self._loading is not None
            await asyncio.shield(self._loading)
            self._open()
        assert self._painting is not None
        self._scroll.feed(text)
        self._is_dirty.set()
        if self._painting.done():
            self._painting.result()

    async def end(self) -> None:
        """Draw the rest, and end the last line."""
        if self._painting is not None:
            self._is_over.set()
            self._is_dirty.set()
            await settled(self._painting)
            self._painting.result()

    def break_off(self) -> None:
        """Draw the rest as far as the terminal takes it."""
        if self._painting is not None:
            self._painting.cancel()
            self._frame += self._last()
            self._output.draw_if_possible(self._frame)

    def _open(self) -> None:
        from orchat.cli.scroll import Scroll

        self._scroll = Scroll(colours=self._output.has_colours)
        self._painting = self._tasks.spawn(self._paint(), name="draw the answer")

    async def _paint(self) -> None:
        """Frame after frame, at most a third of the time."""
        while not self._is_over.is_set():
            await self._is_dirty.wait()
            self._is_dirty.clear()
            began = time.monotonic()
            self._frame += self._output.encoded(self._scroll.frame(*_size()))
            cost = time.monotonic() - began
            await self._output.draw(self._frame)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), max(FLUSH_S - cost, 2 * cost))
        self._frame += self._last()
        await self._output.draw(self._frame)

    def _last(self) -> bytes:
        return self._output.encoded(self._scroll.finish(*_size()))


def _load() -> None:
    for module in LOADED:
        import_module(module)


def _size() -> tuple[int, int]:
    """Columns and lines as they are now."""
    try:
        size = os.get_terminal_size(STDOUT)
    except OSError:
        size = _USUAL
    return size.columns or _USUAL.columns, size.lines or _USUAL.lines
