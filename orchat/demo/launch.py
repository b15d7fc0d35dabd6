"""The demo beside a program: a server on its own thread and loop, so that neither slows the other."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from orchat.demo.server import DemoServer

KEPT_REQUESTS = 20
"""A person's demo may run for days, and requests hold images."""


class DemoThread:
    """A demo server on a daemon thread; made by `start_demo`.

    Args:
        **settings: As for `DemoServer`.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = {"keep": KEPT_REQUESTS, **settings}
        self._ready: Future[DemoServer] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="orchat demo", daemon=True)

    def start(self) -> DemoThread:
        """Start, and return when connections are accepted.

        Returns:
            Itself.

        Raises:
            OSError: No socket could be opened.
            TypeError: There is no such setting.
        """
        self._thread.start()
        self._ready.result()
        return self

    @property
    def server(self) -> DemoServer:
        """The server; it belongs to the other thread, so only read from it."""
        return self._ready.result()

    @property
    def base_url(self) -> str:
        """What a client takes for ``https://openrouter.ai/api/v1``."""
        return self.server.base_url

    def stop(self) -> None:
        """Break off what is being answered and wait until the thread has ended; more than once is fine."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it was stopped before
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            try:
                server = await stack.enter_async_context(DemoServer(**self._settings))
            except Exception as error:  # whatever it is, the starter waits for it
                self._ready.set_exception(error)
                return
            self._ready.set_result(server)
            await self._stop.wait()


def start_demo(**settings: Any) -> DemoThread:
    """Start a demo server beside the running program.

    Args:
        **settings: As for `DemoServer`: ``pace``, ``clock``, ``keys``, ``keep``.

    Returns:
        The running thread; its `base_url` is ready for use, `stop` ends it.
    """
    return DemoThread(**settings).start()


@contextlib.contextmanager
def running_demo(**settings: Any) -> Iterator[str]:
    """A demo server for the length of a block.

    Args:
        **settings: As for `DemoServer`.

    Yields:
        The base URL.
    """
    demo = start_demo(**settings)
    try:
        yield demo.base_url
    finally:
        demo.stop()
