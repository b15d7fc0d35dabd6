"""A transcript on a screen of its own, and what stands on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from orchat.tui.themes import OURS
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript


class Host(App[None]):
    """An app that holds nothing but a transcript, and remembers its messages."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { layers: base; }"
    BINDINGS: ClassVar = []

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self.transcript = Transcript(plain=plain, id="transcript")
        self.seen: list[object] = []
        self.branches: list[int] = []
        self.pictures: list[Entry] = []
        self.chips: list[tuple[Entry, int]] = []

    def compose(self) -> ComposeResult:
        yield self.transcript

    def on_mount(self) -> None:
        for theme in OURS:
            self.register_theme(theme)
        self.transcript.focus()

    def on_transcript_follow_changed(self, message: Transcript.FollowChanged) -> None:
        self.seen.append((message.following, message.unseen_lines))

    def on_transcript_branch_clicked(self, message: Transcript.BranchClicked) -> None:
        self.branches.append(message.by)

    def on_transcript_pictures_wanted(self, message: Transcript.PicturesWanted) -> None:
        self.pictures.append(message.entry)

    def on_transcript_chip_clicked(self, message: Transcript.ChipClicked) -> None:
        self.chips.append((message.entry, message.index))

    def on_transcript_link_clicked(self, message: Transcript.LinkClicked) -> None:
        self.seen.append(message.href)


@asynccontextmanager
async def running(
    entries: list[Entry], size: tuple[int, int] = (60, 20), *, plain: bool = False
) -> AsyncIterator[tuple[Transcript, Pilot[None], Host]]:
    app = Host(plain=plain)
    async with app.run_test(size=size) as pilot:
        app.transcript.set_entries(entries)
        await pilot.pause()
        yield app.transcript, pilot, app


def screen(transcript: Transcript) -> list[str]:
    return [transcript.render_line(y).text.rstrip() for y in range(transcript.size.height)]


def talk(count: int) -> list[Entry]:
    return [
        Entry(
            role="you" if n % 2 == 0 else "model",
            title=f"name {n}",
            source=f"message {n} " + "word " * (n * 7 % 60),
            key=n,
        )
        for n in range(count)
    ]


def lines(count: int, start: int = 0) -> str:
    return "".join(f"line {n}\n\n" for n in range(start, start + count))
