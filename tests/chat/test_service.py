import asyncio
import json

import pytest

from orchat import errors
from orchat.chat.books import Wish
from orchat.demo.script import cut_after, fault, raw, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft
from orchat.domain.events import Finished, TextDelta
from orchat.domain.request import Provider
from orchat.store import tree
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.talk import begin, talk

pytestmark = pytest.mark.anyio


async def test_a_turn_is_saved_as_prompt_and_answer(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("Hello there", provider="Acme", reasoning="hm"))
    id = await begin(house)
    await talk(house, id, "hi\nand more")
    prompt, answer = await chat.path(id)
    assert (prompt.role, prompt.text, prompt.state) == ("user", "hi\nand more", "done")
    assert (answer.role, answer.text, answer.state) == ("assistant", "Hello there", "done")
    assert answer.reply.reasoning == "hm"
    assert answer.parent_id == prompt.id
    assert (answer.provider, answer.key_label) == ("Acme", "work")
    assert answer.usage is not None
    assert answer.cost.source == "reported"
    assert answer.generation_id == house.server.chats[0].generation_id
    assert (await chat.get(id)).title == "hi"


async def test_the_conversation_goes_with_every_prompt_under_its_session_id(house: House) -> None:
    house.server.script(say("one"), say("two"))
    id = await begin(house, system="Be brief.")
    await talk(house, id, "first")
    await talk(house, id, "second")
    body = house.server.chats[1].body
    assert body["session_id"] == id
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "first", "one", "second"]


async def test_a_model_chosen_in_mid_conversation_stays(house: House) -> None:
    house.server.script(say("one"), say("two"), say("three"))
    id = await begin(house, model="demo/writer")
    await talk(house, id, "first")
    await talk(house, id, "second", model="demo/thinker")
    await talk(house, id, "third")
    assert [chat.body["model"] for chat in house.server.chats] == ["demo/writer", "demo/thinker", "demo/thinker"]
    assert (await house.runtime.conversations.get(id)).model == "demo/thinker"


async def test_parameters_reach_the_request(house: House) -> None:
    house.server.script(say("one"))
    await talk(house, await begin(house), "first", parameters={"temperature": 0.3})
    assert house.server.chats[0].body["temperature"] == 0.3


async def test_a_session_is_asked_with_its_own_parameters_and_a_turn_may_say_otherwise(house: House) -> None:
    chat = house.runtime.conversations
    id = await begin(house, parameters={"temperature": 0.5, "provider": Provider(zdr=True)})
    await talk(house, id, "one")
    await chat.set_parameters(id, {"temperature": 0.1, "seed": 3}, persona="muse")
    await talk(house, id, "two", parameters={"temperature": 0.9})
    first, second = (request.body for request in house.server.requests[-2:])
    assert (first["temperature"], first["provider"]) == (0.5, {"zdr": True})
    assert (second["temperature"], second["seed"], "provider" in second) == (0.9, 3, False)
    forked = await chat.fork(id, (await chat.path(id))[0].id)
    assert (forked.parameters, forked.persona) == ({"temperature": 0.1, "seed": 3}, "muse")


async def test_a_prompt_is_saved_before_it_is_sent(house: House) -> None:
    id = await begin(house)
    turn = await house.runtime.conversations.send(id, Draft(text="hi"))
    prompt, answer = await house.runtime.conversations.path(id)
    assert (prompt.text, answer.state) == ("hi", "streaming")
    assert not house.server.chats
    house.server.script(say("x"))
    async with turn:
        while await turn.batch():
            pass
    assert turn.answer is not None
    assert turn.answer.text == "x"


async def test_stopping_while_a_prompt_is_being_saved_leaves_a_stopped_answer(house: House) -> None:
    id = await begin(house)
    sending = asyncio.get_running_loop().create_task(house.runtime.conversations.send(id, Draft(text="hi")))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    while (path := await house.runtime.conversations.path(id))[-1].state == "streaming":
        await asyncio.sleep(0)
    assert [(message.text, message.state) for message in path] == [("hi", "done"), ("", "stopped")]
    assert not house.server.chats


async def test_stopping_while_nothing_can_be_saved_leaves_nothing(house: House) -> None:
    sending = asyncio.get_running_loop().create_task(house.runtime.conversations.send("nowhere", Draft(text="hi")))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await house.runtime.conversations.list() == []


async def test_stopping_keeps_what_arrived(house: House) -> None:
    house.server.script(stall(stage="body", text="Once upon a time", chars=9))
    id = await begin(house)
    turn = await house.runtime.conversations.send(id, Draft(text="hi"))
    async with turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.state, answer.text) == ("stopped", "Once upon")
    assert turn.answer == answer
    assert answer.usage is not None
    assert answer.usage.estimated


async def test_a_cut_answer_is_kept_and_says_what_happened(house: House) -> None:
    house.server.script(cut_after(9, text="Once upon a time"))
    id = await begin(house)
    with pytest.raises(errors.StreamInterrupted):
        await talk(house, id, "hi")
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.state, answer.text) == ("cut", "Once upon")
    assert answer.error
    assert answer.cost.source == "estimated"
    assert answer.cost.pico == (await house.runtime.session_usage(id)).cost_pico


async def test_a_failed_answer_is_kept_as_such_and_never_sent_again(house: House) -> None:
    house.server.script(fault("401-bad-key"), say("fine"))
    id = await begin(house)
    with pytest.raises(errors.KeyRejected):
        await talk(house, id, "hi")
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.state, answer.text, bool(answer.hint)) == ("failed", "", True)
    await talk(house, id, "again")
    assert [message["content"] for message in house.server.chats[1].body["messages"]] == ["hi", "again"]


async def test_an_answer_grows_in_the_database_while_it_arrives(house: House) -> None:
    go = asyncio.Event()
    house.server.script(stall(stage="body", text="Once upon a time", chars=9, until=go))
    id = await begin(house)
    turn = await house.runtime.conversations.send(id, Draft(text="hi"))
    async with turn:
        await turn.batch()
        while not any(isinstance(event, TextDelta) for event in await turn.batch()):
            pass
        while (kept := (await house.runtime.conversations.path(id))[1]).text != "Once upon":
            await asyncio.sleep(0)
        assert kept.state == "streaming"
        assert kept.generation_id == house.server.chats[0].generation_id
        go.set()
        while await turn.batch():
            pass
    assert (await house.runtime.conversations.path(id))[1].text == "Once upon a time"


async def test_an_answer_again_is_a_branch_beside_the_first(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("one"), say("two"))
    id = await begin(house)
    await talk(house, id, "hi")
    prompt, first = await chat.path(id)
    async with await chat.again(id, prompt.id, Wish(model="demo/thinker")) as turn:
        assert [event async for event in turn if isinstance(event, Finished)]
    _, second = await chat.path(id)
    assert (first.text, second.text) == ("one", "two")
    assert await house.runtime.parts.db.read(tree.siblings, second.id) == (first.id, second.id)
    assert house.server.chats[1].body["messages"] == house.server.chats[0].body["messages"]
    assert house.server.chats[1].body["model"] == "demo/thinker"


async def test_quitting_in_the_middle_saves_what_arrived(server: DemoServer, clock: FakeClock) -> None:
    server.script(stall(stage="body", text="Once upon a time", chars=9))
    runtime = make_runtime(server, clock)
    await runtime.start()
    house = House(runtime, server, clock)
    id = await begin(house)
    turn = await runtime.conversations.send(id, Draft(text="hi"))
    arrived = asyncio.Event()

    async def read() -> None:
        async with turn:
            async for event in turn:
                if isinstance(event, TextDelta):
                    arrived.set()

    reading = asyncio.get_running_loop().create_task(read())
    await arrived.wait()
    await runtime.aclose()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with make_runtime(server, clock) as again:
        await again.start()
        _, answer = await again.conversations.path(id)
        assert (answer.state, answer.text) == ("stopped", "Once upon")


async def test_a_second_escape_does_not_lose_the_reply(house: House) -> None:
    house.server.script(stall(stage="body", text="Once upon a time", chars=9))
    id = await begin(house)
    turn = await house.runtime.conversations.send(id, Draft(text="hi"))
    arrived = asyncio.Event()

    async def read() -> None:
        async with turn:
            async for event in turn:
                if isinstance(event, TextDelta):
                    arrived.set()

    reading = asyncio.get_running_loop().create_task(read())
    await arrived.wait()
    for _ in range(3):
        reading.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await reading
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.state, answer.text) == ("stopped", "Once upon")


async def test_a_turn_that_is_over_cannot_be_stopped_again(house: House) -> None:
    house.server.script(say("x"))
    turn = await house.runtime.conversations.send(await begin(house), Draft(text="hi"))
    await turn.stop()
    async with turn:
        while await turn.batch():
            pass
    await turn.stop()
    assert turn.answer is not None
    assert turn.answer.state == "done"


async def test_an_attachment_that_is_gone_fails_the_turn_and_is_saved_as_failed(house: House) -> None:
    chat = house.runtime.conversations
    id = await begin(house)
    kept = await chat.attach(b"abc", name="a.txt", mime="text/plain")
    turn = await chat.send(id, Draft(text="read", attachments=(kept,)))
    house.runtime.parts.db.blobs.path(kept.sha256).unlink()
    with pytest.raises(errors.NotFound):
        async with turn:
            raise AssertionError("entered without its file")
    _, answer = await chat.path(id)
    assert answer.state == "failed"


async def test_attachments_are_sent_with_their_prompt_in_later_turns_too(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("one"), say("two"))
    id = await begin(house)
    kept = await chat.attach(b"abc", name="notes.txt", mime="text/plain")
    async with await chat.send(id, Draft(text="read", attachments=(kept,))) as turn:
        while await turn.batch():
            pass
    await talk(house, id, "and?")
    for recorded in house.server.chats:
        assert "[file: notes.txt]" in json.dumps(recorded.body["messages"][0])


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_an_empty_prompt_is_refused(house: House, text: str) -> None:
    with pytest.raises(errors.UsageError, match="empty"):
        await house.runtime.conversations.send(await begin(house), Draft(text=text))


async def test_a_failure_reaches_whoever_reads_in_batches(house: House) -> None:
    house.server.script(fault("401-bad-key"))
    turn = await house.runtime.conversations.send(await begin(house), Draft(text="hi"))
    with pytest.raises(errors.KeyRejected):
        async with turn:
            while await turn.batch():
                pass
    assert turn.prompt.text == "hi"
    assert turn.answer is not None
    assert (turn.answer.id, turn.answer.state) == (turn.answer_id, "failed")


async def test_a_server_without_generation_ids_is_fine(house: House) -> None:
    chunk = b'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    house.server.script(raw(chunk, routed=False))
    id = await begin(house)
    await talk(house, id, "hi")
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.text, answer.generation_id, answer.cost.source) == ("Hello", None, "estimated")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.estimated) == (1, 2, True)
    assert "≈ $" in await house.runtime.conversations.export(id, "md")


async def test_a_stopped_answer_without_a_generation_id_costs_nobody_knows_what(house: House) -> None:
    chunk = b'data: {"choices":[{"delta":{"content":"Hello"}}]}\n\n'
    house.server.script(raw(chunk, routed=False, end="rst"))
    id = await begin(house)
    with pytest.raises(errors.StreamInterrupted):
        await talk(house, id, "hi")
    _, answer = await house.runtime.conversations.path(id)
    assert (answer.state, answer.text, answer.cost.source) == ("cut", "Hello", "unknown")
