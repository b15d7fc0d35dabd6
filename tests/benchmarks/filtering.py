"""Typing into the lists, in a real terminal: 700 models, and 5,000 sessions with 100,000 messages.

Run as ``python -m tests.benchmarks.filtering``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.benchmarks.library import fill, library, vocabulary
from tests.benchmarks.loopback import MODELS
from tests.benchmarks.measure import answering, load, orchat, percentile, verdict
from tests.benchmarks.program import BACKSPACE, Program, running
from tests.benchmarks.replay import Replay

SESSIONS, MESSAGES = 5_000, 100_000
GOAL_S, SEARCH_GOAL_S = 0.05, 0.1
QUIET_S = 0.35
"""Without a byte for so long, everything has been found and painted."""
LEFT = 60
"""Columns that belong to the list of sessions; right of them stands what is looked at."""
PICKER, SEARCH, ESCAPE = b"\x0f", b"\x12", b"\x1b"


def typed(program: Program, replay: Replay, texts: Sequence[str], columns: int) -> tuple[list[float], list[float]]:
    """Type texts letter by letter and take each back letter by letter.

    Returns:
        Seconds from each key to the first and to the last frame that changed something.
    """
    first, last = list[float](), list[float]()
    for text in texts:
        for key in [letter.encode() for letter in text] + [BACKSPACE] * len(text):
            replay.rows()
            at = time.perf_counter() - program.queued_s()
            program.type(key)
            program.until_quiet(QUIET_S)
            changes = replay.changes(columns)
            if changes:
                first.append(changes[0] - at)
                last.append(changes[-1] - at)
    return first, last


def tell(title: str, taken: Sequence[float], goal_s: float) -> None:
    """One line."""
    p95 = percentile(taken, 95)
    figures = f"p50 {percentile(taken, 50) * 1000:>4.0f}  p95 {p95 * 1000:>4.0f}  most {max(taken) * 1000:>4.0f} ms"
    print(
        f"  {title:<50}{figures}   {len(taken)} keys   {verdict(p95 <= goal_s, f'goal p95 ≤ {goal_s * 1000:.0f} ms')}"
    )


def main() -> None:
    """Print a table."""
    words, _ = vocabulary()
    with answering() as environment:
        with library(environment["ORCHAT_HOME"]) as connection:
            fill(connection, MESSAGES, SESSIONS)
        with running(orchat("-m", "demo/fast"), environment) as program:
            replay = Replay(program)
            program.until_quiet(1.5)
            print(f"\ntyping into a list, load {load():.1f}")
            program.type(PICKER)
            program.until_quiet(1.0)
            assert any(f"of {MODELS}" in row for row in replay.rows()), replay.rows()
            first, last = typed(program, replay, ("vision", "goog 12", "qwen/coder", "zeta", "xyz"), 120)
            tell(f"{MODELS} models: key → paint", first, GOAL_S)
            tell(f"{MODELS} models: key → all rows", last, GOAL_S)
            program.type(ESCAPE)
            program.until_quiet(0.5)
            program.type(SEARCH)
            program.until_quiet(1.5)
            texts = (words[2_000], words[0], f"{words[1]} {words[3]}", "77")
            first, last = typed(program, replay, texts, LEFT)
            tell(f"{SESSIONS:,} sessions: key → paint", first, GOAL_S)
            tell(f"{SESSIONS:,} sessions: key → what {MESSAGES:,} messages say ", last, SEARCH_GOAL_S)
            program.type(ESCAPE)
            program.until_quiet(0.5)


if __name__ == "__main__":
    main()
