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
from orchat.errors import NotFound, UsageError
from orchat.store import conversations, deletions, messages, search, tree
from tests.support.clock import START
from tests.support.store import answer, connected


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
        self.deleted: dict[int, tuple[int | None, dict[int, int | None]]] = {}
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
                deletions.delete_branch(self.connection, "c", node, START)
            return multiple()
        gone = self.below(node)
        number = deletions.delete_branch(self.connection, "c", node, START).id
        self.deleted[number] = (
            self.active if self.active in gone else None,
            {id: self.parents.pop(id) for id in sorted(gone)},
        )
        if self.active in gone:
            parent = self.deleted[number][1][node]
            roots = [root for root, above in self.parents.items() if above is None]
            start = parent if parent is not None else max(roots, default=None)
            self.active = None if start is None else max(self.below(start))
        return multiple()

    @rule(target=nodes, data=st.data())
    def restore(self, data: st.DataObject) -> object:
        if not self.deleted:
            return multiple()
        number = data.draw(st.sampled_from(sorted(self.deleted)))
        active, gone = self.deleted[number]
        above = gone[min(gone)]
        if above is not None and above not in self.parents:
            with pytest.raises(UsageError):
                deletions.restore_branch(self.connection, number)
            return multiple()
        assert deletions.restore_branch(self.connection, number).messages == len(gone)
        del self.deleted[number]
        self.parents = dict(sorted({**self.parents, **gone}.items()))
        self.active = active or self.active
        return multiple(*gone)

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
    def every_message_can_be_reached_or_is_deleted(self) -> None:
        rows = self.connection.execute("SELECT id, deletion FROM messages").fetchall()
        gone = {id: number for number, (_, ids) in self.deleted.items() for id in ids}
        assert {row["id"]: row["deletion"] for row in rows} == {**dict.fromkeys(self.parents), **gone}

    @invariant()
    def what_is_final_can_be_found_and_nothing_else(self) -> None:
        self.connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 0)")
        for word in ("question1", "answer"):
            hits = {hit.message_id for hit in search.search(self.connection, word)}
            assert hits == {node for node, text in self.texts.items() if text == word and node in self.parents}

    def teardown(self) -> None:
        self.stack.close()


TestTree = Tree.TestCase
TestTree.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
