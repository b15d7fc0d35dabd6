"""One HTTP exchange in a task of its own, which is cancelled at most once.

httpx 0.28.1 loses a pool connection when a request is cancelled while it is still dealing with a cancellation. So no
caller's cancellation ever reaches httpx: the caller asks the exchange to stop, and only the first such wish counts.
httpcore also loses one to a single cancellation, where it waits for a lock of its own: between opening a connection and
its first request, and while it puts a connection back. A wish that comes then waits for that turn of the loop to pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchat.errors import RequestFailed, TimedOut
from orchat.openrouter._httpx import httpx
from orchat.openrouter.transport import explain
from orchat.tasks import Tasks, settled

MOST_WAITING = 1 << 20
"""Bytes that nobody took yet, from which on reading pauses."""
_LINGER_S = 1.0
"""Time for the last bytes after the answer, so that the connection can be used again."""
_SENT = (
    "http11.send_request_headers.failed",
    "http11.send_request_body.complete",
    "http11.send_request_body.failed",
)

_FRAGILE = ("connect_tcp.complete", "start_tls.complete", "response_closed.started")


class Reader(Protocol):
    """What becomes of a response: `answer.Answer` for completions, `answer.Document` for everything else."""

    waiting: int
    """Bytes taken in since somebody last took the result."""

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """The headers are here."""
        ...

    def feed(self, data: bytes) -> bool:
        """Some of the body is here; False when nothing more is wanted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of time for one exchange, in seconds; None is no limit."""

    connect: float
    """To open a connection."""
    pool: float
    """To get a connection out of the pool."""
    write: float
    """For each write."""
    first_byte: float | None = None
    """From the end of the request to the first byte of the body."""
    idle: float | None = None
    """Between two bytes of the body."""
    total: float | None = None
    """For everything."""


class Exchange:
    """Sends one request and hands the response to a reader.

    Args:
        http: The client whose pool is used.
        request: What is sent; its own extensions are replaced.
        reader: Takes the response.
        limits: Limits of time.
        tasks: Owner of the task.
        model: Model asked, for errors.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        request: httpx.Request,
        *,
        reader: Reader,
        limits: Limits,
        tasks: Tasks,
        model: str | None = None,
    ) -> None:
        self._http = http
        self._request = request
        self._reader = reader
        self._limits = limits
        self._tasks = tasks
        self._model = model
        self._watch = Watch(self._expire)
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._is_fragile = False
        self._is_deferred = False
        self.over = False
        """The reader has everything it will ever get."""
        self.failure: Exception | None = None
        """What went wrong on the way, if anything; the reader knows what the server said."""

    def start(self) -> None:
        """Begin; the name of the task holds neither prompt nor secret."""
        # Read timeouts are the watch's business: those of httpx cannot tell the first byte from the next ones.
        limits = self._limits
        timeout = {"connect": limits.connect, "pool": limits.pool, "write": limits.write, "read": None}
        self._request.extensions = {"timeout": timeout, "trace": self._traced}
        self._task = self._tasks.spawn(self._run(), name=f"{self._request.method} {self._request.url.path}")

    async def changed(self) -> None:
        """Wait until the reader got something, or the exchange is over."""
        await self._news.wait()
        if not self.over:
            self._news.clear()

    def made_room(self) -> None:
        """The reader's result was taken."""
        self._room.set()

    def stop(self) -> None:
        """End the exchange; asking again has no effect."""
        if self._task is not None and not self._is_stopped:
            self._is_stopped = True
            self._is_deferred = self._is_fragile
            if not self._is_deferred:
                self._task.cancel()

    async def close(self) -> None:
        """Stop, unless everything arrived, and wait until the connection is free."""
        if self._task is None or self.over:
            return
        self.stop()
        await settled(self._task)

    async def _run(self) -> None:
        if self._limits.total is not None:
            self._watch.arm("total", self._limits.total)
        try:
            response = await self._http.send(self._request, stream=True)
            try:
                await self._read(response)
            finally:
                await response.aclose()
        except Exception as error:
            self._fail(explain(error, host=self._request.url.host, model=self._model) or error)
        except asyncio.CancelledError:
            self._fail(RequestFailed("The request was stopped.", model=self._model))
            if not self._is_stopped:
                raise
        finally:
            self._watch.disarm()
            self._end()

    async def _read(self, response: httpx.Response) -> None:
        reader, watch = self._reader, self._watch
        reader.open(response.status_code, response.headers)
        self._news.set()
        idle = self._limits.idle
        body = response.aiter_bytes()
        async for data in body:
            if idle is not None:
                watch.heard("idle", idle)
            if not reader.feed(data):
                break
            self._news.set()
            if idle is not None and reader.waiting > MOST_WAITING:
                watch.disarm()
                await self._wait_for_room()
                watch.arm("idle", idle)
        else:
            return
        self._end()
        self._watch.arm("linger", _LINGER_S)
        async for _ in body:
            pass

    async def _wait_for_room(self) -> None:
        while self._reader.waiting > MOST_WAITING:
            self._room.clear()
            await self._room.wait()

    def _fail(self, failure: Exception) -> None:
        if self.failure is None and not self.over:
            self.failure = failure

    def _end(self) -> None:
        self.over = True
        self._news.set()

    async def _traced(self, event: str, _: Mapping[str, Any]) -> None:
        self._is_fragile = event.endswith(_FRAGILE)
        if self._is_deferred and not self._is_fragile and self._task is not None:
            self._is_deferred = False
            self._task.cancel()
        if event in _SENT and self._limits.first_byte is not None:
            self._watch.arm("first_byte", self._limits.first_byte)

    def _expire(self, stage: str, seconds: float) -> None:
        if stage in _EXPIRED and not self._is_stopped:
            message = _EXPIRED[stage].format(host=self._request.url.host, seconds=seconds)
            hint = "Try again, or choose another model."
            self._fail(TimedOut(message, stage=stage, model=self._model, hint=hint))
        self.stop()


_EXPIRED = {
    "first_byte": "{host} did not begin to answer within {seconds:g} s.",
    "idle": "{host} fell silent for {seconds:g} s.",
    "total": "{host} did not answer within {seconds:g} s.",
}


class Watch:
    """Calls back when a limit of time passes.

    Data only notes the time; the timer looks at that note when it fires. Moving a timer for each of many thousand
    reads would cost more than reading.
    """

    def __init__(self, expire: _Expire) -> None:
        self._expire = expire
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._stage = ""
        self._seconds = 0.0
        self._since = 0.0

    def arm(self, stage: str, seconds: float) -> None:
        """Start counting anew."""
        self.disarm()
        self._stage, self._seconds = stage, seconds
        self._since = self._loop.time()
        self._handle = self._loop.call_at(self._since + seconds, self._look)

    def heard(self, stage: str, seconds: float) -> None:
        """Something arrived: from now on this limit counts."""
        if self._stage == stage:
            self._since = self._loop.time()
        else:
            self.arm(stage, seconds)

    def disarm(self) -> None:
        """Stop counting."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._stage = ""

    def _look(self) -> None:
        due = self._since + self._seconds
        if self._loop.time() < due:
            self._handle = self._loop.call_at(due, self._look)
        else:
            self._handle = None
            self._expire(self._stage, self._seconds)


class _Expire(Protocol):
    def __call__(self, stage: str, seconds: float) -> None: ...
