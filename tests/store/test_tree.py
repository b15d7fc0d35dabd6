"""Branches are chosen, deleted and brought back; each path leads from a root to its leaf."""

from __future__ import annotations

import pytest

from orchat.domain.fold import Reply
from orchat.errors import NotFound, UsageError
from orchat.store import conversations, deletions, messages, search, tree
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import answer


@pytest.fixture
def talk(connection: Connection) -> Connection:
    """A conversation: a question (1) with two answers (2, 4), the first one followed by another question (3)."""
    conversations.create(connection, "c", START)
    messages.add_prompt(connection, "c", None, "question")
    messages.begin_answer(connection, "c", 1)
    messages.add_prompt(connection, "c", 2, "more")
    messages.begin_answer(connection, "c", 1)
    return connection


def ids(connection: Connection, leaf: int | None = None) -> list[int]:
    return [message.id for message in tree.path(connection, "c", leaf)]


def test_the_newest_message_leads(talk: Connection) -> None:
    assert ids(talk) == [1, 4]


def test_any_path_can_be_read(talk: Connection) -> None:
    assert ids(talk, 3) == [1, 2, 3]
    assert ids(talk, 2) == [1, 2]


def test_branches_know_each_other(talk: Connection) -> None:
    assert tree.children(talk, 1) == (2, 4)
    assert tree.children(talk, 4) == ()
    assert tree.siblings(talk, 2) == tree.siblings(talk, 4) == (2, 4)
    assert tree.siblings(talk, 1) == (1,)
    assert (tree.siblings(talk, 99), tree.children(talk, 99)) == ((), ())


def test_a_branch_can_be_chosen(talk: Connection) -> None:
    tree.set_active_leaf(talk, "c", tree.newest_leaf(talk, 2))
    assert ids(talk) == [1, 2, 3]
    tree.set_active_leaf(talk, "c", 2)
    assert ids(talk) == [1, 2]
    tree.set_active_leaf(talk, "c", None)
    assert ids(talk) == []


def test_a_message_of_another_conversation_is_not_found(talk: Connection) -> None:
    conversations.create(talk, "d", START)
    other = messages.add_prompt(talk, "d", None, "elsewhere")
    for leaf in (other.id, 99):
        with pytest.raises(NotFound):
            tree.path(talk, "c", leaf)
        with pytest.raises(NotFound):
            tree.set_active_leaf(talk, "c", leaf)
    for ask in (tree.get_message, tree.newest_leaf):
        with pytest.raises(NotFound, match="no message 99"):
            ask(talk, 99)
    with pytest.raises(NotFound, match=f"no message {other.id}"):
        tree.get_message(talk, other.id, "c")
    with pytest.raises(NotFound, match=f"no message {other.id}"):
        deletions.delete_branch(talk, "c", other.id, START)
    with pytest.raises(NotFound, match=f"no message {other.id}"):
        messages.add_prompt(talk, "c", other.id, "here")


def test_deleting_the_branch_that_is_shown_shows_its_neighbour(talk: Connection) -> None:
    deletions.delete_branch(talk, "c", 4, START)
    assert ids(talk) == [1, 2, 3]
    deletions.delete_branch(talk, "c", 2, START)
    assert ids(talk) == [1]


def test_deleting_another_branch_changes_nothing_that_is_shown(talk: Connection) -> None:
    deletions.delete_branch(talk, "c", 2, START)
    assert ids(talk) == [1, 4]


def test_deleting_a_root_shows_the_newest_other_root(talk: Connection) -> None:
    messages.add_prompt(talk, "c", None, "edited question")
    assert tree.siblings(talk, 1) == (1, 5)
    deletions.delete_branch(talk, "c", 5, START)
    assert ids(talk) == [1, 4]
    deletions.delete_branch(talk, "c", 1, START)
    assert ids(talk) == []


def test_a_branch_comes_back_as_it_was(talk: Connection) -> None:
    gone = deletions.delete_branch(talk, "c", 4, START)
    assert (gone.conversation_id, gone.root, gone.messages) == ("c", 4, 1)
    assert deletions.last_deletion(talk, "c") == gone.id
    assert deletions.restore_branch(talk, gone.id) == gone
    assert ids(talk) == [1, 4]
    assert tree.siblings(talk, 2) == (2, 4)
    assert deletions.last_deletion(talk, "c") is None
    with pytest.raises(NotFound, match="nothing to bring back"):
        deletions.restore_branch(talk, gone.id)


def test_a_branch_that_was_not_shown_comes_back_without_being_shown(talk: Connection) -> None:
    gone = deletions.delete_branch(talk, "c", 2, START)
    assert gone.messages == 2
    deletions.restore_branch(talk, gone.id)
    assert ids(talk) == [1, 4]
    assert ids(talk, 3) == [1, 2, 3]


def test_what_was_deleted_first_waits_for_what_it_hangs_from(talk: Connection) -> None:
    first = deletions.delete_branch(talk, "c", 3, START)
    second = deletions.delete_branch(talk, "c", 2, START)
    with pytest.raises(UsageError, match="hangs from"):
        deletions.restore_branch(talk, first.id)
    deletions.restore_branch(talk, second.id)
    assert tree.newest_leaf(talk, 2) == 2
    deletions.restore_branch(talk, first.id)
    assert tree.newest_leaf(talk, 2) == 3


def test_nothing_can_be_said_after_what_is_deleted(talk: Connection) -> None:
    deletions.delete_branch(talk, "c", 2, START)
    for parent in (2, 3, 99):
        with pytest.raises(NotFound):
            messages.add_prompt(talk, "c", parent, "hello?")
    for ask in (tree.get_message, tree.newest_leaf):
        with pytest.raises(NotFound):
            ask(talk, 3)
    with pytest.raises(NotFound):
        deletions.delete_branch(talk, "c", 3, START)


def test_an_answer_that_arrives_on_a_deleted_branch_is_there_when_it_comes_back(talk: Connection) -> None:
    gone = deletions.delete_branch(talk, "c", 4, START)
    assert messages.finish_answer(talk, answer(4, Reply(text="late"))).text == "late"
    assert search.search(talk, "late") == []
    deletions.restore_branch(talk, gone.id)
    assert [hit.message_id for hit in search.search(talk, "late")] == [4]


def test_what_was_deleted_long_ago_goes_for_good(talk: Connection) -> None:
    messages.finish_answer(talk, answer(4, Reply(text="needle")))
    old = deletions.delete_branch(talk, "c", 3, START)
    deletions.delete_branch(talk, "c", 4, START + 10)
    deletions.sweep(talk, START + 5)
    assert talk.execute("SELECT count(*) FROM messages").fetchone()[0] == 3
    with pytest.raises(NotFound, match="nothing to bring back"):
        deletions.restore_branch(talk, old.id)
    deletions.sweep(talk, START + 11)
    assert talk.execute("SELECT count(*) FROM messages").fetchone()[0] == 2
    talk.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 0)")
    assert talk.execute("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'needle'").fetchone()[0] == 0


def test_a_clock_that_goes_back_never_parts_a_message_from_what_it_hangs_from(talk: Connection) -> None:
    deletions.delete_branch(talk, "c", 3, START + 10)
    deletions.delete_branch(talk, "c", 2, START)
    deletions.sweep(talk, START + 5)
    assert talk.execute("SELECT count(*) FROM messages").fetchone()[0] == 2
    deletions.sweep(talk, START + 50)
    assert talk.execute("SELECT count(*) FROM deletions").fetchone()[0] == 0


def test_branches_tell_their_place(talk: Connection) -> None:
    found = tree.branches(talk, [1, 2, 3, 4])
    assert sorted(found) == [2, 4]
    assert (found[2].ids, found[2].number, found[2].before, found[2].after) == ((2, 4), 1, None, 4)
    assert (found[4].ids, found[4].number, found[4].before, found[4].after) == ((2, 4), 2, 2, None)


def test_switching_shows_the_newest_message_of_a_branch(talk: Connection) -> None:
    assert tree.switch(talk, "c", 2) == 3
    assert ids(talk) == [1, 2, 3]
    with pytest.raises(NotFound):
        tree.switch(talk, "c", 99)
    conversations.create(talk, "d", START)
    with pytest.raises(NotFound):
        tree.switch(talk, "d", 2)
    assert ids(talk) == [1, 2, 3]


def test_an_answer_that_goes_on_takes_the_place_of_the_one_that_stopped(talk: Connection) -> None:
    longer = messages.begin_answer(talk, "c", 1, continues=4)
    assert tree.siblings(talk, longer) == (2, longer)
    assert tree.siblings(talk, 4) == (2, 4, longer)
    assert tree.branches(talk, [longer])[longer].number == 2
    gone = deletions.delete_branch(talk, "c", longer, START)
    assert ids(talk) == [1, 4]
    assert tree.siblings(talk, 2) == (2, 4)
    deletions.restore_branch(talk, gone.id)
    messages.add_prompt(talk, "c", 4, "and what of this?")
    assert tree.siblings(talk, longer) == (2, 4, longer)


def test_the_state_changes_with_everything_that_is_shown(talk: Connection) -> None:
    seen = [tree.state(talk, "c")]
    for change in (
        lambda: messages.checkpoint_answer(talk, 4, "so far"),
        lambda: messages.checkpoint_answer(talk, 4, "so far", "hm"),
        lambda: messages.finish_answer(talk, answer(4)),
        lambda: conversations.rename(talk, "c", "Other"),
        lambda: conversations.set_model(talk, "c", "m"),
        lambda: conversations.set_system(talk, "c", "s"),
        lambda: conversations.set_pinned(talk, "c", True),
        lambda: tree.switch(talk, "c", 2),
        lambda: deletions.delete_branch(talk, "c", 4, START),
        lambda: messages.add_prompt(talk, "c", 3, "more"),
        lambda: conversations.delete(talk, "c", START),
        lambda: deletions.purge(talk, "c"),
    ):
        change()
        seen.append(tree.state(talk, "c"))
    assert len(set(seen)) == len(seen)
    assert seen[-1] == ""


def test_the_state_does_not_change_by_looking_or_by_what_others_say(talk: Connection) -> None:
    before = tree.state(talk, "c")
    conversations.create(talk, "d", START)
    messages.begin_answer(talk, "d", messages.add_prompt(talk, "d", None, "x").id)
    assert tree.state(talk, "c") == before


def test_numbers_of_deleted_messages_do_not_come_back(talk: Connection) -> None:
    deletions.delete_branch(talk, "c", 4, START)
    assert messages.add_prompt(talk, "c", None, "again").id == 5


def test_an_export_has_every_parent_before_its_children(talk: Connection) -> None:
    assert [(message.id, message.parent_id) for message in tree.all_messages(talk, "c")] == [
        (1, None),
        (2, 1),
        (3, 2),
        (4, 1),
    ]


def steps_for_branches(connection: Connection, id: str, turns: int) -> int:
    """How much SQLite does to find the branches on a path, in thousands of its instructions."""
    conversations.create(connection, id, START)
    last = None
    for _ in range(turns):
        last = messages.begin_answer(connection, id, messages.add_prompt(connection, id, last, "question").id)
    path = [message.id for message in tree.path(connection, id)]
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 1_000)
    try:
        tree.branches(connection, path)
    finally:
        connection.set_progress_handler(None, 0)
    return steps


def test_finding_the_branches_of_a_path_twice_as_long_takes_about_twice_as_long(connection: Connection) -> None:
    short, long = (steps_for_branches(connection, f"c{turns}", turns) for turns in (150, 300))
    assert short > 0 and long < 3 * short
