"""How the main views look, at every size and in both themes of ours. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.tui.screens.key_entry import KeyEntry
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.welcome import Welcome
from tests.support import views
from tests.support.key_ring import with_keys
from tests.support.look import Look, at_every_size
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.views import ANSWER, PROMPT, StillClock, away, turn

pytestmark = pytest.mark.anyio

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


@at_every_size
async def test_views(server: DemoServer, look: Look, size: tuple[int, int]) -> None:
    server.script(*turn())
    async with at_screen(screen_runtime(server, StillClock(), keys__reconcile=False), size=size) as person:
        for view in VIEWS:
            await view(person)
            await look.is_kept(person, view.__name__.strip("_"))
            await away(person)


@at_every_size
async def test_first_run(server: DemoServer, look: Look, size: tuple[int, int]) -> None:
    runtime = screen_runtime(server, StillClock(), key=None)
    async with at_screen(runtime, size=size, wait=False, start_demo=lambda: runtime) as person:
        await person.until_on(Welcome)
        await person.until_shown("Try the demo")
        await look.is_kept(person, "first_run")


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


@at_every_size
async def test_keys(tmp_path: Path, look: Look, size: tuple[int, int]) -> None:
    async with with_keys(tmp_path, KEYS, clock=StillClock(), size=size, keys__reconcile=False) as (person, server):
        server.script(say(ANSWER))
        await keys(person)
        await look.is_kept(person, "keys")
        await person.press("home", "a")
        await person.until_on(KeyEntry)
        await look.is_kept(person, "key_entry")
