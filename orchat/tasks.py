"""Tasks with an owner: cancelled exactly once, always waited for, never forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    """The owner of a group of tasks.

    A task started here is kept alive until it ends, and `close` waits for all of them. Waiting never passes a
    cancellation on: whoever waits may be cancelled as often as it likes, the task itself is cancelled once.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start `work` as a task of this owner; the name must hold no prompt and no secret."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, *, cancel: bool) -> None:
        """Wait until every task has ended, after cancelling each once if `cancel` is set."""
        tasks = list(self._tasks)
        if cancel:
            for task in tasks:
                task.cancel()
        for task in tasks:
            await settled(task)


async def settled(task: asyncio.Task[Any]) -> None:
    """Wait until `task` has ended, however; its result or exception stays in the task."""
    if not task.done():
        await asyncio.wait({task})


async def finish(work: Coroutine[Any, Any, T], owner: Tasks, *, name: str) -> T:
    """Run `work` to its end even when the caller is cancelled meanwhile; the cancellation is raised afterwards.

    A save in a ``finally`` block uses this: a second Escape must not lose the reply.
    """
    task = owner.spawn(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()
