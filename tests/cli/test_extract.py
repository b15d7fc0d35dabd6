"""``orchat ask --extract``: one code block, for a pipe."""

from __future__ import annotations

import pytest

from orchat.demo import DemoThread
from orchat.demo.script import cut_after, say, stall
from tests.support.cli import Done, Orchat, Running, environment

TEXT = """Two ways:

1. This one:
   ```bash
   make all
     make test
   ```
2. Or that:

```
ninja
```
"""


@pytest.mark.parametrize(("option", "out"), [("--extract", "make all\n  make test\n"), ("--extract-last", "ninja\n")])
@pytest.mark.parametrize("chunk_size", [1, 1000])
def test_one_block_is_all_that_is_printed(
    option: str, out: str, chunk_size: int, demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say(TEXT, chunk_size=chunk_size))

    assert orchat("ask", option, "how?") == Done(0, out, "")


def test_lines_come_as_they_arrive(demo: DemoThread) -> None:
    demo.server.script(stall(stage="body", text="Run:\n```sh\nmake\nmake te", chars=20))
    running = Running("ask", "--extract", "how?", environ=environment(demo.base_url))

    assert running.read_until("make\n") == "make\n"
    running.process.kill()
    running.end()


def test_a_block_that_has_no_end_ends_with_the_answer(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("```\nmake\nmake all"))

    assert orchat("ask", "--extract", "how?").out == "make\nmake all\n"


@pytest.mark.parametrize("option", ["--extract", "--extract-last"])
def test_an_answer_without_code_is_a_failure_that_says_what_to_do(
    option: str, demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say("Just run `make`."))
    done = orchat("ask", option, "how?")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("orchat: there is no code block in the answer\nhint: Without --extract")


def test_whole_lines_of_a_cut_answer_are_printed(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(14, text="```\nmake\nmake all\n```"))
    done = orchat("ask", "--extract", "how?")

    assert (done.code, done.out) == (1, "make\n")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--extract", "--extract-last"], "--extract and --extract-last exclude each other"),
        (["--extract", "--schema", "x"], "--extract and --schema exclude each other"),
    ],
)
def test_what_contradicts_itself_is_refused(argv: list[str], says: str, orchat: Orchat) -> None:
    done = orchat("ask", *argv, "hi")

    assert (done.code, done.err) == (2, f"orchat: {says}\n")


def test_code_and_json_exclude_each_other(orchat: Orchat) -> None:
    done = orchat("ask", "--extract-last", "--json", "hi")

    assert (done.code, done.error["message"]) == (2, "--extract-last and --json exclude each other")
