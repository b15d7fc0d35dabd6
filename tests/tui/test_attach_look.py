"""How attaching looks, at every size and in both themes of ours. ``--snapshot-update`` makes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.demo.models import SEER
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.attach import AttachDialog
from orchat.tui.screens.preview import Preview
from orchat.tui.widgets.chips import Chips
from tests.support.attaching import has
from tests.support.look import Look, at_every_size
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.sheets import INVOICE, TICKET, desk
from tests.support.views import StillClock, away

pytestmark = pytest.mark.anyio

ANSWER = "The invoice comes to **84.30**, and the pass is for the same day."
COST = {"prompt_tokens": 2_240, "completion_tokens": 24, "cost": 0.00041}


async def pictured(person: Person) -> None:
    """Wait until the picture that there is room for is drawn."""
    await person.settled()
    picture = person.app.screen.query_one(Picture)
    await person.until(lambda: not picture.display or not picture.region or picture.picture is not None)


async def dialog(person: Person) -> None:
    """One is chosen, and another one is looked at."""
    await person.press("ctrl+t")
    shown = await person.until_on(AttachDialog)
    await person.until_shown("holiday.heic")
    await person.settled()
    await person.press("down", "down", "down")
    await person.until_shown("sent as    620×877 PNG")
    await person.press("space", "down")
    await person.until(lambda: len(shown._ready) == 2)
    await person.until_shown("● invoice.png", "1 chosen", "attach 1", "sent as")
    await pictured(person)


async def chips(person: Person) -> None:
    """Two pictures and a paste; the second one has the keys."""
    await person.press("enter")
    await has(person, INVOICE)
    await person.paste(str(Path.cwd() / TICKET).replace(" ", "\\ ").replace(",", "\\,"))
    await has(person, INVOICE, TICKET)
    await person.paste("Flight, train, hotel. " * 1_200)
    await person.until(lambda: len(person.chat.query_one(Chips).chips) == 3)
    await person.type("What does this come to")
    await person.press("f8", "right")


async def preview(person: Person) -> None:
    await person.press("left", "enter")
    await person.until_on(Preview)
    await pictured(person)


async def sent(person: Person) -> None:
    """A prompt with its pictures, and its answer."""
    await person.press("escape")
    await person.until(lambda: person.app.screen is person.chat)
    await person.press("end", "delete")
    await has(person, INVOICE, TICKET)
    await person.press("escape")
    await person.ask("What does this come to?")
    await person.until_shown("84.30")


@at_every_size
async def test_attaching(
    server: DemoServer, home: Path, look: Look, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(desk(home / "trip"))
    server.script(say(ANSWER, usage=COST))
    runtime = screen_runtime(server, StillClock(), models__default=SEER, keys__reconcile=False)
    async with at_screen(runtime, size=size) as person:
        for view in (dialog, chips, preview, sent):
            await view(person)
            await look.is_kept(person, view.__name__)
        await away(person)
