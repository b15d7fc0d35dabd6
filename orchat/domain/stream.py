"""The events of one request, handed over by network read rather than one by one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType

from orchat.domain.events import Event


class EventStream:
    """An async iterator of events that must be closed, so it is used as ``async with … as stream``.

    Args:
        batches: Generator of non-empty lists of events; closing the stream closes it.
    """

    def __init__(self, batches: AsyncGenerator[list[Event], None]) -> None:
        self._batches = batches
        self._batch: list[Event] = []
        self._next = 0

    async def __aenter__(self) -> EventStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the request if it still runs, and free what it holds."""
        await self._batches.aclose()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        if self._next >= len(self._batch):
            self._batch = await self._batches.__anext__()
            self._next = 0
        event = self._batch[self._next]
        self._next += 1
        return event

    async def batch(self) -> list[Event]:
        """The events that have arrived and were not handed out yet; waits for the next ones if there are none.

        Returns:
            At least one event, or an empty list at the end of the stream.
        """
        rest = self._batch[self._next :]
        self._batch, self._next = [], 0
        if rest:
            return rest
        try:
            return await self._batches.__anext__()
        except StopAsyncIteration:
            return []
