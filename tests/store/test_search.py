"""Whatever a person types is looked for, and never understood as anything else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.domain.fold import Reply
from orchat.store import conversations, messages, search
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
