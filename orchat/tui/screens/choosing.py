"""Which of several is meant: the model that was named, the code that is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.tui.app import OrchatApp
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


async def chosen_code(app: OrchatApp, blocks: Sequence[str]) -> str | None:
    """The only block of code, or the one that is chosen by its number and first line."""
    if len(blocks) == 1:
        return blocks[0]
    from orchat.tui.screens.confirm import Choose

    firsts = [f"{number}  {block.strip().partition(chr(10))[0]}" for number, block in enumerate(blocks, 1)]
    chosen = await app.push_screen_wait(Choose("Copy which code?", firsts))
    if chosen is None:
        return None
    return blocks[firsts.index(chosen)]
