from collections.abc import AsyncGenerator

import pytest

from orchat.domain.content import ImagePart, Message, TextPart, message
from orchat.domain.conversation import StoredMessage
from orchat.domain.events import Event, TextDelta
from orchat.domain.fold import Reply
from orchat.domain.stream import EventStream

pytestmark = pytest.mark.anyio


def delta(text: str) -> TextDelta:
    return TextDelta(text=text)


class Source:
    """Batches, and whether they were closed."""

    def __init__(self, *batches: list[Event]) -> None:
        self.batches = batches
        self.closed = False

    async def generate(self) -> AsyncGenerator[list[Event], None]:
        try:
            for batch in self.batches:
                yield batch
        finally:
            self.closed = True


async def test_events_come_one_by_one_from_batches() -> None:
    source = Source([delta("a"), delta("b")], [delta("c")])
    async with EventStream(source.generate()) as stream:
        texts = [event.text async for event in stream if isinstance(event, TextDelta)]
    assert texts == ["a", "b", "c"]


async def test_a_batch_is_what_was_not_handed_out_yet() -> None:
    async with EventStream(Source([delta("a"), delta("b"), delta("c")], [delta("d")]).generate()) as stream:
        assert await stream.__anext__() == delta("a")
        assert await stream.batch() == [delta("b"), delta("c")]
        assert await stream.batch() == [delta("d")]
        assert await stream.batch() == []


async def test_leaving_early_closes_the_source() -> None:
    source = Source([delta("a")], [delta("b")])
    async with EventStream(source.generate()) as stream:
        async for _ in stream:
            break
    assert source.closed


def test_a_message_puts_text_before_pictures() -> None:
    picture = ImagePart(url="https://example.org/a.png")
    made = message("user", "look", picture)
    assert made.content == (TextPart(text="look"), picture)
    assert made.text == "look"


def test_a_message_without_text_has_no_empty_part() -> None:
    picture = ImagePart(url="https://example.org/a.png")
    assert message("user", "", picture).content == (picture,)
    assert Message(role="assistant").text == ""


def test_a_stored_message_says_its_text() -> None:
    stored = StoredMessage(id=1, conversation_id="c", parent_id=None, role="user", reply=Reply(text="hi"))
    assert stored.text == "hi"
