"""The terminal, lent to another program for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import SuspendNotSupported

from orchat.errors import UsageError

if TYPE_CHECKING:
    from textual.app import App

T = TypeVar("T")


async def lend(app: App[Any], work: Callable[[], T], refusal: str) -> T:
    """Give the terminal away; whatever runs in the app meanwhile goes on, unseen.

    Args:
        app: Has the terminal.
        work: Runs the other program until it is over; it blocks.
        refusal: Said where it cannot be done.

    Returns:
        What `work` returns.

    Raises:
        UsageError: The terminal cannot be given away, or the program cannot be started.
    """
    try:
        with app.batch_update(), app.suspend():
            return await asyncio.to_thread(work)
    except (SuspendNotSupported, OSError) as error:
        raise UsageError(refusal) from error
