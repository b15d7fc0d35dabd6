"""``orchat ask`` on a real terminal: rendered as it arrives, and plain wherever that is wanted."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Literal

import pytest

from orchat.cli.diagnostics import Diagnostics
from orchat.cli.output import Output
from orchat.cli.patience import Patience
from orchat.cli.rendering import Rendering
from orchat.demo import DemoThread
from orchat.demo.script import cut_after, say, stall
from tests.support.cli import LIMIT_S, Orchat, environment
from tests.support.page import Paper

TEXT = """# Title

Some **bold** words and `code`.

- one
- two

```python
x = 1
```
"""
ROWS = ["Title", "", "Some bold words and code.", "", " • one", " • two", "", "x = 1"]


def ask(demo: DemoThread, *more: str, columns: int = 80, lines: int = 24, **variables: str) -> Paper:
    environ = environment(demo.base_url, **{"TERM": "xterm-256color", **variables})
    return Paper("ask", "-m", "demo/writer", *more, "hi", environ=environ, columns=columns, lines=lines)


def test_markdown_is_rendered_and_the_figures_stand_below(demo: DemoThread) -> None:
    demo.server.script(say(TEXT, chunk_size=4))
    paper = ask(demo)

    assert paper.end() == 0
    assert paper.rows[:8] == ROWS
    assert paper.rows[8].strip() == "python"
    assert paper.rows[9].startswith("demo/writer · ")
    assert paper.style("bold").bold
    assert not paper.style("Some").bold
    assert paper.style("code").fg == "cyan"
    assert paper.style("1").fg != "default"
    assert b"\x1b[?" not in paper.sent and b"\x1b[2J" not in paper.sent


def test_an_answer_longer_than_the_screen_stands_in_the_scrollback(demo: DemoThread) -> None:
    demo.server.script(say("".join(f"{n}. item *{n}*\n" for n in range(1, 61)), chunk_size=30))
    paper = ask(demo, lines=10)

    assert paper.end() == 0
    assert [row.split() for row in paper.rows[:60]] == [[f"{n}.", "item", str(n)] for n in range(1, 61)]


@pytest.mark.parametrize(
    ("more", "term", "expected"),
    [
        (["--raw"], "xterm", TEXT.strip()),
        (["--set", "tui.plain=true"], "xterm", TEXT.strip()),
        ([], "dumb", TEXT.strip()),
        (["--extract"], "xterm", "x = 1"),
    ],
)
def test_who_wants_plain_text_gets_it(more: list[str], term: str, expected: str, demo: DemoThread) -> None:
    demo.server.script(say(TEXT, chunk_size=4))
    paper = ask(demo, *more, TERM=term)

    assert paper.end() == 0
    assert "\n".join(paper.rows).startswith(expected)


def test_no_color_leaves_weight(demo: DemoThread) -> None:
    demo.server.script(say(TEXT))
    paper = ask(demo, NO_COLOR="1")

    assert paper.end() == 0
    assert paper.rows[:8] == ROWS
    assert paper.style("bold").bold
    assert {paper.style(text).fg for text in ("Title", "code", "x = 1", "•")} == {"default"}


def test_a_resize_while_it_answers_keeps_everything(demo: DemoThread) -> None:
    demo.server.script(stall(stage="body", text="First paragraph.\n\nSecond one, and then a long silence", chars=30))
    paper = ask(demo, columns=60)
    paper.until("Second")
    paper.resize(40, 24)
    paper.signal(signal.SIGINT)

    assert paper.end() == 130
    assert paper.rows[:3] == ["First paragraph.", "", "Second one,"[: len(paper.rows[2])]]
    assert paper.rows[-1].endswith("interrupted")


def test_what_had_come_of_a_cut_answer_is_rendered(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(30, text="# A title\n\nand **half of a sentence that is cut**"))
    paper = ask(demo)

    assert paper.end() == 1
    assert paper.rows[0] == "A title"
    assert paper.rows[2].startswith("and **half of")
    assert paper.rows[3].startswith("orchat: ")


def test_a_failure_before_any_text_is_told_as_ever(demo: DemoThread) -> None:
    demo.server.script(cut_after(0, text="never seen"))
    paper = ask(demo)

    assert paper.end() == 1
    assert paper.rows[-2].startswith("orchat: ") or paper.rows[-1].startswith("orchat: ")


def test_an_empty_answer_is_no_row(demo: DemoThread) -> None:
    demo.server.script(say(""))
    paper = ask(demo)

    assert paper.end() in (0, 1)
    assert not any(row and not row.startswith(("demo/writer", "orchat:", "hint:")) for row in paper.rows)


# ---- a terminal that does not read

ANSWER = "word " * 20_000


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> tuple[int, Output]:
    """A descriptor that nobody reads, in place of stdout."""
    reader, writer = os.pipe()
    monkeypatch.setattr("orchat.cli.output.STDOUT", writer)
    return reader, Output({"TERM": "xterm"})


def test_breaking_off_never_waits_for_a_reader(stuck: tuple[int, Output]) -> None:
    reader, output = stuck

    async def answer() -> None:
        rendering = Rendering(output)
        rendering.prepare()
        await rendering.write(ANSWER)
        await asyncio.sleep(0)
        while output.is_ready:
            await asyncio.sleep(0.01)
        rendering.break_off()

    asyncio.run(asyncio.wait_for(answer(), 20))
    first = os.read(reader, 4096)
    assert first.startswith(b"word word")


def test_nothing_of_a_frame_is_lost_when_it_is_broken_off(stuck: tuple[int, Output]) -> None:
    reader, output = stuck

    async def answer() -> bytes:
        rendering = Rendering(output)
        await rendering.write("One.\n\n")
        await rendering.write("Two **is")
        rendering.break_off()
        return os.read(reader, 4096)

    assert asyncio.run(answer()) == b"One.\n\nTwo **is\n"


def test_a_reader_that_leaves_ends_the_drawing(stuck: tuple[int, Output]) -> None:
    reader, output = stuck
    os.close(reader)

    async def answer() -> None:
        rendering = Rendering(output)
        while True:
            await rendering.write("One.\n\n")
            await asyncio.sleep(0.01)

    with pytest.raises(BrokenPipeError):
        asyncio.run(asyncio.wait_for(answer(), 20))


def test_an_answer_without_text_draws_nothing(stuck: tuple[int, Output]) -> None:
    _, output = stuck

    async def answer() -> None:
        rendering = Rendering(output)
        rendering.prepare()
        await rendering.end()
        rendering.break_off()

    asyncio.run(answer())


# ---- waiting


class Gate(asyncio.Event):
    """An event of the server's thread, to be set from this one."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    async def wait(self) -> Literal[True]:
        self.loop = asyncio.get_running_loop()
        self.reached.set()
        return await super().wait()

    def open(self) -> None:
        self.loop.call_soon_threadsafe(self.set)


SLOW = """
import sys
import orchat.cli.patience as patience
patience.AFTER_S, patience.AGAIN_S = 0.2, 0.1
sys.argv = ["orchat", *sys.argv[1:]]
from orchat.__main__ import main
main()
"""


def slow(demo: DemoThread, *more: str) -> Paper:
    argv = [sys.executable, "-c", SLOW, "ask", "-m", "demo/writer", *more, "hi"]
    return Paper(environ=environment(demo.base_url, TERM="xterm"), argv=argv)


def test_a_long_silence_is_told_and_the_line_goes_when_it_ends(demo: DemoThread) -> None:
    never = Gate()
    demo.server.script(stall(stage="headers", until=never))
    paper = slow(demo)
    paper.until("demo/writer has not begun to answer: ")
    assert never.reached.wait(LIMIT_S)
    paper.signal(signal.SIGINT)

    assert paper.end() == 130
    assert not any("has not begun" in row for row in paper.rows)


def test_the_line_is_gone_when_the_text_comes(demo: DemoThread) -> None:
    over = Gate()
    demo.server.script(stall(stage="body", text="Here it is.", reasoning="Hm.", chars=0, until=over))
    paper = slow(demo)
    paper.until("demo/writer thinks: ")
    over.open()

    assert paper.end() == 0
    assert paper.rows[0] == "Here it is."
    assert not any("thinks" in row for row in paper.rows)


def test_who_does_not_look_hears_nothing_of_a_silence(capfd: pytest.CaptureFixture[str]) -> None:
    async def wait() -> None:
        patience = Patience(Diagnostics({"TERM": "xterm"}))
        patience.begin("demo/writer")
        patience.end()

    asyncio.run(wait())
    assert capfd.readouterr() == ("", "")
