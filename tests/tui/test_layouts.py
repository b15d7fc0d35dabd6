"""How the main views look: as text at every size, as pictures at two. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from orchat.demo.accounts import DemoKey
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.tui.screens.help import Help
from orchat.tui.screens.key_entry import KeyEntry
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.sessions import Sessions
from orchat.tui.screens.welcome import Welcome
from tests.support.clock import FakeClock
from tests.support.key_ring import with_keys
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

ANSWER = """\
The net total is **70.84** and the invoice adds 19 % VAT, so it should come to **84.30**. It does.

| item | qty | net |
|---|--:|--:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |

```python
def total(lines: list[Line]) -> Decimal:
    return sum(line.qty * line.price for line in lines)
```
"""
SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]


class Text(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "txt"


class Picture(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "svg"


class StillClock(FakeClock):
    """Time stands still, so that every duration is the same on every machine."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(0.0)


@pytest.fixture(autouse=True)
def zone() -> None:
    """The time zone of the `home` fixture counts only after the C library has looked again."""
    time.tzset()


def text_of(person: Person) -> str:
    """The screen as text; what a clock on the wall or a fast machine decides is masked."""
    text = re.sub(r"\d+ tok/s", lambda found: "0" * (len(found[0]) - 6) + " tok/s", person.text)
    return text + "\n"


async def chat(person: Person) -> None:
    person.chat.composer.area.load("and put all of it into one CSV")
    await person.until_shown("CSV")


async def error(person: Person) -> None:
    await person.ask("and again")
    await person.until_shown("Enter")


async def picker(person: Person) -> None:
    await person.press("ctrl+o")
    await person.until_on(Picker)
    await person.until_shown("demo/writer")
    await person.type("demo")
    await person.settled()


async def sessions(person: Person) -> None:
    await person.press("ctrl+r")
    await person.until_on(Sessions)
    await person.until_shown("1 session")


async def help_(person: Person) -> None:
    await person.press("f1")
    await person.until_on(Help)
    await person.until_shown("EVERYWHERE", "^R")


async def commands(person: Person) -> None:
    await person.type("/")
    await person.until_shown("/model [PART]")


async def welcome(person: Person) -> None:
    person.chat.perform("key")
    await person.until_on(Welcome)
    await person.until_shown("Paste a key")


VIEWS: tuple[Callable[[Person], Awaitable[None]], ...] = (chat, picker, sessions, help_, commands, welcome, error)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_views(server: DemoServer, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    server.script(say(ANSWER), fault("402-max-tokens"))
    async with at_screen(screen_runtime(server, StillClock(), keys__reconcile=False), size=size) as person:
        await person.ask("What does this invoice come to?")
        for view in VIEWS:
            await view(person)
            await person.settled()
            assert text_of(person) == snapshot(extension_class=Text, name=view.__name__.strip("_"))
            if person.app.screen is not person.chat:
                await person.press("escape")
                await person.until(lambda: person.app.screen is person.chat)
            person.chat.composer.area.load("")


@pytest.mark.parametrize("theme", ["orchat-dark", "orchat-light"])
@pytest.mark.parametrize("view", [chat, picker], ids=lambda view: view.__name__)
async def test_look(
    server: DemoServer, snapshot: SnapshotAssertion, view: Callable[[Person], Awaitable[None]], theme: str
) -> None:
    server.script(say(ANSWER))
    async with at_screen(screen_runtime(server, StillClock(), tui__theme=theme, keys__reconcile=False)) as person:
        await person.ask("What does this invoice come to?")
        await view(person)
        await person.settled()
        picture = person.app.export_screenshot(simplify=True)
        assert re.sub(r"\d+(&#160;|\s)tok/s", r"0\1tok/s", picture) == snapshot(extension_class=Picture)


KEYS = {
    "work": DemoKey(account="me", limit=Decimal(10), free_per_day=50),
    "private": DemoKey(account="other"),
    "client with a cap": DemoKey(account="me", limit=Decimal("0.5"), free_per_day=50),
    "old laptop": DemoKey(revoked=True),
}


async def keys(person: Person) -> None:
    """One key serves, one was refused, one is disabled; the refused one is looked at."""
    await person.ask("What does this invoice come to?")
    await person.press("ctrl+k")
    await person.until_on(KeysScreen)
    await person.until_shown("Esc back")
    await person.press("T")
    await person.until_shown("does not serve", "in use · serves")
    await person.press("down", "e")
    await person.until_shown("disabled")
    await person.press("end")
    await person.until_shown("tested")
    await person.settled()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_keys(tmp_path: Path, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with with_keys(tmp_path, KEYS, clock=StillClock(), size=size, keys__reconcile=False) as (person, server):
        server.script(say(ANSWER))
        await keys(person)
        assert text_of(person) == snapshot(extension_class=Text, name="keys")
        await person.press("home", "a")
        await person.until_on(KeyEntry)
        await person.settled()
        assert text_of(person) == snapshot(extension_class=Text, name="key_entry")


@pytest.mark.parametrize("theme", ["orchat-dark", "orchat-light"])
async def test_look_of_keys(tmp_path: Path, snapshot: SnapshotAssertion, theme: str) -> None:
    async with with_keys(tmp_path, KEYS, clock=StillClock(), tui__theme=theme, keys__reconcile=False) as (
        person,
        server,
    ):
        server.script(say(ANSWER))
        await keys(person)
        picture = person.app.export_screenshot(simplify=True)
        assert re.sub(r"\d+(&#160;|\s)tok/s", r"0\1tok/s", picture) == snapshot(extension_class=Picture)
