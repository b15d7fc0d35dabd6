"""HTTP/1.1 on one socket: requests are parsed by h11, answers are written as raw bytes so that faults can be exact."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request's body; more is answered with 413."""
MAX_HEAD = 64 * 1024
"""Bytes of a request's head."""
MAX_AHEAD = 64 * 1024
"""Bytes of a next request that may arrive while the last one is being answered."""
READ_SIZE = 64 * 1024
LINGER_S = 2.0
"""How long a refused upload is read and thrown away, so that the client can read the refusal."""

CutHow = Literal["fin", "rst"]


class Refused(Exception):
    """The request cannot be read.

    Args:
        status: HTTP status of the refusal.
        message: What the client is told.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it arrived."""

    method: str
    """``GET``, ``POST`` …"""
    path: str
    """Without the query, percent-decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The last value of each name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; repeated ones are joined by a comma."""
    body: bytes = b""
    """All of it."""
    keep_alive: bool = True
    """Whether the connection may serve another request."""


class Connection:
    """One client's connection.

    Args:
        reader: What the client sends.
        writer: What the client receives.
        number: 1 for the first connection that the server accepted.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, number: int) -> None:
        self._reader = reader
        self._writer = writer
        self._ahead = b""
        self._chunked = False
        self._closing = False
        self.number = number
        self.closed = False
        # With an empty write buffer as the limit, drain() means "the kernel has it": a cut then loses no earlier byte.
        writer.transport.set_write_buffer_limits(high=0)

    async def request(self) -> HttpRequest | None:
        """Read the next request.

        Returns:
            The request, or None when the client closed the connection between two requests.

        Raises:
            Refused: Not HTTP, or too large.
        """
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        if self._ahead:
            parser.receive_data(self._ahead)
            self._ahead = b""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = await self._event(parser)
            if isinstance(event, h11.Request):
                head = event
                _check_length(_headers(head.headers))
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    raise Refused(413, "Request body is too large")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                self._ahead = bytes(parser.trailing_data[0])
                request = _request(head, bytes(body))
                self._closing = not request.keep_alive
                return request
            else:
                return None

    async def _event(self, parser: h11.Connection) -> object:
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError as error:
                raise Refused(400, "Malformed HTTP request") from error
            if event is not h11.NEED_DATA:
                return event
            if parser.they_are_waiting_for_100_continue:
                go_on = parser.send(h11.InformationalResponse(status_code=100, headers=[]))
                self._writer.write(go_on or b"")
            parser.receive_data(await self._reader.read(READ_SIZE))

    async def watch(self) -> None:
        """Return when the client has left; what it sends meanwhile is kept for the next request."""
        while len(self._ahead) <= MAX_AHEAD:
            try:
                data = await self._reader.read(READ_SIZE)
            except OSError:
                return
            if not data:
                return
            self._ahead += data
        await asyncio.Event().wait()

    def start(self, status: int, headers: Iterable[tuple[str, str]], *, length: int | None) -> None:
        """Write the head.

        Args:
            status: HTTP status.
            headers: All but the framing's.
            length: Bytes of the body; None: chunked.
        """
        self._chunked = length is None
        framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        closing = [("Connection", "close")] if self._closing else []
        fields = (f"{name}: {value}" for name, value in (*headers, framing, *closing))
        lines = [f"HTTP/1.1 {status} {_reason(status)}", *fields]
        self._writer.write("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n")

    async def send(self, data: bytes) -> None:
        """Write a part of the body and wait until the kernel has it."""
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        await self.write(data)

    async def end(self) -> None:
        """End the body as its framing demands."""
        if self._chunked:
            await self.write(b"0\r\n\r\n")

    async def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def flush(self) -> None:
        """Wait until the kernel has everything."""
        await self._writer.drain()

    def cut(self, how: CutHow) -> None:
        """Close in the middle: by FIN like a server that goes away, or by RST like one that crashed."""
        self.closed = True
        if how == "fin":
            self._writer.close()
            return
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def refuse(self, status: int, body: bytes) -> None:
        """Answer a request that was not read to its end, and close without losing the answer on the way."""
        self._closing = True
        self.start(status, [("Content-Type", "application/json")], length=len(body))
        await self.write(body)
        self._writer.write_eof()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._discard(), LINGER_S)

    async def _discard(self) -> None:
        while await self._reader.read(READ_SIZE):
            pass

    def abort(self) -> None:
        """Close at once, whatever was not sent yet."""
        self.closed = True
        self._writer.transport.abort()

    def close(self) -> None:
        """Close; more than once is fine."""
        self.closed = True
        self._writer.close()


def _check_length(headers: Mapping[str, str]) -> None:
    if int(headers.get("content-length", "0")) > MAX_BODY:
        raise Refused(413, "Request body is too large")


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _request(head: h11.Request, body: bytes) -> HttpRequest:
    headers = _headers(head.headers)
    target = urlsplit(head.target.decode("latin-1"))
    closing = "close" in headers.get("connection", "").lower() or head.http_version < b"1.1"
    return HttpRequest(
        method=head.method.decode("latin-1"),
        path=unquote(target.path),
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        keep_alive=not closing,
    )


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
