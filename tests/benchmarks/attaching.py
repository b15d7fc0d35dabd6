"""Typing while ten pictures are made fit to send, in a real terminal: five photos of 12 megapixels, five scanned pages.

Run as ``python -m tests.benchmarks.attaching``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import answering, load, orchat, percentile, verdict
from tests.benchmarks.pictures import photo, scan
from tests.benchmarks.program import Program, Wait, running

PICTURES = 10
GOAL_S = 0.05
LIMIT_S = 120.0
PAUSE_S = 0.03
"""Between two keys."""
PASTED = b"\x1b[200~%s\x1b[201~"


def pictures(folder: Path) -> list[Path]:
    """Ten files that differ by a byte, so that none is kept as another one."""
    photo().save(folder / "photo.jpg", quality=90)
    scan("L").save(folder / "scan.png")
    made = []
    for number in range(PICTURES):
        source = folder / ("photo.jpg" if number % 2 else "scan.png")
        made.append(folder / f"{number}{source.suffix}")
        made[-1].write_bytes(source.read_bytes() + bytes([number]))
    return made


def typing(program: Program, until: float) -> list[Wait]:
    """Type letters for as long as it takes."""
    waits: list[Wait] = []
    while time.perf_counter() < until:
        waits.append(program.letter(len(waits)))
        program.rest(PAUSE_S)
    return waits


def typing_while(program: Program, paths: Sequence[Path]) -> tuple[list[Wait], float]:
    """Type letters from the paste of the paths until all of them are chips; also the seconds that took."""
    began, since = time.perf_counter(), len(program.seen)
    program.type(PASTED % " ".join(map(str, paths)).encode())
    program.until(b"preparing", since=since)
    waits: list[Wait] = []
    last = f"{PICTURES - 1}.jpg"
    while time.perf_counter() - began < LIMIT_S:
        waits.append(program.letter(len(waits)))
        program.rest(PAUSE_S)
        if b"preparing 1 file " in program.seen[since:] and b"preparing" not in program.seen[-4_000:]:
            return waits, time.perf_counter() - began
    raise SystemExit(f"{last} was never ready")


def tell(title: str, waits: Sequence[Wait], *, goal_s: float | None = None) -> None:
    """One line."""
    wall, own = [wait.seconds for wait in waits], [wait.own_s for wait in waits]
    p95 = percentile(own, 95)
    figures = f"p50 {percentile(own, 50) * 1000:>4.0f}  p95 {p95 * 1000:>4.0f}  most {max(own) * 1000:>4.0f} ms"
    told = "" if goal_s is None else verdict(p95 <= goal_s, f"goal p95 < {goal_s * 1000:.0f} ms")
    print(f"  {title:<34}{figures}   (p95 with waits for a core {percentile(wall, 95) * 1000:.0f})   {told}")


def main() -> None:
    """Print a table."""
    with answering() as environment, tempfile.TemporaryDirectory() as folder:
        paths = pictures(Path(folder))
        with running(orchat("-m", "demo/fast"), environment) as program:
            program.until_quiet(1.5)
            print(f"\nkey → paint, load {load():.1f}")
            tell("nothing else going on", typing(program, time.perf_counter() + 5))
            waits, seconds = typing_while(program, paths)
            tell("while ten pictures are prepared", waits, goal_s=GOAL_S)
            print(f"  ready after {seconds:.1f} s, {len(waits)} keys pressed meanwhile")


if __name__ == "__main__":
    main()
