"""What an open screen costs while nobody does anything: CPU, bytes to the terminal, wake-ups."""

from __future__ import annotations

import time
from pathlib import Path

from tests.benchmarks.frames import read, started
from tests.benchmarks.measure import answering, orchat

QUIET_S = 3.0
"""Without a byte for so long, it has started for good."""
WATCHED_S = 20.0
GOAL_PERCENT = 0.5


def main() -> None:
    """Watch the chat after it has started, for `WATCHED_S` seconds."""
    with answering() as environment, started(orchat(), environment) as program:
        until = time.monotonic() + 30
        while read(program.terminal, QUIET_S) and time.monotonic() < until:
            pass
        cpu, woken = _cpu_s(program.child), _wakeups(program.child)
        written = _written(program.terminal, WATCHED_S)
        percent = (_cpu_s(program.child) - cpu) / WATCHED_S * 100
        per_second = (_wakeups(program.child) - woken) / WATCHED_S
    print(f"\nidle for {WATCHED_S:g} s")
    print(f"  {'CPU':<34}{percent:>9.2f} %   goal ≤ {GOAL_PERCENT:g} %: {_verdict(percent <= GOAL_PERCENT)}")
    print(f"  {'bytes written':<34}{written:>9}     goal 0: {_verdict(not written)}")
    print(f"  {'wake-ups':<34}{per_second:>9.2f} per s")


def _written(terminal: int, seconds: float) -> int:
    until, count = time.monotonic() + seconds, 0
    while (left := until - time.monotonic()) > 0:
        data = read(terminal, left)
        if data is None:
            raise SystemExit("the program ended while nobody did anything")
        count += len(data)
    return count


def _cpu_s(process: int) -> float:
    """What all its threads have computed, in seconds; the kernel counts nanoseconds."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def _wakeups(process: int) -> int:
    """How often its threads went to sleep by themselves: as often they woke up."""
    lines = [
        line
        for thread in Path(f"/proc/{process}/task").iterdir()
        for line in (thread / "status").read_text(encoding="ascii").splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


if __name__ == "__main__":
    main()
