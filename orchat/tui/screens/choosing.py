"""Which model is meant by what follows a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen


async def chosen_model(screen: ChatScreen, argument: str) -> str | None:
    """The model that was named, if the name fits one; else the one that is chosen from the list."""
    from orchat.tui.listing import meant

    runtime = screen.runtime
    await runtime.start()
    named = meant(argument, await runtime.models.known()) if argument else ""
    if named:
        return named
    from orchat.tui.screens.picker import Picker

    return await screen.app.push_screen_wait(Picker(runtime, current=screen.session.model, text=argument))
