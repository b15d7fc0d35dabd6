"""Asking, stopping, queueing, failing, going on: as a person at the keyboard meets it."""

from __future__ import annotations

import pytest

from orchat.demo.script import cut_after, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.errors import NotFound
from orchat.tui.beginning import Beginning
from orchat.tui.screens.confirm import AskLine, Choose, Confirm
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.welcome import Welcome
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.prompt_area import PromptArea
from tests.support.clock import FakeClock
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

AFFORD = "402-max-tokens"


def answer_of(person: Person) -> str:
    entry = person.chat.last_answer()
    assert entry is not None
    return person.chat.transcript.source(entry)


async def stalled(person: Person, prompt: str, text: str) -> None:
    """Ask for an answer that begins and then hangs."""
    await person.enter(prompt)
    await person.until_shown(text)


async def test_a_prompt_is_answered_with_its_time_cost_and_title(server: DemoServer) -> None:
    server.script(say("The sky **is** blue."))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("why is the sky blue")
        assert "The sky is blue." in person.text
        assert "why is the sky blue  ·  1 turn" in person.lines[0]
        assert "● demo/writer" in person.lines[0]
        assert "$" in next(line for line in person.lines if line.startswith("  writer"))
        assert person.composer_text == ""
        assert "1 / 40 today" in person.text


async def test_a_request_counts_as_soon_as_it_is_sent(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("a story")
        await person.until_shown("Once upon", "1 / 40 today")
        assert person.chat.session.busy


async def test_what_is_typed_before_the_start_is_done_is_not_lost(server: DemoServer) -> None:
    server.script(say("early"))
    async with at_screen(screen_runtime(server), wait=False) as person:
        await person.enter("hello")
        await person.until_shown("early")
        assert len(server.chats) == 1


async def test_escape_stops_an_answer_and_keeps_what_arrived(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon a time"))
    async with at_screen(screen_runtime(server)) as person:
        await stalled(person, "tell me a story", "Once upon a time")
        assert "Esc stops" in person.text and "Esc stop" in person.lines[-1]
        await person.press("escape")
        await person.until_shown("stopped: this is what had arrived")
        assert "Once upon a time" in person.text
        conversation = person.chat.session.conversation
        assert conversation is not None
        path = await person.chat.runtime.conversations.path(conversation.id)
        assert (path[-1].state, path[-1].text) == ("stopped", "Once upon a time")


async def test_escape_gives_the_queue_back_first_and_stops_only_then(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once"))
    async with at_screen(screen_runtime(server)) as person:
        await stalled(person, "story", "Once")
        await person.enter("and then")
        await person.enter("and after that")
        await person.until_shown("queued: 2")
        await person.press("escape")
        await person.until(lambda: person.composer_text == "and then\n\nand after that")
        assert person.chat.session.busy and "queued" not in person.text
        await person.press("escape")
        await person.until(lambda: not person.chat.session.busy)


async def test_a_queued_prompt_is_sent_when_the_answer_is_over(server: DemoServer) -> None:
    server.script(say("first " * 400, chunk_size=20), say("the second"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("one")
        await person.enter("two")
        await person.until_shown("the second")
        assert person.chat.session.turns == 2


async def test_an_error_becomes_a_card_and_enter_takes_its_first_way(server: DemoServer) -> None:
    server.script(fault("401-bad-key"), say("now it works"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hello")
        await person.until_shown("The key was refused", "Enter other key", "/retry test work, try again")
        await person.enter("/retry")
        await person.until_shown("now it works")
        assert "The key was refused" not in person.text
        assert person.chat.session.turns == 1


async def test_max_tokens_are_lowered_to_what_the_balance_covers(server: DemoServer) -> None:
    server.script(fault(AFFORD), say("short"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hello")
        await person.until_shown("The balance does not cover this answer", "lower max tokens to")
        problem = person.chat.session.problem
        assert problem is not None and problem.max_tokens
        await person.press("enter")
        await person.until_shown("short")
        assert server.chats[-1].body["max_completion_tokens"] == problem.max_tokens


async def test_another_model_answers_a_prompt_that_failed(server: DemoServer) -> None:
    server.script(fault("404-no-endpoints"), say("from the thinker"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hello")
        await person.until_shown("Enter other model")
        await person.press("enter")
        await person.until_on(Picker)
        await person.until_shown("demo/thinker")
        await person.type("thinker")
        await person.press("enter")
        await person.until_shown("from the thinker", "● demo/thinker")
        assert server.chats[-1].body["model"] == "demo/thinker"


async def test_a_cut_answer_keeps_its_beginning_under_a_card(server: DemoServer) -> None:
    server.script(cut_after(10, text="Once upon a time"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("story")
        await person.until_shown("Once upon", "The answer was cut off", "cut: this is what had arrived")


async def test_a_limit_counts_down_on_the_screen(server: DemoServer) -> None:
    clock = FakeClock()
    server.script(*[fault("429-capacity")] * 9)
    async with at_screen(screen_runtime(server, clock, keys__reconcile=False)) as person:
        await person.ask("hello")
        await person.until_shown("in 40 s")
        clock.advance(15)
        person.chat.session.tick()
        await person.until_shown("in 25 s")
        clock.advance(30)
        person.chat.session.tick()
        await person.until_gone("again in")


async def test_after_an_error_the_queue_returns_to_the_composer(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once", comments=1), say("no"))
    async with at_screen(screen_runtime(server)) as person:
        await stalled(person, "story", "Once")
        await person.enter("queued words")
        await person.until_shown("queued: 1")
        person.chat.stop_answer()
        await person.until(lambda: person.composer_text == "queued words")
        assert len(server.chats) == 1


async def test_thoughts_are_shown_and_folded_to_one_line(server: DemoServer) -> None:
    server.script(say("The answer.", reasoning="Let me think about it."))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("hm")
        await person.until_shown("thought for", "The answer.")
        assert "Let me think" not in person.text


async def test_a_session_is_resumed_with_its_marks(server: DemoServer) -> None:
    server.script(cut_after(10, text="Once upon a time"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("story")
        conversation = person.chat.session.conversation
        assert conversation is not None
    async with at_screen(screen_runtime(server), beginning=Beginning(resume=conversation.id[:6])) as person:
        await person.until_shown("story", "Once upon", "cut: this is what had arrived", "Enter go on", "/retry retry")
        server.script(say("the whole story"))
        await person.enter("/retry")
        await person.until_shown("the whole story")
        assert person.chat.session.turns == 1


async def test_resuming_what_is_not_there_says_so_and_begins_anew(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), beginning=Beginning(resume="zzzzzz")) as person:
        assert person.chat.session.conversation is None
        await person.until_told("zzzzzz")
    with pytest.raises(NotFound):
        async with screen_runtime(server) as runtime:
            await runtime.start()
            await runtime.conversations.get("zzzzzz")


async def test_leaving_in_the_middle_of_an_answer_keeps_it(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon a time"))
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await stalled(person, "story", "Once upon a time")
        await person.press("ctrl+q")
        conversation = person.app.exit_note
        assert conversation is not None and conversation.text.startswith("resume with: orchat -r ")
    async with screen_runtime(server) as again:
        await again.start()
        path = await again.conversations.path(conversation.text.rpartition(" ")[2])
    assert [(kept.role, kept.text, kept.state) for kept in path] == [
        ("user", "story", "done"),
        ("assistant", "Once upon a time", "stopped"),
    ]


async def test_a_new_session_stops_the_answer_that_runs_and_keeps_it(server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once upon a time"))
    async with at_screen(screen_runtime(server)) as person:
        await stalled(person, "story", "Once upon a time")
        first = person.chat.session.conversation
        assert first is not None
        await person.press("ctrl+n")
        await person.until_gone("Once upon a time")
        assert "New conversation" in person.lines[0]
        path = await person.chat.runtime.conversations.path(first.id)
        assert path[-1].state == "stopped"


async def test_a_command_typed_over_a_marked_message_is_written_whole(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("one")
        await person.press("alt+up")
        await person.type("/code 3 r")
        await person.until(lambda: person.composer_text == "/code 3 r")
        assert len(server.chats) == 1


async def test_typing_while_the_conversation_has_the_focus_goes_into_the_composer(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("f6")
        assert isinstance(person.app.focused, Transcript)
        await person.type("hello")
        assert person.composer_text == "hello"
        await person.press("f6", "f6")
        assert isinstance(person.app.focused, PromptArea)


async def test_a_digit_takes_a_choice_and_a_dialog_is_no_higher_than_its_choices(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    server.script(say("```python\none = 1\n```\n\nand\n\n```\ntwo\n```"))
    async with at_screen(screen_runtime(server), size=(80, 40)) as person:
        await person.ask("code?")
        await person.press("f6", "y")
        dialog = await person.until_on(Choose)
        await person.until_shown("1  one = 1", "2  two")
        await person.until(lambda: dialog.query_one("#panel").size.height < 10)
        await person.press("3", "2")
        await person.until_told("Copied the code.")
        assert person.app.clipboard == "two\n"
        assert person.app.screen is person.chat


async def test_the_last_answer_and_its_code_are_copied(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    server.script(say("Here:\n\n```python\nprint(1)\n```\n\nand\n\n```sh\nls\n```\n"), say("no code"))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/copy")
        await person.until_told("no answer")
        await person.ask("code")
        await person.press("f6", "c")
        await person.until(lambda: person.app.clipboard.startswith("Here:"))
        await person.press("y")
        await person.until_on(Choose)
        await person.until_shown("1  print(1)", "2  ls")
        await person.press("down", "enter")
        await person.until(lambda: person.app.clipboard == "ls\n")
        await person.press("y")
        await person.until_on(Choose)
        await person.press("escape")
        await person.press("f6")
        await person.ask("prose")
        await person.press("f6", "y")
        await person.until_told("no code")


async def test_a_link_is_opened_only_after_its_host_was_shown(server: DemoServer) -> None:
    server.script(say("[harmless](https://example.org/path)"))
    async with at_screen(screen_runtime(server)) as person:
        opened: list[str] = []
        # No browser is to come up.
        person.app.open_url = lambda url, *, new_tab=True: opened.append(url)  # type: ignore[method-assign]  # no browser
        await person.ask("link")
        await person.click("harmless")
        await person.until_on(Confirm)
        await person.until_shown("Open this link?", "example.org")
        await person.press("escape")
        assert opened == []
        await person.click("harmless")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until(lambda: opened == ["https://example.org/path"])


async def test_model_by_a_part_of_its_name(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/model thinker")
        await person.until_shown("● demo/thinker")
        await person.ask("hello")
        conversation = person.chat.session.conversation
        assert conversation is not None and conversation.model == "demo/thinker"
        await person.enter("/model demo/w")
        picker = await person.until_on(Picker)
        await person.until_shown("demo/writer")
        await person.press("escape")
        assert picker is not person.app.screen


async def test_the_system_prompt_goes_along(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/system You are a pirate.")
        await person.until_shown("system prompt", "set")
        await person.ask("hello")
        assert server.chats[-1].body["messages"][0] == {"role": "system", "content": "You are a pirate."}
        await person.enter("/system")
        await person.until(lambda: person.chat.session.system is None)


async def test_a_session_gets_another_title(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/rename")
        await person.press("enter")
        await person.until_told("nothing to rename")
        person.chat.composer.area.load("")
        await person.ask("hello")
        await person.enter("/rename Pirates")
        await person.until_shown("Pirates  ·  1 turn")
        person.chat.perform("rename")
        await person.until_on(AskLine)
        await person.type(" of old")
        await person.press("enter")
        await person.until_shown("Pirates of old")


async def test_an_unknown_command_is_not_sent(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/nonsense now")
        await person.until_told("/nonsense")
        assert person.composer_text == "/nonsense now"
        person.chat.composer.area.load("")
        await person.ask("//help me")
        assert server.chats[-1].body["messages"][-1]["content"] == "/help me"
        await person.ask("/etc/hosts what is it")
        assert server.chats[-1].body["messages"][-1]["content"] == "/etc/hosts what is it"


async def test_without_a_key_the_prompt_returns_and_the_first_run_screen_opens(server: DemoServer) -> None:
    runtime = screen_runtime(server, key=None, keys__store="env")
    async with at_screen(runtime, wait=False) as person:
        await person.until_on(Welcome)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.enter("hello")
        await person.until_on(Welcome)
        assert person.composer_text == "hello"
        assert person.chat.session.entries == []
        assert server.chats == []


async def test_a_database_of_another_program_is_told_of_in_the_conversation(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    runtime.paths.ensure()
    runtime.paths.database.write_bytes(b"not a database at all, but long enough to be looked at" * 50)
    async with at_screen(runtime, wait=False) as person:
        await person.until_shown("orchat", "The database")
        await person.enter("hello")
        await person.until(lambda: not person.chat.session.busy)


async def test_the_screen_says_how_much_more_there_is_below(server: DemoServer) -> None:
    server.script(say("\n\n".join(f"line {number}" for number in range(80))), say("more"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("many")
        await person.press("pageup", "pageup")
        await person.until(lambda: not person.chat.transcript.following)
        assert "line 79" not in person.text
        await person.press("end")
        await person.until_shown("line 79")
        await person.press("pageup")
        await person.press("pagedown")
        await person.until(lambda: person.chat.transcript.following)
