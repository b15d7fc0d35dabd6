"""A thousand turns in one sitting, in a real terminal: whether the memory stays flat.

Run as ``python -m tests.benchmarks.sitting [TURNS]``; a thousand take about three minutes.
"""

from __future__ import annotations

import sys

from tests.benchmarks.loopback import WORDS
from tests.benchmarks.measure import answering, load, orchat, verdict
from tests.benchmarks.program import Program, running

TURNS = 1_000
WARM = 100
"""Turns after which everything has been used once."""
EVERY = 100
GOAL_MB = 10.0
LAST = f"word{WORDS - 1}".encode()


def turn(program: Program, number: int) -> None:
    """Ask, and wait for the end of the answer."""
    since = len(program.seen)
    program.type(f"question {number}".encode())
    program.rest(0.03)
    program.type(b"\r")
    program.until(LAST, since=since)
    program.rest(0.05)


def main() -> None:
    """Print a line for every hundred turns."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    warm = 0.0
    with answering() as environment, running(orchat("-m", "demo/fast"), environment) as program:
        program.until_quiet(1.0)
        print(f"\n{turns:,} turns in one sitting, load {load():.1f}")
        cpu = program.cpu_s()
        for number in range(1, turns + 1):
            turn(program, number)
            if number == WARM:
                program.until_quiet(0.5, limit_s=3)
                warm = program.memory_mb()
            if number % EVERY == 0:
                each_ms = (program.cpu_s() - cpu) / EVERY * 1000
                cpu = program.cpu_s()
                print(
                    f"  after {number:>5}: {program.memory_mb():>6.1f} MB   {each_ms:>6.1f} ms CPU a turn", flush=True
                )
        program.until_quiet(0.5, limit_s=3)
        more = program.memory_mb() - warm
    print(
        f"  since the first {WARM}: {more:+.1f} MB   {verdict(more <= GOAL_MB, f'goal ≤ +{GOAL_MB:g} MB')}", flush=True
    )


if __name__ == "__main__":
    main()
