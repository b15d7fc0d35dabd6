"""Searching 100,000 messages: how long a person waits for the first results.

Run as ``python -m tests.benchmarks.search [MESSAGES]``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchat.store import conversations, search
from orchat.store.connection import Connection
from tests.benchmarks.library import fill, library, vocabulary
from tests.support.store import connected

MESSAGES = 100_000
SESSIONS = 5_000
GOAL_S = 0.1
ROUNDS = 7


def taken(connection: Connection, text: str) -> tuple[float, int]:
    """The median time of a search in seconds, and how many hits it shows."""
    times, hits = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        hits = len(search.search(connection, text))
        times.append(time.perf_counter() - began)
    return statistics.median(times), hits


@contextmanager
def filled(folder: str, count: int) -> Iterator[Connection]:
    """A database with so many messages."""
    with library(folder) as connection:
        fill(connection, count, SESSIONS)
    with connected(Path(folder, "data")) as connection:
        yield connection


def main() -> None:
    """Print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    words, _ = vocabulary()
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
        "a frequent word, one title": f"{words[0]} title:77",
        "a model alone": "model:writer",
        "nothing that exists": "nothinglikethis",
    }
    with tempfile.TemporaryDirectory() as folder, filled(folder, count) as connection:
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
