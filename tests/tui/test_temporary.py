"""Sessions that leave no trace, and the names that models give to the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.tui.screens.sessions import Sessions
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio

WORDS = "a very private word"


def on_disk(home: Path) -> bool:
    """Whether anything under the home folder holds the words."""
    return any(WORDS.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())


async def test_a_temporary_session_is_marked_and_leaves_nothing_on_the_disk(server: DemoServer, home: Path) -> None:
    server.script(say(f"I heard {WORDS}"), say("aha"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await person.type("draft")
        await person.ask(WORDS)
        await person.until_shown("[temporary]", WORDS, "1 turn")
        await person.ask("again")
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("no session yet")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("ctrl+n")
        await person.until_gone("[temporary]")
    assert not on_disk(home)


async def test_a_temporary_session_can_be_kept(server: DemoServer, home: Path) -> None:
    server.script(say(f"I heard {WORDS}"), say("and on"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/keep")
        await person.until_told("this session is kept already")
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await person.ask(WORDS)
        await person.enter("/keep")
        await person.until_told("This session is kept from now on.")
        await person.until_gone("[temporary]")
        await person.ask("and?")
        await person.until_shown("2 turns", "and on")
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("1 session ")
    assert on_disk(home)


async def test_a_temporary_session_that_has_not_begun_is_an_ordinary_one_again(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temp")
        await person.until_shown("[temporary]", "New conversation")
        await person.enter("/keep")
        await person.until_gone("[temporary]")
        assert not person.chat.session.is_temporary


async def test_a_model_names_the_session_after_its_first_answer(server: DemoServer) -> None:
    server.script(say("We sail at dawn."), say("Pirates at dawn"), say("Yes."))
    async with at_screen(screen_runtime(server, chat__title_model="demo/writer")) as person:
        await person.ask("when do we sail?")
        await person.until_shown("Pirates at dawn  ·  1 turn")
        await person.ask("sure?")
        await person.until_shown("Pirates at dawn  ·  2 turns")
    assert len(server.chats) == 3


async def test_the_list_of_sessions_offers_to_keep_a_temporary_one(server: DemoServer, home: Path) -> None:
    server.script(say(f"I heard {WORDS}"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temp")
        await person.ask(WORDS)
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("no session yet", "^K keep this one")
        await person.press("ctrl+k")
        await person.until_told("This session is kept from now on.")
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("1 session ")
        assert "^K" not in person.lines[-4]
        await person.press("ctrl+k")
        await person.settled()
        assert isinstance(person.app.screen, Sessions)
    assert on_disk(home)
