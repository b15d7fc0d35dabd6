"""A server on loopback that answers with the same short stream, or with a document at a pace; a process of its own.

A prompt of the form ``stream NAME CHUNKS SECONDS`` asks for a document. It prints its port and serves until its stdin
is closed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from tests.benchmarks.documents import DOCUMENTS

WORDS = 20
MODELS = 700
_HEAD = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _event(**fields: object) -> bytes:
    body = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "demo/fast", "provider": "Demo"}
    return b"data: " + json.dumps({**body, **fields}).encode() + b"\n\n"


def _choice(text: str, reason: str | None = None) -> list[dict[str, object]]:
    return [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}]


USAGE = {"prompt_tokens": 3, "completion_tokens": WORDS, "total_tokens": WORDS + 3, "cost": 0.0001}
END = _event(choices=_choice("", "stop"), usage=USAGE) + b"data: [DONE]\n\n"
STREAM = b"".join(_event(choices=_choice(f" word{at}")) for at in range(WORDS)) + END


def _model(number: int) -> dict[str, object]:
    maker, kind = (
        ("anthropic", "google", "mistral", "qwen", "zeta")[number % 5],
        ("chat", "coder", "vision")[number % 3],
    )
    return {
        "id": f"{maker}/{kind}-{number}b",
        "name": f"{maker.title()} {kind.title()} {number}B",
        "created": 1_700_000_000 + number,
        "description": f"A model for {kind}, number {number}. " * 6,
        "context_length": 8192 * (1 + number % 30),
        "architecture": {"input_modalities": ["text", "image"] if kind == "vision" else ["text"]},
        "pricing": {"prompt": f"{number / 1e8:.10f}", "completion": f"{number / 2e7:.10f}"},
        "supported_parameters": ["tools", "reasoning"] if number % 2 else ["temperature"],
    }


_CATALOGUE = [
    {"id": "demo/fast", "name": "Fast", "context_length": 8192, "pricing": {}},
    *map(_model, range(1, MODELS)),
]
_BODY = json.dumps({"data": _CATALOGUE}).encode()


def _answer(head: bytes) -> tuple[bytes, bytes, bytes]:
    if head.startswith(b"post"):
        return b"200 OK", b"text/event-stream", STREAM
    if b"/models " in head:
        return b"200 OK", b"application/json", _BODY
    return b"404 Not Found", b"application/json", b'{"error": {"code": 404, "message": "Not here"}}'


def _wanted(body: bytes) -> list[str]:
    """Name, chunks and seconds of the document that the last prompt asks for; nothing for another prompt."""
    if b"stream " not in body:
        return []
    words = str(json.loads(body)["messages"][-1]["content"]).split()
    return words[1:] if len(words) == 4 and words[0] == "stream" and words[1] in DOCUMENTS else []


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def _stream(writer: asyncio.StreamWriter, name: str, chunks: int, seconds: float) -> None:
    text, began = DOCUMENTS[name], time.perf_counter()
    edges = [round(number * len(text) / chunks) for number in range(chunks + 1)]
    writer.write(_CHUNKED)
    for number in range(chunks):
        late = began + number * seconds / chunks - time.perf_counter()
        if late > 0:
            await asyncio.sleep(late)
        writer.write(_piece(_event(choices=_choice(text[edges[number] : edges[number + 1]]))))
        await writer.drain()
    writer.write(_piece(END) + b"0\r\n\r\n")
    await writer.drain()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length:")
            sent = await reader.readexactly(int(rest.split(b"\r\n")[0] or 0))
            wanted = _wanted(sent)
            if wanted:
                await _stream(writer, wanted[0], int(wanted[1]), float(wanted[2]))
                continue
            status, kind, body = _answer(head)
            writer.write(_HEAD % (status, kind, len(body)) + body)
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
