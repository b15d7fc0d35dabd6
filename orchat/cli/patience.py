"""Tells somebody who looks that an answer is slow to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from orchat.cli.diagnostics import Diagnostics

AFTER_S = 10.0
"""Seconds without content before anything is said."""
AGAIN_S = 1.0
"""Seconds until the figure is brought up to date."""


class Patience:
    """One line on a terminal that counts the seconds, and goes when the text comes.

    Args:
        diagnostics: Shows it.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._loop: asyncio.AbstractEventLoop
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._model = ""
        self.thinks = False
        """Whether the model was heard thinking."""

    def begin(self, model: str) -> None:
        """A request has been sent."""
        self.end()
        if self._diagnostics.is_terminal:
            from asyncio import get_running_loop  # here, because --help needs no loop

            self._loop = get_running_loop()
            self._model, self.thinks = model, False
            self._began = self._loop.time()
            self._again(AFTER_S)

    def end(self) -> None:
        """The text comes, or nothing does any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._diagnostics.end_count_down()

    def _again(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._tell)

    def _tell(self) -> None:
        waited = round(self._loop.time() - self._began)
        doing = "thinks" if self.thinks else "has not begun to answer"
        self._diagnostics.count_up(f"{self._model} {doing}: {waited} s; Ctrl-C stops")
        self._again(AGAIN_S)
