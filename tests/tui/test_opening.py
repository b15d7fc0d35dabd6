"""What stands in a conversation before anything is said."""

from __future__ import annotations

import pytest

from orchat.demo.script import say
from orchat.demo.server import DemoServer
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio

BEGINNING = "Whatever you ask is kept"


@pytest.mark.parametrize("size", [(60, 16), (120, 40)])
async def test_an_empty_conversation_says_how_to_begin_until_something_is_said(
    server: DemoServer, size: tuple[int, int]
) -> None:
    server.script(say("hello"))
    async with at_screen(screen_runtime(server, keymap__model="f3"), size=size) as person:
        await person.until_shown(BEGINNING, "F3    another model", "^R    an earlier session", "F1    all keys")
        await person.ask("hi")
        assert BEGINNING not in person.text and "hello" in person.text
        await person.press("ctrl+n")
        await person.until_shown(BEGINNING)
        await person.enter("/temp")
        await person.until_shown("Nothing of this session will be on the disk")


async def test_deleting_the_first_message_brings_it_back(server: DemoServer) -> None:
    server.script(say("hello"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hi")
        await person.press("alt+up", "alt+up", "d")
        await person.until_shown(BEGINNING)
        await person.enter("/undo")
        await person.until_gone(BEGINNING)
        await person.until_shown("hello")
