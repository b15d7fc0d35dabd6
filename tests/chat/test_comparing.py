"""Several answers to one prompt at once: kept as branches, stopped alone, chosen from."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from orchat import errors
from orchat.chat.books import Wish
from orchat.chat.comparing import Comparison, Step
from orchat.demo.script import cut_after, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft
from orchat.domain.events import Event, Finished, TextDelta
from orchat.runtime import Runtime
from orchat.store import tree
from tests.support.clock import FakeClock
from tests.support.compare import SEER, THINKER, WRITER, script
from tests.support.house import KEY, House, make_runtime
from tests.support.talk import ask, texts, whole

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
THREE = (WRITER, THINKER, SEER)


def compared(house: House, id: str, models: tuple[str, ...] = THREE, text: str = "hi") -> Comparison:
    chat = house.runtime.conversations
    return Comparison(lambda: chat, lambda: chat.compare(id, Draft(text=text), models), models)


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def begin(house: House, *, model: str | None = None, system: str | None = None) -> str:
    return (await house.runtime.conversations.create(model=model, system=system)).id


async def until_said(comparison: Comparison, *numbers: int) -> None:
    """Read until each of these answers has said something."""
    waiting = set(numbers)
    async for step in comparison:
        if said(list(step.events)):
            waiting.discard(step.number)
        if not waiting:
            return


async def test_all_models_answer_the_same_prompt_at_once_and_each_answer_is_a_branch(house: House) -> None:
    chat, meet = house.runtime.conversations, asyncio.Event()
    steps = {name: stall(stage="body", text=f"this is {name}", chars=4, until=meet) for name in THREE}
    script(house.server, steps)
    id = await begin(house, model="demo/tiny:free", system="Be brief.")
    heard: dict[int, list[Event]] = {0: [], 1: [], 2: []}
    ended: list[Step] = []
    async with compared(house, id) as comparison:
        async for step in comparison:
            heard[step.number] += step.events
            if all(map(said, heard.values())):
                # None of them is over before all of them have begun to speak.
                meet.set()
            ended += [step] if step.is_last else []
    assert [said(heard[number]) for number in range(3)] == [f"this is {name}" for name in THREE]
    assert all(isinstance(heard[number][-1], Finished) for number in range(3))
    assert {step.number for step in ended} == {0, 1, 2} and all(step.error is None for step in ended)
    prompt = comparison.turns[0].prompt
    assert {turn.prompt.id for turn in comparison.turns} == {prompt.id}
    ids = tuple(turn.answer_id for turn in comparison.turns)
    assert await house.runtime.parts.db.read(tree.children, prompt.id) == ids
    shown = await chat.transcript(id)
    assert texts(shown) == ["hi", "this is demo/writer"] and shown.branches[ids[0]].ids == ids
    assert shown.conversation.model == "demo/tiny:free"
    bodies = {asked.body["model"]: asked.body for asked in house.server.chats}
    assert sorted(bodies) == sorted(THREE)
    assert all([m["content"] for m in body["messages"]] == ["Be brief.", "hi"] for body in bodies.values())
    entries = await house.entries()
    assert {(entry.attempt.model, entry.attempt.conversation_id) for entry in entries} == {(name, id) for name in THREE}
    usage = await house.runtime.session_usage(id)
    answers = [step.answer for step in ended]
    assert usage.cost_pico == sum(answer.cost.pico or 0 for answer in answers if answer) > 0


async def test_the_conversation_goes_on_with_the_chosen_answer_and_its_model(house: House) -> None:
    chat = house.runtime.conversations
    script(house.server, {name: say(f"this is {name}") for name in THREE})
    id = await begin(house)
    async with compared(house, id) as comparison:
        answers = await comparison.answers()
        shown = await comparison.choose(1)
    assert [answer.text for answer in answers] == [f"this is {name}" for name in THREE]
    assert texts(shown) == ["hi", "this is demo/thinker"] and shown.conversation.model == THINKER
    house.server.script(say("more"))
    await whole(await chat.send(id, Draft(text="go on")))
    body = house.server.chats[-1].body
    assert body["model"] == THINKER
    assert [message["content"] for message in body["messages"]] == ["hi", "this is demo/thinker", "go on"]
    assert texts(await chat.switch(id, answers[2].id)) == ["hi", "this is demo/seer"]


async def test_an_earlier_prompt_is_compared_beside_the_answers_that_it_has(house: House) -> None:
    chat = house.runtime.conversations
    id = await begin(house)
    prompt = await ask(house, id, "hi", "first")
    script(house.server, {WRITER: say("one"), THINKER: say("two")})
    turns = await chat.compare_again(id, prompt.id, (WRITER, THINKER), Wish(parameters={"temperature": 0.1}))
    await asyncio.gather(*map(whole, turns))
    assert [turn.prompt.id for turn in turns] == [prompt.id] * 2
    assert len(await house.runtime.parts.db.read(tree.children, prompt.id)) == 3
    assert [asked.body.get("temperature") for asked in house.server.chats] == [None, 0.1, 0.1]
    with pytest.raises(errors.UsageError, match="not a prompt"):
        await chat.compare_again(id, turns[0].answer_id, (WRITER, THINKER))


async def test_one_answer_is_stopped_and_the_others_go_on(house: House) -> None:
    go = asyncio.Event()
    script(house.server, {name: stall(stage="body", text="Once upon a time", chars=9, until=go) for name in THREE})
    async with compared(house, await begin(house)) as comparison:
        await until_said(comparison, 0, 1, 2)
        await comparison.stop(1)
        go.set()
        answers = await comparison.answers()
    assert [(answer.state, answer.text) for answer in answers] == [
        ("done", "Once upon a time"),
        ("stopped", "Once upon"),
        ("done", "Once upon a time"),
    ]


async def test_one_answer_is_stopped_before_it_was_asked_for(house: House) -> None:
    script(house.server, {WRITER: say("one"), THINKER: say("two")})
    async with compared(house, await begin(house), (WRITER, THINKER)) as comparison:
        await comparison.stop(0)
        answers = await comparison.answers()
    assert [(answer.state, answer.text) for answer in answers] == [("stopped", ""), ("done", "two")]
    assert [asked.body["model"] for asked in house.server.chats] == [THINKER]


async def test_leaving_early_stops_what_runs_and_keeps_what_arrived(house: House) -> None:
    chat = house.runtime.conversations
    script(house.server, {WRITER: say("one"), THINKER: stall(stage="body", text="Once upon a time", chars=9)})
    id = await begin(house)
    async with compared(house, id, (WRITER, THINKER)) as comparison:
        await until_said(comparison, 0, 1)
    kept = [(await chat.details(id, turn.answer_id)).message for turn in comparison.turns]
    assert (kept[1].state, kept[1].text) == ("stopped", "Once upon")
    assert kept[0].text == "one"


async def test_each_failure_is_told_of_in_its_own_answer(house: House) -> None:
    script(
        house.server, {WRITER: fault("401-bad-key"), THINKER: cut_after(9, text="Once upon a time"), SEER: say("ok")}
    )
    ended: dict[int, Step] = {}
    async with compared(house, await begin(house)) as comparison:
        async for step in comparison:
            if step.is_last:
                ended[step.number] = step
        with pytest.raises(StopAsyncIteration):
            await comparison.__anext__()
    assert isinstance(ended[0].error, errors.KeyRejected) and isinstance(ended[1].error, errors.StreamInterrupted)
    assert [ended[number].answer.state for number in range(3)] == ["failed", "cut", "done"]  # type: ignore[union-attr]  # all were saved
    assert ended[2].error is None


async def test_no_other_model_stands_in_for_one_that_is_compared(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, models__fallbacks=["demo/tortoise"], retry__attempts=0) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        script(server, {WRITER: fault("400-unknown-model"), THINKER: say("two")})
        async with compared(house, await begin(house), (WRITER, THINKER)) as comparison:
            answers = await comparison.answers()
    assert [answer.state for answer in answers] == ["failed", "done"]
    assert sorted(asked.body["model"] for asked in server.chats) == [THINKER, WRITER]


async def test_a_budget_that_covers_one_answer_refuses_the_other(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, budget__session_usd=0.1) as runtime:
        await runtime.start()
        house, go = House(runtime, server, clock), asyncio.Event()
        script(server, {name: stall(stage="body", text="Once upon", chars=4, until=go) for name in (WRITER, THINKER)})
        async with compared(house, await begin(house), (WRITER, THINKER)) as comparison:
            async for step in comparison:
                if step.is_last and step.error is not None:
                    assert isinstance(step.error, errors.BudgetExceeded)
                    go.set()
            states = sorted(turn.answer.state for turn in comparison.turns if turn.answer)
    assert states == ["done", "failed"] and len(server.chats) == 1


@pytest.mark.parametrize("models", [(), (WRITER,), (WRITER, WRITER), ("a/1", "a/2", "a/3", "a/4", "a/5")])
async def test_two_to_four_different_models_can_be_compared(house: House, models: tuple[str, ...]) -> None:
    id = await begin(house)
    with pytest.raises(errors.UsageError, match="cannot be compared"):
        async with compared(house, id, models):
            pass
    assert await house.runtime.conversations.path(id) == ()


async def test_a_comparison_that_was_not_entered_has_no_place() -> None:
    comparison = Comparison(lambda: pytest.fail("nobody asks"), lambda: pytest.fail("nobody asks"), (WRITER, THINKER))
    with pytest.raises(errors.UsageError, match="has not begun"):
        _ = comparison.conversation_id


async def test_leaving_while_the_answers_are_being_saved_leaves_them_stopped(house: House) -> None:
    chat = house.runtime.conversations
    id = await begin(house)
    beginning = asyncio.get_running_loop().create_task(chat.compare(id, Draft(text="hi"), (WRITER, THINKER)))
    await asyncio.sleep(0)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    while not (path := await chat.path(id)) or path[-1].state == "streaming":
        await asyncio.sleep(0)
    siblings = await house.runtime.parts.db.read(tree.siblings, path[-1].id)
    while [(await chat.details(id, one)).message.state for one in siblings] != ["stopped", "stopped"]:
        await asyncio.sleep(0)
    assert not house.server.chats


async def test_an_answer_that_cannot_be_saved_is_an_error(house: House) -> None:
    go = asyncio.Event()
    script(house.server, {WRITER: say("one"), THINKER: stall(stage="body", text="two and a half", chars=3, until=go)})
    id = await begin(house)
    async with compared(house, id, (WRITER, THINKER)) as comparison:
        await until_said(comparison, 1)
        await house.runtime.parts.db.write(
            lambda connection: connection.execute("DELETE FROM messages WHERE id = ?", (comparison.turns[1].answer_id,))
        )
        go.set()
        with pytest.raises(errors.NotFound):
            await comparison.answers()


async def test_a_temporary_session_compares_without_a_trace(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create_temporary()).id
    script(house.server, {WRITER: say("one"), THINKER: say("two")})
    async with compared(house, id, (WRITER, THINKER)) as comparison:
        await comparison.answers()
        assert texts(await comparison.choose(1)) == ["hi", "two"]
    assert await chat.list() == []


async def test_another_window_sees_every_answer_and_what_is_said_there_stands_beside(
    server: DemoServer, clock: FakeClock
) -> None:
    async with make_runtime(server, clock) as left, make_runtime(server, clock) as right:
        await left.start()
        await right.start()
        house, other, go = House(left, server, clock), right.conversations, asyncio.Event()
        id = await begin(house)
        watch = other.watch(await other.transcript(id))
        script(server, {name: stall(stage="body", text="Once upon", chars=4, until=go) for name in (WRITER, THINKER)})
        async with compared(house, id, (WRITER, THINKER)) as comparison:
            await until_said(comparison, 0, 1)
            assert await watch.changed()
            seen = await other.transcript(id)
            watch.seen(seen)
            assert len(seen.branches[comparison.turns[0].answer_id].ids) == 2
            server.script(say("from the right"))
            await whole(await other.send(id, Draft(text="right")))
            go.set()
            await comparison.answers()
            assert await watch.changed()
            await comparison.choose(1)
            assert await watch.changed()
        assert texts(await other.transcript(id)) == ["hi", "Once upon"]
        theirs = [message for message in await right.parts.db.read(tree.all_messages, id) if message.text == "right"]
        assert theirs[0].parent_id is None


async def test_what_had_arrived_of_every_answer_survives_a_kill(server: DemoServer, home: Path) -> None:
    models = (WRITER, THINKER)
    script(server, {name: stall(stage="body", text=f"{name} tells", chars=len(name)) for name in models})
    folder = home / "killed"
    command = [sys.executable, "-m", "tests.support.compare", server.base_url, str(folder), *models]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    word, _, id = (await process.stdout.readline()).decode().strip().partition(" ")
    assert word == "ready"
    process.kill()
    await process.wait()
    async with Runtime.create(front_end="library", home=str(folder), key=KEY) as after:
        await after.start()
        kept = await after.parts.db.read(tree.all_messages, id)
    assert [(message.text, message.state) for message in kept] == [
        ("tell me a story", "done"),
        (WRITER, "cut"),
        (THINKER, "cut"),
    ]
