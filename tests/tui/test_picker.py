"""The model picker, as somebody uses it."""

from __future__ import annotations

import pytest

from orchat.demo.script import fail, say
from orchat.demo.server import DemoServer
from orchat.store import settings
from orchat.tui.screens.picker import Chip, Picker
from orchat.tui.widgets.rows import RowList
from orchat.tui.widgets.topbar import TopBar
from tests.support.clock import FakeClock
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


def highlighted(person: Person) -> str:
    row = person.app.screen.query_one(RowList).highlighted
    assert row is not None
    return row.id


def listed(person: Person) -> list[str]:
    rows = person.app.screen.query_one(RowList).rows
    return [row.draw(80).plain.split()[0] if row.is_heading else row.id for row in rows]


async def open_picker(person: Person) -> None:
    await person.press("ctrl+o")
    await person.until_on(Picker)
    await person.until_shown("demo/writer", "of 10")
    await person.settled()


async def test_a_model_is_found_by_a_few_letters_and_used(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await open_picker(person)
        assert highlighted(person) == "demo/writer"
        await person.type("toise")
        await person.until_shown("1 of 10")
        await person.press("enter")
        await person.until_shown("● demo/tortoise")
        await person.settled()
        assert await runtime.parts.db.read(settings.recents) == ("demo/tortoise",)
        await open_picker(person)
        await person.until_shown("◷ demo/tortoise")
        assert listed(person)[:4] == ["RECENT", "demo/tortoise", "OTHERS", "demo/faulty"]
        assert highlighted(person) == "demo/tortoise"
        await person.press("down")
        assert highlighted(person) == "demo/faulty"
        await person.press("up", "up")
        assert highlighted(person) == "demo/tortoise"
        await person.type("a")
        await person.until_gone("OTHERS")
        assert "RECENT" not in listed(person)


async def test_a_heading_cannot_be_chosen(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/model tiny")
        await person.until_shown("● demo/tiny:free")
        await open_picker(person)
        await person.click("RECENT")
        await person.press(*["pageup"] * 5)
        assert highlighted(person) == "demo/tiny:free"
        assert isinstance(person.app.screen, Picker)


async def test_a_model_that_answers_again_is_recent_too(server: DemoServer) -> None:
    server.script(say("one"), say("two"))
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await person.ask("hello")
        person.chat.perform("again_with", "demo/t")
        await person.until_on(Picker)
        await person.until_shown("demo/thinker", "demo/tortoise")
        await person.press("escape")
        person.chat.perform("again_with", "tortoise")
        await person.until_shown("two")
        await person.settled()
        assert await runtime.parts.db.read(settings.recents) == ("demo/tortoise",)


async def test_the_heading_of_the_first_row_comes_back_into_sight(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(60, 12)) as person:
        await person.enter("/model tortoise")
        await person.until_shown("demo/tortoise")
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("RECENT")
        await person.press(*["pagedown"] * 5)
        await person.until_gone("RECENT")
        await person.press(*["pageup"] * 5)
        await person.until_shown("RECENT")


async def test_letters_typed_while_a_filter_has_the_keys_go_into_the_line(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+o")
        await person.until_shown("any id can be typed", "demo/tortoise")
        await person.press("tab", "tab", "space")
        await person.until_shown("[✓ sees]")
        await person.press("s", "e", "e", "r")
        await person.until_shown("› seer", "1 of", "[✓ sees]")


async def test_chips_and_sorts_narrow_and_order_the_list(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await open_picker(person)
        await person.press("tab", "right", "space")
        await person.until_shown("[✓ sees]", "2 of 10")
        await person.press("left", "enter")
        await person.until_shown("no model fits", "0 of 10")
        await person.press("enter")
        await person.pilot.click("#sees")
        await person.until_shown("10 of 10")
        assert not person.app.screen.query_one("#sees", Chip).on
        await person.press("ctrl+s")
        await person.until_shown("sort: newest first")
        await person.press("ctrl+s")
        await person.until_shown("sort: cheapest first")
        await person.press("pagedown")
        last = highlighted(person)
        await person.press("pageup", "down")
        assert highlighted(person) != last
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


async def test_a_favourite_comes_first_and_can_be_dropped(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await open_picker(person)
        await person.type("thinker")
        await person.press("ctrl+f")
        await person.until_shown("★ demo/thinker")
        await person.press(*["backspace"] * 7)
        await person.until(lambda: listed(person)[:2] == ["FAVOURITES", "demo/thinker"])
        await person.press("ctrl+f")
        await person.until_gone("★")
        await person.type("zzz")
        await person.until_shown("no model fits")
        await person.press("ctrl+f", "enter")
        assert isinstance(person.app.screen, Picker)


async def test_any_id_can_be_typed(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await open_picker(person)
        await person.type("someone/new:nitro")
        await person.until_shown("use someone/new:nitro as typed", "sent as typed")
        await person.press("enter")
        await person.until_shown("● someone/new:nitro", "not in the catalogue")


async def test_a_row_is_chosen_by_a_click(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.pilot.click(TopBar, offset=(110, 0))
        await person.until_on(Picker)
        await person.until_shown("demo/seer")
        await person.click("demo/seer")
        await person.until_shown("● demo/seer")


@pytest.mark.parametrize(("size", "rows"), [((60, 16), 8), ((60, 20), 12), ((80, 24), 16)])
async def test_on_a_small_terminal_the_models_have_the_room_and_the_details_one_line(
    server: DemoServer, size: tuple[int, int], rows: int
) -> None:
    async with at_screen(screen_runtime(server), size=size) as person:
        await open_picker(person)
        assert person.app.screen.query_one(RowList).size.height >= rows
        await person.until_shown("Demo: Writer  files tools · $1.00/$4.00 per M")
        assert "nothing leaves this computer" not in person.text


async def test_the_details_follow_the_size_of_the_terminal(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(120, 40)) as person:
        await open_picker(person)
        await person.until_shown("nothing leaves this computer")
        await person.pilot.resize_terminal(80, 24)
        await person.until_gone("nothing leaves this computer")
        await person.until_shown("$1.00/$4.00 per M")


async def test_offline_the_picker_shows_what_it_knew_and_how_old_that_is(server: DemoServer) -> None:
    clock = FakeClock()
    async with screen_runtime(server, clock) as runtime:
        await runtime.start()
        await runtime.models.refresh()
    clock.advance(3 * 86_400)
    server.script(*[fail(500)] * 20, path="/models")
    async with at_screen(screen_runtime(server, clock)) as person:
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("10 of 10 · offline · catalogue 3 days old")


async def test_offline_and_without_a_catalogue_the_picker_says_so(server: DemoServer) -> None:
    server.script(*[fail(500)] * 20, path="/models")
    async with at_screen(screen_runtime(server), wait=False) as person:
        await person.until(lambda: person.chat.lease is not None)
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("no catalogue")
        await person.type("any/model")
        await person.until_shown("use any/model as typed")
