"""Textual's way to the terminal, when a first frame stands there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.driver import Driver

if TYPE_CHECKING:
    from orchat.tui.curtain import Curtain

ALTERNATE = "\x1b[?1049h"
"""Turns to the other screen; terminals clear it even where it is on already."""


def behind(curtain: Curtain, driver: type[Driver]) -> type[Driver]:
    """A driver that paints over a first frame, and clears nothing before.

    Args:
        curtain: Holds the terminal until the driver has begun.
        driver: What it would be otherwise.
    """

    class Behind(driver):  # type: ignore[misc, valid-type]  # the platform decides on the class
        def write(self, data: str) -> None:
            """Write it, unless it is what the curtain has written before."""
            typed = curtain.hand_over() if data == ALTERNATE else None
            if typed is None:
                super().write(data)
            else:
                self._app.hear(typed)

    return Behind
