"""What the commands for sessions that leave no trace do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from orchat.errors import UsageError
from orchat.tui.changes import Prompt

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen


async def temp(screen: ChatScreen, _argument: str) -> None:
    """Begin a session that leaves nothing on the disk."""
    await screen.leave_session()
    screen.session.reset()
    screen.session.begin_temporary()
    screen.composer.replace(Prompt(text=""))
    screen.refresh_figures()


async def keep(screen: ChatScreen, _argument: str) -> None:
    """Keep a temporary session after all."""
    if not screen.session.is_temporary:
        raise UsageError("this session is kept already")
    await screen.session.keep()
    screen.keep_draft()
    screen.say("This session is kept from now on.")
    screen.refresh_figures()


TEMPORARY_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {"temp": temp, "keep": keep}
"""By the id of the command."""
