"""Blocking work that the loop waits for and the process does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, name: str) -> T:
    """Run blocking work in a thread that nobody waits for at the end: leaving must not take as long as a prompt.

    Args:
        work: May block for as long as it likes.
        name: Of the thread.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(outcome: Callable[[], None]) -> None:
        if not answer.done():
            outcome()

    def run() -> None:
        try:
            outcome: Callable[[], None] = partial(answer.set_result, work())
        except BaseException as error:
            outcome = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await answer
