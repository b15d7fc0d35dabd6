"""A TCP server that does exactly what a script says: bytes, pauses, FIN, RST."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

Self = TypeVar("Self", bound="Server")

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"x-generation-id: gen-1\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes | None:
        """Read one whole request; None when the client is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            return head + await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def send(self, *pieces: bytes) -> None:
        """Write bytes as they are."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def chunk(self, *pieces: bytes) -> None:
        """Write chunks of a chunked body."""
        for piece in pieces:
            await self.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def event(self, *payloads: object) -> None:
        """Write events, one chunk each."""
        for payload in payloads:
            data = payload if isinstance(payload, str) else json.dumps(payload)
            await self.chunk(f"data: {data}\n\n".encode())

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def fin(self) -> None:
        """Close in order."""
        self.writer.close()

    def rst(self) -> None:
        """Reset the connection."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer, bytes], Awaitable[None]]


class Server:
    """Serves on a loopback port; every request is answered by the script, on as many connections as clients open.

    Args:
        script: Called with the connection and the request's bytes.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._peers: set[Peer] = set()
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self: Self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for peer in self._peers:
            peer.writer.transport.abort()
        await self._server.wait_closed()
        while self._peers:
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self._peers.add(peer)
        self.connections += 1
        try:
            while (request := await peer.request()) is not None:
                self.requests.append(request)
                await self._script(peer, request)
                if writer.is_closing():
                    break
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
            self._peers.discard(peer)


def answered(body: bytes, *, status: str = "200 OK", headers: str = "content-type: application/json") -> Script:
    """Answer every request with this whole body."""

    async def script(peer: Peer, _: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n"
        await peer.send(head.encode() + body)

    return script


def streamed(*payloads: object, end: str = "last") -> Script:
    """Answer every request with these events, then end: ``last`` chunk, ``fin`` or ``rst``."""

    async def script(peer: Peer, _: bytes) -> None:
        await peer.send(STREAM_HEAD)
        await peer.event(*payloads)
        if end == "last":
            await peer.send(LAST_CHUNK)
        else:
            peer.fin() if end == "fin" else peer.rst()

    return script


class DeafSocket:
    """A port whose queue is full: a connection to it neither succeeds nor fails."""

    def __enter__(self) -> DeafSocket:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self._fillers = []
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)
        return self

    def __exit__(self, *_: object) -> None:
        for filler in self._fillers:
            filler.close()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"
