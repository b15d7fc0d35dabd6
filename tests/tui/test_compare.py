"""Models beside each other, as somebody compares them: chosen, asked, stopped, used, left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.widgets import Input

from orchat.demo.accounts import DemoKey
from orchat.demo.answer import Step
from orchat.demo.script import fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import StoredMessage
from orchat.store import settings, tree
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.confirm import AskLine, Confirm
from orchat.tui.screens.several import Several
from orchat.tui.widgets.column import AnswerColumn, ColumnHead, TabLine
from tests.support.compare import SEER, THINKER, WRITER, script
from tests.support.comparing import back, begin, heads, over, said, sayings
from tests.support.key_ring import fingerprint, with_keys
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

TINY = "demo/tiny:free"
THREE = (WRITER, THINKER, SEER)


async def kept(person: Person) -> list[StoredMessage]:
    conversation = person.chat.session.conversation
    assert conversation is not None
    return list(await person.chat.runtime.parts.db.read(tree.all_messages, conversation.id))


async def test_what_is_in_the_composer_is_asked_of_the_models_that_are_marked(server: DemoServer) -> None:
    script(server, sayings(*THREE))
    async with at_screen(screen_runtime(server)) as person:
        await person.type("why is the sky blue")
        await person.press("f7")
        await person.until_on(Several)
        await person.until_shown("✓ demo/writer", "1 demo/writer", "1 marked · 2 to 4", "to ask ·")
        await person.type("thinker")
        await person.press("tab")
        await person.until_shown("2 demo/thinker", "2 marked · 2 to 4")
        await person.type("seer")
        await person.press("tab")
        await person.until_shown("3 demo/seer")
        assert person.app.screen.query_one(Input).value == "seer"
        await person.press("enter")
        await person.until_on(CompareScreen)
        await over(person)
        await person.until_shown("Compare   why is the sky blue", "1 writer", "2 thinker", "3 seer", "$0.003 in all")
        assert heads(person) == [("writer", "done"), ("thinker", "done"), ("seer", "done")]
        assert all(f"{name} says" in person.text for name in THREE)
        await person.press("right", "enter")
        await back(person)
        await person.until_shown("● demo/thinker", "demo/thinker says", "‹ 2 of 3 ›", "1 turn")
        assert person.composer_text == "" and person.chat.session.prompts == ["why is the sky blue"]
        assert await person.chat.runtime.parts.db.read(settings.compared) == THREE
        server.script(say("more"))
        await person.ask("go on")
        assert server.chats[-1].body["model"] == THINKER
        assert [message["content"] for message in server.chats[-1].body["messages"]] == [
            "why is the sky blue",
            "demo/thinker says",
            "go on",
        ]
        await person.type("and again")
        await person.press("f7")
        await person.until_on(Several)
        await person.until_shown("1 demo/writer   2 demo/thinker   3 demo/seer")
        await person.press("escape")
        await back(person)
        assert person.composer_text == "and again"


async def test_the_last_prompt_is_compared_again_where_nothing_is_typed(server: DemoServer) -> None:
    server.script(say("first"), say("second"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.ask("two")
        script(server, sayings(WRITER, THINKER), times=2)
        await person.enter("/compare writer demo/thinker")
        await person.until_on(CompareScreen)
        await over(person)
        await person.press("2", "u")
        await back(person)
        assert said(person) == ["one", "first", "two", "demo/thinker says"]
        await person.until_shown("‹ 3 of 3 ›")
        assert [asked.body["messages"][-1]["content"] for asked in server.chats] == ["one", "two", "two", "two"]
        await person.press("alt+up", "alt+up", "alt+up", "f7")
        await person.until_on(Several)
        await person.press("enter")
        await person.until_on(CompareScreen)
        await over(person)
        await person.press("enter")
        await back(person)
        assert said(person) == ["one", "demo/writer says"]


async def test_without_any_prompt_one_is_asked_for(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/compare writer thinker")
        await person.until_on(AskLine)
        await person.press("escape")
        await back(person)
        assert person.chat.session.conversation is None
        await person.enter("/compare writer thinker")
        await person.until_on(AskLine)
        await person.fill("why")
        await person.press("enter")
        await person.until_on(CompareScreen)
        await over(person)
        await person.press("enter")
        await back(person)
        assert said(person) == ["why", "demo/writer says"]


async def test_one_answer_is_stopped_while_the_others_go_on(server: DemoServer) -> None:
    go = asyncio.Event()
    steps: dict[str, Step] = {
        name: stall(stage="body", text="Once upon a time", chars=9, until=go) for name in (WRITER, SEER)
    }
    script(server, {**steps, THINKER: stall(stage="body", text="Once upon a time", chars=9)})
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "tell", "thinker", "seer")
        await person.until(lambda: person.text.count("Once upon") == 3)
        await person.until_shown("so far", "Esc stop")
        await person.press("enter")
        await person.until_told("still arrives")
        await person.press("right", "escape")
        await over(person, 1)
        screen = person.app.screen
        assert isinstance(screen, CompareScreen)
        assert [answer.is_running for answer in screen.comparing.answers] == [True, False, True]
        assert heads(person)[1] == ("thinker", "stopped")
        await person.until_shown("stopped: this is what had arrived", "Enter use this answer", "Esc back")
        go.set()
        await over(person)
        assert [state for _, state in heads(person)] == ["done", "stopped", "done"]
        await person.press("enter")
        await back(person)
        assert [message.text for message in await kept(person)] == [
            "tell",
            "Once upon a time",
            "Once upon",
            "Once upon a time",
        ]
        assert said(person) == ["tell", "Once upon"]


async def test_going_back_without_a_choice_shows_the_first_that_was_finished(server: DemoServer) -> None:
    steps: dict[str, Step] = {
        WRITER: fault("400-unknown-model"),
        THINKER: stall(stage="body", text="Once upon a time", chars=9),
        SEER: say("ready"),
    }
    script(server, steps)
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "tell", "thinker", "seer")
        await over(person, 0, 2)
        await person.until_shown("Once upon")
        await person.press("escape")
        await person.until_on(Confirm)
        await person.until_shown("Stop 1 answer and go back?")
        await person.press("escape")
        await person.until_on(CompareScreen)
        await person.press("escape")
        await person.until_on(Confirm)
        await person.press("enter")
        await back(person)
        assert said(person) == ["tell", "ready"]
        await person.until_shown("‹ 3 of 3 ›", "● demo/writer")
        assert [message.state for message in await kept(person)] == ["done", "failed", "stopped", "done"]


async def test_a_failure_stands_in_its_column_and_the_model_is_asked_again(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER, writer=fault("403-moderation")))
    async with at_screen(screen_runtime(server, retry__attempts=0)) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("The content was refused", "r retry", "2 thinker", "$0.001 in all")
        assert "Enter other model" not in person.text
        assert heads(person) == [("writer", "failed"), ("thinker", "done")]
        await person.press("enter")
        await person.until_told("There is no answer to go on with.")
        await person.press("c")
        await person.until_told("There is nothing to copy yet.")
        await person.press("b")
        server.script(say("now it works", usage={"cost": 0.001}))
        await person.press("r")
        await person.until_shown("now it works", "$0.002 in all")
        await over(person)
        assert "refused" not in person.text
        await person.press("enter")
        await back(person)
        assert said(person) == ["hi", "now it works"]
        await person.until_shown("‹ 3 of 3 ›")


async def test_a_budget_refuses_one_column_and_can_be_overruled_there(server: DemoServer) -> None:
    go = asyncio.Event()
    steps: Mapping[str, Step] = {
        name: stall(stage="body", text=f"{name} says", chars=5, until=go) for name in (WRITER, THINKER)
    }
    script(server, steps)
    async with at_screen(screen_runtime(server, budget__session_usd=0.09)) as person:
        await begin(person, "hi", "thinker")
        await person.until_shown("Your budget does not allow this", "b send anyway")
        screen = person.app.screen
        assert isinstance(screen, CompareScreen)
        refused = next(answer for answer in screen.comparing.answers if not answer.is_running)
        assert len(screen.comparing.running) == 1 and len(server.chats) == 1
        await person.press(str(refused.number + 1), "b")
        await person.until(lambda: len(server.chats) == 2)
        go.set()
        await over(person)
        assert {state for _, state in heads(person)} == {"done"}


async def test_a_refused_key_makes_way_for_the_next_one_in_each_column(tmp_path: Path) -> None:
    keys = {"work": DemoKey(revoked=True), "private": DemoKey(account="other")}
    async with with_keys(tmp_path, keys) as (person, server):
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("The key was refused", "n go on with private", "r test work, try again")
        script(server, sayings(WRITER, THINKER))
        await person.press("r")
        await person.until_shown("asked just now: The key was refused")
        await person.press("b", "n")
        await person.until_shown("demo/writer says")
        await person.press("2", "n")
        await person.until_shown("demo/thinker says")
        await over(person)
        paid = [asked.key_fingerprint for asked in server.chats]
        assert set(paid[:-2]) == {fingerprint("work")} and paid[-2:] == [fingerprint("private")] * 2
        await person.press("enter")
        await back(person)
        await person.until(lambda: person.chat.figures.key_label == "private")


async def test_without_a_next_key_that_can_serve_it_says_so(tmp_path: Path) -> None:
    keys = {"work": DemoKey(revoked=True), "private": DemoKey(account="other")}
    async with with_keys(tmp_path, keys) as (person, _):
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("n go on with private")
        await person.chat.runtime.parts.shelf.set_disabled("private", True)
        await person.press("n")
        await person.until_told("no other key")
        await person.press("escape")
        await back(person)


async def test_columns_become_tabs_and_columns_again_while_the_answers_arrive(server: DemoServer) -> None:
    first, second, third = asyncio.Event(), asyncio.Event(), asyncio.Event()
    text = "alpha beta gamma delta"
    script(server, {WRITER: _Slow(text, first, second, third), THINKER: _Slow(text, first, second, third)})
    async with at_screen(screen_runtime(server)) as person:
        screen = await begin(person, "hi", "thinker")
        await person.until(lambda: person.text.count("alpha") == 2)
        assert not screen.query_one(TabLine).display
        await person.pilot.resize_terminal(60, 16)
        await person.until(lambda: screen.query_one(TabLine).display)
        first.set()
        await person.until(lambda: person.text.count("beta") == 1)
        assert "▸1 writer" in person.text and " 2 thinker" in person.text
        await person.press("2")
        await person.until_shown("▸2 thinker", "alpha beta")
        second.set()
        await person.until_shown("alpha beta gamma")
        await person.pilot.resize_terminal(120, 40)
        await person.until(lambda: person.text.count("alpha beta gamma") == 2)
        third.set()
        await over(person)
        await person.until(lambda: person.text.count(text) == 2)
        assert [column.text for column in screen.query(AnswerColumn)] == [text, text]


class _Slow:
    """An answer whose words come one after the other, each when it may."""

    def __init__(self, text: str, *gates: asyncio.Event) -> None:
        self._words = text.split(" ")
        self._gates = gates

    async def play(self, stage: object) -> None:
        from orchat.demo.stage import DONE, Stage

        assert isinstance(stage, Stage)
        stage.start_stream()
        for number, word in enumerate(self._words):
            if number:
                await self._gates[number - 1].wait()
            await stage.send(stage.chunk({"content": f" {word}" if number else word}))
        await stage.send(stage.chunk({}, finish="stop"))
        stage.settle("done")
        await stage.send(DONE)
        await stage.end()


async def test_keys_and_clicks_go_to_an_answer(server: DemoServer) -> None:
    script(server, sayings(*THREE))
    async with at_screen(screen_runtime(server)) as person:
        screen = await begin(person, "hi", "thinker", "seer")
        await over(person)

        def current() -> int:
            return next(n for n, head in enumerate(screen.query(ColumnHead), 1) if head.current)

        assert current() == 1
        await person.press("3")
        assert current() == 3
        await person.press("4", "right")
        assert current() == 1
        await person.press("left")
        assert current() == 3
        await person.press("tab")
        await person.until(lambda: current() == 1)
        await person.click("demo/thinker says")
        await person.until(lambda: current() == 2)
        await person.click("3 seer")
        await person.until(lambda: current() == 3)
        await person.pilot.resize_terminal(80, 24)
        await person.until_shown("▸3 seer")
        await person.click("2 thinker")
        await person.until_shown("▸2 thinker")
        assert current() == 2
        await person.press("c")
        await person.until_told("Copied answer 2.")


async def test_an_answer_too_long_for_the_terminals_clipboard_says_so(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    script(server, sayings(WRITER, THINKER, writer=say("word " * 30_000)))
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        await person.press("c")
        await person.until_told("too long for the terminal's clipboard")


async def test_a_link_in_an_answer_is_opened_after_its_host_was_shown(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(server, sayings(WRITER, THINKER, writer=say("see [the page](https://example.org/a)")))
    async with at_screen(screen_runtime(server)) as person:
        opened: list[str] = []
        monkeypatch.setattr(person.app, "open_url", lambda url, **_: opened.append(url))
        await begin(person, "hi", "thinker")
        await over(person)
        await person.click("the page")
        await person.until_on(Confirm)
        await person.until_shown("example.org")
        await person.press("enter")
        await person.until(lambda: opened == ["https://example.org/a"])


async def test_quitting_in_the_middle_keeps_what_had_arrived(server: DemoServer) -> None:
    script(server, {name: stall(stage="body", text="Once upon a time", chars=9) for name in (WRITER, THINKER)})
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "tell", "thinker")
        await person.until(lambda: person.text.count("Once upon") == 2)
        await person.press("ctrl+q")
        assert person.app.exit_note is not None and "orchat -r" in person.app.exit_note.text
    async with at_screen(screen_runtime(server)) as person:
        latest = await person.chat.runtime.conversations.latest()
        assert latest is not None
        stored = await person.chat.runtime.parts.db.read(tree.all_messages, latest.id)
    assert [(message.text, message.state) for message in stored] == [
        ("tell", "done"),
        ("Once upon", "stopped"),
        ("Once upon", "stopped"),
    ]
