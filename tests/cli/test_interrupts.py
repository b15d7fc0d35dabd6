"""Ctrl-C and its kin, with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchat.cli import interrupts
from orchat.cli.interrupts import Interrupts
from orchat.demo import DemoThread
from orchat.demo.script import say, stall
from tests.support.cli import Done, Orchat, Running, Terminal, environment, run

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def half_an_answer(demo: DemoThread) -> None:
    demo.server.script(stall(stage="body", text="First words, then silence", chars=11))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: signal.Signals(number).name)
def test_an_interrupt_stops_the_answer_and_keeps_it(number: signal.Signals, demo: DemoThread, orchat: Orchat) -> None:
    half_an_answer(demo)
    running = Running("ask", "hi", environ=environment(demo.base_url))
    running.read_until("First words")
    running.signal(number)

    assert running.end() == Done(130, "\n", "orchat: interrupted\n")
    session = orchat("sessions", "list", "--json").json[0]["id"]
    answer = orchat("sessions", "show", "--json", session).json["messages"][-1]
    assert (answer["state"], answer["reply"]["text"]) == ("stopped", "First words")


def test_an_interrupt_before_the_answer_prints_nothing(demo: DemoThread) -> None:
    demo.server.script(stall(stage="headers"))
    before = len(demo.server.chats)
    running = Running("ask", "--json", "hi", environ=environment(demo.base_url))
    wait_for(lambda: len(demo.server.chats) > before)
    running.signal(signal.SIGINT)

    done = running.end()
    assert (done.code, done.out) == (130, "")
    assert done.error == {"type": "Interrupted", "message": "interrupted", "hint": None}


def test_an_interrupted_answer_as_json_holds_what_arrived(demo: DemoThread) -> None:
    half_an_answer(demo)
    environ = environment(demo.base_url)
    running = Running("ask", "--json", "hi", environ=environ)
    wait_for(lambda: "First" in run("sessions", "search", "First", environ=environ).out or saved(environ))
    running.signal(signal.SIGINT)

    done = running.end()
    assert done.code == 130
    assert (done.json["text"], done.json["finish_reason"]) == ("First words", None)
    assert done.error["type"] == "Interrupted"


def saved(environ: dict[str, str]) -> bool:
    """Whether a checkpoint of the running answer is in the database: then it has been read."""
    listed = run("sessions", "list", environ=environ).out.split("\t")
    return "First words" in run("sessions", "show", listed[0], environ=environ).out


def test_ctrl_c_on_a_terminal_stops_the_answer(demo: DemoThread) -> None:
    half_an_answer(demo)
    terminal = Terminal("ask", "hi", environ=environment(demo.base_url))
    terminal.read_until("First words")
    terminal.type("\x03")

    done = terminal.end()
    assert done.code == 130
    assert done.out == "First words^C\norchat: interrupted\n"


def test_a_reader_that_does_not_read_cannot_stop_an_interrupt(demo: DemoThread) -> None:
    demo.server.script(say("x" * 2_000_000))
    running = Running("ask", "hi", environ=environment(demo.base_url))
    running.read_until("x")
    wait_for(lambda: full(running))
    running.signal(signal.SIGINT)

    assert running.process.wait(timeout=30) == 130
    out = running.end()
    assert set(out.out) == {"x"}
    assert out.err == "orchat: interrupted\n"


def full(running: Running) -> bool:
    """Whether the pipe takes no more: what stands in it does not change."""
    import array
    import fcntl
    import termios

    assert running.process.stdout is not None
    sizes = []
    for _ in range(10):
        size = array.array("i", [0])
        fcntl.ioctl(running.process.stdout.fileno(), termios.FIONREAD, size)
        sizes.append(size[0])
        time.sleep(0.02)
    return sizes[0] > 30_000 and len(set(sizes)) == 1


def test_an_interrupt_while_stdin_is_read_ends_at_once(demo: DemoThread) -> None:
    read, write = os.pipe()
    terminal = Terminal("ask", environ=environment(demo.base_url), stdin=read)
    os.close(read)
    terminal.read_until("reading the prompt")
    terminal.type("\x03")

    assert terminal.end().code == 130
    os.close(write)


def test_an_ignored_signal_stays_ignored(demo: DemoThread) -> None:
    def as_nohup_does() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    half_an_answer(demo)
    running = Running("ask", "hi", environ=environment(demo.base_url), before=as_nohup_does)
    running.read_until("First words")
    running.signal(signal.SIGHUP)
    assert running.process.poll() is None
    running.signal(signal.SIGTERM)

    assert running.end() == Done(130, "\n", "orchat: interrupted\n")


# ---- the handler itself


class Left(BaseException):
    """Stands for the end of the process."""


def leave(code: int) -> None:
    raise Left(code)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_work_without_an_interrupt_gives_its_result_and_the_handlers_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    async def work() -> str:
        return "done"

    assert interrupts.run(work) == "done"
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_work_that_gives_none_is_not_taken_for_interrupted() -> None:
    async def work() -> None:
        return None

    assert interrupts.run(work) is None


def test_a_cancellation_that_is_not_ours_is_passed_on() -> None:
    import asyncio

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        interrupts.run(work)


def test_an_interrupt_before_the_loop_runs_counts() -> None:
    import asyncio

    async def work() -> None:
        await asyncio.sleep(30)

    async def whole() -> object:
        return await caught.guard(work())

    with Interrupts() as caught:
        interrupt()
        assert asyncio.run(whole()) is None
        # The loop is gone: one more has nothing left to stop.
        interrupt()


def test_a_second_interrupt_leaves_a_moment_for_saving_and_a_third_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(interrupts, "GRACE_S", 0.0)
    left: list[int] = []
    steps: list[str] = []

    async def work() -> None:
        try:
            interrupt()
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            steps.append("saving")
            interrupt()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(30)
            while not left:
                await asyncio.sleep(0)
            steps.append("grace is over")
            interrupt()
            raise

    async def whole() -> object:
        return await caught.guard(work())

    with Interrupts(left.append) as caught:
        assert asyncio.run(whole()) is None
    assert steps == ["saving", "grace is over"]
    assert left == [130, 130]


def test_interrupts_far_apart_do_not_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "TOGETHER_S", -1.0)
    left: list[int] = []

    with Interrupts(left.append):
        for _ in range(5):
            interrupt()
    assert left == []


def test_three_interrupts_end_a_command_that_does_not_end(tmp_path: Path) -> None:
    script = tmp_path / "stubborn.py"
    script.write_text(
        "import asyncio, os\n"
        "from orchat.cli import interrupts\n"
        "async def work():\n"
        "    os.write(1, b'working\\n')\n"
        "    while True:\n"
        "        try:\n"
        "            await asyncio.sleep(30)\n"
        "        except asyncio.CancelledError:\n"
        "            os.write(1, b'not yet\\n')\n"
        "interrupts.run(work)\n"
    )
    stubborn = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment(None), bufsize=0)
    assert stubborn.stdout is not None
    for said in (b"working\n", b"not yet\n", b"not yet\n"):
        assert os.read(stubborn.stdout.fileno(), 100) == said
        stubborn.send_signal(signal.SIGINT)

    assert stubborn.wait(timeout=10) == 130
    stubborn.stdout.close()


def wait_for(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.005)
