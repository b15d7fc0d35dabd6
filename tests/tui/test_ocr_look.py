"""How pages on their way to text look, at every size, in both themes of ours. ``--snapshot-update`` makes it anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchat.demo.script import fault, say, stall
from orchat.demo.server import DemoServer
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.confirm import Confirm
from orchat.tui.screens.ocr import OcrScreen
from orchat.tui.screens.preview import Preview
from tests.support.look import Look, at_every_size
from tests.support.reading import runtime_for, states
from tests.support.screen import Person, at_screen
from tests.support.sheets import padded, sheet
from tests.support.views import StillClock

pytestmark = pytest.mark.anyio

TEXT = """\
# Invoice 2026-117

Paper, toner and a folder, as ordered on 3 November. Please pay within thirty days of receipt, naming the number above.

| item | qty | net |
|---|--:|--:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |
| Folder | 3 | 4.54 |

**Total 84.30**
"""
COST = {"prompt_tokens": 1_140, "completion_tokens": 96, "cost": 0.00031}


def pages(folder: Path) -> Path:
    folder.mkdir()
    for number, lines in enumerate((14, 9, 20), 1):
        (folder / f"invoice-{number}.png").write_bytes(padded(sheet(lines=lines), 301_000))
    return folder


async def pictured(person: Person) -> None:
    await person.settled()
    picture = person.app.screen.query_one(Picture)
    await person.until(lambda: not picture.region or picture.picture is not None)


@at_every_size
async def test_three_pages(server: DemoServer, home: Path, look: Look, size: tuple[int, int]) -> None:
    folder = pages(home / "scans")
    server.script(say(TEXT, usage=COST), fault("403-moderation"), stall(stage="headers", until=asyncio.Event()))
    async with at_screen(runtime_for(server, StillClock(), keys__reconcile=False), size=size) as person:
        await person.enter(f"/ocr {folder}")
        await person.until_on(Confirm)
        await person.until_shown("Read 3 pages?")
        await look.is_kept(person, "estimate")
        await person.press("enter")
        screen = await person.until_on(OcrScreen)
        await person.until(lambda: states(screen) == ["read", "failed", "reading"])
        await pictured(person)
        await look.is_kept(person, "reading")
        await person.press("escape")
        await person.until(lambda: not screen.reading.is_running)
        await person.press("down")
        await pictured(person)
        await look.is_kept(person, "failed")
        await person.press("up", "p")
        await person.until_on(Preview)
        await pictured(person)
        await look.is_kept(person, "picture")
        await person.press("escape")
        await person.until_on(OcrScreen)
        await person.press("e")
        await person.until(lambda: screen.has_class("-editing"))
        await look.is_kept(person, "correcting")
        await person.press("escape", "escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.settled()
        await look.is_kept(person, "told")
