"""Whatever a person types is looked for, and never understood as anything else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.domain.fold import Reply
from orchat.store import conversations, deletions, messages, search
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import answer


@pytest.fixture
def library(connection: Connection) -> Connection:
    conversations.create(connection, "c", START, "Trees")
    for text in ("The oak AND the ash", "Ein schöner Baum: a:b", "NEAR the café - 100 % oaken", "x OR y"):
        messages.add_prompt(connection, "c", None, text, now=START + 1)
    return connection


def found(connection: Connection, text: str) -> list[int]:
    return sorted(hit.message_id for hit in search.search(connection, text))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("oak", [1, 3]),
        ("oak ash", [1]),
        ("ash oak", [1]),
        ("oak the", [1]),
        ("the oa", [1, 3]),
        ("oa the", []),
        ("OAKEN", [3]),
        ("schoner", [2]),
        ("CAFÉ", [3]),
        ("cafe\u0301", [3]),
        ("baum:", [2]),
        ("a:b", [2]),
        ("b:a", []),
        ("AND", [1]),
        ("OR", [4]),
        ("x OR", [4]),
        ("NEAR", [3]),
        ("NOT", []),
        ("100 %", [3]),
        ("text:oak", []),
        ("birch", []),
    ],
)
def test_every_word_counts_and_the_last_may_be_unfinished(library: Connection, text: str, ids: list[int]) -> None:
    assert found(library, text) == ids


HOSTILE = ("", " ", '"', '""', '"oak', "AND", "oak AND", "NEAR(", "NEAR(oak ash, 2)", "-", "- oak", "a:b", "*", "oak*")
MORE = (
    "^oak",
    "(",
    ")",
    "{text}: oak",
    "text:",
    "+",
    "oak + ash",
    "\0",
    "oak\0",
    "'",
    ";",
    "\\",
    "\ud83d",
    "😀",
    "%",
    "_",
)


@pytest.mark.parametrize("text", HOSTILE + MORE)
def test_nothing_that_can_be_typed_is_an_error(library: Connection, text: str) -> None:
    assert isinstance(found(library, text), list)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters() | st.sampled_from('"*:()^-+ANDOR \0'), max_size=20))
def test_no_text_at_all_is_an_error(library: Connection, text: str) -> None:
    search.search(library, text)


def test_a_hit_says_where_it_is_and_marks_the_match(library: Connection) -> None:
    (hit,) = search.search(library, "schon")
    assert (hit.conversation_id, hit.conversation_title, hit.message_id, hit.role, hit.created_at) == (
        "c",
        "Trees",
        2,
        "user",
        START + 1,
    )
    assert hit.snippet == "Ein \x02schöner\x03 Baum: a:b"


def test_a_long_text_is_cut_around_the_match(library: Connection) -> None:
    messages.add_prompt(library, "c", None, "word " * 100 + "needle" + " word" * 100)
    (hit,) = search.search(library, "needle")
    assert "\x02needle\x03" in hit.snippet
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")
    assert len(hit.snippet) < 120


def test_only_so_many_are_returned(library: Connection) -> None:
    assert len(search.search(library, "oak", limit=1)) == 1


def test_an_answer_is_found_once_it_is_final(library: Connection) -> None:
    id = messages.begin_answer(library, "c", 1)
    messages.checkpoint_answer(library, id, "Birches are")
    assert found(library, "birches") == []
    messages.finish_answer(library, answer(id, Reply(text="Birches are white.")))
    assert found(library, "birches") == [id]
    messages.finish_answer(library, answer(id, Reply(text="Poplars are tall.")))
    assert (found(library, "birches"), found(library, "poplars")) == ([], [id])


@pytest.fixture
def forest(connection: Connection) -> Connection:
    """Two sessions: oaks, asked of two models in January, and ashes in March."""
    for id, title, at in (("o", "Oak 100%", 1767225600.0), ("a", "ÄSCHE", 1772323200.0)):
        conversations.create(connection, id, at, title)
        prompt = messages.add_prompt(connection, id, None, f"where does the {id} grow tall", now=at).id
        for model in ("acme/tall_one", "demo/writer"):
            answered = messages.begin_answer(connection, id, prompt, model, now=at + 1)
            messages.finish_answer(connection, answer(answered, Reply(text=f"tall trees of {model}")))
    return connection


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('"tall trees"', [2, 3, 5, 6]),
        ('"trees tall"', []),
        ('"tall tre', [2, 3, 5, 6]),
        ("tre* tall", [2, 3, 5, 6]),
        ("tall model:acme", [1, 2, 4, 5]),
        ("trees model:ACME", [2, 5]),
        ("trees model:tall%one", []),
        ("trees model:acme model:demo", []),
        ("tall after:2026-02", [4, 5, 6]),
        ("tall before:2026-02-01", [1, 2, 3]),
        ("tall after:2026 before:2026-02", [1, 2, 3]),
        ("grow title:oak", [1]),
        ("grow title:100%", [1]),
        ("grow title:äsche", [4]),
        ("grow title:birch", []),
        ("model:writer", [1, 3, 4, 6]),
        ("title:oak", [3]),
        ("after:2026", [3, 6]),
        ("after:2027", []),
        ("model:", []),
    ],
)
def test_conditions_narrow_what_is_found(forest: Connection, text: str, ids: list[int]) -> None:
    assert found(forest, text) == ids


def test_what_is_found_without_a_word_shows_how_it_begins(forest: Connection) -> None:
    messages.add_prompt(forest, "o", None, "word\n" * 100, now=START)
    (long,) = search.search(forest, "title:oak")
    assert long.snippet == "word " * 20 + "…"
    assert search.search(forest, "model:acme")[0].snippet == "tall trees of acme/tall_one"


def test_of_very_many_matches_the_newest_come_first(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "RANKED", 2)
    conversations.create(connection, "c", START)
    for text in ("oak oak oak", "oak and much else that nobody asked for", "birch oak"):
        messages.add_prompt(connection, "c", None, text)
    assert [hit.message_id for hit in search.search(connection, "oak")] == [3, 2, 1]
    assert [hit.message_id for hit in search.search(connection, "o")] == [3, 2, 1]
    assert [hit.message_id for hit in search.search(connection, "oak birch")] == [3]


def test_what_was_deleted_is_not_found_until_it_is_back(forest: Connection) -> None:
    gone = deletions.delete_branch(forest, "o", 2, START)
    conversations.delete(forest, "a", START)
    assert found(forest, "trees") == [3]
    assert found(forest, "model:acme") == []
    deletions.restore_branch(forest, gone.id)
    conversations.restore(forest, "a")
    assert found(forest, "trees") == [2, 3, 5, 6]
