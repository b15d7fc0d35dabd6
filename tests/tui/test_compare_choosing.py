"""Which models are compared, and with what, as somebody decides it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from orchat.demo.script import fault, say, stall
from orchat.demo.server import DemoServer
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.several import Several
from orchat.tui.screens.welcome import Welcome
from tests.support.compare import SEER, THINKER, WRITER, script
from tests.support.comparing import back, begin, heads, over, said, sayings
from tests.support.pictures import encoded, photo
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def test_a_temporary_session_compares_without_a_trace(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await begin(person, "hi", "thinker")
        await over(person)
        await person.press("right", "enter")
        await back(person)
        assert said(person) == ["hi", "demo/thinker says"] and person.chat.session.is_temporary
        assert await person.chat.runtime.conversations.list() == []
        await person.until_shown("[temporary]")


async def test_the_settings_of_the_session_and_what_is_attached_go_to_every_model(
    server: DemoServer, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk")
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/temperature 0.3")
        await person.until_told("temperature: 0.3")
        await person.enter(f"/attach {notes}")
        await person.until_shown("notes.txt")
        await begin(person, "sum it up", "thinker")
        await over(person)
        await person.press("enter")
        await back(person)
        assert person.chat.composer.is_empty
        await person.until_shown("notes.txt  8 B")
    assert [asked.body["temperature"] for asked in server.chats] == [0.3, 0.3]
    assert all("buy milk" in str(asked.body["messages"]) for asked in server.chats)


async def test_plain_and_without_colour_everything_is_said_in_words(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server, tui__plain=True)) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("(keys are for this answer)", "Model:", "done", "demo/writer says")
        assert not set("━─│╭▸▌") & set(person.text)
        await person.pilot.resize_terminal(80, 24)
        await person.until_shown(">1 writer")


async def test_two_models_of_the_same_name_are_told_apart(server: DemoServer) -> None:
    script(server, {"one/same": say("a"), "two/same": say("b")})
    async with at_screen(screen_runtime(server)) as person:
        await person.type("hi")
        await person.press("f7")
        dialog = await person.until_on(Several)
        await person.until_shown("✓ demo/writer")
        await person.fill("demo/writer")
        await person.press("tab")
        await person.until(lambda: not dialog.chosen)
        for name in ("one/same", "two/same"):
            await person.fill(name)
            await person.until_shown(f"use {name} as typed")
            await person.press("tab")
            await person.until_shown(f"✓ use {name}")
        await person.until_shown("cost unknown")
        await person.press("enter")
        await person.until_on(CompareScreen)
        assert [title for title, _ in heads(person)] == ["one/same", "two/same"]
        await over(person)


async def test_nothing_is_compared_while_an_answer_arrives(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon", chars=4))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("tell")
        await person.until_shown("Once")
        await person.press("f7")
        await person.until_told("an answer still arrives")
        await person.press("escape")


async def test_nothing_is_compared_while_an_earlier_message_is_edited(server: DemoServer) -> None:
    server.script(say("first"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hi")
        await person.press("alt+up", "e")
        await person.until(lambda: person.composer_text == "hi")
        await person.press("f7")
        await person.until_told("an earlier message is being edited")


async def test_the_estimate_counts_what_is_attached(server: DemoServer, tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(encoded(photo((64, 64)), "PNG"))
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        server.script(say("a dot"))
        await person.enter(f"/attach {picture}")
        await person.until_shown("dot.png")
        await person.type("hi")
        await person.press("f7")
        await person.until_on(Several)
        # 1,100 tokens of a picture at 0.80 dollars a million.
        await person.until_shown("≈ $0.000 881 to ask")
        await person.press("escape")
        await back(person)
        await person.press("enter")
        await person.until_shown("a dot")
        await person.until(lambda: not person.chat.session.busy)
        await person.press("f7")
        await person.until_on(Several)
        await person.until_shown("≈ $0.000 881 to ask")


async def test_without_a_key_one_is_asked_for_first(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, key=None, keys__store="env"), wait=False) as person:
        await person.until_on(Welcome)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.type("hi")
        await person.press("f7")
        await person.until_on(Welcome)
        await person.press("escape")
        await back(person)
        assert person.composer_text == "hi" and person.chat.session.conversation is None


async def test_two_to_four_models_are_marked_by_keys_and_clicks(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.type("hi")
        await person.press("f7")
        dialog = await person.until_on(Several)
        await person.until_shown("✓ demo/writer")
        await person.fill("demo/writer")
        await person.press("tab")
        await person.until_shown("Nothing is marked yet.")
        await person.press("enter")
        await person.until_told("Mark 2 to 4 models with Tab.")
        await person.fill("")
        await person.click("demo/faulty")
        await person.until(lambda: dialog.chosen == ["demo/faulty"])
        for name in ("painter", "seer", "tiny"):
            await person.fill(name)
            await person.press("tab")
        await person.until_shown("4 marked · 2 to 4")
        await person.fill("tortoise")
        await person.press("tab")
        await person.until_told("No more than 4: take a mark away first.")
        assert len(dialog.chosen) == 4
        await person.fill("no such model")
        await person.until_shown("no model fits")
        await person.press("tab")
        assert len(dialog.chosen) == 4


async def test_who_marks_one_and_looks_at_another_means_both(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.type("hi")
        await person.press("f7")
        await person.until_on(Several)
        await person.until_shown("✓ demo/writer")
        await person.fill("thinker")
        await person.press("enter")
        await person.until_on(CompareScreen)
        assert [title for title, _ in heads(person)] == ["writer", "thinker"]
        await over(person)


async def test_a_name_that_fits_several_models_is_looked_for_in_the_list(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        server.script(say("first"))
        await person.ask("hi")
        await person.enter("/compare seer demo/t")
        dialog = await person.until_on(Several)
        await person.until_shown("1 demo/seer")
        assert dialog.query_one(Input).value == "demo/t"
        await person.until_shown("demo/thinker", "demo/tortoise")
        await person.press("escape")
        await back(person)
        assert said(person) == ["hi", "first"]


async def test_without_a_catalogue_any_id_can_be_typed(server: DemoServer) -> None:
    server.script(fault("500"), fault("500"), fault("500"), fault("500"), path="/models")
    async with at_screen(screen_runtime(server, retry__attempts=0), wait=False) as person:
        await person.until(lambda: person.chat.lease is not None)
        await person.settled()
        await person.type("hi")
        await person.press("f7")
        await person.until_on(Several)
        await person.until_shown("no catalogue:")
        await person.press("escape")
        await back(person)


async def test_what_cannot_be_saved_stays_in_the_composer(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        server.script(say("first"))
        await person.ask("hi")
        conversation = person.chat.session.conversation
        assert conversation is not None
        await person.type("what about this")
        await person.press("f7")
        await person.until_on(Several)
        await person.chat.runtime.conversations.delete(conversation.id)
        await person.fill("thinker")
        await person.press("tab", "enter")
        await person.until_told("was deleted")
        await person.until(lambda: person.app.screen is person.chat)
        assert person.composer_text == "what about this"


async def test_what_was_asked_is_no_draft_of_the_next_session(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.type("h")
        person.chat.keep_draft()
        await begin(person, "i", "thinker")
        await over(person)
        await person.press("ctrl+q")
    async with at_screen(screen_runtime(server)) as person:
        assert person.composer_text == ""
