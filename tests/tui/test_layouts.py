"""How the main views look, at every size and in both themes of ours. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from orchat.demo.accounts import DemoKey
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.tui.screens.key_entry import KeyEntry
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.welcome import Welcome
from orchat.tui.shades import DARK, LIGHT
from tests.support import views
from tests.support.colours import drawing_of
from tests.support.key_ring import with_keys
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.views import ANSWER, PROMPT, StillClock, away, turn

pytestmark = pytest.mark.anyio

SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]
VIEWS = (
    views.empty,
    views.chat,
    views.picker,
    views.sessions,
    views.usage,
    views.help_,
    views.commands,
    views.welcome,
    views.marked,
    views.error,
)


class Drawing(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "txt"


@pytest.fixture(autouse=True)
def zone() -> None:
    """The time zone of the `home` fixture counts only after the C library has looked again."""
    time.tzset()


async def drawn(person: Person) -> str:
    """Text and styles; what a clock on the wall or a fast machine decides is masked."""
    drawing = await drawing_of(person, (DARK, LIGHT))
    return re.sub(r"\d+ tok/s", lambda found: "0" * (len(found[0]) - 6) + " tok/s", drawing)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_views(server: DemoServer, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    server.script(*turn())
    async with at_screen(screen_runtime(server, StillClock(), keys__reconcile=False), size=size) as person:
        for view in VIEWS:
            await view(person)
            await person.settled()
            assert await drawn(person) == snapshot(extension_class=Drawing, name=view.__name__.strip("_"))
            await away(person)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_first_run(server: DemoServer, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    runtime = screen_runtime(server, StillClock(), key=None)
    async with at_screen(runtime, size=size, wait=False, start_demo=lambda: runtime) as person:
        await person.until_on(Welcome)
        await person.until_shown("Try the demo")
        await person.settled()
        assert await drawn(person) == snapshot(extension_class=Drawing, name="first_run")


KEYS = {
    "work": DemoKey(account="me", limit=Decimal(10), free_per_day=50),
    "private": DemoKey(account="other"),
    "client with a cap": DemoKey(account="me", limit=Decimal("0.5"), free_per_day=50),
    "old laptop": DemoKey(revoked=True),
}


async def keys(person: Person) -> None:
    """One key serves, one was refused, one is disabled; the refused one is looked at."""
    await person.ask(PROMPT)
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
        assert await drawn(person) == snapshot(extension_class=Drawing, name="keys")
        await person.press("home", "a")
        await person.until_on(KeyEntry)
        await person.settled()
        assert await drawn(person) == snapshot(extension_class=Drawing, name="key_entry")
