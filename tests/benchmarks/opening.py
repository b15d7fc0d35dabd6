"""Opening a session of 5,000 messages in a real terminal: the first paint, the memory, and paging back.

Run as ``python -m tests.benchmarks.opening [ROUNDS]``.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping

from tests.benchmarks.library import library, talk
from tests.benchmarks.measure import answering, load, orchat, percentile, verdict
from tests.benchmarks.program import Program, running

MESSAGES = 5_000
ROUNDS = 5
PAGES = 100
GOAL_RATIO, GOAL_MB, GOAL_S = 1.5, 80.0, 0.05
LONG, EMPTY = "500000000001", "000000000001"
TITLES = {LONG: "a-long-talk", EMPTY: "an-empty-talk"}
LAST = "the-last-words"
PAGE_UP = b"\x1b[5~"


def shown(environment: Mapping[str, str], id: str) -> tuple[float, float]:
    """Seconds from the start until a session is on the screen, and CPU seconds until then."""
    with running(orchat("-r", id), environment) as program:
        at = _until_there(program, id)
        return at, program.cpu_s()


def _until_there(program: Program, id: str) -> float:
    at = program.until(TITLES[id].encode(), since=0)
    if id == LONG:
        at = max(at, program.until(LAST.encode(), since=0))
    return at - program.began


def main() -> None:
    """Print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with answering() as environment:
        with library(environment["ORCHAT_HOME"]) as connection:
            talk(connection, LONG, TITLES[LONG], MESSAGES, LAST)
            talk(connection, EMPTY, TITLES[EMPTY], 0, "")
        shown(environment, EMPTY)
        taken: dict[str, list[tuple[float, float]]] = {EMPTY: [], LONG: []}
        for _ in range(rounds):
            for id, times in taken.items():
                times.append(shown(environment, id))
        empty, long = (statistics.median(wall for wall, _ in times) for times in taken.values())
        cpu = [statistics.median(seconds for _, seconds in times) for times in taken.values()]
        print(f"\nopening a session, from the start of the program, load {load():.1f}")
        print(f"  {'empty':<34}{empty * 1000:>9.0f} ms   CPU {cpu[0] * 1000:>5.0f} ms")
        ratio = long / empty
        words = f"{ratio:>7.2f} ×   {verdict(ratio <= GOAL_RATIO, f'goal ≤ {GOAL_RATIO:g} ×')}"
        print(f"  {f'{MESSAGES:,} messages':<34}{long * 1000:>9.0f} ms   CPU {cpu[1] * 1000:>5.0f} ms{words}")
        with running(orchat("-r", LONG), environment) as program:
            _until_there(program, LONG)
            program.until_quiet(1.0)
            memory = program.memory_mb()
            print(f"  {'memory':<34}{memory:>9.0f} MB   {verdict(memory <= GOAL_MB, f'goal ≤ {GOAL_MB:g} MB')}")
            waits = []
            for _ in range(PAGES):
                waits.append(program.framed(PAGE_UP))
                program.rest(0.1)
            p95 = percentile([wait.own_s for wait in waits], 95)
            p50 = percentile([wait.own_s for wait in waits], 50)
            words = f"p50 {p50 * 1000:.0f}  p95 {p95 * 1000:.0f} ms   {verdict(p95 <= GOAL_S, 'goal p95 ≤ 50 ms')}"
            print(f"  {'page up → paint':<34}{words}")
            print(f"  {f'memory {PAGES} pages up':<34}{program.memory_mb():>9.0f} MB", flush=True)


if __name__ == "__main__":
    main()
