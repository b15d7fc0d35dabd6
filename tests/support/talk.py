"""Conversations in tests: a few words said and answered."""

from __future__ import annotations

from orchat.chat.books import Wish
from orchat.chat.turn import Turn
from orchat.demo.script import say
from orchat.domain.conversation import Draft, StoredMessage
from orchat.domain.events import Event
from orchat.domain.sessions import Transcript
from tests.support.house import House


async def whole(turn: Turn) -> StoredMessage:
    """Read a turn to its end; its answer."""
    async with turn:
        while await turn.batch():
            pass
    assert turn.answer is not None
    return turn.answer


async def ask(house: House, id: str, text: str, *replies: str) -> StoredMessage:
    """Ask once, and again for every further reply; returns the prompt."""
    chat = house.runtime.conversations
    house.server.script(*(say(reply) for reply in replies))
    turn = await chat.send(id, Draft(text=text))
    await whole(turn)
    for _ in replies[1:]:
        await whole(await chat.again(id, turn.prompt.id))
    return turn.prompt


def texts(transcript: Transcript) -> list[str]:
    """What is shown."""
    return [message.text for message in transcript.messages]


async def talk(house: House, conversation_id: str, text: str, **wish: object) -> list[Event]:
    """Ask and read every event of the answer."""
    turn = await house.runtime.conversations.send(conversation_id, Draft(text=text), Wish(**wish))  # type: ignore[arg-type]  # passed on
    async with turn:
        return [event async for event in turn]


async def begin(house: House, **how: object) -> str:
    """Begin a session; its id."""
    return (await house.runtime.conversations.create(**how)).id  # type: ignore[arg-type]  # passed on
