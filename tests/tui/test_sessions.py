"""The list of sessions as somebody uses it: find, look, open, change, undo, export."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.errors import StoreUnwritable
from orchat.tui.exporting import export
from orchat.tui.screens.confirm import AskLine, Choose
from orchat.tui.screens.deleted import DeletedSessions
from orchat.tui.screens.sessions import PREVIEW_S, Sessions
from tests.support.clock import FakeClock
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def three_sessions(person: Person) -> None:
    for prompt in ("pirates of old", "tea and coffee", "prime numbers"):
        await person.ask(prompt)
        await person.press("ctrl+n")
        await person.until_shown("New conversation")


async def open_sessions(person: Person) -> None:
    await person.press("ctrl+r")
    await person.until_on(Sessions)
    await person.settled()


async def test_sessions_are_found_by_what_was_said_and_resumed(server: DemoServer) -> None:
    server.script(say("about ships"), say("about **leaves**"), say("about two and three"))
    async with at_screen(screen_runtime(server)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.until_shown("pirates of old", "tea and coffee", "prime numbers", "3 sessions")
        await person.type("leaves")
        await person.until_shown("1 session ")
        assert "tea and coffee" in person.text and "leaves" in person.text
        await person.press("enter")
        await person.until_shown("tea and coffee  ·  1 turn", "about leaves")


async def test_nothing_found_is_said(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await open_sessions(person)
        await person.until_shown("no session yet")
        await person.press("f2", "ctrl+d", "enter")
        await person.type("zzz")
        await person.until_shown("nothing was said like that")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


async def test_a_session_is_renamed(server: DemoServer) -> None:
    server.script(say("one"), say("two"), say("three"))
    async with at_screen(screen_runtime(server)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.until_shown("3 sessions")
        await person.press("down", "up", "pagedown", "f2")
        await person.until_on(AskLine)
        await person.type(" times")
        await person.press("enter")
        await person.until_shown("pirates of old times")
        await person.press("f2")
        await person.until_on(AskLine)
        await person.press("escape")
        await person.until_on(Sessions)


async def test_a_deleted_session_is_gone_at_once_and_comes_back_with_one_key(server: DemoServer) -> None:
    server.script(say("one"), say("two"), say("three"))
    async with at_screen(screen_runtime(server)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.press("ctrl+z")
        await person.until_shown("Nothing was deleted here.")
        await person.press("pagedown", "ctrl+d")
        await person.until_shown("2 sessions", "Deleted: pirates of old. Ctrl+Z brings it back.")
        await person.press("ctrl+d")
        await person.until_shown("1 session ", "Deleted: tea and coffee")
        await person.press("ctrl+z")
        await person.until_shown("2 sessions", "Brought back: tea and coffee.")
        await person.press("ctrl+z")
        await person.until_shown("3 sessions", "Brought back: pirates of old.")
        assert sum("pirates of old" in line for line in person.lines) > 1
        await person.press("escape")
        await person.until_shown("New conversation")


async def test_what_is_pinned_stands_first_and_what_is_duplicated_beside_it(server: DemoServer) -> None:
    server.script(say("one"), say("two"), say("three"))
    async with at_screen(screen_runtime(server), size=(90, 30)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.press("pagedown", "ctrl+t")
        await person.until_shown("★ pirates of old", "Pinned")
        order = [line for line in person.lines if "pirates" in line or "prime" in line]
        assert "★ pirates" in order[0] and "prime" in order[1]
        await person.press("ctrl+t")
        await person.until_shown("Not pinned any more.")
        await person.until_gone("★")
        await person.press("ctrl+y")
        await person.until_shown("4 sessions", "Duplicated")
        assert sum("pirates of old" in line and "You" not in line for line in person.lines) == 2


async def test_a_session_is_seen_before_it_is_opened(server: DemoServer) -> None:
    server.script(say("first we sail"), say("about **leaves**"), say("two, three, five"))
    async with at_screen(screen_runtime(server)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.until_shown("writer · 1 turn", "two, three, five")
        await person.press("down")
        await person.until_shown("about **leaves**")
        await person.until_gone("two, three, five")


async def test_a_session_is_seen_below_the_list_where_it_has_no_room_beside_it(server: DemoServer) -> None:
    log = "\n\n".join("the **needle** is here" if number == 40 else f"line {number}" for number in range(90))
    server.script(say("first we sail\nfar away"), say(log))
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.ask("pirates of old")
        await person.press("ctrl+n")
        await person.ask("and the log?")
        await open_sessions(person)
        await person.press("down")
        await person.until_shown("You  pirates of old", "writer  first we sail far away")
        await person.type("needle")
        await person.until_shown("line 39 the **needle** is here line 41")
        await person.pilot.resize_terminal(80, 18)
        await person.until_gone("line 41")


class LookingClock(FakeClock):
    """Nobody looks at a row long enough until `has_looked` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.has_looked = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds == PREVIEW_S:
            await self.has_looked.wait()
        await super().sleep(seconds)


async def test_a_session_that_is_read_late_is_not_told_of_beside_an_empty_list(server: DemoServer) -> None:
    server.script(say("one"))
    clock = LookingClock()
    async with at_screen(screen_runtime(server, clock), size=(80, 24)) as person:
        await person.ask("pirates of old")
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("1 session ")
        await person.type("zzz")
        await person.until_shown("nothing was said like that")
        clock.has_looked.set()
        await person.settled()
        assert "1 turn" not in person.text and "pirates" not in person.text


async def test_opening_what_was_found_shows_the_message_that_was_found(server: DemoServer) -> None:
    long = "\n\n".join(f"line {number} of the log" for number in range(60))
    server.script(say("the needle is here"), say(long), say("other"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("where is it?")
        await person.ask("and the log?")
        await person.until_gone("needle")
        await person.press("ctrl+n")
        await person.ask("something else")
        for _ in range(2):
            await open_sessions(person)
            await person.type("needle")
            await person.until_shown("the needle is here", "1 session ")
            await person.settled()
            await person.press("enter")
            await person.until_shown("where is it?  ·  2 turns", "the needle is here", "line 7")
            await person.press("end")
            await person.until_shown("line 59")


async def test_opening_what_was_found_goes_to_the_line_where_it_stands(server: DemoServer) -> None:
    log = "\n\n".join("the needle is here" if number == 40 else f"line {number}" for number in range(90))
    server.script(say(log), say("other"))
    async with at_screen(screen_runtime(server), size=(100, 24)) as person:
        await person.ask("and the log?")
        await person.press("ctrl+n")
        await person.ask("something else")
        await open_sessions(person)
        await person.type("needle")
        await person.until_shown("1 session ")
        await person.settled()
        await person.press("enter")
        await person.until_shown("line 39", "the needle is here", "line 41")
        shown = person.chat.transcript
        strips = [shown.render_line(y) for y in range(shown.size.height)]
        standing_out = [part.text for strip in strips for part in strip if part.style and part.style.reverse]
        assert standing_out == ["needle"]


async def test_a_hit_on_another_branch_is_opened_on_that_branch(server: DemoServer) -> None:
    server.script(say("the former answer"), say("the later answer"), say("aside"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("what is it?")
        await person.enter("/retry")
        await person.until_shown("the later answer")
        await person.press("ctrl+n")
        await person.until_shown("New conversation")
        await person.ask("something else")
        await open_sessions(person)
        await person.type("former")
        await person.until_shown("1 session ")
        await person.settled()
        await person.press("enter")
        await person.until_shown("what is it?  ·  1 turn", "the former answer")
        await person.until_gone("the later answer")


async def test_a_session_is_found_by_what_answered_and_by_its_title(server: DemoServer) -> None:
    server.script(say("one"), say("two"), say("three"))
    async with at_screen(screen_runtime(server), size=(90, 30)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.type("title:tea")
        await person.until_shown("1 session ", "tea and coffee")
        await person.press(*["backspace"] * 9)
        await person.type("model:writer")
        await person.until_shown("3 sessions")
        await person.press("escape")


async def test_a_session_is_written_into_a_file_that_is_named(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.script(say("a fine answer"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("What is up, doc?")
        for name in ("what-is-up-doc.md", "what-is-up-doc-2.md"):
            await open_sessions(person)
            await person.press("ctrl+s")
            await person.until_on(Choose)
            await person.press("enter")
            await person.until_shown("Written to")
            assert "a fine answer" in (tmp_path / name).read_text(encoding="utf-8")
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
            await person.press("escape")
            await person.until(lambda: person.app.screen is person.chat)


async def test_a_file_that_cannot_be_written_is_said(server: DemoServer, tmp_path: Path) -> None:
    async with screen_runtime(server) as runtime:
        await runtime.start()
        made = await runtime.conversations.create(title="//")
        with pytest.raises(StoreUnwritable, match="no such file"):
            await export(runtime, made.id, "json", tmp_path / "gone")
        assert (await export(runtime, made.id, "json", tmp_path)).name == f"{made.id}.json"


async def test_deleting_or_renaming_the_session_that_is_shown(server: DemoServer) -> None:
    server.script(say("one"))
    async with at_screen(screen_runtime(server), size=(64, 24)) as person:
        await person.ask("hello")
        await open_sessions(person)
        await person.press("f2")
        await person.until_on(AskLine)
        await person.type("!")
        await person.press("enter")
        await person.until_on(Sessions)
        await person.until_shown("hello!")
        await person.press("escape")
        await person.until_shown("hello!")
        await open_sessions(person)
        await person.press("ctrl+d")
        await person.until_shown("no session yet")
        await person.press("ctrl+z")
        await person.until_shown("Brought back")
        await person.press("escape")
        await person.until_shown("hello!  ·  1 turn")
        await open_sessions(person)
        await person.press("ctrl+d")
        await person.until_shown("no session yet")
        await person.press("escape")
        await person.until_shown("New conversation")


async def test_switching_sessions_while_an_answer_runs(server: DemoServer) -> None:
    server.script(say("one"), stall(stage="body", text="Once"))
    async with at_screen(screen_runtime(server)) as person:
        await person.ask("first")
        await person.press("ctrl+n")
        await person.enter("second")
        await person.until_shown("Once")
        await person.enter("queued words")
        await open_sessions(person)
        await person.press("down", "enter")
        await person.until_shown("first  ·  1 turn", "one")
        assert person.composer_text == ""
        await open_sessions(person)
        await person.type("second")
        await person.press("enter")
        await person.until_shown("stopped: this is what had arrived")
        assert person.composer_text == "queued words"


async def test_what_was_deleted_long_ago_is_listed_and_comes_back(server: DemoServer) -> None:
    server.script(say("one"), say("two"), say("three"))
    async with at_screen(screen_runtime(server)) as person:
        await three_sessions(person)
        await open_sessions(person)
        await person.press("tab")
        await person.until_on(DeletedSessions)
        await person.until_shown("nothing was deleted in the last 30 days")
        await person.press("escape")
        await person.until_on(Sessions)
        await person.press("ctrl+d")
        await person.until_shown("2 sessions")
        await person.press("ctrl+d")
        await person.until_shown("1 session ")
        await person.press("tab")
        await person.until_on(DeletedSessions)
        await person.until_shown("2 sessions, kept for 30 days", "just now", "2 messages")
        await person.type("zzz")
        await person.until_shown("none is called like that")
        await person.press(*["backspace"] * 3)
        await person.type("prime")
        await person.until_shown("1 session, kept")
        await person.press("enter")
        await person.until_on(Sessions)
        await person.until_shown("2 sessions", "Brought back: prime numbers.")
        await person.press("ctrl+z")
        await person.until_shown("3 sessions", "Brought back: tea and coffee.")


async def test_a_session_is_forked_at_what_was_found_or_at_its_end(server: DemoServer) -> None:
    server.script(say("about ships"), say("about tea"), say("about numbers"))
    async with at_screen(screen_runtime(server)) as person:
        await open_sessions(person)
        await person.press("ctrl+f", "escape")
        for prompt in ("pirates of old", "tea and coffee", "prime numbers"):
            await person.ask(prompt)
        await open_sessions(person)
        await person.press("ctrl+f")
        await person.until_shown("2 sessions", "Forked, without other branches")
        await person.press("enter")
        await person.until_shown("pirates of old", "3 turns")
        await person.until(lambda: person.app.screen is person.chat)
        await open_sessions(person)
        await person.type("coffee")
        await person.settled()
        await person.press("ctrl+f")
        await person.until_shown("3 sessions", "Forked, up to what was found")
        await person.press("enter")
        await person.until_shown("2 turns")
        assert "prime numbers" not in person.text


async def test_an_empty_session_cannot_be_forked(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    async with at_screen(runtime) as person:
        await runtime.conversations.create(title="Nothing yet")
        await open_sessions(person)
        await person.until_shown("Nothing yet")
        await person.press("ctrl+f")
        await person.until_shown("There is nothing to fork in it.")
