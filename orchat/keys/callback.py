"""The way back from the browser: one address on this machine that takes one code, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from types import TracebackType
from urllib.parse import parse_qs

import h11

from orchat.domain.secret import Secret
from orchat.errors import SignInFailed
from orchat.tasks import Tasks

HOST = "127.0.0.1"
"""Not ``localhost``: that may be another program's socket on ``::1``."""
PATH = "/callback"
MOST_HEAD = 8 * 1024
"""Bytes of a request's head."""
MOST_GUESTS = 16
"""Connections at a time; browsers open some that they never use."""
PATIENCE_S = 10.0
"""Seconds in which a request must have come."""
LONGEST_CODE = 512

_STYLE = "body{font:16px/1.6 system-ui,sans-serif;max-width:32em;margin:18vh auto;padding:0 1em}"
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the browser shows; nothing that came from it stands there."""

    status: int
    """HTTP status."""
    title: str
    """First line."""
    text: str
    """What to do now."""

    @property
    def body(self) -> bytes:
        """The page."""
        head = f'<meta charset="utf-8"><title>orchat</title><style>{_STYLE}</style>'
        page = f'<!doctype html><html lang="en">{head}<h1>{self.title}</h1><p>{self.text}</p></html>'
        return page.encode()


ARRIVED = Page(status=200, title="Back to orchat", text="It goes on in the terminal. This page can be closed.")
DENIED = Page(status=200, title="Not signed in", text="Nothing was allowed. The terminal knows; close this page.")
_OTHER = Page(
    status=400,
    title="Another sign-in",
    text="This page belongs to another attempt. Open the address that the terminal shows now.",
)
_INCOMPLETE = Page(status=400, title="Not complete", text="Open the address that the terminal shows.")
_GONE = Page(status=410, title="Used already", text="This sign-in has had its answer. Look at the terminal.")
_NOT_FOUND = Page(status=404, title="Nothing here", text="This is not the page of a sign-in.")
_NOT_GET = Page(status=405, title="Nothing here", text="This page can only be looked at.")
_NOT_US = Page(status=421, title="Nothing here", text="This address belongs to another machine.")
_MALFORMED = Page(status=400, title="Nothing here", text="That was not a request.")


def code_in(query: str, state: Secret) -> Secret:
    """The code in the query of a callback.

    Args:
        query: What follows the question mark.
        state: What must stand beside the code; compared in constant time.

    Raises:
        SignInFailed: ``denied`` without a code but with an error; ``state`` where it is another one; else ``code``.
    """
    try:
        found = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        found = {}
    codes, states = found.get("code", []), found.get("state", [])
    is_denied = not codes and "error" in found
    if (len(codes) != 1 and not is_denied) or len(states) > 1:
        raise not_a_code()
    given = states[0] if states else ""
    # A refusal comes without the state.
    if is_denied and not states:
        raise _denied()
    if not compare_digest(given.encode(errors="replace"), state.reveal().encode()):
        words = "the answer belongs to another attempt to sign in"
        raise SignInFailed(words, reason="state", hint="Open the address that is shown now.")
    if is_denied:
        raise _denied()
    return a_code(codes[0])


def a_code(text: str) -> Secret:
    """A text that can be a code.

    Raises:
        SignInFailed: It cannot.
    """
    if not 0 < len(text) <= LONGEST_CODE or not all("!" <= character <= "~" for character in text):
        raise not_a_code()
    return Secret(text)


def _denied() -> SignInFailed:
    return SignInFailed("the sign-in was not allowed in the browser", reason="denied", hint="Nothing was changed.")


def not_a_code() -> SignInFailed:
    """What was given in the place of a code is none."""
    hint = "Paste the code that the page shows, or the whole address that the browser ended at."
    return SignInFailed("this is not a code", reason="code", hint=hint)


class Callback:
    """Listens on a free port of the loopback until a code has come; use it as an async context manager.

    Args:
        state: What must come back with the code.
        tell: Called once: with the code, or with why there will be none.
        patience_s: Seconds in which a request must have come.
    """

    def __init__(
        self, state: Secret, tell: Callable[[Secret | SignInFailed], None], *, patience_s: float = PATIENCE_S
    ) -> None:
        self._state = state
        self._tell = tell
        self._patience_s = patience_s
        self._tasks = Tasks()
        self._is_used = False
        self._server: asyncio.Server | None = None
        self.port = 0
        """The TCP port; 0 before there is one."""
        self.refused = 0
        """Requests that were turned away."""

    @property
    def url(self) -> str:
        """Where the browser is to be sent."""
        return f"http://{HOST}:{self.port}{PATH}"

    async def __aenter__(self) -> Callback:
        """Open the port.

        Raises:
            OSError: There is none to be had.
        """
        self._server = await asyncio.start_server(self._accept, HOST, 0, limit=MOST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._tasks.close(cancel=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MOST_GUESTS:
            writer.transport.abort()
            return
        self._tasks.spawn(self._serve(reader, writer), name="sign-in callback")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)
        answer: Secret | SignInFailed | None = None
        try:
            request = await asyncio.wait_for(_request(parser, reader), self._patience_s)
            if request is None:
                return
            page, answer = self._answer(request)
            self.refused += answer is None
            await _send(writer, page)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except (OSError, asyncio.TimeoutError):
            pass  # the code counts, whether or not the browser waited for its page
        except h11.RemoteProtocolError:
            self.refused += 1
            with suppress(OSError):
                await _send(writer, _MALFORMED)
        finally:
            if answer is not None:
                self._tell(answer)
            writer.close()

    def _answer(self, request: h11.Request) -> tuple[Page, Secret | SignInFailed | None]:
        """The page for the browser, and what is to be told; None goes on waiting."""
        objection = self._objection(request)
        if objection is not None:
            return objection, None
        try:
            code = code_in(_target(request)[1], self._state)
        except SignInFailed as error:
            if error.reason != "denied":
                return (_OTHER if error.reason == "state" else _INCOMPLETE), None
            self._is_used = True
            return DENIED, error
        self._is_used = True
        return ARRIVED, code

    def _objection(self, request: h11.Request) -> Page | None:
        """Why this request cannot be the callback, whatever it brings."""
        hosts = _values(request, b"host")
        # A page of somebody else's may have given its own name the address of this machine.
        if hosts not in ([f"{HOST}:{self.port}"], [f"localhost:{self.port}"]):
            return _NOT_US
        # Browsers tell a page that is opened from a picture or a script that some other page has asked for.
        is_opened = _values(request, b"sec-fetch-dest") in ([], ["document"])
        if _target(request)[0] != PATH or not is_opened:
            return _NOT_FOUND
        if request.method != b"GET":
            return _NOT_GET
        return _GONE if self._is_used else None


def _target(request: h11.Request) -> tuple[str, str]:
    """Path and query, as they were sent."""
    path, _, query = request.target.decode("latin-1").partition("?")
    return path, query


def _values(request: h11.Request, wanted: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in request.headers if name == wanted]


async def _request(parser: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """The head of a request; None when the browser only opened the connection."""
    while True:
        event = parser.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        parser.receive_data(await reader.read(MOST_HEAD))


async def _send(writer: asyncio.StreamWriter, page: Page) -> None:
    """Write the page by hand: it can also answer what was no request."""
    body, status = page.body, HTTPStatus(page.status)
    fields = [*_HEADERS, ("Content-Length", str(len(body)))]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        fields.append(("Allow", "GET"))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in fields)]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    writer.write_eof()


__all__ = ["Callback", "a_code", "code_in", "not_a_code"]
