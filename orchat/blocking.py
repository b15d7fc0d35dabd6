"""The same client for programs without an event loop: one background loop, opened when it is first needed."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from orchat.client import AsyncClient, UsageStats
from orchat.errors import UsageError

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from orchat.domain.catalog import Model
    from orchat.domain.conversation import StoredMessage

T = TypeVar("T")

AHEAD = 256
"""Pieces that a stream may run ahead of its reader before it waits."""


class Client:
    """A blocking facade over `AsyncClient`; safe to use from several threads at once.

    Use it as a context manager, or call `close`.

    Args:
        **settings: As for `AsyncClient`.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._running: tuple[AbstractContextManager[BlockingPortal], BlockingPortal, AsyncClient] | None = None
        self._lock = Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Save what is open and stop the background loop; the client opens again when it is used again."""
        with self._lock:
            if self._running is None:
                return
            manager, portal, client = self._running
            self._running = None
            portal.call(client.aclose)
            manager.__exit__(None, None, None)

    def generate_text(self, prompt: str, **options: Any) -> str:
        """As `AsyncClient.generate_text`.

        Raises:
            UsageError: Called from a running event loop, which it would block.
        """
        return self._run(lambda client: client.generate_text(prompt, **options))

    def stream_text(self, prompt: str, **options: Any) -> Iterator[str]:
        """As `AsyncClient.stream_text`: yields pieces of the answer as they arrive.

        Leaving the loop early stops the request.

        Raises:
            UsageError: Called from a running event loop, which it would block.
        """
        refuse_running_loop()
        portal, client = self._open()
        return _drain(portal, client, prompt, options)

    def compare(self, prompt: str, models: Sequence[str], **options: Any) -> tuple[StoredMessage, ...]:
        """Ask several models the same thing at once, as `AsyncClient.compare`, and wait for all answers.

        Args:
            prompt: What is asked.
            models: Two to four ids, each once.
            **options: As for `AsyncClient.compare`.

        Returns:
            An answer for each model, in their order, however it ended; `StoredMessage.state` tells.

        Raises:
            UsageError: Called from a running event loop, or there are too few or too many models.
        """
        return self._run(lambda client: _compared(client, prompt, models, options))

    def usage_stats(self, *, days: int | None = None) -> UsageStats:
        """As `AsyncClient.usage_stats`."""
        return self._run(lambda client: client.usage_stats(days=days))

    def models(self) -> tuple[Model, ...]:
        """As `AsyncClient.models`."""
        return self._run(lambda client: client.models())

    def _run(self, call: Callable[[AsyncClient], Awaitable[T]]) -> T:
        refuse_running_loop()
        portal, client = self._open()
        return portal.call(call, client)

    def _open(self) -> tuple[BlockingPortal, AsyncClient]:
        with self._lock:
            if self._running is None:
                from anyio.from_thread import start_blocking_portal

                manager = start_blocking_portal("asyncio")
                portal = manager.__enter__()
                client = AsyncClient(**self._settings)
                self._running = (manager, portal, client)
                portal.call(client.open)
            return self._running[1:]


async def _compared(
    client: AsyncClient, prompt: str, models: Sequence[str], options: dict[str, Any]
) -> tuple[StoredMessage, ...]:
    async with client.compare(prompt, models, **options) as comparison:
        return await comparison.answers()


class _Channel:
    """Hands pieces from the background loop to one thread; the sender waits when the reader falls behind."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._room = asyncio.Semaphore(AHEAD)
        self._pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

    async def put(self, piece: str) -> None:
        await self._room.acquire()
        self._pieces.put(piece)

    def end(self, error: BaseException | None) -> None:
        self._pieces.put(error)

    def get(self) -> str | None:
        """The next piece; None at the end. Raises what broke the stream."""
        piece = self._pieces.get()
        if isinstance(piece, BaseException):
            raise piece
        if piece is not None:
            self._loop.call_soon_threadsafe(self._room.release)
        return piece


async def _channel() -> _Channel:
    return _Channel(asyncio.get_running_loop())


async def _pump(client: AsyncClient, prompt: str, options: dict[str, Any], channel: _Channel) -> None:
    failure: BaseException | None = None
    try:
        async with client.stream_text(prompt, **options) as stream:
            async for piece in stream:
                await channel.put(piece)
    except Exception as error:
        failure = error
    finally:
        channel.end(failure)


def _drain(portal: BlockingPortal, client: AsyncClient, prompt: str, options: dict[str, Any]) -> Iterator[str]:
    channel = portal.call(_channel)
    pump = portal.start_task_soon(_pump, client, prompt, options, channel)
    try:
        while (piece := channel.get()) is not None:
            yield piece
    finally:
        pump.cancel()


def generate_text(prompt: str, *, settings: dict[str, Any] | None = None, **options: Any) -> str:
    """Ask once and return the answer.

    Args:
        prompt: What is asked.
        settings: As for `AsyncClient`.
        **options: ``system``, ``model``, ``over_budget``, ``temperature`` and the other names of
            `AsyncClient.generate_text`.

    Returns:
        The text of the answer.

    Raises:
        OrchatError: No answer came; see `orchat.errors`.
    """
    with Client(**(settings or {})) as client:
        return client.generate_text(prompt, **options)


def stream_text(prompt: str, *, settings: dict[str, Any] | None = None, **options: Any) -> Iterator[str]:
    """Ask once and yield the answer as it arrives.

    Args:
        prompt: What is asked.
        settings: As for `AsyncClient`.
        **options: As for `generate_text`.

    Yields:
        Pieces of the answer.

    Raises:
        OrchatError: The answer broke off or never came; what was yielded before stands.
    """
    refuse_running_loop()
    return _asked_once(prompt, settings or {}, options)


def _asked_once(prompt: str, settings: dict[str, Any], options: dict[str, Any]) -> Iterator[str]:
    with Client(**settings) as client:
        yield from client.stream_text(prompt, **options)


def refuse_running_loop() -> None:
    """Raise when this thread runs an event loop: blocking it would stop everything else on it.

    Raises:
        UsageError: Names the async client to use instead.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "the blocking client was called from a running event loop",
        hint="use orchat.AsyncClient there: async with AsyncClient() as client: await client.generate_text(…)",
    )
