"""A paste of 1 MB in a real terminal: how soon it stands as a chip, and whether keys are painted as before.

Run as ``python -m tests.benchmarks.pasting``.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from statistics import median

from tests.benchmarks.measure import answering, load, orchat, percentile, table, verdict
from tests.benchmarks.program import Program, Wait, running

SIZE = 1_000_000
LINE = "a line of a log that somebody wants to be explained, with some words in it: äöü 世界\n"
CASES: Mapping[str, str] = {
    "1 MB of lines": LINE * (SIZE // len(LINE.encode())),
    "1 MB in one line": "x" * SIZE,
}
BEGIN, END = b"\x1b[200~", b"\x1b[201~"
"""What a terminal puts around a paste."""
CHIP = b"paste "
"""The chip begins with it, and nothing else on the screen says it."""
KEYS = 30
GOAL_S = 0.05
GOALS = {"orchat shows the chip": 1.2}
"""Textual's parser looks at every character, so both take as long as that takes."""
ROUNDS = 3


def paste(program: Program, text: str) -> float:
    """Paste a text as a terminal does; gives the seconds from its first byte until the chip is painted."""
    data = BEGIN + text.encode() + END

    def write() -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(program.terminal, left) :]

    # The terminal's line holds a few kB: whoever writes has to wait, and what is painted meanwhile has to be read.
    writer = threading.Thread(target=write)
    wait = program.press(b"", lambda: _written(program, writer))
    return wait.own_s


def _written(program: Program, writer: threading.Thread) -> None:
    since = len(program.seen)
    writer.start()
    program.until(CHIP, since=since)
    writer.join()


def bare(text: str) -> float:
    """The same for an app that only says that a paste has come."""
    environment = dict(os.environ)
    with running([sys.executable, "-m", "tests.benchmarks.plain_paste"], environment) as program:
        program.until_quiet(1.0)
        return paste(program, text)


def letters(program: Program) -> list[float]:
    """Seconds from a key to its letter on the screen, for some keys with a pause after each."""
    waits: list[Wait] = []
    for number in range(KEYS):
        waits.append(program.letter(number))
        program.rest(0.1)
    return [wait.own_s for wait in waits]


def tell(title: str, taken: Sequence[float]) -> None:
    """One line."""
    p95 = percentile(taken, 95)
    figures = f"p50 {percentile(taken, 50) * 1000:>4.1f}  p95 {p95 * 1000:>4.1f}  most {max(taken) * 1000:>4.1f} ms"
    print(f"  {title:<42}{figures}   {verdict(p95 <= GOAL_S, f'goal p95 ≤ {GOAL_S * 1000:.0f} ms')}", flush=True)


def measure(title: str, text: str) -> None:
    """Paste in some sittings, and type before and after it."""
    before, beside, chips, bares, more_mb = (list[float]() for _ in range(5))
    for _ in range(ROUNDS):
        bares.append(bare(text))
        with answering() as environment, running(orchat("-m", "demo/fast"), environment) as program:
            program.until_quiet(1.5)
            before += letters(program)
            memory_mb = program.memory_mb()
            chips.append(paste(program, text))
            program.until_quiet(0.5, limit_s=3)
            beside += letters(program)
            more_mb.append(program.memory_mb() - memory_mb)
    tell("key → paint, nothing pasted", before)
    tell(f"key → paint beside {title}", beside)
    table(title, {"a bare Textual app learns of it": median(bares), "orchat shows the chip": median(chips)}, GOALS)
    print(f"  {'memory':<34}{median(more_mb):>+9.1f} MB", flush=True)


def main() -> None:
    """Print a table."""
    print(f"\npasting into the composer, load {load():.1f}")
    for title, text in CASES.items():
        measure(title, text)


if __name__ == "__main__":
    main()
