"""Sessions made of sessions, and sessions from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchat.domain.content import ImagePart
from orchat.domain.conversation import Conversation, StoredMessage
from orchat.domain.events import Timing
from orchat.domain.fold import Reply
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.domain.sessions import SavedSession
from orchat.errors import NotFound
from orchat.store import conversations, copies, deletions, ledger, messages, search, tree
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import answer

PICTURE = ImagePart(url="data:image/png;base64,YWJj", name="p.png")


@pytest.fixture
def talk(connection: Connection) -> Connection:
    """A question (1) with a file and two answers (2, 3), the second with a picture and still another question (4)."""
    conversations.create(connection, "c", START, "Trees", "m", "Be kind.")
    file = connection.blobs.put(b"text", "a.txt", "text/plain")
    messages.add_prompt(connection, "c", None, "question", (file,), START)
    for reply in (Reply(text="oak"), Reply(text="ash", reasoning="hm", media=(PICTURE,))):
        id = messages.begin_answer(connection, "c", 1, "m", now=START)
        messages.finish_answer(connection, answer(id, reply))
    messages.add_prompt(connection, "c", 3, "and?", (), START)
    return connection


def plain(message: StoredMessage) -> StoredMessage:
    """What stays the same in a copy."""
    return replace(message, id=0, parent_id=None, conversation_id="")


def test_a_fork_has_the_path_and_nothing_else(talk: Connection) -> None:
    made = copies.fork(talk, "c", 3, "f", START + 9)
    assert (made.title, made.model, made.system, made.messages) == ("Trees (fork)", "m", "Be kind.", 2)
    assert (made.created_at, made.updated_at, made.cost_pico) == (START + 9, START + 9, 0)
    path = tree.path(talk, "f")
    assert [message.text for message in path] == ["question", "ash"]
    assert [plain(message) for message in path] == [plain(message) for message in tree.path(talk, "c", 3)]
    assert {hit.conversation_id for hit in search.search(talk, "ash")} == {"c", "f"}
    with pytest.raises(NotFound):
        copies.fork(talk, "f", 1, "g", START)


def test_a_copy_has_every_branch_that_is_not_deleted(talk: Connection) -> None:
    longer = messages.begin_answer(talk, "c", 1, continues=2)
    deletions.delete_branch(talk, "c", 4, START)
    tree.switch(talk, "c", 2)
    made = copies.duplicate(talk, "c", "d", START + 9)
    assert (made.title, made.messages) == ("Trees (copy)", 4)
    assert [message.text for message in tree.path(talk, "d")] == ["question", "oak"]
    copied = tree.all_messages(talk, "d")
    assert [plain(message) for message in copied[:3]] == [plain(m) for m in tree.all_messages(talk, "c")[:3]]
    assert (copied[3].state, copied[3].continues) == ("stopped", copied[1].id)
    assert messages.finish_answer(talk, answer(longer)).state == "done"


def test_an_empty_session_is_copied_too(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    made = copies.duplicate(connection, "c", "d", START)
    assert (made.title, made.active_leaf, made.messages) == ("", None, 0)


def saved(*told: StoredMessage, **facts: object) -> SavedSession:
    known: dict[str, object] = {"id": "x", "title": "Saved", "created_at": START, "updated_at": START + 5, **facts}
    conversation = Conversation(**known)  # type: ignore[arg-type]  # names and values are right
    return SavedSession(conversation=conversation, messages=told, source="elsewhere:1")


def test_a_session_from_outside_loses_nothing(talk: Connection) -> None:
    whole = StoredMessage(
        id=70,
        conversation_id="x",
        parent_id=7,
        role="assistant",
        reply=Reply(text="beech", reasoning="hm", media=(PICTURE,)),
        state="cut",
        created_at=START + 3,
        model="a/b",
        provider="P",
        generation_id="gen-1",
        finish_reason="stop",
        usage=Usage(prompt_tokens=3, cost_pico=5),
        cost=Cost(pico=5, source="reported"),
        timing=Timing(ttft_ms=1, total_ms=2),
        key_label="k",
        error="it broke",
        hint="mend it",
    )
    whole = replace(whole, attachments=(talk.blobs.put(b"abc", "p.png", "image/png"),))
    prompt = StoredMessage(id=7, conversation_id="x", parent_id=None, role="user", reply=Reply(text="question"))
    more = replace(whole, id=71, continues=70, state="streaming")
    facts = {"active_leaf": 70, "pinned": True, "title_is_manual": True, "cost_pico": 9, "model": "a/b", "system": "S"}
    facts |= {"parameters": {"temperature": 0.2}, "persona": "muse"}
    made = copies.insert(talk, saved(prompt, whole, more, **facts), "n", "hash")
    assert replace(made, active_leaf=None) == Conversation(
        id="n",
        title="Saved",
        created_at=START,
        updated_at=START + 5,
        messages=3,
        models=("a/b",),
        **{**facts, "active_leaf": None},  # type: ignore[arg-type]  # names and values are right
    )
    path = tree.path(talk, "n")
    assert [plain(message) for message in path] == [plain(prompt), plain(whole)]
    last = tree.all_messages(talk, "n")[2]
    assert (last.state, last.continues) == ("cut", path[1].id)
    assert {hit.conversation_id for hit in search.search(talk, "beech")} == {"n"}
    assert copies.of_source(talk, "elsewhere:1") == (("n", "hash", False),)
    conversations.delete(talk, "n", START)
    assert copies.of_source(talk, "elsewhere:1") == (("n", "hash", True),)
    assert copies.of_source(talk, "elsewhere:2") == ()
    assert (copies.is_taken(talk, "n"), copies.is_taken(talk, "x")) == (True, False)


def test_pictures_of_an_answer_from_outside_become_its_files(connection: Connection) -> None:
    told = StoredMessage(id=1, conversation_id="x", parent_id=None, role="assistant", reply=Reply(media=(PICTURE,)))
    copies.insert(connection, saved(told), "n")
    (kept,) = tree.all_messages(connection, "n")
    assert kept.reply.media == (PICTURE,)
    assert [file.name for file in kept.attachments] == ["p.png"]
    assert copies.of_source(connection, "elsewhere:1") == (("n", "", False),)


def test_what_a_session_had_cost_is_not_counted_twice_when_it_comes_home(connection: Connection) -> None:
    attempt = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f", conversation_id="n")
    row = ledger.begin(connection, attempt, "i")
    ledger.settle(connection, row, Settlement(outcome="done", cost=Cost(pico=7, source="reported")))
    assert copies.insert(connection, saved(cost_pico=12), "n").cost_pico == 12
    assert copies.insert(connection, saved(cost_pico=12), "m").cost_pico == 12
