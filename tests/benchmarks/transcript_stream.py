"""What it costs to show an answer while it arrives: the transcript beside Textual's own Markdown stream.

Run it as ``python -m tests.benchmarks.transcript_stream``; it takes about two minutes. CPU seconds are of this process,
layout and painting included; a run that does not keep up is stopped, and the share that was delivered is printed.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript

SIZE = (120, 40)
CHARACTERS = 40_000
CHUNKS_PER_S = 500
LATE_S = 6.0
"""Seconds that a run may need beyond the time in which the chunks arrive."""

_PROSE = "The quick brown fox **jumps** over the `lazy` dog, and [so on](https://example.org/x) for a while longer. "
_CODE = "def function_{n}(value: int) -> str:\n    # a comment\n    return f'{{value}} {n}'\n\n"
_ITEM = "- item {n} with *some* words and `code` in it\n"
_ROW = "| {n} | a name for row {n} | {n}.50 | yes |\n"
_HEAD = "| n | name | price | ok |\n|--:|---|--:|:-:|\n"


def _repeated(template: str, size: int) -> str:
    parts: list[str] = []
    length = number = 0
    while length < size:
        parts.append(template.format(n=number))
        length += len(parts[-1])
        number += 1
    return "".join(parts)


def _mixed() -> str:
    part = (
        "## Section {n}\n\n"
        + _PROSE * 4
        + "\n\n"
        + _ITEM * 5
        + "\n```python\n"
        + _CODE * 8
        + "```\n\n"
        + _HEAD
        + _ROW * 6
    ) + "\n> A quote in between.\n\n"
    return _repeated(part, CHARACTERS)


DOCUMENTS = {
    "mixed": _mixed(),
    "one code block": "```python\n" + _repeated(_CODE, CHARACTERS) + "```\n",
    "one table": _HEAD + _repeated(_ROW, CHARACTERS),
    "one list": _repeated(_ITEM, CHARACTERS),
    "one paragraph": _repeated(_PROSE, CHARACTERS),
}


class Run(NamedTuple):
    """One measurement."""

    cpu_s: float
    delivered: float
    first_half_s: float


Write = Callable[[str], Awaitable[None]]


async def _feed(write: Write, text: str, size: int) -> Run:
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    limit = len(chunks) / CHUNKS_PER_S + LATE_S
    gc.collect()
    began, cpu = time.perf_counter(), time.process_time()
    half = 0.0
    for number, chunk in enumerate(chunks):
        if number == len(chunks) // 2:
            half = time.process_time() - cpu
        due = began + number / CHUNKS_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await write(chunk)
        if time.perf_counter() - began > limit:
            return Run(time.process_time() - cpu, number / len(chunks), half)
    await write("")
    return Run(time.process_time() - cpu, 1.0, half)


class _Ours(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


class _Textuals(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Markdown()


async def ours(text: str, size: int) -> Run:
    """Stream into the transcript, the final layout included."""
    app = _Ours()
    async with app.run_test(size=SIZE):
        transcript = app.query_one(Transcript)
        entry = transcript.add(Entry(role="model", title="m"))

        async def write(chunk: str) -> None:
            if chunk:
                transcript.stream_text(entry, chunk)
            else:
                transcript.finish(entry)

        return await _feed(write, text, size)


async def textuals(text: str, size: int) -> Run:
    """Stream into Textual's Markdown widget by its own stream."""
    app = _Textuals()
    async with app.run_test(size=SIZE):
        app.query_one(VerticalScroll).anchor()
        stream = Markdown.get_stream(app.query_one(Markdown))

        async def write(chunk: str) -> None:
            if chunk:
                await stream.write(chunk)

        run = await _feed(write, text, size)
        await stream.stop()
        return run


def main() -> None:
    """Measure and print."""
    print(f"{CHARACTERS:,} characters, {CHUNKS_PER_S} chunks/s, {SIZE[0]}x{SIZE[1]}")
    print(
        f"{'document':16} {'chunk':>5} {'ours CPU s':>10} {'2nd/1st half':>12} {'Textual CPU s':>13} {'delivered':>9}"
    )
    for name, text in DOCUMENTS.items():
        size = 8 if name == "mixed" else 16
        mine = asyncio.run(ours(text, size))
        theirs = asyncio.run(textuals(text, size))
        ratio = (mine.cpu_s - mine.first_half_s) / mine.first_half_s
        print(
            f"{name:16} {size:5} {mine.cpu_s:10.2f} {ratio:12.2f} {theirs.cpu_s:13.2f} {theirs.delivered:9.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
