"""The HTTP client for OpenRouter and any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchat import __version__
from orchat.clock import Clock, SystemClock
from orchat.domain.events import Event
from orchat.domain.request import ChatRequest
from orchat.domain.secret import Secret
from orchat.domain.stream import EventStream
from orchat.errors import KeyRejected, OrchatError, UpstreamFailed, UsageError
from orchat.openrouter import failures, fields
from orchat.openrouter.answer import Answer, Document
from orchat.openrouter.server import read_base_url
from orchat.openrouter.wire import Dialect
from orchat.openrouter.wire import body as wire_body
from orchat.tasks import Tasks

if TYPE_CHECKING:
    from orchat.config.sections import ApiSettings
    from orchat.domain.catalog import Model
    from orchat.openrouter import account
    from orchat.openrouter._httpx import httpx
    from orchat.openrouter.exchange import Exchange, Limits, Reader

BASE_URL = "https://openrouter.ai/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits of time, in seconds."""

    connect: float = 10.0
    """To open a connection."""
    pool: float = 10.0
    """To get a connection out of the pool."""
    write: float = 30.0
    """For each write."""
    first_byte: float = 90.0
    """From the end of the request to the first byte of a stream; comments count."""
    idle: float = 120.0
    """Between two bytes of a stream."""
    total: float = 600.0
    """For everything that is not a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """How this app introduces itself to OpenRouter; other servers are not told."""

    referer: str = "https://github.com/orchat/orchat"
    """The app's URL, which is its identity; empty sends none."""
    title: str = "orchat"
    """Its name; empty sends none."""
    categories: tuple[str, ...] = ("cli-agent", "general-chat")
    """At most two."""


class OpenRouter:
    """One pooled client for one server. Nothing is opened before the first request.

    Args:
        base_url: Where the API lives, ``/v1`` included.
        timeouts: Limits of time.
        app: How the app introduces itself.
        dialect: Which fields the server knows; None: by the host of `base_url`.
        clock: Time for measurements and for ``Retry-After``; limits of time use the event loop.
        max_connections: Connections of the pool.

    Raises:
        UsageError: `base_url` is not a plain http(s) URL.
    """

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        timeouts: Timeouts | None = None,
        app: Attribution | None = None,
        dialect: Dialect | None = None,
        clock: Clock | None = None,
        max_connections: int = 100,
    ) -> None:
        self._server = read_base_url(base_url)
        self._timeouts = timeouts or Timeouts()
        self._app = app or Attribution()
        self._dialect: Dialect = dialect or ("openrouter" if self._server.is_openrouter else "openai")
        self._clock = clock or SystemClock()
        self._max_connections = max_connections
        self._tasks = Tasks()
        self._exchanges: set[Exchange] = set()
        self._opening: asyncio.Task[httpx.AsyncClient] | None = None
        self._is_closed = False

    @classmethod
    def from_settings(cls, api: ApiSettings, *, clock: Clock | None = None) -> OpenRouter:
        """A client as the section ``[api]`` of the configuration describes it."""
        return cls(
            base_url=api.base_url,
            timeouts=Timeouts(
                connect=api.connect_timeout_s,
                pool=api.pool_timeout_s,
                write=api.write_timeout_s,
                first_byte=api.first_byte_timeout_s,
                idle=api.idle_timeout_s,
                total=api.total_timeout_s,
            ),
            app=Attribution(referer=api.app_url, title=api.app_title),
            dialect=None if api.dialect == "auto" else api.dialect,
            clock=clock,
            max_connections=api.max_connections,
        )

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at the end."""
        return self._server.url

    @property
    def dialect(self) -> Dialect:
        """What the server understands."""
        return self._dialect

    def now(self) -> float:
        """Epoch seconds, by the clock of this client."""
        return self._clock.now()

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """The JSON object that `stream` would send."""
        return wire_body(request, dialect=self._dialect)

    async def __aenter__(self) -> OpenRouter:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what still runs and close the connections; a second call does nothing."""
        self._is_closed = True
        for exchange in list(self._exchanges):
            exchange.stop()
        await self._tasks.close(cancel=False)
        if self._opening is not None and self._opening.exception() is None:
            await self._opening.result().aclose()

    async def prepare(self) -> None:
        """Load the HTTP library and the certificates, in a thread, so that the first request need not wait for them.

        Raises:
            UsageError: the client is closed.
        """
        await self._opened()

    def stream(self, request: ChatRequest, key: Secret | None = None) -> EventStream:
        """Ask for a completion: one attempt, no policy.

        Args:
            request: What is asked; with ``stream=False`` the same events come all at once.
            key: Key for the Authorization header; None sends none.

        Returns:
            Events, to be used as ``async with``: ``Accepted``, ``Opened``, deltas, ``Finished``. Nothing is sent
            before the first one is asked for. Raises `RequestFailed` or `KeysError` while it is read.
        """
        return EventStream(self._batches(request, key))

    async def reach(self, key: Secret | None = None) -> None:
        """Ask for as little as possible, to see whether the server answers at all; raises where it does not."""
        await self._get("/models?limit=1" if self._dialect == "openrouter" else "/models", key)

    async def models(self, key: Secret | None = None) -> tuple[Model, ...]:
        """The models that the server offers.

        Args:
            key: Not needed by OpenRouter.

        Returns:
            The catalogue in the server's order.
        """
        from orchat.openrouter.models import parse_models

        return parse_models(await self.models_raw(key))

    async def models_raw(self, key: Secret | None = None) -> str:
        """The catalogue as JSON text, to be kept and read again with `models.parse_models`."""
        return (await self._get("/models", key)).decode("utf-8-sig", "replace")

    async def key_status(self, key: Secret) -> account.KeyStatus:
        """What a key may still do."""
        from orchat.openrouter import account

        return account.parse_key_status(await self._get_object("/key", key))

    async def credits(self, key: Secret) -> account.Credits:
        """The account's money."""
        from orchat.openrouter import account

        return account.parse_credits(await self._get_object("/credits", key))

    async def generation(self, generation_id: str, key: Secret) -> account.Generation:
        """What became of a request; the server knows it only some time afterwards.

        Raises:
            BadRequest: with ``status`` 404 while the server does not know it.
        """
        from orchat.openrouter import account

        document = await self._get_object(f"/generation?id={quote(generation_id, safe='')}", key)
        return account.parse_generation(document, generation_id=generation_id)

    async def endpoints(self, model_id: str, key: Secret | None = None) -> tuple[account.Endpoint, ...]:
        """The providers of a model; latency and throughput are only told with a key."""
        from orchat.openrouter import account

        document = await self._get_object(f"/models/{quote(model_id, safe='/:~@')}/endpoints", key)
        return account.parse_endpoints(document)

    async def _batches(self, request: ChatRequest, key: Secret | None) -> AsyncGenerator[list[Event], None]:
        http = await self._opened()
        answer = Answer(model=request.model, clock=self._clock)
        post = http.build_request(
            "POST",
            f"{self.base_url}/chat/completions",
            content=self._written(request),
            headers={
                "Content-Type": "application/json",
                "Accept": "text/event-stream" if request.stream else "application/json",
                **self._introduction(),
            },
        )
        exchange = self._exchange(http, post, key, answer, is_streamed=request.stream, model=request.model)
        try:
            exchange.start()
            while not exchange.over:
                if batch := answer.take():
                    exchange.made_room()
                    yield batch
                await exchange.changed()
            batch, error = answer.finish(exchange.failure)
            if batch:
                yield batch
            if error is not None:
                raise _veiled(error, key)
        finally:
            self._exchanges.discard(exchange)
            await exchange.close()

    async def _get_object(self, path: str, key: Secret | None) -> dict[str, Any]:
        document = fields.parsed(await self._get(path, key))
        if not isinstance(document, dict):
            raise UpstreamFailed("The server did not answer with JSON.", hint="Check base_url, then try again.")
        return document

    async def post(self, path: str, value: Mapping[str, str]) -> Document:
        """Send JSON without a key, and give back what the server answers, whatever that is.

        Args:
            path: Below the base URL.
            value: The body; it may hold secrets, and is neither logged nor part of an error.

        Raises:
            RequestFailed: The server did not answer.
        """
        http = await self._opened()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._introduction()}
        content = json.dumps(dict(value)).encode()
        return await self._document(
            http, http.build_request("POST", self.base_url + path, content=content, headers=headers)
        )

    async def _get(self, path: str, key: Secret | None) -> bytes:
        http = await self._opened()
        get = http.build_request("GET", self.base_url + path, headers=self._introduction())
        document = await self._document(http, get, key)
        if document.status != 200:
            now = self._clock.now()
            error = failures.from_response(
                status=document.status, headers=document.headers, body=bytes(document.body), model=None, now=now
            )
            raise _veiled(error, key)
        return bytes(document.body)

    async def _document(self, http: httpx.AsyncClient, request: httpx.Request, key: Secret | None = None) -> Document:
        """A whole body, whatever its status."""
        document = Document()
        exchange = self._exchange(http, request, key, document, is_streamed=False)
        try:
            exchange.start()
            while not exchange.over:
                await exchange.changed()
        finally:
            self._exchanges.discard(exchange)
            await exchange.close()
        if exchange.failure is not None:
            raise exchange.failure
        return document

    def _exchange(
        self,
        http: httpx.AsyncClient,
        request: httpx.Request,
        key: Secret | None,
        reader: Reader,
        *,
        is_streamed: bool,
        model: str | None = None,
    ) -> Exchange:
        from orchat.openrouter.exchange import Exchange

        if key is not None:
            _authorize(request, key)
        limits = self._limits(is_streamed=is_streamed)
        exchange = Exchange(http, request, reader=reader, limits=limits, tasks=self._tasks, model=model)
        self._exchanges.add(exchange)
        return exchange

    def _limits(self, *, is_streamed: bool) -> Limits:
        from orchat.openrouter.exchange import Limits

        timeouts = self._timeouts
        return Limits(
            connect=timeouts.connect,
            pool=timeouts.pool,
            write=timeouts.write,
            first_byte=timeouts.first_byte if is_streamed else None,
            idle=timeouts.idle if is_streamed else None,
            total=None if is_streamed else timeouts.total,
        )

    async def _opened(self) -> httpx.AsyncClient:
        if self._is_closed:
            raise UsageError("The client is closed.")
        if self._opening is None:
            self._opening = self._tasks.spawn(asyncio.to_thread(self._open), name="open the HTTP client")
        # The caller may be cancelled, the loading not: others wait for it too.
        return await asyncio.shield(self._opening)

    def _open(self) -> httpx.AsyncClient:
        from orchat.openrouter import exchange, transport

        del exchange  # the first request would load it otherwise, and not in a thread
        user_agent = f"orchat/{__version__}"
        return transport.open_client(self._server, max_connections=self._max_connections, user_agent=user_agent)

    def _written(self, request: ChatRequest) -> bytes:
        try:
            text = json.dumps(self.body(request), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise UsageError("The request holds a value that JSON does not know.", hint=str(error)[:200]) from None
        # Half a surrogate pair cannot be sent; a question mark in its place can.
        return text.encode(errors="replace")

    def _introduction(self) -> dict[str, str]:
        if self._dialect != "openrouter":
            return {}
        app = self._app
        headers = {
            "HTTP-Referer": app.referer,
            "X-OpenRouter-Title": app.title,
            "X-OpenRouter-Categories": ",".join(app.categories) if app.title else "",
        }
        return {name: value for name, value in headers.items() if value}


def _authorize(request: httpx.Request, key: Secret) -> None:
    """Put the key into the header, where httpx masks it; it never becomes a variable that a traceback could show."""
    if not key or not all("!" <= character <= "~" for character in key.reveal()):
        hint = "Paste it again: it must hold no spaces, line breaks or other characters that cannot be in a header."
        raise KeyRejected("The key is not one: it is empty or holds characters that no key has.", hint=hint)
    request.headers["Authorization"] = "Bearer " + key.reveal()


def _veiled(error: Exception, key: Secret | None) -> Exception:
    """The error, without the key: some servers repeat it in their own words."""
    if key is not None and isinstance(error, OrchatError):
        error.reword(key.veil)
    return error


__all__ = ["BASE_URL", "Attribution", "OpenRouter", "Timeouts"]
