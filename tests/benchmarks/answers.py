"""An answer of 40 kB that arrives in a real terminal: orchat beside Textual's own Markdown stream.

Run as ``python -m tests.benchmarks.answers [NAME [CHUNKS_PER_S]]``; all of it takes about six minutes. orchat is the
whole program, with network, database and figures; the other one shows the same chunks and has a line to type in.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.documents import CHARACTERS, END
from tests.benchmarks.measure import answering, load, orchat, percentile
from tests.benchmarks.program import Program, Wait, running

SECONDS = 20.0
"""In which a document arrives."""
LATE_S = 10.0
"""Seconds that may be needed beyond that; who takes longer is stopped."""
EVERY_S = 0.1
"""Between two key presses."""
GOAL_RATIO, GOAL_S = 1 / 3, 0.05
FLAT = 1.5
"""The second half of an answer costs at most so many times what the first does."""
CASES = (("mixed", 500), ("mixed", 100), ("code", 500), ("table", 500), ("list", 500), ("paragraph", 500))


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one answer cost."""

    cpu_s: float
    """Until all of it was on the screen, or until it was stopped."""
    is_whole: bool
    """Whether all of it came to the screen in time."""
    halves: float
    """CPU of the second half by that of the first."""
    waits: Sequence[Wait]
    """From a key press to its letter on the screen."""
    memory_mb: float
    """Afterwards."""


def watch(program: Program) -> Run:
    """Press Enter, type while the answer arrives, and wait for its end."""
    start, since, waits = time.perf_counter(), len(program.seen), list[Wait]()
    before, half, end = program.cpu_s(), 0.0, END.encode()
    program.type(b"\r")
    program.rest(EVERY_S)
    while (left := start + SECONDS + LATE_S - time.perf_counter()) > 0 and program.seen.find(end, since) < 0:
        if not half and time.perf_counter() - start >= SECONDS / 2:
            half = program.cpu_s() - before
        try:
            waits.append(program.letter(len(waits), max(1.0, left)))
        except TimeoutError:
            break
        program.rest(EVERY_S)
    is_whole = program.seen.find(end, since) >= 0
    if is_whole:
        program.until_quiet(0.5, limit_s=3)
    cpu = program.cpu_s() - before
    return Run(
        cpu_s=cpu,
        is_whole=is_whole,
        halves=(cpu - half) / half if half else 0.0,
        waits=waits,
        memory_mb=program.memory_mb(),
    )


@contextmanager
def chat(environment: Mapping[str, str], name: str, chunks: int) -> Iterator[Program]:
    """orchat with a prompt in its composer."""
    with running(orchat("-m", "demo/fast"), environment) as program:
        program.until_quiet(1.0)
        program.type(f"stream {name} {chunks} {SECONDS:g}".encode())
        program.until_quiet(0.5)
        yield program


@contextmanager
def plain(environment: Mapping[str, str], name: str, chunks: int) -> Iterator[Program]:
    """Textual's stream, ready."""
    arguments = ("-m", "tests.benchmarks.plain_markdown", name, str(chunks), f"{SECONDS:g}")
    with running([sys.executable, *arguments], environment) as program:
        program.until_quiet(1.0)
        yield program


def line(name: str, run: Run) -> str:
    """One run in one line."""
    own = [wait.own_s * 1000 for wait in run.waits]
    wall = [wait.seconds * 1000 for wait in run.waits]
    return (
        f"  {name:<18}{run.cpu_s:>7.1f} s  2nd/1st half {run.halves:>5.2f}   "
        f"key → paint p50 {percentile(own, 50):>5.0f}  p95 {percentile(own, 95):>5.0f} "
        f"(wall {percentile(wall, 95):>5.0f}) ms   {run.memory_mb:>4.0f} MB{'' if run.is_whole else '   not finished'}"
    )


def compare(environment: Mapping[str, str], name: str, rate: int) -> None:
    """Both programs with the same document, one after the other."""
    chunks = round(rate * SECONDS)
    with chat(environment, name, chunks) as program:
        ours = watch(program)
    with plain(environment, name, chunks) as program:
        theirs = watch(program)
    ratio = ours.cpu_s / theirs.cpu_s
    p95 = percentile([wait.own_s for wait in ours.waits], 95)
    met = ours.is_whole and ratio <= GOAL_RATIO and p95 <= GOAL_S and ours.halves <= FLAT
    print(f"\n{name}, {CHARACTERS:,} characters, {rate} chunks/s, load {load():.1f}")
    print(line("orchat", ours))
    print(line("Textual's stream", theirs))
    bound = "" if theirs.is_whole else "at most "
    print(
        f"  CPU: {bound}{ratio:.2f} × (goal ≤ 1/3), key → paint p95 {p95 * 1000:.0f} ms (goal ≤ 50 ms), "
        f"flat (goal ≤ {FLAT:g}): {'met' if met else 'MISSED'}",
        flush=True,
    )


def main() -> None:
    """All documents, or the one that is named."""
    wanted = [case for case in CASES if case[0] == sys.argv[1]] if len(sys.argv) > 1 else CASES
    if len(sys.argv) > 2:
        wanted = [(sys.argv[1], int(sys.argv[2]))]
    with answering() as environment:
        for name, rate in wanted:
            compare(environment, name, rate)


if __name__ == "__main__":
    main()
