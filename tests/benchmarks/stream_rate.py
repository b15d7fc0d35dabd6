"""How many chunks a second arrive: orchat, raw httpx with json, and the openai SDK, against one loopback server.

Run as ``python tests/benchmarks/stream_rate.py [CHUNKS]``. Only the ratios mean something.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

ROUNDS = 5
_SERVER = """
import asyncio, json, sys
count = int(sys.argv[1])
def chunk(text, **more):
    body = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "demo/fast", "provider": "Demo",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None,
                         "native_finish_reason": None, "logprobs": None}]}
    body.update(more)
    data = ("data: " + json.dumps(body, separators=(",", ":")) + "\\n\\n").encode()
    return b"%x\\r\\n%s\\r\\n" % (len(data), data)
usage = {"prompt_tokens": 1, "completion_tokens": count, "total_tokens": count + 1, "cost": 0.001}
end = [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]
done = b"data: [DONE]\\n\\n"
body = b"".join(chunk(f" word{i % 97}") for i in range(count)) + chunk("", choices=end, usage=usage)
body += b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(done), done)
head = b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"
async def serve(reader, writer):
    try:
        while True:
            request = await reader.readuntil(b"\\r\\n\\r\\n")
            length = [line for line in request.lower().split(b"\\r\\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(length[0].partition(b":")[2]) if length else 0)
            writer.write(head + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


Once = Callable[[], Awaitable[int]]
"""Asks once, and tells how many characters came."""


@asynccontextmanager
async def orchat(url: str) -> AsyncIterator[Once]:
    from orchat.domain.content import message
    from orchat.domain.events import TextDelta
    from orchat.domain.request import ChatRequest
    from orchat.openrouter.client import OpenRouter

    request = ChatRequest(messages=(message("user", "hi"),), model="demo/fast")
    async with OpenRouter(base_url=url, dialect="openrouter") as client:

        async def once() -> int:
            size = 0
            async with client.stream(request) as stream:
                async for event in stream:
                    if isinstance(event, TextDelta):
                        size += len(event.text)
            return size

        yield once


@asynccontextmanager
async def raw_httpx(url: str) -> AsyncIterator[Once]:
    from orchat.openrouter._httpx import httpx

    request = {"model": "demo/fast", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with httpx.AsyncClient() as client:

        async def once() -> int:
            size, rest = 0, b""
            async with client.stream("POST", f"{url}/chat/completions", json=request) as response:
                async for data in response.aiter_raw():
                    *events, rest = (rest + data).split(b"\n\n")
                    for event in events:
                        if event != b"data: [DONE]":
                            for choice in json.loads(event[6:])["choices"]:
                                size += len(choice["delta"]["content"])
            return size

        yield once


@asynccontextmanager
async def openai_sdk(url: str) -> AsyncIterator[Once]:
    from openai import AsyncOpenAI

    # Left open, it would be closed by the garbage collector, when its loop is gone.
    async with AsyncOpenAI(base_url=url, api_key="none") as client:

        async def once() -> int:
            size = 0
            stream = await client.chat.completions.create(
                model="demo/fast", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            async with stream:
                async for chunk in stream:
                    if chunk.choices:
                        size += len(chunk.choices[0].delta.content or "")
            return size

        yield once


async def measure(url: str, chunks: int) -> dict[str, float]:
    """Chunks a second by name, the median of alternating rounds."""
    clients = {"orchat": orchat, "httpx + json": raw_httpx}
    if find_spec("openai"):
        clients["openai SDK"] = openai_sdk
    async with AsyncExitStack() as stack:
        runs = {name: await stack.enter_async_context(client(url)) for name, client in clients.items()}
        expected = {name: await once() for name, once in runs.items()}
        assert len(set(expected.values())) == 1, expected
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, once in runs.items():
                began = time.perf_counter()
                await once()
                rates[name].append(chunks / (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in rates.items()}


def main() -> None:
    """Print a small table."""
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    sys.path.insert(0, str(Path(__file__).parents[2]))
    with subprocess.Popen([sys.executable, "-c", _SERVER, str(chunks)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
            rates = asyncio.run(measure(url, chunks))
        finally:
            server.terminate()
    print(f"{chunks:,} chunks, median of {ROUNDS} rounds")
    for name, rate in rates.items():
        print(f"  {name:<14}{rate:>10,.0f} chunks/s   orchat is {rates['orchat'] / rate:.2f} ×")


if __name__ == "__main__":
    main()
