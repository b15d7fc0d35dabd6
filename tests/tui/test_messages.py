"""One message and what can be done with it: marked by keys, copied, edited, branched, deleted, looked at."""

from __future__ import annotations

import pytest

from orchat.demo.script import cut_after, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft, StoredMessage
from orchat.domain.events import TextDelta, Timing
from orchat.domain.fold import Reply
from orchat.domain.money import Usage
from orchat.domain.sessions import Branch, Details
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.details import DetailsDialog, facts
from orchat.tui.screens.picker import Picker
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def answered(person: Person) -> None:
    """Wait until no answer runs and nothing is read any more."""
    await person.until(lambda: not person.chat.session.busy)
    await person.settled()


def marked(person: Person) -> str:
    entry = person.chat.transcript.marked
    return "" if entry is None else person.chat.transcript.source(entry)


def said(person: Person) -> list[str]:
    return [person.chat.transcript.source(entry) for entry in person.chat.session.entries]


async def test_the_mark_comes_by_keys_and_escape_leads_back_to_the_composer(server: DemoServer) -> None:
    server.script(say("the answer"))
    async with at_screen(screen_runtime(server)) as person:
        await person.press("alt+up")
        assert person.chat.transcript.marked is None and person.chat.composer.area.has_focus
        await person.ask("the prompt")
        await person.type("draft")
        await person.press("alt+up")
        await person.until(lambda: marked(person) == "the answer")
        await person.until_shown("▎ the answer", "e edit", "Esc back")
        assert person.chat.transcript.has_focus
        await person.press("alt+up")
        await person.until(lambda: marked(person) == "the prompt")
        await person.press("alt+down", "alt+down")
        await person.until(lambda: person.chat.composer.area.has_focus)
        await person.until_shown("^O model")
        assert marked(person) == "" and "▎" not in person.text
        await person.press("alt+up", "escape")
        await person.until(lambda: person.chat.composer.area.has_focus)
        assert marked(person) == "" and person.composer_text == "draft"


async def test_letters_are_commands_only_while_a_message_is_marked(server: DemoServer) -> None:
    server.script(say("the answer"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("the prompt")
        await person.press("f6", "d")
        await person.until(lambda: person.composer_text == "d")
        assert said(person) == ["the prompt", "the answer"]


async def test_whatever_message_is_marked_is_copied(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    server.script(say("```\none\n```\n\n```\ntwo\n```\n"), say("later"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("first prompt")
        await person.ask("second prompt")
        await person.press("alt+up", "alt+up", "alt+up", "alt+up", "c")
        await person.until(lambda: person.app.clipboard == "first prompt")
        await person.press("alt+down", "y")
        await person.until_on(Choose)
        await person.press("down", "enter")
        await person.until(lambda: person.app.clipboard == "two\n")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("slash")
        await person.until(lambda: person.composer_text == "/")
        await person.enter("/code 3")
        await person.until_told("there is no code block 3")


async def test_an_edited_prompt_is_a_new_branch_and_the_draft_comes_back(server: DemoServer) -> None:
    server.script(say("red"), say("blue"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("name a colour")
        await person.type("a draft")
        await person.press("alt+up", "e")
        await person.until(lambda: person.composer_text == "name a colour")
        await person.until_shown("editing an earlier message  Esc back")
        await person.press("escape")
        await person.until(lambda: person.composer_text == "a draft")
        await person.until_gone("editing")
        assert said(person) == ["name a colour", "red"]
        await person.press("alt+up", "e")
        await person.until(lambda: person.composer_text == "name a colour")
        await person.type(" again")
        await person.press("enter")
        await person.until_shown("blue", "‹ 2 of 2 ›")
        await answered(person)
        assert said(person) == ["name a colour again", "blue"] and person.composer_text == "a draft"
        await person.press("alt+up", "alt+up", "left")
        await person.until_shown("red", "‹ 1 of 2 ›")
        assert marked(person) == "name a colour" and said(person) == ["name a colour", "red"]
        await person.press("right")
        await person.until_shown("blue", "‹ 2 of 2 ›")
        await person.press("right")
        await person.until_told("This is the last branch.")


async def test_an_earlier_prompt_is_answered_again_with_the_same_or_another_model(server: DemoServer) -> None:
    server.script(say("first"), say("then"), say("second"), say("third"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.ask("two")
        await person.press("alt+up", "alt+up", "alt+up", "r")
        await person.until_shown("second", "‹ 2 of 2 ›")
        await answered(person)
        assert said(person) == ["one", "second"]
        await person.press("alt+up", "R")
        await person.until_on(Picker)
        await person.type("demo/thinker")
        await person.settled()
        await person.press("enter")
        await person.until_shown("third", "‹ 3 of 3 ›")
        await answered(person)
        assert server.chats[-1].body["model"] == "demo/thinker"
        await person.enter("/branch 1")
        await person.until_shown("then", "‹ 1 of 3 ›")
        assert said(person) == ["one", "first", "two", "then"]
        await person.enter("/branch 4")
        await person.until_told("there is no branch 4")
        await person.click("›")
        await person.until_shown("second", "‹ 2 of 3 ›")


async def test_a_deleted_branch_comes_back(server: DemoServer) -> None:
    server.script(say("first"), say("then"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.ask("two")
        await person.press("alt+up", "alt+up", "d")
        await person.until_told("Deleted 2 messages: u brings them back.")
        assert said(person) == ["one", "first"] and marked(person) == "first"
        await person.press("u")
        await person.until(lambda: said(person) == ["one", "first", "two", "then"])
        await person.press(*["alt+up"] * 4, "d")
        await person.until(lambda: said(person) == [])
        await person.until(lambda: person.chat.composer.area.has_focus)
        await person.enter("/undo")
        await person.until(lambda: said(person) == ["one", "first", "two", "then"])


async def test_a_fork_is_a_session_of_its_own(server: DemoServer) -> None:
    server.script(say("first"), say("then"), say("elsewhere"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.ask("two")
        before = person.chat.session.conversation
        await person.press("alt+up", "alt+up", "alt+up", "f")
        await person.until_told("session of its own")
        await person.until(lambda: said(person) == ["one", "first"])
        after = person.chat.session.conversation
        assert before is not None and after is not None and before.id != after.id
        await person.ask("three")
        assert said(person) == ["one", "first", "three", "elsewhere"]
        path = await person.chat.runtime.conversations.path(before.id)
        assert [message.text for message in path] == ["one", "first", "two", "then"]


async def test_the_details_of_an_answer_are_shown(server: DemoServer) -> None:
    server.script(say("first"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.press("alt+up", "i")
        await person.until_on(DetailsDialog)
        await person.until_shown("provider", "Demo", "tokens out", "generation", "gen-", "cost", "work", "demo/writer")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        assert marked(person) == "first"
        await person.press("alt+up", "i")
        await person.until_on(DetailsDialog)
        await person.until_shown("Prompt", "number")
        assert "generation" not in person.text


async def test_a_cut_answer_is_gone_on_with_from_its_card(server: DemoServer) -> None:
    server.script(cut_after(10, text="Once upon a time"), say("and lived happily."))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("story")
        await person.until_shown("Enter go on")
        begun = said(person)[1]
        await person.press("enter")
        await person.until_shown("lived happily")
        await answered(person)
        assert said(person) == ["story", f"{begun}and lived happily."]
        await person.until_gone("go on")
        assert "‹" not in person.text
        await person.press("alt+up", "g")
        await person.until_told("cannot be gone on with")


async def test_a_stopped_answer_is_gone_on_with_by_its_key(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon"), say(" a time."))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("story")
        await person.until_shown("Once upon")
        await person.press("escape")
        await person.until_shown("stopped: this is what had arrived")
        await person.press("alt+up")
        await person.until_shown("g go on")
        await person.press("g")
        await person.until_shown("Once upon a time.")
        await answered(person)
        assert said(person) == ["story", "Once upon a time."]


async def test_nothing_is_branched_while_an_answer_arrives(server: DemoServer) -> None:
    server.script(say("first"), stall(stage="body", text="Once"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.enter("two")
        await person.until_shown("Once")
        await person.press("alt+up", "alt+up", "alt+up", "d")
        await person.until_told("an answer still arrives")
        await person.press("e")
        assert said(person)[:3] == ["one", "first", "two"] and person.composer_text == ""
        await person.press("escape", "escape")
        await answered(person)


async def test_the_turns_of_another_window_appear(server: DemoServer) -> None:
    server.script(say("first"), say("second"), say("third"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        conversation = person.chat.session.conversation
        assert conversation is not None
        await person.press("alt+up")
        await person.settled()
        async with screen_runtime(server) as other:
            await other.start()
            async with await other.conversations.send(conversation.id, Draft(text="two")) as turn:
                while await turn.batch():
                    pass
            person.chat.runtime.clock.advance(5)  # type: ignore[attr-defined]  # a clock of the tests
            person.app.on_app_focus()
            await person.until_shown("two", "second")
            assert marked(person) == "first"
            await other.conversations.delete_branch(conversation.id, turn.prompt.id)
            person.chat.runtime.clock.advance(5)  # type: ignore[attr-defined]  # a clock of the tests
            await person.press("down")
            await person.until(lambda: said(person) == ["one", "first"])


def test_whatever_is_known_of_an_answer_is_among_its_details() -> None:
    answer = StoredMessage(
        id=7,
        conversation_id="c",
        parent_id=6,
        role="assistant",
        reply=Reply(text="x"),
        state="cut",
        error="the connection broke",
        continues=5,
        usage=Usage(prompt_tokens=1_200, completion_tokens=40, reasoning_tokens=30, cached_tokens=1_000),
        timing=Timing(total_ms=2_000),
    )
    branch = Branch(ids=(5, 7), number=2)
    found = dict(facts(Details(message=answer, branch=branch, usage=answer.usage, cost=answer.cost), 100_000.0))
    assert found["branch"] == "2 of 2" and found["tokens in"] == "1,200, 1,000 of them cached"
    assert found["tokens out"] == "40, 30 of them thought" and found["speed"] == "20 tok/s"
    assert (found["error"], found["goes on with"]) == ("the connection broke", "message 5")
    assert (found["model"], found["cost"], found["time"]) == ("unknown", "unknown", "2.0 s")
    alone = dict(facts(Details(message=answer, branch=None, usage=None, cost=answer.cost), 100_000.0))
    assert alone["tokens"] == "unknown" and "branch" not in alone


async def test_an_edit_that_cannot_be_sent_any_more_stays_in_the_composer(server: DemoServer) -> None:
    server.script(say("first"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.press("alt+up", "e")
        await person.until_shown("editing an earlier message")
        await person.chat.session.branches.delete(person.chat.session.entries[0])
        await person.press("enter")
        await person.until_told("This cannot be sent now")
        assert person.composer_text == "one" and len(server.chats) == 1


async def test_long_pastes_of_an_edited_prompt_go_along_again(server: DemoServer) -> None:
    server.script(say("first"), say("second"))
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("long " * 5_000)
        await person.ask("sum it up")
        await person.press("alt+up", "e")
        await person.until_shown("editing an earlier message", "paste-1.txt 25 kB")
        await person.press("enter")
        await person.until_shown("second", "‹ 2 of 2 ›")
        assert "long long" in str(server.chats[-1].body["messages"])


async def test_what_another_window_says_comes_without_a_key(server: DemoServer) -> None:
    server.script(say("first"), say("second"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        conversation = person.chat.session.conversation
        assert conversation is not None
        async with screen_runtime(server) as other:
            await other.start()
            async with await other.conversations.send(conversation.id, Draft(text="two")) as turn:
                while await turn.batch():
                    pass
        person.chat.runtime.clock.advance(5)  # type: ignore[attr-defined]  # a clock of the tests
        await person.until_shown("two", "second")
        await person.until(lambda: person.chat.figures.answer == person.chat.session.answer)


async def test_an_answer_that_another_window_writes_grows_on_this_screen(server: DemoServer) -> None:
    server.script(say("first"), stall(stage="body", text="Once upon"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        conversation = person.chat.session.conversation
        assert conversation is not None
        async with screen_runtime(server) as other:
            await other.start()
            async with await other.conversations.send(conversation.id, Draft(text="two")) as turn:
                person.chat.runtime.clock.advance(5)  # type: ignore[attr-defined]  # a clock of the tests
                person.app.on_app_focus()
                await person.until_shown("two", "unfinished: another window is writing it")
                async for event in turn:
                    if isinstance(event, TextDelta):
                        break
            person.chat.runtime.clock.advance(5)  # type: ignore[attr-defined]  # a clock of the tests
            person.app.on_app_focus()
            await person.until_shown("Once upon", "stopped: this is what had arrived")
            await person.until_gone("unfinished")
