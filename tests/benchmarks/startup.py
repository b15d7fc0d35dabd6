"""How long it takes until orchat is there: its version, an answer on the command line, its screen and its composer.

Run as ``python -m tests.benchmarks.startup [ROUNDS]``. Only the ratios mean something.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial

from tests.benchmarks.frames import BEGUN, first_frame, first_words
from tests.benchmarks.measure import answering, in_turn, load, orchat, run_time, table
from tests.benchmarks.program import BACKSPACE, LETTERS, running

ROUNDS = 21

HTTPX_SCRIPT = """
import json, os, sys
import httpx
body = {"model": "demo/fast", "messages": [{"role": "user", "content": "hi"}], "stream": True}
headers = {"Authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"]}
with httpx.Client() as client:
    url = os.environ["ORCHAT_API__BASE_URL"] + "/chat/completions"
    with client.stream("POST", url, json=body, headers=headers) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                sys.stdout.write(json.loads(line[6:])["choices"][0]["delta"]["content"])
"""

TEXTUAL_SCRIPT = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("hello")
Minimal().run()
"""


def version(rounds: int) -> None:
    """``orchat --version`` beside a Python that does nothing."""
    with answering() as environment:
        cases = {
            "python -c pass": partial(run_time, [sys.executable, "-c", "pass"], environment),
            "orchat --version": partial(run_time, orchat("--version"), environment),
            "orchat --help": partial(run_time, orchat("--help"), environment),
        }
        table("Version, whole process", in_turn(cases, rounds), {"orchat --version": 3})


def ask(rounds: int) -> None:
    """``orchat ask`` beside ten lines of httpx that make the same call."""
    question = ("-m", "demo/fast", "hi")
    with answering() as environment:
        cases = {
            "ten lines of httpx": partial(run_time, [sys.executable, "-c", HTTPX_SCRIPT], environment),
            "orchat ask --no-save": partial(run_time, orchat("ask", "--no-save", *question), environment),
            "orchat ask": partial(run_time, orchat("ask", *question), environment),
        }
        table("Ask, whole process", in_turn(cases, rounds), {"orchat ask --no-save": 1.3, "orchat ask": 1.3})


def screen(rounds: int) -> None:
    """First words, full frame and a letter in the composer of the screen, beside the full frame of a smallest app."""
    with answering() as environment:
        cases = {
            "minimal Textual app, full frame": partial(
                first_frame, [sys.executable, "-c", TEXTUAL_SCRIPT], environment
            ),
            "orchat, first words": partial(first_words, orchat(), environment),
            "orchat, full frame": partial(first_frame, orchat(), environment),
            "orchat, a typed letter is shown": partial(shown, environment),
            "orchat, the composer has it": partial(taken, environment),
        }
        goals = {
            "orchat, first words": 1.3,
            "orchat, full frame": 1.3,
            "orchat, a typed letter is shown": 1.5,
            "orchat, the composer has it": 1.5,
        }
        table(f"Screen, from the start of the process, load {load():.1f}", in_turn(cases, rounds), goals)


def shown(environment: Mapping[str, str]) -> float:
    """Seconds until a letter that was typed before the start is seen where the prompt stands."""
    letter = LETTERS[0].encode()
    with running(orchat(), environment, typed=letter) as program:
        at = program.until(letter)
        program.type(BACKSPACE)
        return at - program.began


def taken(environment: Mapping[str, str]) -> float:
    """The same until Textual has painted it: from now on any key does what it says."""
    letter = LETTERS[0].encode()
    with running(orchat(), environment, typed=letter) as program:
        program.until(BEGUN)
        at = program.until(letter, since=program.seen.find(BEGUN))
        program.type(BACKSPACE)
        return at - program.began


def main() -> None:
    """Print a table for each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    version(rounds)
    ask(rounds)
    screen(rounds)


if __name__ == "__main__":
    main()
