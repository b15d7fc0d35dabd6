"""Writing: what sends, what begins a new line, what is brought back, and what never sends."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Conversation
from orchat.tui.beginning import Beginning
from orchat.tui.changes import Prompt
from orchat.tui.drafts import Drafts
from orchat.tui.echo import Typed
from orchat.tui.screens.picker import Picker
from orchat.tui.widgets import prompt_area
from orchat.tui.widgets.completion import Completion
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


def is_open(person: Person) -> bool:
    return person.chat.query_one(Completion).is_open


async def test_enter_sends_and_other_enters_begin_a_new_line(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_area, "ESCAPE_S", 5.0)
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.type("a")
        await person.press("ctrl+j")
        await person.type("b")
        await person.press("shift+enter")
        await person.type("c")
        await person.press("alt+enter")
        await person.type("d")
        await person.press("escape", "enter")
        await person.type("e")
        person.app.post_message(events.Key("shift+", "\r"))
        await person.until(lambda: person.composer_text == "a\nb\nc\nd\ne\n")
        await person.type("f")
        assert server.chats == []
        await person.press("enter")
        await person.until(lambda: person.chat.session.turns == 1 and not person.chat.session.busy)
        assert server.chats[0].body["messages"][-1]["content"] == "a\nb\nc\nd\ne\nf"


async def test_keys_that_follow_enter_at_once_are_the_next_prompt(server: DemoServer) -> None:
    server.script(say("one"))
    async with at_screen(screen_runtime(server)) as person:
        for key, char in (("a", "a"), ("enter", "\r"), ("b", "b"), ("c", "c")):
            person.app.post_message(events.Key(key, char))
        await person.until_shown("one")
        assert server.chats[0].body["messages"][-1]["content"] == "a"
        assert person.composer_text == "bc"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["h", "e", "l", "o", "backspace", "l", "o"], "hello"),
        (["a", "c", "left", "b"], "abc"),
        (["b", "home", "a", "end", "c"], "abc"),
        (["a", "x", "ctrl+w", "a"], "a"),
    ],
)
async def test_keys_that_come_at_once_keep_their_order(server: DemoServer, keys: list[str], text: str) -> None:
    async with at_screen(screen_runtime(server)) as person:
        for key in keys:
            person.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await person.press("escape")
        await person.until(lambda: person.composer_text == text)


async def test_keys_that_come_at_once_keep_their_order_in_a_filter_too(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+o")
        await person.until(lambda: isinstance(person.app.focused, Input))
        for key in ("f", "a", "s", "s", "backspace", "t"):
            person.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await person.until(lambda: isinstance(line := person.app.focused, Input) and line.value == "fast")


async def test_enter_begins_a_new_line_where_that_is_wished(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, tui__send_on_enter=False)) as person:
        await person.type("a")
        await person.press("enter")
        await person.type("b")
        assert person.composer_text == "a\nb"


async def test_the_composer_grows_with_its_text_and_stops_at_a_third(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(80, 30)) as person:
        area = person.chat.composer.area
        assert area.size.height == 1
        await person.press("ctrl+j", "ctrl+j")
        await person.until(lambda: area.size.height == 3)
        area.load("\n" * 40)
        await person.until(lambda: area.size.height == 10)


async def test_up_brings_earlier_prompts_back(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("up")
        assert person.composer_text == ""
        await person.ask("first\nof two lines")
        await person.ask("second")
        await person.press("up")
        assert person.composer_text == "second"
        await person.press("up")
        assert person.composer_text == "first\nof two lines"
        await person.press("up")
        assert person.composer_text == "first\nof two lines"
        await person.press("down", "down")
        assert person.composer_text == "second"
        await person.press("down")
        assert person.composer_text == ""
        await person.press("up")
        await person.type("!")
        await person.press("up")
        assert person.composer_text == "second"
        await person.press("down")
        assert person.composer_text == "second!"


async def test_up_reaches_what_was_asked_in_other_sessions_once_each(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        for prompt in ("first", "second", "first"):
            await person.ask(prompt)
            await person.press("ctrl+n")
            await person.until_shown("New conversation")
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await person.ask("a secret")
    async with at_screen(screen_runtime(server)) as person:
        await person.type("a draft")
        await person.press("ctrl+j")
        await person.type("of two lines")
        await person.press("up")
        assert person.composer_text == "a draft\nof two lines"
        await person.press("up")
        assert person.composer_text == "first"
        await person.press("up", "up", "up")
        assert person.composer_text == "second"
        await person.press("down", "down")
        assert person.composer_text == "a draft\nof two lines"


async def test_a_paste_of_many_lines_never_sends(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_area, "PASTE_S", 30.0)
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("one\ntwo\n")
        await person.press("enter")
        await person.paste("th\x1b]0;x\x07ree")
        assert person.composer_text == "one\ntwo\nthree"
        assert server.chats == []


async def test_after_a_moment_enter_sends_a_paste(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_area, "PASTE_S", 0.001)
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("pasted")
        await person.until(lambda: person.chat.composer.area._deaf is None)
        await person.press("enter")
        await person.until(lambda: len(server.chats) == 1)


async def test_a_long_paste_becomes_a_file_that_goes_along(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        server.script(say("5000"))
        await person.paste("line\n" * 5_000)
        await person.until_shown("▣ 1  paste 25 kB 5,000 lines ×")
        assert person.composer_text == ""
        await person.until(lambda: person.chat.composer.area._deaf is None)
        await person.ask("count the lines")
        content = server.chats[0].body["messages"][-1]["content"]
        assert "paste-1.txt" in str(content) and "count the lines" in str(content)
        assert "paste-1.txt  25 kB" in person.text


async def test_a_paste_of_many_lines_is_a_chip_whose_lines_are_told_apart(server: DemoServer) -> None:
    lines = "\r".join(f"line {number}" for number in range(60))
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(lines)
        await person.until_shown("▣ 1  paste 469 B 60 lines ×")
        assert person.chat.composer.prompt.pastes == (lines.replace("\r", "\n"),)
        assert person.composer_text == ""


async def test_a_pasted_chip_is_written_into_the_text_with_one_key(server: DemoServer) -> None:
    lines = "\n".join(f"line {number}" for number in range(60))
    async with at_screen(screen_runtime(server)) as person:
        await person.type("see: ")
        await person.paste(lines)
        await person.until_shown("▣ 1")
        await person.click("▣ 1")
        await person.until_shown("paste-1.txt", "w into the text")
        await person.press("w")
        await person.until(lambda: person.composer_text == f"see: {lines}")
        await person.until_gone("▣ 1")
        assert person.app.focused is person.chat.composer.area


async def test_a_paste_too_long_for_the_screen_stays_a_chip(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("x" * 30_000)
        await person.until_shown("▣ 1")
        await person.click("▣ 1")
        await person.until_shown("paste-1.txt", "s save a copy")
        assert "into the text" not in person.text
        await person.press("w", "escape")
        await person.until(lambda: person.app.screen is person.chat)
        assert person.chat.composer.prompt.pastes == ("x" * 30_000,)


async def test_a_long_paste_can_be_left_behind(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        for _ in range(2):
            await person.paste("x" * 30_000)
        await person.until_shown("▣ 2  paste")
        await person.click("▣ 1")
        await person.until_gone("▣ 2")
        await person.press("backspace")
        await person.until_gone("▣ 1")


async def test_the_queue_comes_back_by_a_click(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("story")
        await person.until_shown("Once")
        await person.enter("more")
        await person.until_shown("queued: 1  more  Esc edit")
        await person.click("queued: 1")
        await person.until(lambda: person.composer_text == "more")


async def test_new_lines_below_are_reached_by_a_click(server: DemoServer) -> None:
    server.script(say("\n\n".join(f"line {number}" for number in range(80))), say("\n\n".join("abcdefgh")))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("many")
        await person.press("pageup", "pageup")
        await person.until(lambda: not person.chat.transcript.following)
        person.chat.session.waiting.add(Prompt(text="kept back"))
        person.chat.query_one("Chips").unseen = 12  # type: ignore[attr-defined]  # as the conversation tells it
        await person.until_shown("↓ 12 new lines  End")
        await person.click("↓ 12")
        await person.until_shown("line 79")


async def test_a_slash_offers_commands_that_arrows_tab_and_enter_choose(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.type("/s")
        await person.until_shown("/sessions", "/stop", "/system [TEXT]")
        await person.press("down", "down", "up", "down")
        await person.press("tab")
        assert person.composer_text == "/system " and not is_open(person)
        person.chat.composer.area.load("/ren")
        await person.until(lambda: is_open(person))
        await person.press("enter")
        assert person.composer_text == "/rename "
        person.chat.composer.area.load("/mod")
        await person.until(lambda: is_open(person))
        await person.press("enter")
        await person.until_on(Picker)
        assert person.composer_text == ""


async def test_escape_closes_the_list_of_commands_first(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.type("/")
        await person.until(lambda: is_open(person))
        await person.press("escape")
        await person.until(lambda: not is_open(person))
        assert person.composer_text == "/"
        await person.type("zzz")
        assert not is_open(person)


async def test_a_command_is_chosen_by_a_click(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.type("/side")
        await person.until_shown("Show or hide the figures")
        await person.click("/sidebar")
        await person.until_gone("CONTEXT")


async def test_a_draft_survives_a_restart_and_is_gone_when_it_was_sent(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("y" * 30_000)
        await person.type("unfinished thought")
        await person.press("ctrl+q")
    async with at_screen(screen_runtime(server)) as person:
        assert person.chat.composer.prompt == Prompt(text="unfinished thought", pastes=("y" * 30_000,))
        await person.press("end", "enter")
        await person.until(lambda: person.chat.session.turns == 1 and not person.chat.session.busy)
        await person.press("ctrl+q")
    async with at_screen(screen_runtime(server)) as person:
        assert person.chat.composer.is_empty


async def queued(person: Person, prompt: str) -> Conversation:
    """Let a prompt wait while an answer has begun; gives the conversation."""
    await person.enter("story")
    await person.until_shown("Once")
    await person.enter(prompt)
    await person.until_shown("queued: 1")
    asked = person.chat.session.conversation
    assert asked is not None
    return asked


async def test_what_waits_in_the_queue_when_somebody_leaves_is_a_draft_afterwards(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once"))
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        asked = await queued(person, "more")
        await person.press("ctrl+q")
        await person.until(lambda: not person.app.is_running)
    assert Drafts(runtime.paths.drafts).load(asked.id).text == "more"


async def test_what_comes_back_from_the_queue_is_kept_at_once(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once"))
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        asked = await queued(person, "more")
        drafts = Drafts(runtime.paths.drafts)
        assert drafts.load(asked.id).text == "more"
        person.chat.session.waiting.give_back()
        assert drafts.load(asked.id).text == "more"
        assert person.composer_text == "more"


async def test_what_was_typed_early_stands_behind_the_draft_of_a_session_that_is_gone_on_with(
    server: DemoServer,
) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await person.ask("hello")
        await person.type("a draft")
        asked = person.chat.session.conversation
        assert asked is not None
        await person.press("ctrl+q")
    Drafts(runtime.paths.drafts).save(None, Prompt(text="of no session"))
    beginning = Beginning(resume=asked.id)
    typed = Typed(text="typed early")
    async with at_screen(screen_runtime(server), beginning=beginning, before=lambda app: app.hear(typed)) as person:
        await person.until(lambda: person.composer_text == "a draft\n\ntyped early")


async def test_a_draft_is_kept_while_it_is_written(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await person.type("slowly")
        kept = Drafts(runtime.paths.drafts)
        await person.until(lambda: kept.load(None).text == "slowly")


async def test_the_estimate_follows_the_draft(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.type("a few words")
        await person.until_shown("≈ $0.000")
