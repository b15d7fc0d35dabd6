"""The server: accepts connections, records requests, plays scripts, and otherwise lets the demo models answer."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from orchat.clock import Clock, SystemClock
from orchat.demo.accounts import Accounts, Admissions, DemoKey, Holder
from orchat.demo.answer import Step
from orchat.demo.breaks import Limit
from orchat.demo.completions import Completions
from orchat.demo.faults import fault
from orchat.demo.lookups import Lookups
from orchat.demo.signin import EXCHANGE, SignIns
from orchat.demo.stage import Recorded, Stage, encode
from orchat.demo.wire import Connection, HttpRequest, Refused
from orchat.domain.secret import Secret
from orchat.tasks import Tasks, settled

PREFIX = "/api/v1"
CHAT = "/chat/completions"
HOST = "127.0.0.1"


class DemoServer:
    """An OpenRouter on a loopback socket; use it as an async context manager.

    Args:
        clock: For pauses, limits and time stamps; None: the machine's.
        pace: Multiplies every pause of the demo models: 1 for people, 0 for tests.
        keys: Keys and their terms; None: every key is good.
        keep: How many requests `requests` remembers; None: all.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        pace: float = 1.0,
        keys: Mapping[str, DemoKey] | None = None,
        keep: int | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.pace = pace
        self.requests: list[Recorded] = []
        self.connections_made = 0
        self._keep = keep
        self._accounts = Accounts(keys)
        self._completions = Completions()
        self._lookups = Lookups(self.clock)
        self._sign_ins = SignIns(self.clock, self._made_key, seed=lambda: self.base_url)
        self._scripts: dict[str, deque[Step]] = defaultdict(deque)
        self._limit: Admissions | None = None
        self._connections: set[Connection] = set()
        self._holders: dict[int, Holder] = {}
        self._tasks = Tasks()
        self._news = asyncio.Event()
        self._generations = 0
        self._crash: BaseException | None = None
        self._server: asyncio.Server | None = None
        self._port = 0

    # ---- life

    async def __aenter__(self) -> DemoServer:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._tasks.close(cancel=True)
        await self._server.wait_closed()
        if self._crash is not None and error is None:
            raise self._crash

    @property
    def base_url(self) -> str:
        """What a client takes for ``https://openrouter.ai/api/v1``."""
        return f"http://{HOST}:{self._port}{PREFIX}"

    @property
    def port(self) -> int:
        """The TCP port on the loopback address."""
        return self._port

    # ---- what tests say and ask

    def script(self, *steps: Step | Limit, path: str = CHAT) -> None:
        """Queue answers: each next request to `path` takes one; a `Limit` is a rule from now on.

        Args:
            *steps: Made by the words of `orchat.demo.script`.
            path: Below the base URL.
        """
        for step in steps:
            if isinstance(step, Limit):
                self._limit = Admissions(step.requests, step.window)
            else:
                self._scripts[path].append(step)

    def put_key(self, key: Secret, terms: DemoKey) -> None:
        """Add a key, or change its terms."""
        self._accounts.put(key.reveal(), terms)

    def _made_key(self, key: Secret, label: str) -> None:
        self.put_key(key, DemoKey(label=label or None))

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._connections)

    @property
    def chats(self) -> list[Recorded]:
        """The chat requests, in the order of their arrival."""
        return self._requests(CHAT)

    async def received(self, count: int, *, path: str | None = CHAT) -> list[Recorded]:
        """Wait until so many requests have arrived.

        Args:
            count: How many, since the server started.
            path: Which path counts; None: every one.

        Returns:
            The requests that count.
        """
        await self._until(lambda: len(self._requests(path)) >= count)
        return self._requests(path)

    async def finished(self, count: int, *, path: str | None = CHAT) -> list[Recorded]:
        """Wait until so many requests have an outcome; arguments and result as for `received`."""
        await self._until(lambda: len(self._finished(path)) >= count)
        return self._finished(path)

    async def connections(self, count: int) -> None:
        """Wait until exactly so many connections are open."""
        await self._until(lambda: len(self._connections) == count)

    def _requests(self, path: str | None) -> list[Recorded]:
        return [request for request in self.requests if path in (None, request.path)]

    def _finished(self, path: str | None) -> list[Recorded]:
        return [request for request in self._requests(path) if request.outcome]

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # ---- connections

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_made += 1
        connection = Connection(reader, writer, number=self.connections_made)
        self._connections.add(connection)
        self._tell()
        self._tasks.spawn(self._serve(connection), name=f"demo connection {connection.number}")

    async def _serve(self, connection: Connection) -> None:
        try:
            while not connection.closed:
                request = await connection.request()
                if request is None:
                    break
                await self._answer(connection, request)
        except Refused as refused:
            body = encode({"error": {"code": refused.status, "message": refused.message}})
            with contextlib.suppress(OSError):
                await connection.refuse(refused.status, body)
        except OSError:
            pass
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            connection.close()
            self._connections.discard(connection)
            self._tell()

    async def _answer(self, connection: Connection, request: HttpRequest) -> None:
        stage = self._stage(connection, request)
        play = self._tasks.spawn(self._play(stage, request), name="demo answer")
        watch = self._tasks.spawn(connection.watch(), name="demo watch")
        try:
            await asyncio.wait({play, watch}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            stage.settle("stopped")
            raise
        finally:
            left = not play.done()
            for task in (play, watch):
                task.cancel()
                await settled(task)
            self._conclude(connection, stage, play, left=left)
        if not request.keep_alive:
            connection.close()

    def _conclude(self, connection: Connection, stage: Stage, play: asyncio.Task[None], *, left: bool) -> None:
        crash = None if play.cancelled() else play.exception()
        if left or isinstance(crash, OSError):
            stage.settle("client left")
            connection.close()
        elif crash is not None:
            self._crash = self._crash or crash
            stage.settle("crashed")
            connection.close()
        stage.settle("stopped" if play.cancelled() else "done")
        self._tell()

    # ---- requests

    def _stage(self, connection: Connection, request: HttpRequest) -> Stage:
        headers = dict(request.headers)
        key = _bearer(headers.pop("authorization", ""))
        recorded = Recorded(
            method=request.method,
            path=request.path.removeprefix(PREFIX),
            query=request.query,
            headers=headers,
            key_fingerprint=key.fingerprint if key else None,
            body=_parsed(request.body),
            connection=connection.number,
            arrived_at=self.clock.monotonic(),
        )
        self.requests.append(recorded)
        if self._keep is not None:
            del self.requests[: -self._keep]
        self._tell()
        return Stage(
            connection=connection,
            recorded=recorded,
            clock=self.clock,
            pace=self.pace,
            generation_id=self._generation_id(),
            on_settled=self._settle,
        )

    def _generation_id(self) -> str:
        self._generations += 1
        digest = hashlib.sha256(f"{self._port}/{self._generations}".encode()).hexdigest()
        return f"gen-{int(self.clock.now())}-{digest[:20]}"

    async def _play(self, stage: Stage, request: HttpRequest) -> None:
        key = _bearer(request.headers.get("authorization", ""))
        holder = self._accounts.holder(key.reveal()) if key else None
        path = stage.recorded.path
        if not request.path.startswith(PREFIX + "/"):
            page = self._sign_ins.page(path, request.query) if request.method == "GET" else None
            step: Step = page or fault("404-path")
        elif (request.method, path) == ("POST", CHAT):
            step = await self._chat(stage, holder) if holder else fault("401-bad-key" if key else "401-no-key")
        elif self._scripts[path]:
            step = self._scripts[path].popleft()
        elif path == EXCHANGE:
            step = self._sign_ins.exchange(request.method, stage.recorded.body)
        else:
            step = self._lookups.answer(request.method, path, request.query, key=key is not None, holder=holder)
        await step.play(stage)

    async def _chat(self, stage: Stage, holder: Holder) -> Step:
        self._holders[id(stage)] = holder
        if self._limit is not None and not self._limit.admit(self.clock.now()):
            return self._limit.refusal(self.clock.now())
        objection = holder.objection()
        if objection is None and self._scripts[CHAT]:
            self._completions.bill(stage, holder)
            return self._scripts[CHAT].popleft()
        return objection or await self._completions.answer(stage, holder)

    def _settle(self, stage: Stage) -> None:
        holder = self._holders.pop(id(stage), None)
        if holder is not None and stage.recorded.generation_id is not None:
            cost = self._lookups.remember(stage)
            holder.charge(cost, self.clock.now())


def _bearer(header: str) -> Secret | None:
    scheme, _, key = header.partition(" ")
    return Secret(key.strip()) if scheme.lower() == "bearer" and key.strip() else None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
