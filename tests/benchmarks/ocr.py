"""How many pages a second are read from a server that takes 200 ms for each, beside what eight at once could be.

Run as ``python -m tests.benchmarks.ocr [PAGES]``. The pages are scans of a letter at 100 dpi, as PNG; the server is a
process of its own. Preparation takes what it takes: with pages at 300 dpi it is the processor that sets the pace.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw

from orchat.ocr.folder import Folder
from orchat.ocr.job import Wish, plan
from orchat.ocr.page import PageDone
from orchat.ocr.reading import Reading
from orchat.ocr.terms import Terms
from orchat.runtime import Runtime
from tests.benchmarks.measure import ROOT, load, verdict

PAGES = 240
JOBS = 8
ROUNDS = 3
ANSWER_S = 0.2
GOAL = 0.9
LETTER_100_DPI = (850, 1100)
MODEL = "bench/reader"

_CATALOGUE = json.dumps(
    {
        "data": [
            {
                "id": MODEL,
                "name": "Reader",
                "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
                "pricing": {"prompt": "0.000001", "completion": "0.000002"},
                "context_length": 100_000,
            }
        ]
    }
).encode()
_USAGE = {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500, "cost": 0.0018}


def pages_in(folder: Path, count: int) -> None:
    """Letters that differ in their number."""
    page = Image.new("L", LETTER_100_DPI, 255)
    draw = ImageDraw.Draw(page)
    for line in range(40):
        draw.text((80, 80 + line * 24), "The quick brown fox jumps over the lazy dog, again and again. " * 2, fill=0)
    for number in range(count):
        numbered = page.copy()
        ImageDraw.Draw(numbered).text((400, 30), f"{number + 1}", fill=0, font_size=30)
        numbered.save(folder / f"page-{number + 1:04}.png")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    choice = {"index": 0, "delta": {"role": "assistant", "content": "The quick brown fox. " * 50}}
    end = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    whole = b"".join(
        b"data: %s\n\n" % json.dumps({"id": "gen-1", "model": MODEL, "choices": [each], **more}).encode()
        for each, more in ((choice, {}), (end, {"usage": _USAGE}))
    )
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            kind, body = b"application/json", _CATALOGUE
            if head.startswith(b"post"):
                await asyncio.sleep(ANSWER_S)
                kind, body = b"text/event-stream", whole + b"data: [DONE]\n\n"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _server() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


async def measured(port: int, folder: Path, number: int) -> tuple[int, float]:
    """Read all pages; how many there were, and the seconds from the first request to the last page on the disk."""
    settings = {"api.base_url": f"http://127.0.0.1:{port}/api/v1", "api.dialect": "openrouter", "keys.reconcile": False}
    async with Runtime.create(front_end="library", home=str(folder / "home"), settings=settings) as runtime:
        await runtime.start()
        wish = Wish(paths=[folder / "in"], model=MODEL)
        job = await plan(runtime.parts.ground, runtime.config, Folder(folder / f"out-{number}"), wish)
        done, began = 0, time.perf_counter()
        terms = Terms(media=runtime.config.media, jobs=JOBS)
        async with Reading(runtime.dispatcher, runtime.clock, job, terms) as reading:
            async for event in reading:
                done += isinstance(event, PageDone)
        seconds = time.perf_counter() - began
        await asyncio.to_thread(job.folder.close)
    return done, seconds


def main() -> None:
    """Print what was reached, and its share of the ideal."""
    if sys.argv[1:2] == ["server"]:
        asyncio.run(_server())
        return
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    os.environ["OPENROUTER_API_KEY"] = "sk-or-test"
    command = [sys.executable, "-m", "tests.benchmarks.ocr", "server"]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        port, folder = int(server.stdout.readline()), Path(name)
        (folder / "in").mkdir()
        pages_in(folder / "in", pages)
        runs = [asyncio.run(measured(port, folder, number)) for number in range(ROUNDS)]
    done, seconds = sorted(runs, key=lambda run: run[1])[ROUNDS // 2]
    ideal = pages * ANSWER_S / JOBS
    share = ideal / seconds
    print(f"\n{done} pages, {JOBS} at once, {ANSWER_S * 1000:.0f} ms each; load {load():.1f}")
    goal = verdict(share >= GOAL, f"goal ≥ {GOAL:.0%}")
    print(f"  {done / seconds:.1f} of {JOBS / ANSWER_S:.0f} pages/s, {share:.0%} of the ideal   {goal}")


if __name__ == "__main__":
    main()
