"""A chat that is killed in the middle of its pages, again and again, reads every page, once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchat.demo.launch import start_demo
from orchat.paths import Paths
from orchat.tui import pagefiles
from tests.support.ocr_soak import kept, wrong
from tests.support.pages import hex_of, pages_in, sent_colours
from tests.support.terminal import PATIENCE_S, Terminal, in_terminal

PAGES = 30
KILLED_AT = (2, 6, 11)
"""Pages that are there when the program is killed, at least."""


def root() -> Path:
    """Where the pages of the only session are."""
    (found,) = jobs()
    return found


def jobs() -> Iterator[Path]:
    folder = pagefiles.jobs_in(Paths.discover(os.environ))
    return folder.iterdir() if folder.is_dir() else iter(())


def until_kept(terminal: Terminal, count: int) -> None:
    """Wait until so many pages are on the disk: the screen is slow to look at, and the program goes on meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while not (any(jobs()) and len(kept(root())) >= count):
        assert time.monotonic() < deadline, terminal.text
        terminal.read(0.02)


def read_on(terminal: Terminal) -> None:
    """In a session that goes on: what is left is shown, and read."""
    terminal.until_shown("demo/writer")
    terminal.type(b"/ocr\r")
    terminal.until_shown("r read on")
    terminal.type(b"r")


def test_pages_of_a_killed_chat_are_all_there_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHAT_MODELS__VISION", "demo/seer")
    monkeypatch.setenv("ORCHAT_OCR__JOBS", "3")
    scans, chance = pages_in(tmp_path / "scans", range(1, PAGES + 1)), random.Random(5)
    demo = start_demo(pace=0.2, keep=100)
    try:
        resume = ""
        for count in (*KILLED_AT, PAGES):
            sent, done = len(demo.server.chats), kept(root()) if resume else set()
            with in_terminal(demo.base_url, resume) as terminal:
                if resume:
                    read_on(terminal)
                else:
                    terminal.until_shown("demo/writer")
                    terminal.type(f"/ocr {scans}\r".encode())
                    terminal.until_shown(f"Read {PAGES} pages?")
                    terminal.type(b"\r")
                until_kept(terminal, count)
                if count < PAGES:
                    terminal.read(chance.uniform(0, 0.2))
                    terminal.process.send_signal(signal.SIGKILL)
                    terminal.process.wait(30)
                else:
                    terminal.type(b"\x1b")
                    terminal.until_shown("1 turn")
            assert not done & set(sent_colours(demo.server.chats[sent:]))
            resume = root().name
    finally:
        demo.stop()
    assert list(wrong(root(), PAGES)) == []
    told = pagefiles.told(root()).text
    assert [told.count(f"`{hex_of(number)}` (100%)") for number in range(1, PAGES + 1)] == [1] * PAGES
    answered = Counter(sent_colours(chat for chat in demo.server.chats if chat.outcome == "done"))
    assert len(answered) == PAGES
    # What was on its way when the program was killed is all that can be asked for twice.
    assert answered.total() - PAGES <= 3 * len(KILLED_AT)
