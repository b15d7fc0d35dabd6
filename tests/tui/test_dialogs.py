"""Sessions, first run, usage, help, colours, palette: each as somebody uses it."""

from __future__ import annotations

import pytest
from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from orchat.demo.launch import start_demo
from orchat.demo.script import fail, say
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.runtime import Runtime
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.dialog import soon
from orchat.tui.screens.help import Help
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.usage import UsageScreen
from orchat.tui.screens.welcome import Welcome
from tests.support.clock import FakeClock
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio

PASTED = "sk-or-v1-" + "0a1b2c3d" * 8


# ---- keys ----


def keyless(server: DemoServer) -> Runtime:
    return screen_runtime(server, key=None, keys__store="env")


async def test_a_pasted_key_is_used_and_said_where_it_is_kept(server: DemoServer) -> None:
    server.script(say("it works"))
    async with at_screen(keyless(server), wait=False) as person:
        await person.until_on(Welcome)
        await person.until_shown("Welcome to orchat", "Paste a key", "Sign in with OpenRouter")
        assert "demo" not in person.text
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.until_shown("https://openrouter.ai/settings/keys")
        await person.press("enter")
        await person.type("two words")
        await person.press("enter")
        await person.until_shown("has a space")
        await person.fill(PASTED)
        assert PASTED not in person.text
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)
        await person.until_told("kept nowhere")
        await person.started()
        assert person.chat.figures.key_label == "main"
        await person.ask("hello")
        assert server.chats[0].key_fingerprint == Secret(PASTED).fingerprint


async def test_a_refused_key_is_replaced_and_the_prompt_sent_again(server: DemoServer) -> None:
    server.script(fail(401, message="No such key"), say("it works now"))
    async with at_screen(screen_runtime(server, keys__store="env")) as person:
        await person.ask("hello")
        await person.until_shown("The key was refused")
        await person.press("enter")
        await person.until_on(Welcome)
        await person.until_shown("Another key")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.fill(PASTED)
        await person.press("enter")
        await person.until_shown("it works now")
        assert server.chats[-1].key_fingerprint == Secret(PASTED).fingerprint


async def test_the_demo_is_one_key_away(server: DemoServer) -> None:
    demo = start_demo(pace=0)

    def runtime() -> Runtime:
        return Runtime.create(
            front_end="tui",
            demo=True,
            settings={"api.base_url": demo.base_url, "api.dialect": "openrouter", "models.default": "demo/writer"},
            key=Secret("sk-or-demo-0000000000"),
            key_label="demo",
            clock=FakeClock(),
        )

    try:
        async with at_screen(keyless(server), wait=False, start_demo=runtime) as person:
            await person.until_on(Welcome)
            await person.until_shown("Try the demo")
            await person.press("down", "down", "enter")
            await person.until(lambda: person.app.is_demo and person.app.chat is not None)
            await person.started()
            await person.ask("hello")
            await person.press("ctrl+q")
            note = person.app.exit_note
            assert note is not None and note.text.startswith("resume with: orchat --demo -r ")
    finally:
        demo.stop()


# ---- the rest ----


async def test_usage_is_a_table(server: DemoServer) -> None:
    server.script(say("hi"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hello")
        await person.press("ctrl+u")
        await person.until_on(UsageScreen)
        await person.until_shown("DAY", "MODEL", "demo/writer", "KEY", "work")
        await person.press("escape")


async def test_help_lists_every_key(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(100, 60)) as person:
        await person.press("f1")
        await person.until_on(Help)
        await person.until_shown("^O", "/model [PART]", "Choose the model")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


async def test_keys_can_be_chosen(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    runtime.config.keymap["model"] = "f4"  # type: ignore[index]  # as [keymap] in config.toml gives it
    async with at_screen(runtime) as person:
        assert "F4 model" in person.lines[-1]
        await person.press("f4")
        await person.until_on(Picker)


async def test_colours_are_tried_while_they_are_looked_at(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/theme")
        await person.until_on(Choose)
        await person.press("down")
        await person.until(lambda: person.app.theme == "orchat-light")
        await person.press("escape")
        await person.until(lambda: person.app.theme == "orchat-dark")
        await person.until(lambda: person.app.screen is person.chat)
        await person.enter("/theme nord")
        await person.until(lambda: person.app.theme == "nord")
        await person.enter("/theme")
        await person.until_on(Choose)
        await person.press("home", "enter")
        await person.until(lambda: person.app.theme == "orchat-dark")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "unknown"])
async def test_every_kind_of_theme_works(server: DemoServer, theme: str) -> None:
    async with at_screen(screen_runtime(server, tui__theme=theme)) as person:
        await person.ask("compare tea and coffee")
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("Model", "demo/writer", "10 of 10")


async def test_the_palette_finds_commands(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+p")
        await person.until_on(CommandPalette)
        await person.until_shown("Choose the model")
        await person.type("figures")
        await person.until_gone("Choose the model")
        await person.until_shown("Show or hide the figures")
        await person.press("enter")
        await person.until_gone("CONTEXT")
        await person.press("ctrl+b")
        await person.until_shown("CONTEXT")
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.press("ctrl+p")
        await person.pilot.pause()
        assert isinstance(person.app.screen, Picker), "the palette belongs to the chat"


# ---- quick fingers ----


@pytest.mark.parametrize("key", ["ctrl+o", "ctrl+r", "ctrl+t", "ctrl+u", "ctrl+k", "f1", "f2", "ctrl+p"])
async def test_a_dialog_that_is_closed_as_soon_as_it_is_opened_does_no_harm(server: DemoServer, key: str) -> None:
    async with at_screen(screen_runtime(server)) as person:
        for _ in range(3):
            await person.press(key)
            await person.until(lambda: person.app.screen is not person.chat)
            person.app.screen.post_message(events.Resize(person.app.size, person.app.size))
            person.app.post_message(events.Key("escape", None))
            await person.until(lambda: person.app.screen is person.chat)
        await person.settled()
        assert not person.app.failure


async def test_what_a_dialog_shows_too_late_is_left_out_and_other_faults_are_not(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("f1")
        screen = await person.until_on(Help)
        called = []

        def late() -> None:
            called.append(screen in person.app.screen_stack)
            screen.query_one(Picker)

        screen.dismiss(None)
        soon(screen, late)
        await person.until(lambda: called)
        assert called == [False] and not person.app.failure
