"""What the benchmarks share: rounds in turn, medians, and a table of ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def in_turn(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measure every case once a round, so that whatever else the machine does is shared fairly.

    Args:
        cases: What to measure, by name; each returns seconds.
        rounds: How often; one more comes before and is not counted.

    Returns:
        The median of each case, in seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            taken = case()
            if number:
                seconds[name].append(taken)
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(title: str, medians: Mapping[str, float], goals: Mapping[str, float]) -> None:
    """Print the medians and their ratios to the first one.

    Args:
        title: What was measured.
        medians: Seconds by name; the first is what the others are compared with.
        goals: The highest ratio that is wanted, by name.
    """
    base = next(iter(medians.values()))
    print(f"\n{title}")
    for name, seconds in medians.items():
        goal = goals.get(name)
        words = "" if goal is None else f"   {verdict(seconds / base <= goal, f'goal ≤ {goal:g} ×')}"
        print(f"  {name:<34}{seconds * 1000:>9.1f} ms{seconds / base:>8.2f} ×{words}")


def verdict(is_met: bool, goal: str) -> str:
    """A goal, and whether it was met."""
    return f"{goal}: {'met' if is_met else 'MISSED'}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent are not above; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def load() -> float:
    """How many processes wanted to run in the last minute, on average: figures of a busy machine are worth less."""
    return os.getloadavg()[0]


def orchat(*arguments: str) -> list[str]:
    """The command as it is installed beside this Python, or the module where it is not."""
    script = Path(sys.executable).parent / "orchat"
    return [str(script), *arguments] if script.exists() else [sys.executable, "-m", "orchat", *arguments]


def run_time(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long a command takes from start to end, in seconds."""
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)
    taken = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.decode()}")
    return taken


@contextmanager
def answering() -> Iterator[dict[str, str]]:
    """The environment of a user with a key, a new home, and a server on loopback instead of OpenRouter."""
    command = [sys.executable, "-m", "tests.benchmarks.loopback"]
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        port = int(server.stdout.readline())
        # Without compiled modules every start would measure the compiler.
        away = ("ORCHAT_", "PYTHONDONTWRITEBYTECODE", "COVERAGE", "NO_COLOR")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(away)}
        yield {
            **inherited,
            "ORCHAT_HOME": home,
            "OPENROUTER_API_KEY": "sk-or-test",
            "ORCHAT_API__BASE_URL": f"http://127.0.0.1:{port}/api/v1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
