"""An answer that stopped goes on."""

from __future__ import annotations

from typing import Any

import pytest

from orchat import errors
from orchat.chat.books import Wish
from orchat.chat.continuing import GO_ON, joined
from orchat.demo.script import cut_after, fault, say, stall
from orchat.domain.conversation import Draft
from orchat.domain.events import Event, Retrying, TextDelta
from tests.support.house import House
from tests.support.talk import ask, whole

pytestmark = pytest.mark.anyio


async def stopped(house: House, text: str = "Once upon a ", chars: int = 12, model: str = "demo/writer") -> str:
    """A session whose only answer was stopped after some characters."""
    chat = house.runtime.conversations
    id = (await chat.create(model=model)).id
    house.server.script(stall(stage="body", text=f"{text}time", chars=chars))
    turn = await chat.send(id, Draft(text="tell"))
    async with turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break
    return id


def said(house: House) -> list[tuple[str, Any]]:
    return [(message["role"], message["content"]) for message in house.server.chats[-1].body["messages"]]


async def test_a_stopped_answer_goes_on_in_a_new_one(house: House) -> None:
    chat = house.runtime.conversations
    id = await stopped(house)
    old = (await chat.path(id))[-1]
    assert (old.state, old.text) == ("stopped", "Once upon a ")
    house.server.script(say(" time, there was"))
    turn = await chat.go_on(id, old.id)
    assert turn.before == old
    new = await whole(turn)
    assert said(house) == [("user", "tell"), ("assistant", "Once upon a")]
    assert (new.text, new.state, new.continues) == ("Once upon a time, there was", "done", old.id)
    shown = await chat.transcript(id)
    assert shown.messages[-1] == new
    assert shown.branches == {}
    assert (await chat.details(id, old.id)).message == old
    await chat.delete_branch(id, new.id)
    assert (await chat.path(id))[-1] == old


async def test_a_model_that_refuses_is_asked_in_words(house: House) -> None:
    chat = house.runtime.conversations
    id = await stopped(house)
    old = (await chat.path(id))[-1]
    house.server.script(fault("422"), say("time"))
    turn = await chat.go_on(id, old.id, Wish(model="demo/thinker"))
    events: list[Event] = []
    async with turn:
        async for event in turn:
            events.append(event)
    assert [type(event) for event in events].count(Retrying) == 1
    assert said(house) == [("user", "tell"), ("assistant", "Once upon a"), ("user", GO_ON)]
    assert turn.answer is not None
    assert turn.answer.text == "Once upon a time"
    assert house.server.chats[-1].body["model"] == "demo/thinker"


async def test_a_model_that_would_begin_anew_is_asked_in_words_at_once(house: House) -> None:
    chat = house.runtime.conversations
    id = await stopped(house)
    old = (await chat.path(id))[-1]
    house.server.script(say("time"))
    await whole(await chat.go_on(id, old.id, Wish(model="openai/gpt-5")))
    assert said(house)[-1] == ("user", GO_ON)


async def test_going_on_may_stop_again_and_keeps_everything(house: House) -> None:
    chat = house.runtime.conversations
    id = await stopped(house)
    first = (await chat.path(id))[-1]
    house.server.script(cut_after(5, text="time there was"))
    with pytest.raises(errors.StreamInterrupted):
        await whole(await chat.go_on(id, first.id))
    second = (await chat.path(id))[-1]
    assert (second.state, second.text) == ("cut", "Once upon a time ")
    house.server.script(fault("401-bad-key"))
    with pytest.raises(errors.KeyRejected):
        await whole(await chat.go_on(id, second.id))
    third = (await chat.path(id))[-1]
    assert (third.state, third.text, third.continues) == ("failed", second.text, second.id)


async def test_only_what_stopped_can_go_on(house: House) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    prompt = await ask(house, id, "hi", "whole")
    house.server.script(say("too lo", finish="length"), say("ng"), fault("401-bad-key"))
    with pytest.raises(errors.UsageError, match="complete"):
        await chat.go_on(id, (await chat.path(id))[-1].id)
    with pytest.raises(errors.UsageError, match="only an answer"):
        await chat.go_on(id, prompt.id)
    long = await whole(await chat.again(id, prompt.id))
    assert (await whole(await chat.go_on(id, long.id))).text == "too long"
    with pytest.raises(errors.KeyRejected):
        await whole(await chat.again(id, prompt.id))
    with pytest.raises(errors.UsageError, match="no text"):
        await chat.go_on(id, (await chat.path(id))[-1].id)


@pytest.mark.parametrize(
    ("before", "more", "whole"),
    [
        ("Once", " upon", "Once upon"),
        ("Once ", " upon", "Once upon"),
        ("Line\n\n", "\nNext", "Line\n\nNext"),
        ("Line", "\nNext", "Line\nNext"),
        ("x" * 20, "x" * 20 + "y", "x" * 20 + "y"),
        ("ha", "haha", "hahaha"),
        ("", "new", "new"),
    ],
)
def test_the_seam_of_two_parts(before: str, more: str, whole: str) -> None:
    assert joined(before, more) == whole
