"""Databases full of sessions, written as quickly as that can be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from orchat.store import conversations, search
from orchat.store.connection import Connection
from tests.support.store import connected

BEGIN = 1_767_225_600.0
_LAST = "UPDATE conversations AS c SET active_leaf = (SELECT max(id) FROM messages WHERE conversation_id = c.id)"
_INSERT = (
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, created_at, model, text)"
    " VALUES (?, ?, ?, ?, 'done', ?, ?, ?)"
)


def vocabulary() -> tuple[list[str], list[float]]:
    """20,000 words, as unequally frequent as those of a language."""
    chance = random.Random(7)
    letters, weights = "etaoinshrdlucmfwypvbgkjqxz", range(26, 0, -1)
    words = ["".join(chance.choices(letters, weights, k=chance.randint(2, 10))) for _ in range(20_000)]
    return words, list(accumulate(1 / (rank + 1) for rank in range(len(words))))


@contextmanager
def library(home: str) -> Iterator[Connection]:
    """The database of a home that has none yet, in a transaction."""
    folder = Path(home, "data")
    folder.mkdir(mode=0o700, parents=True)
    with connected(folder) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute(_LAST)
        connection.execute("COMMIT")


def fill(connection: Connection, messages: int, sessions: int) -> None:
    """Sessions of equally many messages, in a transaction that is open."""
    words, weights = vocabulary()
    chance = random.Random(8)
    for number in range(sessions):
        title = " ".join(chance.choices(words, k=3))
        conversations.create(connection, f"s{number:06}", BEGIN + number, f"{title} {number}")
    first = _next(connection)
    for number in range(messages):
        text = " ".join(chance.choices(words, cum_weights=weights, k=chance.choice((10, 30, 60, 200))))
        role, model = ("assistant", "demo/writer") if number // sessions % 2 else ("user", None)
        parent = first + number - sessions if number >= sessions else None
        values = (first + number, f"s{number % sessions:06}", parent, role, BEGIN + number * 60, model, text)
        connection.execute(_INSERT, values)
    search.add(connection, range(first, first + messages))


def talk(connection: Connection, id: str, title: str, messages: int, last: str) -> None:
    """One session, in a transaction that is open: Markdown of all lengths, and some last words."""
    conversations.create(connection, id, BEGIN, title)
    first = _next(connection)
    for number in range(messages):
        text = last if number == messages - 1 else _said(number)
        role, model = ("assistant", "demo/fast") if number % 2 else ("user", None)
        parent = first + number - 1 if number else None
        connection.execute(_INSERT, (first + number, id, parent, role, BEGIN + number, model, text))


def _said(number: int) -> str:
    if not number % 2:
        return f"Question {number}: how does this work, and why is it so?"
    if number % 40 == 1:
        return (
            f"## Answer {number}\n\n"
            + "```python\ndef f(x):\n    return x + 1\n```\n\nSome **words** about it.\n\n" * 120
        )
    return f"Answer {number} with `code`, *emphasis* and a list:\n\n" + "- an item with some words in it\n" * 12


def _next(connection: Connection) -> int:
    return 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0])
