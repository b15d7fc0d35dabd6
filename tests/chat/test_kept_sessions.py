"""Sessions are listed, found, renamed, exported and deleted, and their files with them."""

import json

import pytest

from orchat import errors
from orchat.demo.script import cut_after, say
from orchat.domain.conversation import Draft
from orchat.domain.sessions import SessionFilter
from tests.support.house import House
from tests.support.talk import begin, talk

pytestmark = pytest.mark.anyio


async def test_sessions_are_listed_found_renamed_and_deleted(house: House) -> None:
    chat = house.runtime.conversations
    assert await chat.latest() is None
    house.server.script(say("the answer is blue"), say("green"))
    first = await begin(house)
    await talk(house, first, "which colour?")
    house.clock.advance(10)
    second = await begin(house, title="Greens")
    await talk(house, second, "and now?")
    assert [found.id for found in await chat.list()] == [second, first]
    latest = await chat.latest()
    assert latest is not None
    assert latest.id == second
    assert latest.title == "Greens"
    (hit,) = await chat.search("answer blu")
    assert hit.conversation_id == first
    await chat.rename(first, "  My\n colours ")
    assert (await chat.get(first[:11])).title == "My colours"
    with pytest.raises(errors.UsageError):
        await chat.rename(first, " ")
    await chat.delete(first)
    with pytest.raises(errors.NotFound, match="was deleted"):
        await chat.get(first)
    assert [found.id for found in await chat.list(wanted=SessionFilter(deleted=True))] == [first]
    assert (await chat.undelete(first[:11])).title == "My colours"
    with pytest.raises(errors.NotFound, match="no session"):
        await chat.undelete(second)
    assert (await house.runtime.today()).attempts == 2


async def test_a_session_that_was_deleted_long_ago_goes_with_its_files(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("x"))
    id = await begin(house)
    kept = await chat.attach(b"abc", name="a.txt", mime="text/plain")
    async with await chat.send(id, Draft(text="read", attachments=(kept,))) as turn:
        while await turn.batch():
            pass
    blobs = house.runtime.parts.db.blobs
    assert blobs.has(kept.sha256)
    await chat.delete(id)
    house.clock.advance(29 * 86_400)
    await chat.sweep()
    assert blobs.has(kept.sha256)
    assert (await chat.undelete(id)).messages == 2
    await chat.delete(id)
    house.clock.advance(31 * 86_400)
    await chat.sweep()
    assert not blobs.has(kept.sha256)
    with pytest.raises(errors.NotFound):
        await chat.undelete(id)


async def test_model_and_system_prompt_can_be_changed_between_turns(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("x"))
    id = await begin(house)
    await chat.set_system(id, "Rhyme.")
    await chat.set_model(id, "demo/thinker")
    await talk(house, id, "hi")
    body = house.server.chats[0].body
    assert (body["model"], body["messages"][0]["content"]) == ("demo/thinker", "Rhyme.")


async def test_a_session_is_exported_for_people_and_for_programs(house: House) -> None:
    chat = house.runtime.conversations
    house.server.script(say("one"), cut_after(3, text="two and three"))
    id = await begin(house, system="Be brief.")
    kept = await chat.attach(b"abc", name="a.txt", mime="text/plain")
    async with await chat.send(id, Draft(text="first", attachments=(kept,))) as turn:
        while await turn.batch():
            pass
    with pytest.raises(errors.StreamInterrupted):
        await talk(house, id, "second")
    markdown = await chat.export(id, "md")
    assert markdown.startswith("# first\n")
    for part in ("## System", "Be brief.", "## You", "attached: a.txt", "one", "(cut: ", "$"):
        assert part in markdown
    whole = json.loads(await chat.export(id, "json"))
    assert whole["schema"] == "orchat-conversation-1"
    assert [message["reply"]["text"] for message in whole["messages"]] == ["first", "one", "second", "two"]
    assert whole["messages"][1]["cost_usd"].startswith("0.0")
    assert whole["files"] == {kept.sha256: "YWJj"}
    with pytest.raises(errors.UsageError, match="no such format"):
        await chat.export(id, "docx")


async def test_a_session_without_a_system_prompt_is_exported_without_one(house: House) -> None:
    house.server.script(say("one"))
    id = await begin(house)
    await talk(house, id, "hi")
    assert "System" not in await house.runtime.conversations.export(id, "md")


async def test_the_bytes_of_an_attachment_can_be_had_again(house: House) -> None:
    chat = house.runtime.conversations
    kept = await chat.attach(b"abc", name="a.txt", mime="text/plain")
    made = await chat.create()
    assert await chat.file(made.id, kept.sha256) == b"abc"
    aside = await chat.attach_temporary(b"xyz", name="b.txt", mime="text/plain")
    temporary = await chat.create_temporary()
    assert await chat.file(temporary.id, aside.sha256) == b"xyz"
    with pytest.raises(errors.NotFound):
        await chat.file(made.id, aside.sha256)
