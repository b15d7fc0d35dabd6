"""Searching 100,000 messages: how long a person waits for the first results.

Run as ``python -m tests.benchmarks.search [MESSAGES]``.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from orchat.store import conversations, search
from orchat.store.connection import Connection
from tests.support.store import connected

MESSAGES = 100_000
SESSIONS = 5_000
GOAL_S = 0.1
ROUNDS = 7
BEGIN = 1_767_225_600.0


def vocabulary() -> tuple[list[str], list[float]]:
    """20,000 words, as unequally frequent as those of a language."""
    chance = random.Random(7)
    letters, weights = "etaoinshrdlucmfwypvbgkjqxz", range(26, 0, -1)
    words = ["".join(chance.choices(letters, weights, k=chance.randint(2, 10))) for _ in range(20_000)]
    return words, list(accumulate(1 / (rank + 1) for rank in range(len(words))))


def fill(connection: Connection, count: int, words: list[str], weights: list[float]) -> None:
    """Write the messages in one transaction, as quickly as that can be."""
    chance = random.Random(8)
    connection.execute("BEGIN")
    for number in range(SESSIONS):
        conversations.create(connection, f"s{number:06}", BEGIN + number, f"Session {number}")
    for number in range(count):
        text = " ".join(chance.choices(words, cum_weights=weights, k=chance.choice((10, 30, 60, 200))))
        values = (f"s{number % SESSIONS:06}", BEGIN + number * 60, "demo/writer" if number % 2 else None, text)
        connection.execute(
            "INSERT INTO messages (conversation_id, role, state, created_at, model, text)"
            " VALUES (?, 'user', 'done', ?, ?, ?)",
            values,
        )
    search.add(connection, range(1, count + 1))
    connection.execute(
        "UPDATE conversations AS c SET active_leaf = (SELECT max(id) FROM messages WHERE conversation_id = c.id)"
    )
    connection.execute("COMMIT")


def taken(connection: Connection, text: str) -> tuple[float, int]:
    """The median time of a search in seconds, and how many hits it shows."""
    times, hits = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        hits = len(search.search(connection, text))
        times.append(time.perf_counter() - began)
    return statistics.median(times), hits


def main() -> None:
    """Print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    words, weights = vocabulary()
    queries = {
        "the most frequent word": words[0],
        "one letter": words[0][0],
        "two letters": words[0][:2],
        "a frequent and an unfinished word": f"{words[0]} {words[1][:2]}",
        "a phrase": f'"{words[0]} {words[1]}"',
        "two less frequent words": f"{words[300]} {words[800]}",
        "a rare word": words[9_000],
        "a frequent word of one model": f"{words[0]} model:writer",
        "a frequent word in one month": f"{words[0]} after:2026-02 before:2026-03",
        "a frequent word, one title": f'{words[0]} title:"session 77"',
        "a model alone": "model:writer",
        "nothing that exists": "nothinglikethis",
    }
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection:
        fill(connection, count, words, weights)
        print(f"\nSearch in {count:,} messages, first 50 hits; goal ≤ {GOAL_S * 1000:.0f} ms")
        for name, text in queries.items():
            seconds, hits = taken(connection, text)
            verdict = "met" if seconds <= GOAL_S else "MISSED"
            print(f"  {name:<38}{seconds * 1000:>8.1f} ms   {hits:>3} hits   {verdict}")
        began = time.perf_counter()
        listed = conversations.list_conversations(connection, 500)
        seconds = time.perf_counter() - began
        print(f"  {'listing 500 of 5,000 sessions':<38}{seconds * 1000:>8.1f} ms   {len(listed):>3} rows")


if __name__ == "__main__":
    main()
