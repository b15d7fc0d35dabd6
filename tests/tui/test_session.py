"""The conversation without a screen: the same session, told of by its changes alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from orchat.chat.persona import Asked
from orchat.demo.script import cut_after, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.errors import NotFound
from orchat.runtime import Runtime
from orchat.tasks import Tasks
from orchat.tui import changes
from orchat.tui.changes import Change, Prompt
from orchat.tui.session import Session
from tests.support.clock import FakeClock
from tests.support.screen import screen_runtime

pytestmark = pytest.mark.anyio


class Listener:
    """Applies changes to their entries as the transcript does, and remembers them."""

    def __init__(self) -> None:
        self.heard: list[Change] = []
        self.news = asyncio.Event()

    def __call__(self, change: Change) -> None:
        self.heard.append(change)
        match change:
            case changes.Updated():
                for name, value in change.values.items():
                    setattr(change.entry, name, value)
            case changes.Said():
                change.entry.source += change.text
            case changes.Thought():
                change.entry.reasoning += change.text
            case _:
                pass
        self.news.set()

    def kinds(self) -> list[str]:
        return [type(change).__name__ for change in self.heard]

    async def hears(self, kind: type[Change]) -> None:
        while not any(isinstance(change, kind) for change in self.heard):
            self.news.clear()
            await self.news.wait()


@pytest.fixture
async def runtime(anyio_backend: str, server: DemoServer) -> AsyncIterator[Runtime]:
    async with screen_runtime(server, FakeClock()) as running:
        yield running


async def test_asking_starts_what_has_not_started_yet(runtime: Runtime, server: DemoServer) -> None:
    server.script(say("hello back", reasoning="hm"))
    listener = Listener()
    session = Session(runtime, listener)
    await session.converse(Prompt(text="hello"))
    you, answer = session.entries
    assert (you.source, answer.source, answer.reasoning) == ("hello", "hello back", "hm")
    assert answer.title == "writer" and answer.facts and answer.state == ""
    assert (session.title, session.turns, session.busy, session.prompts) == ("hello", 1, False, ["hello"])
    assert listener.kinds().count("Finished") == 1


async def test_what_an_answer_leaves_behind_is_collected_also_while_prompts_are_queued(
    runtime: Runtime, server: DemoServer
) -> None:
    server.script(say("one"), say("two"))
    listener = Listener()
    session = Session(runtime, listener)
    session.waiting.add(Prompt(text="more"))
    over: list[int] = []

    def collected(phase: str, _info: dict[str, int]) -> None:
        if phase == "stop":
            over.append(listener.kinds().count("Finished"))

    gc.disable()
    gc.callbacks.append(collected)
    try:
        await session.converse(Prompt(text="hello"))
    finally:
        gc.callbacks.remove(collected)
        gc.enable()
    assert over == [1, 2]


async def test_a_stopped_answer_is_marked_and_gives_the_queue_back(runtime: Runtime, server: DemoServer) -> None:
    server.script(stall(stage="body", text="Once"))
    listener, tasks = Listener(), Tasks()
    session = Session(runtime, listener)
    talking = tasks.spawn(session.converse(Prompt(text="story")), name="talk")
    await listener.hears(changes.Said)
    session.waiting.add(Prompt(text="more"))
    assert len(session.waiting) == 1
    await tasks.close(cancel=True)
    assert talking.cancelled()
    assert session.entries[-1].state.startswith("stopped")
    assert listener.heard[-1] == changes.GivenBack(prompts=(Prompt(text="more"),))
    assert not session.busy


async def test_stopping_before_anything_was_sent(runtime: Runtime) -> None:
    session, tasks = Session(runtime, Listener()), Tasks()
    tasks.spawn(session.converse(Prompt(text="story")), name="talk")
    await asyncio.sleep(0)
    await tasks.close(cancel=True)
    assert session.entries[-1].state == "stopped before anything was sent"
    assert session.entries[-1].facts == ""


async def test_a_failure_ends_the_conversation_for_now(runtime: Runtime, server: DemoServer) -> None:
    server.script(fault("401-bad-key"), say("later"))
    session = Session(runtime, Listener())
    await session.converse(Prompt(text="hello"))
    assert session.problem is not None and session.entries[-1].error is not None
    await session.again()
    assert session.problem is None and session.entries[-1].source == "later"
    assert len(session.entries) == 2


async def test_a_cut_answer_can_be_told_again_by_another_model(runtime: Runtime, server: DemoServer) -> None:
    server.script(cut_after(8, text="Once upon a time"), say("whole"))
    session = Session(runtime, Listener())
    await session.converse(Prompt(text="story"))
    assert session.entries[-1].source.startswith("Once")
    await session.again(model="demo/thinker")
    assert session.entries[-1].source == "whole" and session.model == "demo/thinker"
    assert server.chats[-1].body["model"] == "demo/thinker"


async def test_nothing_can_be_answered_again_before_anything_was_asked(runtime: Runtime, server: DemoServer) -> None:
    session = Session(runtime, Listener())
    await session.again()
    session.tick()
    assert session.entries == [] and server.chats == []


async def test_a_defect_of_ours_is_a_card_without_its_content(runtime: Runtime, server: DemoServer) -> None:
    server.script(say("hello"))

    listener = Listener()

    def broken(change: Change) -> None:
        listener(change)
        if isinstance(change, changes.Said):
            raise ValueError("secret words of a prompt")

    session = Session(runtime, broken)
    await session.converse(Prompt(text="hello"))
    card = session.entries[-1].error
    assert card is not None and "ValueError" in card.text and "secret" not in str(card)


async def test_without_a_key_nothing_was_said(server: DemoServer) -> None:
    async with screen_runtime(server, key=None, keys__store="env") as runtime:
        listener = Listener()
        session = Session(runtime, listener)
        await session.converse(Prompt(text="hello", pastes=("long",)))
        assert session.entries == [] and session.conversation is None
        assert changes.GivenBack(prompts=(Prompt(text="hello", pastes=("long",)),)) in listener.heard
        assert any(isinstance(change, changes.KeyNeeded) for change in listener.heard)


async def test_time_counts_up_while_an_answer_runs(server: DemoServer) -> None:
    clock = FakeClock()
    server.script(stall(stage="body", text="Once"))
    async with screen_runtime(server, clock) as runtime:
        listener, tasks = Listener(), Tasks()
        session = Session(runtime, listener)
        tasks.spawn(session.converse(Prompt(text="story")), name="talk")
        await listener.hears(changes.Said)
        clock.advance(60)
        session.tick()
        assert session.entries[-1].facts.startswith("waiting 1 min 0")
        await tasks.close(cancel=True)


async def test_a_kept_conversation_is_opened_and_another_begun(runtime: Runtime, server: DemoServer) -> None:
    server.script(say("one"))
    session = Session(runtime, Listener(), asked=Asked(model="demo/writer"))
    await session.set_system("be brief")
    await session.converse(Prompt(text="hello"))
    assert session.conversation is not None and session.system == "be brief"
    await session.rename("greeting")
    await session.set_system("")
    first = session.conversation.id
    session.reset()
    assert (session.title, session.entries, session.model) == ("", [], "demo/writer")
    await session.rename("nothing to rename")
    await session.open(first)
    assert (session.title, session.turns) == ("greeting", 1)
    assert not session.system
    assert session.context is not None and session.answer is not None
    with pytest.raises(NotFound):
        await session.open("nope")
    assert session.title == "greeting", "what cannot be opened changes nothing"


async def test_an_empty_conversation_is_opened(runtime: Runtime) -> None:
    await runtime.start()
    kept = await runtime.conversations.create(title="empty")
    session = Session(runtime, Listener())
    await session.open(kept.id)
    await session.again()
    assert session.entries == [] and session.title == "empty"


def test_a_prompt_of_white_space_is_empty() -> None:
    assert Prompt(text=" \n").is_empty
    assert not Prompt(text="", pastes=("x",)).is_empty
