"""A server on loopback that answers every completion with the same short stream; run as a process of its own.

It prints its port and serves until its stdin is closed.
"""

from __future__ import annotations

import asyncio
import json
import sys

WORDS = 20


def _event(**fields: object) -> bytes:
    body = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "demo/fast", "provider": "Demo"}
    return b"data: " + json.dumps({**body, **fields}).encode() + b"\n\n"


def _choice(text: str, reason: str | None = None) -> list[dict[str, object]]:
    return [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}]


USAGE = {"prompt_tokens": 3, "completion_tokens": WORDS, "total_tokens": WORDS + 3, "cost": 0.0001}
STREAM = b"".join(_event(choices=_choice(f" word{at}")) for at in range(WORDS))
STREAM += _event(choices=_choice("", "stop"), usage=USAGE) + b"data: [DONE]\n\n"
MODELS = json.dumps({"data": [{"id": "demo/fast", "name": "Fast", "context_length": 8192, "pricing": {}}]}).encode()


def _answer(head: bytes) -> tuple[bytes, bytes, bytes]:
    if head.startswith(b"post"):
        return b"200 OK", b"text/event-stream", STREAM
    if b"/models " in head:
        return b"200 OK", b"application/json", MODELS
    return b"404 Not Found", b"application/json", b'{"error": {"code": 404, "message": "Not here"}}'


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length:")
            await reader.readexactly(int(rest.split(b"\r\n")[0] or 0))
            status, kind, body = _answer(head)
            writer.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body)))
            writer.write(body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
