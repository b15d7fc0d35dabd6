"""Foreign text at every surface: nothing crashes, nothing acts, nothing reaches the terminal that it would obey."""

from __future__ import annotations

import json
import re

import pytest
from textual.widgets import Input

from orchat.demo.launch import start_demo
from orchat.demo.models import WRITER, find
from orchat.demo.script import fail, raw, say
from orchat.demo.server import DemoServer
from orchat.tui.screens.confirm import AskLine, Choose
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.sessions import Sessions
from orchat.tui.screens.usage import UsageScreen
from orchat.tui.screens.welcome import Welcome
from orchat.tui.widgets.topbar import TopBar
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.terminal import in_terminal

EVIL = (
    "\x1b]52;c;cHduZWQ=\x07\x1b]0;pwned\x07\x1b[2J\x9b31m\x1bPq#0\x1b\\ [/nope] [@click=app.quit]x[/] "
    "[bold red]y[/] \u202egnp.exe\u202c \x00\x08\x7f \U000e0041 z\u0301\u0301\u0301\u0301\u0301\u0301 end"
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def shown(person: Person) -> str:
    """What is on the screen, which must hold nothing that a terminal would obey, even before the guard looks at it."""
    for line in person.lines:
        found = OBEYED.search(line)
        assert found is None, f"{found!r} in {line!r}"
    return person.text


def hostile_catalogue() -> str:
    """The demo's catalogue with one model more, all of whose texts are hostile."""
    writer = find(WRITER)
    assert writer is not None
    evil = dict(writer)
    evil |= {"id": f"evil/{EVIL}", "name": EVIL, "description": EVIL, "canonical_slug": EVIL, "expiration_date": EVIL}
    return json.dumps({"data": [writer, evil]})


@pytest.mark.anyio
async def test_what_models_people_and_errors_say(server: DemoServer) -> None:
    server.script(
        say(f"{EVIL}\n\n```\n{EVIL}\n```\n\n| {EVIL} |\n|-|\n| {EVIL} |\n", reasoning=EVIL, provider=EVIL, model=EVIL),
        fail(400, message=EVIL),
        say("fine"),
    )
    async with at_screen(screen_runtime(server)) as person:
        await person.chat.session.choose_model(f"evil/{EVIL}")
        await person.ask(EVIL)
        assert "[@click=app.quit]x[/]" in shown(person)
        await person.ask(f"again {EVIL}")
        await person.until_shown("does not accept")
        shown(person)
        person.chat.perform("rename")
        await person.until_on(AskLine)
        shown(person)
        await person.press("escape")
        await person.press("f6", "y")
        shown(person)
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.settled()
        assert "[/nope]" in shown(person)
        await person.press("ctrl+d")
        await person.until_shown("Deleted: [/nope]")
        shown(person)
        await person.press("ctrl+z")
        await person.until_shown("Brought back: [/nope]")
        await person.type("end")
        await person.settled()
        shown(person)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("ctrl+u")
        await person.until_on(UsageScreen)
        await person.settled()
        shown(person)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        for y in range(0, 40, 3):
            await person.pilot.click(offset=(30, y))
        assert person.app.is_running


@pytest.mark.anyio
async def test_what_a_catalogue_says(server: DemoServer) -> None:
    server.script(*[raw(hostile_catalogue().encode())] * 3, path="/models")
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("evil/")
        await person.type("evil")
        await person.until_shown("[/nope]")
        shown(person)
        await person.press("enter")
        await person.until(lambda: "evil" in person.chat.query_one(TopBar).model)
        await person.settled()
        shown(person)


@pytest.mark.anyio
async def test_what_is_pasted_chosen_and_told(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, keys__store="env"), size=(60, 16)) as person:
        await person.paste(EVIL)
        assert OBEYED.search(person.composer_text) is None
        shown(person)
        person.chat.composer.area.load("")
        person.chat.say(EVIL)
        await person.pilot.pause()
        shown(person)
        person.app.push_screen(Choose(EVIL, [EVIL, "other"]))
        await person.until_on(Choose)
        shown(person)
        await person.press("escape")
        person.app.push_screen(Welcome(person.chat.runtime, reason=EVIL, has_demo=True))
        await person.until_on(Welcome)
        await person.until_shown("[/nope]")
        shown(person)
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.fill(f"{EVIL}")
        await person.press("enter")
        await person.until_shown("the key has")
        shown(person)


@pytest.mark.anyio
async def test_a_label_in_the_environment_of_another_is_harmless(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    runtime._key_label = EVIL
    async with at_screen(runtime, size=(80, 24)) as person:
        shown(person)
        await person.pilot.resize_terminal(140, 40)
        await person.until_shown("CONTEXT")
        shown(person)


def test_a_real_terminal_gets_nothing_of_it() -> None:
    demo = start_demo(pace=0)
    text = f"{EVIL}\n\n```\n{EVIL}\n```\n\n| {EVIL} |\n|-|\n| {EVIL} |\n\nthe very end"
    demo.server.script(say(text, reasoning=EVIL))
    try:
        with in_terminal(demo.base_url) as terminal:
            terminal.until(b"demo/writer")
            terminal.type(b"hello\r")
            terminal.until(b"the very end")
            terminal.type(b"\x1b[200~" + EVIL.replace("\x1b", "").encode() + b"\x1b[201~")
            terminal.until(b"[/nope]")
            terminal.type(b"\x11")
            terminal.until(b"NOTE resume")
    finally:
        demo.stop()
    for sequence in ("\x1b]52", "\x1b]0;", "\x1bP", "\x9b", "\u202e", "pwned\x07", "\x00", "\x7f"):
        assert sequence.encode() not in terminal.seen, sequence
