"""Conversations are found by what a person remembers of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost
from orchat.domain.request import Provider
from orchat.domain.sessions import SessionFilter
from orchat.errors import NotFound, StoreError
from orchat.store import conversations, copies, deletions, ledger, messages, search, tree
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection
from orchat.store.database import Database
from tests.support.clock import START
from tests.support.store import answer


def test_a_conversation_begins_empty(connection: Connection) -> None:
    made = conversations.create(connection, "c", START, "Title", "model", "Be kind.")
    assert made == conversations.get(connection, "c")
    assert (made.title, made.model, made.system, made.created_at, made.updated_at) == (
        "Title",
        "model",
        "Be kind.",
        START,
        START,
    )
    assert (made.active_leaf, made.messages, made.cost_pico) == (None, 0, 0)
    assert tree.path(connection, "c") == ()


def test_the_one_used_last_comes_first(connection: Connection) -> None:
    assert conversations.latest(connection) is None
    for number, id in enumerate("abc"):
        conversations.create(connection, id, START + number)
    messages.add_prompt(connection, "a", None, "Hello", now=START + 9)
    assert [found.id for found in conversations.list_conversations(connection)] == ["a", "c", "b"]
    assert [found.id for found in conversations.list_conversations(connection, 1, 1)] == ["c"]
    latest = conversations.latest(connection)
    assert latest is not None
    assert latest.id == "a"


def test_a_message_dated_before_the_last_one_does_not_move_the_conversation_back(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    messages.add_prompt(connection, "c", None, "Hello", now=START - 100)
    assert conversations.get(connection, "c").updated_at == START


def test_messages_and_costs_of_every_branch_are_counted(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    prompt = messages.add_prompt(connection, "c", None, "Hello")
    for pico in (7, 5):
        messages.begin_answer(connection, "c", prompt.id)
        attempt = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f", conversation_id="c")
        row = ledger.begin(connection, attempt, "i")
        ledger.settle(connection, row, Settlement(outcome="done", cost=Cost(pico=pico, source="reported")))
    found = conversations.get(connection, "c")
    assert (found.messages, found.cost_pico) == (3, 12)


def test_a_name_that_a_person_gave_is_not_replaced(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    assert conversations.rename(connection, "c", "automatic", manual=False)
    assert conversations.rename(connection, "c", "mine")
    assert not conversations.rename(connection, "c", "automatic again", manual=False)
    assert conversations.get(connection, "c").title == "mine"
    assert conversations.rename(connection, "c", "mine too")
    assert conversations.get(connection, "c").title == "mine too"


def test_model_and_system_prompt_may_change(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    conversations.set_model(connection, "c", "m")
    conversations.set_system(connection, "c", "Be brief.")
    found = conversations.get(connection, "c")
    assert (found.model, found.system) == ("m", "Be brief.")
    conversations.set_model(connection, "c", None)
    assert conversations.get(connection, "c").model is None


def test_parameters_and_persona_are_kept_and_copied(connection: Connection) -> None:
    conversations.create(connection, "c", START, parameters={"seed": 7}, persona="muse")
    assert conversations.get(connection, "c").parameters == {"seed": 7}
    before = tree.state(connection, "c")
    wanted = {"temperature": 0.2, "provider": Provider(zdr=True)}
    conversations.set_parameters(connection, "c", wanted, "pilot")
    assert tree.state(connection, "c") != before, "another window sees it"
    made = copies.duplicate(connection, "c", "d", START)
    assert (made.parameters, made.persona) == (wanted, "pilot")
    conversations.set_parameters(connection, "c", {})
    assert (conversations.get(connection, "c").parameters, conversations.get(connection, "c").persona) == ({}, None)
    with pytest.raises(NotFound):
        conversations.set_parameters(connection, "x", {})


def test_parameters_that_cannot_be_read_do_not_hide_a_session(connection: Connection) -> None:
    conversations.create(connection, "c", START, "Title")
    connection.execute("UPDATE conversations SET parameters = '{broken' WHERE id = 'c'")
    assert (conversations.get(connection, "c").title, conversations.get(connection, "c").parameters) == ("Title", {})


def test_what_is_not_there_is_named(connection: Connection) -> None:
    for attempt in (
        lambda: conversations.get(connection, "x"),
        lambda: conversations.rename(connection, "x", "t"),
        lambda: conversations.set_model(connection, "x", "m"),
        lambda: conversations.set_system(connection, "x", "s"),
        lambda: conversations.delete(connection, "x", START),
        lambda: conversations.restore(connection, "x"),
        lambda: conversations.set_pinned(connection, "x", True),
        lambda: deletions.purge(connection, "x"),
        lambda: copies.duplicate(connection, "x", "y", START),
        lambda: conversations.resolve_id(connection, "x"),
        lambda: conversations.resolve_id(connection, " "),
        lambda: tree.path(connection, "x"),
        lambda: tree.all_messages(connection, "x"),
        lambda: tree.set_active_leaf(connection, "x", None),
    ):
        with pytest.raises(NotFound, match="There is no session") as caught:
            attempt()
        assert caught.value.hint


def test_the_beginning_of_an_id_is_enough(connection: Connection) -> None:
    for id in ("0abc1x", "0abd1x", "0abd1y", "0abd1z", "0abd20"):
        conversations.create(connection, id, START)
    assert conversations.resolve_id(connection, "0abc") == "0abc1x"
    assert conversations.resolve_id(connection, " OAB-CI ") == "0abc1x"
    assert conversations.resolve_id(connection, "0abd1z") == "0abd1z"
    with pytest.raises(NotFound, match="Several sessions begin with '0abd1'") as caught:
        conversations.resolve_id(connection, "0abd1")
    assert caught.value.hint is not None
    assert "…" not in caught.value.hint
    with pytest.raises(NotFound) as caught:
        conversations.resolve_id(connection, "0")
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("…")


@pytest.mark.anyio
async def test_an_id_is_given_once(database: Database) -> None:
    await database.write(conversations.create, "c", START)
    with pytest.raises(StoreError, match="UNIQUE"):
        await database.write(conversations.create, "c", START)


@given(earlier=st.floats(1_704_067_200, 2_800_000_000), gap=st.floats(0.002, 10**8))
def test_ids_sort_by_time(earlier: float, gap: float) -> None:
    first, second = conversations.new_id(earlier), conversations.new_id(earlier + gap)
    assert first < second
    assert len(first) == len(second) == 12
    assert set(first + second) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_ids_of_one_moment_differ_and_no_clock_breaks_them() -> None:
    assert len({conversations.new_id(START) for _ in range(50)}) > 45
    assert conversations.new_id(0).startswith("00000000")
    assert conversations.new_id(1e12).startswith("zzzzzzzz")


def test_deleting_takes_everything_but_the_ledger(connection: Connection) -> None:
    blobs = Blobs.beside(connection.path)
    shared, own = blobs.put(b"shared", "a", "text/plain"), blobs.put(b"own", "b", "text/plain")
    for id in "cd":
        conversations.create(connection, id, START)
    prompt = messages.add_prompt(connection, "c", None, "Needle", (shared, own))
    messages.begin_answer(connection, "c", prompt.id)
    messages.add_prompt(connection, "d", None, "Needle", (shared,))
    ledger.begin(
        connection,
        Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f", conversation_id="c"),
        "i",
    )

    conversations.delete(connection, "c", START)
    assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] == 3
    assert deletions.sweep(connection, START + 1) == (own.sha256,)
    assert [found.id for found in conversations.list_conversations(connection)] == ["d"]
    assert [hit.conversation_id for hit in search.search(connection, "needle")] == ["d"]
    assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] == 1
    assert connection.execute("SELECT count(*) FROM attachments").fetchone()[0] == 1
    assert ledger.totals_of_conversation(connection, "c").attempts == 1


def test_a_conversation_of_many_thousand_turns_can_be_read_and_deleted(connection: Connection) -> None:
    """SQLite's own cascade gives up at 1,000."""
    conversations.create(connection, "c", START)
    connection.execute("BEGIN")
    parent = None
    for number in range(3000):
        parent = messages.begin_answer(connection, "c", parent)
        messages.checkpoint_answer(connection, parent, str(number))
    connection.execute("COMMIT")
    assert len(tree.path(connection, "c")) == 3000
    assert tree.newest_leaf(connection, 1) == 3000
    messages.finish_answer(connection, answer(3000))
    assert deletions.purge(connection, "c") == ()
    assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] == 0


def test_a_deleted_conversation_comes_back_as_it_was(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    messages.add_prompt(connection, "c", None, "Needle")
    before = conversations.get(connection, "c")
    conversations.delete(connection, "c", START + 1)
    assert conversations.list_conversations(connection) == []
    assert conversations.latest(connection) is None
    assert search.search(connection, "needle") == []
    for attempt in (
        lambda: conversations.get(connection, "c"),
        lambda: conversations.delete(connection, "c", START),
        lambda: conversations.rename(connection, "c", "t"),
        lambda: conversations.set_model(connection, "c", "m"),
        lambda: conversations.resolve_id(connection, "c"),
        lambda: messages.add_prompt(connection, "c", None, "more"),
        lambda: tree.path(connection, "c"),
    ):
        with pytest.raises(NotFound, match="was deleted") as caught:
            attempt()
        assert caught.value.hint == "Bring it back: orchat sessions undelete c"
    (gone,) = conversations.list_conversations(connection, wanted=SessionFilter(deleted=True))
    assert gone.deleted_at == START + 1
    assert conversations.resolve_id(connection, "c", deleted=True) == "c"
    assert conversations.restore(connection, "c") == conversations.restore(connection, "c") == before
    assert len(search.search(connection, "needle")) == 1
    with pytest.raises(NotFound, match="no session"):
        conversations.resolve_id(connection, "c", deleted=True)


def test_a_sweep_takes_only_what_was_deleted_long_ago(connection: Connection) -> None:
    for number, id in enumerate("abc"):
        conversations.create(connection, id, START)
        if id != "c":
            conversations.delete(connection, id, START + number)
    assert deletions.sweep(connection, START + 1) == ()
    left = connection.execute("SELECT id FROM conversations ORDER BY id").fetchall()
    assert [row["id"] for row in left] == ["b", "c"]


def test_what_is_pinned_stands_first_but_is_not_the_latest(connection: Connection) -> None:
    for number, id in enumerate("abc"):
        conversations.create(connection, id, START + number)
    conversations.set_pinned(connection, "a", True)
    assert [found.id for found in conversations.list_conversations(connection)] == ["a", "c", "b"]
    latest = conversations.latest(connection)
    assert latest is not None
    assert (latest.id, latest.pinned) == ("c", False)
    assert conversations.get(connection, "a").pinned
    conversations.set_pinned(connection, "a", False)
    assert [found.id for found in conversations.list_conversations(connection)] == ["c", "b", "a"]


def test_the_models_that_answered_are_named(connection: Connection) -> None:
    conversations.create(connection, "c", START, model="chosen")
    prompt = messages.add_prompt(connection, "c", None, "Hello").id
    for model in ("b/two", "a/one", "b/two"):
        messages.begin_answer(connection, "c", prompt, model)
    assert conversations.get(connection, "c").models == ("a/one", "b/two")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (SessionFilter(), "cba"),
        (SessionFilter(title="überra"), "b"),
        (SessionFilter(title="ÜBER 50%"), "b"),
        (SessionFilter(title="50_"), ""),
        (SessionFilter(model="OAK"), "a"),
        (SessionFilter(model="o_k"), ""),
        (SessionFilter(after=START + 1), "cb"),
        (SessionFilter(before=START + 1), "a"),
        (SessionFilter(after=START + 1, before=START + 2), "b"),
        (SessionFilter(pinned=True), "c"),
        (SessionFilter(deleted=True), "d"),
    ],
)
def test_some_of_all_can_be_listed(connection: Connection, wanted: SessionFilter, ids: str) -> None:
    for number, (id, title) in enumerate({"a": "One", "b": "Überraschung 50%", "c": "", "d": "Gone"}.items()):
        conversations.create(connection, id, START + number, title)
    messages.begin_answer(connection, "a", messages.add_prompt(connection, "a", None, "x", now=START).id, "an/oak")
    conversations.set_pinned(connection, "c", True)
    conversations.delete(connection, "d", START)
    assert "".join(found.id for found in conversations.list_conversations(connection, wanted=wanted)) == ids


def test_what_conversations_are_called_is_known_of_deleted_ones_too(connection: Connection) -> None:
    for id, title in (("a", "One"), ("b", "Two")):
        conversations.create(connection, id, START, title)
    conversations.delete(connection, "b", START)
    assert conversations.titles(connection, ["a", "b", "never"]) == {"a": "One", "b": "Two"}
    assert conversations.titles(connection, []) == {}
