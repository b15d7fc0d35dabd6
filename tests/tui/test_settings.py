"""Temperature, effort, providers, personas: set by command or in the list, sent, shown, kept, forked."""

from __future__ import annotations

from typing import Any

import pytest

from orchat.config import PersonaSettings
from orchat.demo.server import DemoServer
from orchat.runtime import Runtime
from orchat.tui.beginning import Beginning
from orchat.tui.screens.confirm import AskLine, Choose
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.settings import SettingsScreen
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


def with_personas(server: DemoServer, **settings: Any) -> Runtime:
    runtime = screen_runtime(server, **settings)
    poet = PersonaSettings(system="Verse.", model="demo/thinker", temperature=1.2, fallbacks=("demo/writer",))
    personas = {"poet": poet, "pilot": PersonaSettings(max_tokens=500)}
    runtime.config.personas.update(personas)  # type: ignore[attr-defined]  # as config.toml gives them
    return runtime


async def back(person: Person) -> None:
    await person.until(lambda: person.app.screen is person.chat)
    await person.settled()


async def test_what_is_set_is_sent_shown_kept_and_forked(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temperature 0.2")
        await person.until_told("temperature: 0.2")
        await person.enter("/max-tokens 100")
        await person.enter("/effort low")
        await person.enter("/provider order=demo zdr=true")
        await person.enter("/web on")
        await person.enter("/set top_k 40")
        await person.until_shown("ASKED WITH", "temperature", "0.2", "web search", "top_k", "40", "zero retention")
        await person.ask("hello")
        body = server.chats[-1].body
        assert (body["temperature"], body["max_completion_tokens"], body["top_k"]) == (0.2, 100, 40)
        assert body["reasoning"] == {"effort": "low"} and body["tools"] == [{"type": "openrouter:web_search"}]
        assert body["provider"] == {"order": ["demo"], "zdr": True}
        first = person.chat.session.conversation
        assert first is not None and first.parameters["temperature"] == 0.2
        await person.enter("/temperature 0.4")
        await person.until_told("temperature: 0.4")
        await person.ask("again")
        assert server.chats[-1].body["temperature"] == 0.4
        await person.enter("/fork")
        await person.until(lambda: person.chat.session.conversation and person.chat.session.conversation.id != first.id)
        await person.until_shown("0.4")
        await person.enter("/new")
        await person.until(lambda: person.chat.session.conversation is None)
        await person.until_gone("ASKED WITH")
        await person.ask("fresh")
        assert "temperature" not in server.chats[-1].body
        await person.chat.open_session(first.id)
        person.chat.refresh_figures()
        await person.until_shown("ASKED WITH", "0.4")
        await person.enter("/temperature default")
        await person.until_told("temperature: as usual")
        await person.enter("/provider")
        await person.until_on(SettingsScreen)
        await person.press("escape")
        await back(person)
        await person.enter("/provider default")
        await person.until_gone("zero retention")


async def test_what_does_not_fit_changes_nothing_and_the_line_comes_back(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temperature 0.2")
        await person.enter("/temperature warm")
        await person.until_told("expected a number")
        await person.until(lambda: person.composer_text == "/temperature warm")
        await person.enter("/provider sort=price sotr=x")
        await person.until_told("provider.sotr is not known")
        assert dict(person.chat.session.choices.parameters) == {"temperature": 0.2}
        await person.enter("/set brand_new 5")
        await person.until_told("brand_new is not known here and is sent as it is")


async def test_a_narrow_screen_says_it_in_its_line(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(99, 24)) as person:
        await person.enter("/web on")
        await person.enter("/effort low")
        await person.until_shown("·  with low, web search")


async def choose(person: Person, name: str) -> None:
    screen = await person.until_on(SettingsScreen)
    rows = screen.query_one("RowList")
    await person.press("home")
    for _ in range(20):
        if rows.highlighted.id == name:  # type: ignore[attr-defined]  # a list of rows
            break
        await person.press("down")
    await person.press("enter")


async def test_the_list_shows_and_changes_everything(server: DemoServer) -> None:
    async with at_screen(with_personas(server, chat__temperature=0.7)) as person:
        await person.press("f2")
        await person.until_on(SettingsScreen)
        await person.until_shown("all as usual", "0.7 (settings)", "data collection")
        await choose(person, "temperature")
        await person.until_on(AskLine)
        await person.fill("warm")
        await person.press("enter")
        await person.until_shown("expected a number")
        await choose(person, "temperature")
        await person.until_on(AskLine)
        await person.fill("0.1")
        await person.press("enter")
        await person.until_shown("1 set")
        await choose(person, "reasoning.effort")
        await person.until_on(Choose)
        await person.press("home", "enter")
        await person.until_shown("2 set")
        await choose(person, "system")
        await person.until_on(AskLine)
        await person.fill("Be brief.")
        await person.press("enter")
        await person.until_shown("Be brief.", "3 set")
        await choose(person, "persona")
        await person.until_on(Choose)
        await person.press("home", "enter")
        await person.until_shown("poet", "Verse.", "demo/thinker")
        await choose(person, "model")
        await person.until_on(Picker)
        await person.fill("writer")
        await person.press("enter")
        await person.until_shown("demo/writer")
        await person.until_on(SettingsScreen)
        await person.press("a")
        await person.until_on(AskLine)
        await person.fill("seed = 7")
        await person.press("enter")
        await person.until_shown("seed")
        await choose(person, "seed")
        await person.until_on(AskLine)
        await person.press("escape")
        await person.until_on(SettingsScreen)
        await person.press("d")
        await person.until_gone("seed")
        await choose(person, "system")
        await person.until_on(AskLine)
        await person.press("escape")
        await person.until_on(SettingsScreen)
        await person.press("d")
        await person.until_gone("Verse.")
        await person.press("up", "delete")
        await person.until_gone("poet")
        await person.press("a")
        await person.until_on(AskLine)
        await person.press("enter")
        await person.until_on(SettingsScreen)
        await person.press("home", "d")
        await person.press("escape")
        await back(person)
        await person.enter("/effort")
        await person.until_on(SettingsScreen)
        await person.press("enter")
        await person.until_shown("Effort")
        await person.press("escape", "escape")


async def test_without_personas_the_list_says_where_they_come_from(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/set")
        await choose(person, "persona")
        await person.until_shown("Write [personas.NAME] into the settings.")
        await person.press("escape")
        await back(person)
        await person.enter("/persona")
        await person.until_told("there are no personas yet")
        await person.enter("/persona none")
        await person.until_told("there is no persona to take away")


async def test_a_persona_answers_and_goes_again(server: DemoServer) -> None:
    async with at_screen(with_personas(server)) as person:
        await person.enter("/persona none")
        await person.until_told("there is no persona to take away")
        await person.enter("/persona poet")
        await person.until_told("poet answers from now on.")
        await person.until_shown("persona", "poet", "demo/thinker", "system prompt")
        await person.ask("hello")
        body = server.chats[-1].body
        assert (body["model"], body["temperature"]) == ("demo/thinker", 1.2)
        assert body["messages"][0] == {"role": "system", "content": "Verse."}
        assert person.chat.session.choices.wish(None, over_budget=False).fallbacks == ("demo/writer",)
        await person.enter("/persona")
        await person.until_on(Choose)
        await person.press("home", "down", "enter")
        await person.until_told("pilot answers from now on.")
        await back(person)
        await person.ask("and now")
        body = server.chats[-1].body
        assert (body["model"], body["max_completion_tokens"], "temperature" in body) == ("demo/writer", 500, False)
        assert body["messages"][0]["role"] == "user"
        await person.enter("/persona none")
        await person.until_told("No persona any more.")
        await person.until_gone("pilot")
        await person.enter("/persona nobody")
        await person.until_told("there is no persona nobody")
        await person.enter("/persona")
        await person.until_on(Choose)
        await person.press("escape")
        await back(person)


async def test_a_persona_of_the_command_line_is_worn_and_may_be_resumed_with(server: DemoServer) -> None:
    runtime = with_personas(server)
    poet = runtime.loaded.persona("poet")
    beginning = Beginning(model=poet.model, system=poet.system, parameters=poet.parameters, persona="poet")
    async with at_screen(runtime, beginning=beginning) as person:
        await person.until_shown("persona", "poet")
        await person.ask("hello")
        conversation = person.chat.session.conversation
        assert conversation is not None and conversation.persona == "poet"
    async with at_screen(
        with_personas(server), beginning=Beginning(resume=conversation.id, persona="pilot", parameters={"seed": 7})
    ) as person:
        await person.until(lambda: person.chat.session.choices.persona == "pilot")
        await person.until_shown("pilot", "500")
        await person.until_gone("poet")


async def test_what_another_window_sets_is_seen(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hello")
        await person.settled()
        conversation = person.chat.session.conversation
        assert conversation is not None
        async with screen_runtime(server) as other:
            await other.start()
            await other.conversations.set_parameters(conversation.id, {"top_k": 40}, persona="muse")
        for _ in range(3):
            person.app.runtime.clock.advance(3)  # type: ignore[attr-defined]  # the tests' own clock
            await person.chat.look().wait()
        await person.until_shown("ASKED WITH", "muse", "top_k")
