"""The tree of a conversation as a screen uses it: branches, undo, going on, two windows."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat import errors
from orchat.chat.service import Conversations
from orchat.chat.turn import Turn
from orchat.demo.script import cut_after, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft, StoredMessage
from orchat.domain.events import TextDelta
from orchat.store import ledger, tree
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.talk import ask, texts, whole

pytestmark = pytest.mark.anyio


async def test_a_transcript_tells_which_branches_there_are(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    assert (await chat.transcript(id)).messages == ()
    await ask(house, id, "hi", "one", "two", "three")
    shown = await chat.transcript(id)
    assert texts(shown) == ["hi", "three"]
    assert shown.conversation.messages == 4
    (number,) = shown.branches
    branch = shown.branches[number]
    assert (branch.number, len(branch.ids), branch.after) == (3, 3, None)
    assert branch.before is not None
    assert texts(await chat.switch(id, branch.before)) == ["hi", "two"]
    assert texts(await chat.transcript(id)) == ["hi", "two"]
    assert (await chat.branch(id, branch.ids[0])).number == 1
    assert (await chat.branch(id, shown.messages[0].id)).ids == (shown.messages[0].id,)


async def test_an_edited_prompt_is_a_branch_beside_the_old_one(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    first = await ask(house, id, "hi", "hello")
    second = await ask(house, id, "and?", "so")
    house.server.script(say("else"), say("again"))
    await whole(await chat.edit(id, second.id, Draft(text="or?")))
    assert texts(await chat.transcript(id)) == ["hi", "hello", "or?", "else"]
    await whole(await chat.edit(id, first.id, Draft(text="hey")))
    assert texts(await chat.transcript(id)) == ["hey", "again"]
    assert [message["content"] for message in house.server.chats[-1].body["messages"]] == ["hey"]
    assert texts(await chat.switch(id, second.id)) == ["hi", "hello", "and?", "so"]
    with pytest.raises(errors.UsageError, match="empty"):
        await chat.edit(id, first.id, Draft(text=" "))
    answer = (await chat.path(id))[1]
    with pytest.raises(errors.UsageError, match="not a prompt"):
        await chat.edit(id, answer.id, Draft(text="x"))


async def test_a_prompt_may_follow_any_message(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    await ask(house, id, "hi", "one", "two")
    one = (await chat.branch(id, (await chat.path(id))[-1].id)).ids[0]
    house.server.script(say("fine"))
    await whole(await chat.send(id, Draft(text="go on"), parent_id=one))
    assert texts(await chat.transcript(id)) == ["hi", "one", "go on", "fine"]
    with pytest.raises(errors.NotFound):
        await chat.send(id, Draft(text="where?"), parent_id=999)


async def test_what_belongs_elsewhere_cannot_be_answered_here(house: House) -> None:
    chat = house.runtime.conversations
    here, there = (await chat.create()).id, (await chat.create()).id
    prompt = await ask(house, here, "hi", "hello")
    for attempt in (
        lambda: chat.again(there, prompt.id),
        lambda: chat.edit(there, prompt.id, Draft(text="x")),
        lambda: chat.go_on(there, prompt.id),
        lambda: chat.switch(there, prompt.id),
        lambda: chat.details(there, prompt.id),
        lambda: chat.branch(there, prompt.id),
        lambda: chat.fork(there, prompt.id),
        lambda: chat.delete_branch(there, prompt.id),
    ):
        with pytest.raises(errors.NotFound):
            await attempt()


async def test_a_deleted_branch_comes_back(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    prompt = await ask(house, id, "hi", "one", "two")
    before = await chat.transcript(id)
    gone = await chat.delete_branch(id, before.messages[-1].id)
    assert texts(await chat.transcript(id)) == ["hi", "one"]
    all_gone = await chat.delete_branch(id, prompt.id)
    assert (await chat.transcript(id)).messages == ()
    assert await chat.search("one") == []
    assert await chat.restore_branch(id) == all_gone
    assert await chat.restore_branch(id, gone.id) == gone
    assert await chat.transcript(id) == before
    with pytest.raises(errors.NotFound, match="nothing to bring back"):
        await chat.restore_branch(id)


async def test_a_path_becomes_a_session_of_its_own(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create(system="Be brief.")).id
    await ask(house, id, "hi", "one")
    first = (await chat.path(id))[-1]
    await ask(house, id, "and?", "so")
    made = await chat.fork(id, first.id)
    assert (made.title, made.system, made.cost_pico) == ("hi (fork)", "Be brief.", 0)
    house.server.script(say("other"))
    await whole(await chat.send(made.id, Draft(text="instead?")))
    assert texts(await chat.transcript(made.id)) == ["hi", "one", "instead?", "other"]
    assert texts(await chat.transcript(id)) == ["hi", "one", "and?", "so"]
    copy = await chat.duplicate(id)
    assert texts(await chat.transcript(copy.id)) == ["hi", "one", "and?", "so"]


async def test_details_tell_all_that_is_known(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    prompt = await ask(house, id, "hi", "one", "two")
    answer = (await chat.path(id))[-1]
    found = await chat.details(id, answer.id)
    assert (found.message, found.usage, found.cost) == (answer, answer.usage, answer.cost)
    assert (found.message.key_label, found.message.generation_id) == ("work", house.server.chats[1].generation_id)
    assert found.branch is not None
    assert (await chat.details(id, prompt.id)).branch is None


async def test_details_know_what_the_server_said_later(house: House) -> None:
    from orchat.domain.money import Cost, Usage

    chat = house.runtime.conversations
    id = (await chat.create()).id
    house.server.script(cut_after(9, text="Once upon a time"))
    with pytest.raises(errors.StreamInterrupted):
        await whole(await chat.send(id, Draft(text="hi")))
    answer = (await chat.path(id))[-1]
    assert (await chat.details(id, answer.id)).cost.source == "estimated"
    (entry,) = await house.entries()
    later = Cost(pico=77, source="reported")
    await house.runtime.parts.db.write(ledger.reprice, entry.id, Usage(prompt_tokens=5), later)
    found = await chat.details(id, answer.id)
    assert found.cost == later
    assert found.usage is not None
    assert found.usage.prompt_tokens == 5


# ---- two windows ----


async def test_two_windows_see_each_other_and_overwrite_nothing(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as left, make_runtime(server, clock) as right:
        await left.start()
        await right.start()
        one, two = left.conversations, right.conversations
        id = (await one.create()).id
        server.script(say("hello"))
        await whole(await one.send(id, Draft(text="hi")))
        shown = await two.transcript(id)
        watch = two.watch(shown)
        assert not await watch.changed()
        version = await right.parts.db.read(tree.version)
        await two.pin(id, False)
        assert not await watch.changed()
        assert await right.parts.db.read(tree.version) == version

        go = asyncio.Event()
        server.script(stall(stage="body", text="from the left", chars=4, until=go), say("from the right"))
        mine = await one.send(id, Draft(text="left"))
        async with mine:
            async for event in mine:
                if isinstance(event, TextDelta):
                    break
            assert await watch.changed()
            await whole(await two.send(id, Draft(text="right")))
            watch.seen(await two.transcript(id))
            go.set()
            while await mine.batch():
                pass

        assert await watch.changed()
        for chat in (one, two):
            assert texts(await chat.transcript(id)) == ["hi", "hello", "right", "from the right"]
            theirs = await chat.transcript(id, through=mine.answer_id)
            assert texts(theirs) == ["hi", "hello", "left", "from the left"]
            assert theirs.branches[mine.prompt.id].number == 1
        await one.delete_branch(id, mine.prompt.id)
        assert await watch.changed()
        await one.create()
        assert not await watch.changed()
        assert texts(await two.transcript(id, through=mine.answer_id)) == ["hi", "hello", "right", "from the right"]


async def test_a_session_deleted_in_the_other_window_says_how_to_bring_it_back(
    server: DemoServer, clock: FakeClock
) -> None:
    async with make_runtime(server, clock) as left, make_runtime(server, clock) as right:
        await left.start()
        await right.start()
        id = (await left.conversations.create()).id
        await right.conversations.delete(id)
        with pytest.raises(errors.NotFound) as caught:
            await left.conversations.send(id, Draft(text="still there?"))
        assert caught.value.hint == f"Bring it back: orchat sessions undelete {id}"
        await left.conversations.undelete(id)
        assert (await right.conversations.get(id)).id == id


async def test_two_prompts_at_the_very_beginning_are_two_branches(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as left, make_runtime(server, clock) as right:
        await left.start()
        await right.start()
        id = (await left.conversations.create()).id
        first = await left.conversations.send(id, Draft(text="left"))
        second = await right.conversations.send(id, Draft(text="right"))
        assert (first.prompt.parent_id, second.prompt.parent_id) == (None, None)
        await first.give_up()
        await second.give_up()
        branch = await left.conversations.branch(id, first.prompt.id)
        assert branch.ids == (first.prompt.id, second.prompt.id)


# ---- any sequence ----

OPERATIONS = st.tuples(
    st.sampled_from(["send", "send", "follow", "edit", "again", "switch", "delete", "undo"]), st.integers(0, 30)
)


class Player:
    """Does to one conversation what a person may do, and knows what has to be there."""

    def __init__(self, chat: Conversations, id: str) -> None:
        self.chat, self.id = chat, id
        self.parents: dict[int, int | None] = {}
        self.prompts: set[int] = set()
        self.deleted: list[tuple[int, dict[int, int | None], tuple[StoredMessage, ...]]] = []

    async def play(self, what: str, choice: int) -> None:
        wanted = sorted(self.prompts & set(self.parents) if what in ("edit", "again") else self.parents)
        node = wanted[choice % len(wanted)] if wanted else None
        if what == "undo":
            await self.undo()
        elif what == "send":
            await self.said(await self.chat.send(self.id, Draft(text="x")))
        elif node is not None:
            await self.play_on(what, node)

    async def play_on(self, what: str, node: int) -> None:
        match what:
            case "follow":
                await self.said(await self.chat.send(self.id, Draft(text="x"), parent_id=node))
            case "edit":
                await self.said(await self.chat.edit(self.id, node, Draft(text="y")))
            case "again":
                await self.said(await self.chat.again(self.id, node))
            case "switch":
                shown = await self.chat.switch(self.id, node)
                assert node in [message.id for message in shown.messages]
            case _:
                await self.delete(node)

    async def said(self, turn: Turn) -> None:
        await turn.give_up()
        self.prompts.add(turn.prompt.id)
        self.parents[turn.prompt.id] = turn.prompt.parent_id
        self.parents[turn.answer_id] = turn.prompt.id
        assert (await self.chat.path(self.id))[-1].id == turn.answer_id

    async def delete(self, node: int) -> None:
        before = await self.chat.path(self.id)
        gone = {node}
        for child in sorted(self.parents):
            if self.parents[child] in gone:
                gone.add(child)
        deletion = await self.chat.delete_branch(self.id, node)
        assert deletion.messages == len(gone)
        self.deleted.append((deletion.id, {id: self.parents.pop(id) for id in sorted(gone)}, before))

    async def undo(self) -> None:
        if not self.deleted:
            return
        number, gone, before = self.deleted.pop()
        restored = await self.chat.restore_branch(self.id)
        assert (restored.id, restored.messages) == (number, len(gone))
        self.parents.update(gone)
        if any(message.id in gone for message in before):
            assert await self.chat.path(self.id) == before

    async def check(self) -> None:
        everything = await self.chat.saved(self.id)
        assert {message.id: message.parent_id for message in everything.messages} == self.parents
        for message in everything.messages:
            branch = await self.chat.branch(self.id, message.id)
            same = [id for id, parent in self.parents.items() if parent == message.parent_id]
            assert sorted(branch.ids) == sorted(same)
            assert branch.ids[branch.number - 1] == message.id
        path = await self.chat.path(self.id)
        assert bool(path) == bool(self.parents)
        assert all(child.parent_id == parent.id for parent, child in pairwise(path))
        assert not path or path[0].parent_id is None


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATIONS, min_size=3, max_size=14))
async def test_no_sequence_of_operations_loses_a_message(house: House, operations: list[tuple[str, int]]) -> None:
    chat = house.runtime.conversations
    player = Player(chat, (await chat.create()).id)
    for what, choice in operations:
        await player.play(what, choice)
    await player.check()
