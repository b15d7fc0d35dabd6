"""A program in a terminal of 120×40 that is watched while it is used: what it paints, when, and at what cost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.frames import ANSWERS, QUIT, forked, read

FRAME = b"\x1b[?2026l"
"""Ends a frame in a terminal that has synchronized output."""
BACKSPACE = b"\x7f"
LETTERS = ("ж", "ю")
"""Typed to see when they are painted; nothing else on the screen holds them."""
LIMIT_S = 30.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Wait:
    """From a key press to what it led to."""

    seconds: float
    """By the clock on the wall."""
    queued_s: float
    """How long of it the program or we were ready to run and had no core."""

    @property
    def own_s(self) -> float:
        """What is left on a machine that does nothing else."""
        return max(0.0, self.seconds - self.queued_s)


@dataclass(kw_only=True)
class Program:
    """A program that runs in a terminal."""

    child: int
    """Its process."""
    terminal: int
    """Our end of its terminal."""
    began: float = field(default_factory=time.perf_counter)
    """When it was started."""
    seen: bytearray = field(default_factory=bytearray)
    """All that it has written."""
    arrivals: list[tuple[float, int, float]] = field(default_factory=list)
    """When how much of that was there, and how long the program and we had waited for a core until then."""

    def type(self, data: bytes) -> None:
        """Press keys."""
        os.write(self.terminal, data)

    def pump(self, timeout: float) -> bool:
        """Take in what it writes; whether it wrote something."""
        data = read(self.terminal, timeout)
        if data is None:
            raise SystemExit(f"the program ended:\n{bytes(self.seen[-2_000:]).decode(errors='replace')}")
        if not data:
            return False
        at = time.perf_counter()
        for query, answer in ANSWERS:
            if query.search(data):
                self.type(answer)
        self.seen += data
        self.arrivals.append((at, len(self.seen), self.queued_s()))
        return True

    def until(self, wanted: bytes, *, since: int | None = None, limit_s: float = LIMIT_S) -> float:
        """Wait until some bytes have come, from an offset of what was seen on; gives the time, or raises."""
        start = len(self.seen) if since is None else since
        deadline = time.perf_counter() + limit_s
        while (found := self.seen.find(wanted, max(0, start))) < 0:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{wanted!r} never came")
            self.pump(0.05)
        return next(at for at, size, _ in reversed(self.arrivals) if size >= found + len(wanted))

    def until_quiet(self, seconds: float, limit_s: float = LIMIT_S) -> None:
        """Wait until it has written nothing for so long."""
        deadline = time.perf_counter() + limit_s
        while self.pump(seconds) and time.perf_counter() < deadline:
            pass

    def rest(self, seconds: float) -> None:
        """Go on reading for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.pump(left)

    def press(self, key: bytes, painted: Callable[[], object]) -> Wait:
        """Press a key and wait for what it leads to."""
        queued, start = self.queued_s(), time.perf_counter()
        self.type(key)
        painted()
        return Wait(seconds=time.perf_counter() - start, queued_s=self.queued_s() - queued)

    def framed(self, key: bytes) -> Wait:
        """Press a key that changes something, and wait for the next frame."""
        since = len(self.seen)
        return self.press(key, lambda: self.until(FRAME, since=since))

    def letter(self, number: int, limit_s: float = LIMIT_S) -> Wait:
        """Type a letter, wait until it is painted, and take it back."""
        sent = LETTERS[number % len(LETTERS)].encode()
        since = len(self.seen)
        wait = self.press(sent, lambda: self.until(sent, since=since, limit_s=limit_s))
        self.type(BACKSPACE)
        return wait

    def cpu_s(self) -> float:
        """What it has computed so far, also in threads that are gone; the kernel counts in steps of 10 ms."""
        fields = _proc(self.child, "stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def memory_mb(self) -> float:
        """What of it is in memory now."""
        lines = _proc(self.child, "status").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def queued_s(self) -> float:
        """How long it and we have been ready to run and had no core, so far."""
        own = int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1])
        return (own + int(_proc(self.child, "schedstat").split()[1])) / 1e9


def _proc(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text(encoding="ascii")


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], typed: bytes = b"") -> Iterator[Program]:
    """Run a program in a terminal that echoes nothing by itself; what is typed first waits for it.

    Args:
        command: The program.
        environment: Its variables.
        typed: Pressed before it has even begun.
    """
    began = time.perf_counter()
    child, terminal = forked(command, environment)
    program = Program(child=child, terminal=terminal, began=began)
    try:
        if typed:
            program.type(typed)
        yield program
    finally:
        _leave(program)


def _leave(program: Program) -> None:
    until = time.perf_counter() + 10
    gone = False
    try:
        program.type(QUIT)
        while not gone and time.perf_counter() < until:
            gone = read(program.terminal, 0.2) is None
    except OSError:
        gone = True
    if not gone:
        os.kill(program.child, signal.SIGKILL)
    os.waitpid(program.child, 0)
    os.close(program.terminal)
