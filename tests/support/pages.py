"""Pages that can be told from each other by their colour, so that a text proves which page it was read from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from orchat.demo import prompts, vision
from orchat.demo.stage import Recorded
from orchat.ocr.folder import Folder
from orchat.ocr.job import Job, Wish, plan
from orchat.ocr.page import PageEvent
from orchat.ocr.reading import Reading
from orchat.ocr.terms import Terms
from orchat.runtime import Runtime
from tests.support.pictures import encoded

SEER = "demo/seer"


def colour_of(number: int) -> tuple[int, int, int]:
    """No two numbers below 4,096 have the same."""
    return 40 + number % 16 * 12, 40 + number // 16 % 16 * 12, 40 + number // 256 * 12


def hex_of(number: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour_of(number))


def picture_of(number: int, size: tuple[int, int] = (24, 32)) -> Image.Image:
    return Image.new("RGB", size, colour_of(number))


def pages_in(folder: Path, numbers: Iterable[int]) -> Path:
    """A folder of pages: ``page-1.png``, ``page-2.png`` …"""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"page-{number}.png").write_bytes(encoded(picture_of(number), "PNG"))
    return folder


def pdf_of(numbers: Sequence[int], size: tuple[int, int] = (240, 320)) -> bytes:
    """A document with a page for each number."""
    first, *others = (picture_of(number, size) for number in numbers)
    return encoded(first, "PDF", save_all=True, append_images=others)


def tells_of(text: str, number: int) -> bool:
    """Whether a text was read from the page with this number."""
    return f"`{hex_of(number)}` (100%)" in text


def sent_colours(chats: Iterable[Recorded]) -> list[str]:
    """The colour of the page in each request."""
    return [vision.measure(prompts.images(chat.body)[0].data or b"").colours[0][1] for chat in chats]


def sent_pages(chats: Iterable[Recorded], numbers: Iterable[int]) -> list[int]:
    """How many requests there were for each page."""
    found = sent_colours(chats)
    return [found.count(hex_of(number)) for number in numbers]


async def planned(runtime: Runtime, root: Path, *paths: Path, **wish: Any) -> Job:
    """A job of the seer."""
    wanted = Wish(**{"paths": paths, "model": SEER, **wish})
    return await plan(runtime.parts.ground, runtime.config, Folder(root), wanted)


def reading(runtime: Runtime, job: Job, **terms: Any) -> Reading:
    wanted = Terms(**{"media": runtime.config.media, **terms})
    return Reading(runtime.dispatcher, runtime.clock, job, wanted)


async def read(runtime: Runtime, job: Job, **terms: Any) -> tuple[Reading, list[PageEvent]]:
    """Work through a job to its end; the folder is closed then."""
    async with reading(runtime, job, **terms) as run:
        events = [event async for event in run]
    await asyncio.to_thread(job.folder.close)
    return run, events
