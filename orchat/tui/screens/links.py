"""Links in answers: where they lead is shown before they are opened."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from textual.content import Content
from textual.screen import Screen

from orchat.domain.clean import clean_line
from orchat.tui.lines import DIM, STRONG


async def open_link(screen: Screen[Any], href: str) -> None:
    """Open a link after its host was shown."""
    from orchat.tui.screens.confirm import Confirm

    address = clean_line(href, 300)
    parts = urlsplit(href)
    place = clean_line(parts.hostname or parts.path, 100)
    about = Content.assemble((place, STRONG), "\n", (address, DIM))
    if await screen.app.push_screen_wait(Confirm("Open this link?", about, yes="open")):
        screen.app.open_url(href)
