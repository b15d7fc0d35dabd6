"""Sessions as wholes: temporary ones, titles, pins."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat import errors
from orchat.chat.title import MOST_TOKENS
from orchat.demo.script import cut_after, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Conversation, Draft
from orchat.domain.events import TextDelta
from orchat.domain.sessions import SessionFilter
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.talk import ask

pytestmark = pytest.mark.anyio


def on_disk(home: Path, text: str) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_a_temporary_session_leaves_only_its_cost(house: House, home: Path) -> None:
    chat = house.runtime.conversations
    made = await chat.create_temporary(system="Keep the pomegranate secret.")
    assert chat.is_temporary(made.id)
    file = await chat.attach_temporary(b"a pomegranate in a file", name="p.txt", mime="text/plain")
    house.server.script(say("pomegranate, of course"), cut_after(11, text="pomegranate and more"))
    for text in ("pomegranate?", "a second pomegranate?"):
        try:
            async with await chat.send(made.id, Draft(text=text, attachments=(file,))) as turn:
                while await turn.batch():
                    pass
        except errors.StreamInterrupted:
            pass
    shown = await chat.transcript(made.id)
    assert [message.state for message in shown.messages] == ["done", "done", "done", "cut"]
    assert shown.messages[-1].cost.pico is not None
    assert "pomegranate in a file" in str(house.server.chats[0].body)
    assert (await chat.get(made.id)).title == "pomegranate?"
    assert (await chat.list(), await chat.search("pomegranate")) == ([], [])
    assert await chat.latest() is None
    assert (await house.runtime.session_usage(made.id)).attempts == 2
    assert "pomegranate" in await chat.export(made.id, "md")
    assert on_disk(home, "pomegranate") == []


async def test_what_comes_of_a_temporary_session_is_temporary(house: House, home: Path) -> None:
    chat = house.runtime.conversations
    made = await chat.create_temporary()
    await ask(house, made.id, "pomegranate?", "yes")
    for copy in (await chat.fork(made.id, (await chat.path(made.id))[-1].id), await chat.duplicate(made.id)):
        assert chat.is_temporary(copy.id)
    await chat.delete(made.id)
    assert (await chat.undelete(made.id)).messages == 2
    assert on_disk(home, "pomegranate") == []


async def test_a_temporary_session_can_be_kept_after_all(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        house, chat = House(runtime, server, clock), runtime.conversations
        made = await chat.create_temporary()
        file = await chat.attach_temporary(b"seeds", name="p.txt", mime="text/plain")
        await ask(house, made.id, "one", "1")
        server.script(say("2"))
        async with await chat.edit(
            made.id, (await chat.path(made.id))[0].id, Draft(text="two", attachments=(file,))
        ) as turn:
            while await turn.batch():
                pass
        before = [message.reply for message in await chat.path(made.id)]
        kept = await chat.keep(made.id)
        assert (kept.id, kept.messages, chat.is_temporary(kept.id)) == (made.id, 4, False)
        assert kept.cost_pico == (await runtime.session_usage(made.id)).cost_pico > 0
        assert await chat.keep(made.id) == kept
        await ask(house, made.id, "three", "3")
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        path = await runtime.conversations.path(made.id)
        assert [message.reply for message in path[:2]] == before
        assert runtime.parts.db.blobs.get(path[0].attachments[0].sha256) == b"seeds"


async def test_a_temporary_session_keeps_its_parameters_when_it_is_kept(house: House) -> None:
    chat = house.runtime.conversations
    made = await chat.create_temporary(parameters={"seed": 7}, persona="muse")
    await chat.set_parameters(made.id, {"seed": 8}, persona="muse")
    kept = await chat.keep(made.id)
    assert (kept.parameters, kept.persona) == ({"seed": 8}, "muse")


async def test_a_temporary_session_is_not_kept_while_an_answer_arrives(house: House) -> None:
    chat = house.runtime.conversations
    made = await chat.create_temporary()
    house.server.script(stall(stage="body", text="Once upon", chars=4))
    turn = await chat.send(made.id, Draft(text="tell"))
    async with turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break
        with pytest.raises(errors.UsageError, match="still arrives"):
            await chat.keep(made.id)
    assert (await chat.keep(made.id)).messages == 2


async def test_a_temporary_session_is_gone_with_its_runtime(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        made = await runtime.conversations.create_temporary()
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        with pytest.raises(errors.NotFound, match="no session"):
            await runtime.conversations.get(made.id)


async def test_pinned_sessions_stand_first(house: House) -> None:
    chat = house.runtime.conversations
    first = await chat.create(title="first")
    house.clock.advance(1)
    second = await chat.create(title="second")
    await chat.pin(first.id)
    assert [found.id for found in await chat.list()] == [first.id, second.id]
    assert [found.id for found in await chat.list(wanted=SessionFilter(pinned=True))] == [first.id]
    await chat.pin(first.id, False)
    assert [found.id for found in await chat.list()] == [second.id, first.id]


# ---- titles ----


async def titled(
    server: DemoServer, clock: FakeClock, *steps: object, manual: str = "", **chosen: object
) -> tuple[str | None, Conversation, int]:
    """What a title model says of a session of one turn, the session afterwards, and how often it was asked."""
    wanted = {"chat__title_model": "demo/writer", "chat__title_budget_usd": 0.5, **chosen}
    async with make_runtime(server, clock, **wanted) as runtime:
        await runtime.start()
        await runtime.models.refresh()
        chat = runtime.conversations
        id = (await chat.create()).id
        if manual != "empty":
            await ask(House(runtime, server, clock), id, "what is the capital of France?", "Paris.")
        if manual not in ("", "empty"):
            await chat.rename(id, manual)
        before = len(server.chats)
        server.script(*steps)  # type: ignore[arg-type]  # steps
        made = await chat.make_title(id)
        return made, await chat.get(id), len(server.chats) - before


async def test_a_model_may_name_a_session_and_its_cost_is_counted(server: DemoServer, clock: FakeClock) -> None:
    reply = say('\n  "\x1b[2JCapital of France."\nI hope you like it', usage={"cost": 0.25})
    made, session, asked = await titled(server, clock, reply)
    assert (made, session.title, asked) == ("Capital of France", "Capital of France", 1)
    assert not session.title_is_manual
    assert session.cost_pico >= 250_000_000_000
    body = server.chats[-1].body
    assert body["max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"] == MOST_TOKENS
    assert "Paris." in body["messages"][1]["content"]


@pytest.mark.parametrize("step", [fault("400-reasoning-mandatory"), say("half of a ti", finish="length"), say(" \n ")])
async def test_a_title_that_does_not_come_changes_nothing(server: DemoServer, clock: FakeClock, step: object) -> None:
    made, session, _ = await titled(server, clock, step)
    assert (made, session.title) == (None, "what is the capital of France?")


async def test_no_model_replaces_a_name_that_a_person_gave(server: DemoServer, clock: FakeClock) -> None:
    made, session, asked = await titled(server, clock, manual="Mine")
    assert (made, session.title, asked) == (None, "Mine", 0)


async def test_nothing_is_asked_beyond_the_budget_or_without_a_price(server: DemoServer, clock: FakeClock) -> None:
    for chosen in ({"chat__title_budget_usd": 0.0}, {"chat__title_model": "nobody/knows"}):
        made, _, asked = await titled(server, clock, **chosen)
        assert (made, asked) == (None, 0)


async def test_nothing_is_asked_where_nothing_was_said_or_no_model_is_set(server: DemoServer, clock: FakeClock) -> None:
    for manual, chosen in (("empty", {}), ("", {"chat__title_model": ""})):
        made, _, asked = await titled(server, clock, manual=manual, **chosen)
        assert (made, asked) == (None, 0)


async def test_what_was_asked_last_is_known_over_all_sessions(house: House) -> None:
    service = house.runtime.conversations
    first, second = await service.create(), await service.create()
    for session, text in ((first, "one"), (second, "two"), (first, "one"), (second, "x" * 99)):
        await ask(house, session.id, text, "yes")
    gone = await service.create()
    await ask(house, gone.id, "deleted", "yes")
    await service.delete(gone.id)
    assert await service.prompts(longest=50) == ["one", "two"]
    assert await service.prompts(limit=1) == ["x" * 99]
