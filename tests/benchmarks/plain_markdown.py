"""What streams are compared with: Textual's own Markdown stream and a line to type in, and nothing else.

Run as ``python -m tests.benchmarks.plain_markdown NAME CHUNKS SECONDS``; Enter begins it, Ctrl+Q ends it.
"""

from __future__ import annotations

import asyncio
import sys
import time

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown

from tests.benchmarks.documents import DOCUMENTS


class Plain(App[None]):
    """A document arrives."""

    def __init__(self, name: str, chunks: int, seconds: float) -> None:
        super().__init__()
        self._text = DOCUMENTS[name]
        self._chunks = chunks
        self._seconds = seconds

    def compose(self) -> ComposeResult:
        """The answer over the line."""
        with VerticalScroll():
            yield Markdown()
        yield Input(placeholder="ready")

    def on_mount(self) -> None:
        """As a chat does it: the newest line stays in sight, and a person may write."""
        self.query_one(VerticalScroll).anchor()
        self.query_one(Input).focus()

    def on_input_submitted(self) -> None:
        """Begin."""
        self.run_worker(self._feed())

    async def _feed(self) -> None:
        text, chunks, began = self._text, self._chunks, time.perf_counter()
        edges = [round(number * len(text) / chunks) for number in range(chunks + 1)]
        stream = Markdown.get_stream(self.query_one(Markdown))
        for number in range(chunks):
            late = began + number * self._seconds / chunks - time.perf_counter()
            await asyncio.sleep(max(0.0, late))
            await stream.write(text[edges[number] : edges[number + 1]])
        await stream.stop()


if __name__ == "__main__":
    Plain(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])).run()
