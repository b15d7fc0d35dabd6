"""Whatever is added, branched and deleted: every path leads from a root to its leaf."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from orchat.domain.fold import Reply
from orchat.errors import NotFound
from orchat.store import conversations, messages, search, tree
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import answer, connected


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
    for ask in (tree.get_message, tree.newest_leaf, tree.delete_branch):
        with pytest.raises(NotFound, match="no message 99"):
            ask(talk, 99)


def test_deleting_the_branch_that_is_shown_shows_its_neighbour(talk: Connection) -> None:
    tree.delete_branch(talk, 4)
    assert ids(talk) == [1, 2, 3]
    tree.delete_branch(talk, 2)
    assert ids(talk) == [1]


def test_deleting_another_branch_changes_nothing_that_is_shown(talk: Connection) -> None:
    tree.delete_branch(talk, 2)
    assert ids(talk) == [1, 4]


def test_deleting_a_root_shows_the_newest_other_root(talk: Connection) -> None:
    messages.add_prompt(talk, "c", None, "edited question")
    assert tree.siblings(talk, 1) == (1, 5)
    tree.delete_branch(talk, 5)
    assert ids(talk) == [1, 4]
    tree.delete_branch(talk, 1)
    assert ids(talk) == []


def test_numbers_of_deleted_messages_do_not_come_back(talk: Connection) -> None:
    tree.delete_branch(talk, 4)
    assert messages.add_prompt(talk, "c", None, "again").id == 5


def test_an_export_has_every_parent_before_its_children(talk: Connection) -> None:
    assert [(message.id, message.parent_id) for message in tree.all_messages(talk, "c")] == [
        (1, None),
        (2, 1),
        (3, 2),
        (4, 1),
    ]


class Tree(RuleBasedStateMachine):
    """Plays with one conversation beside a model of it."""

    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.connection = self.stack.enter_context(connected(Path(folder)))
        self.parents: dict[int, int | None] = {}
        self.texts: dict[int, str] = {}
        self.active: int | None = None

    @initialize()
    def begin(self) -> None:
        conversations.create(self.connection, "c", START)

    def alive(self, node: int | None) -> int | None:
        return node if node in self.parents else None

    def below(self, node: int) -> set[int]:
        found = {node}
        for child in sorted(self.parents):
            if self.parents[child] in found:
                found.add(child)
        return found

    @rule(target=nodes, parent=st.none() | nodes, number=st.integers(0, 3))
    def ask(self, parent: int | None, number: int) -> int:
        parent = self.alive(parent)
        id = messages.add_prompt(self.connection, "c", parent, f"question{number}").id
        self.parents[id], self.texts[id], self.active = parent, f"question{number}", id
        return id

    @rule(target=nodes, parent=nodes, whole=st.booleans())
    def reply(self, parent: int, whole: bool) -> int:
        id = messages.begin_answer(self.connection, "c", self.alive(parent))
        self.parents[id], self.active = self.alive(parent), id
        if whole:
            messages.finish_answer(self.connection, answer(id, Reply(text="answer")))
            self.texts[id] = "answer"
        return id

    @rule(target=nodes, node=consumes(nodes))
    def delete(self, node: int) -> object:
        if node not in self.parents:
            with pytest.raises(NotFound):
                tree.delete_branch(self.connection, node)
            return multiple()
        tree.delete_branch(self.connection, node)
        parent = self.parents[node]
        for gone in self.below(node):
            del self.parents[gone]
            self.texts.pop(gone, None)
        if self.active not in self.parents:
            roots = [root for root, above in self.parents.items() if above is None]
            start = parent if parent is not None else max(roots, default=None)
            self.active = None if start is None else max(self.below(start))
        return multiple()

    @rule(node=nodes, deep=st.booleans())
    def choose(self, node: int, deep: bool) -> None:
        if node in self.parents:
            self.active = tree.newest_leaf(self.connection, node) if deep else node
            tree.set_active_leaf(self.connection, "c", self.active)

    @invariant()
    def the_active_path_leads_to_its_root(self) -> None:
        expected: list[int] = []
        node = self.active
        while node is not None:
            expected.insert(0, node)
            node = self.parents[node]
        path = tree.path(self.connection, "c") if self.parents else ()
        assert [message.id for message in path] == expected
        assert all(message.parent_id == self.parents[message.id] for message in path)

    @invariant()
    def branches_are_as_they_were_made(self) -> None:
        kept = tree.all_messages(self.connection, "c") if self.parents else ()
        assert {message.id: message.parent_id for message in kept} == self.parents
        for node, parent in self.parents.items():
            same = tuple(sorted(other for other, above in self.parents.items() if above == parent))
            assert tree.siblings(self.connection, node) == same
            assert tree.newest_leaf(self.connection, node) == max(self.below(node))

    @invariant()
    def what_is_final_can_be_found_and_nothing_else(self) -> None:
        self.connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 0)")
        for word in ("question1", "answer"):
            hits = {hit.message_id for hit in search.search(self.connection, word)}
            assert hits == {node for node, text in self.texts.items() if text == word}

    def teardown(self) -> None:
        self.stack.close()


TestTree = Tree.TestCase
TestTree.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
