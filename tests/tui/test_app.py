"""The shell: leaving, breaking, running in a real terminal."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.worker import Worker, WorkerState

from orchat.demo.launch import running_demo
from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.tui.app import INTERRUPT_S, ExitNote, OrchatApp
from orchat.tui.widgets.sidebar import Sidebar
from tests.support.clock import FakeClock
from tests.support.screen import at_screen, screen_runtime
from tests.support.terminal import in_terminal

LONGER_THAN_A_SECOND = 1.5
"""Whatever blinks or counts by seconds never lets so much time go by without writing."""
SECRET = "sk-or-v1-do-not-show-me-anywhere"


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """The app freezes the garbage collector's memory for good; other tests should not inherit that."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.anyio
async def test_a_defect_ends_the_app_with_one_line_and_no_locals(
    server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = screen_runtime(server)

    def broken() -> None:
        key = SECRET
        raise RuntimeError(f"{key} in a message")

    with pytest.raises(RuntimeError):
        async with at_screen(runtime) as person:
            person.app.call_later(broken)
            await person.until(lambda: person.app.failure)
    note = person.app.exit_note
    assert note is not None and note.failed
    assert note.text == f"orchat ended unexpectedly (RuntimeError); what happened is in {runtime.paths.log_file}"
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err and "Traceback" not in printed.out + printed.err


@pytest.mark.anyio
async def test_a_worker_that_breaks_is_told_of_in_one_line(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:

        async def broken() -> None:
            raise RuntimeError(SECRET)

        worker: Worker[None] = person.app.run_worker(broken, exit_on_error=False, description="break")
        await person.until(lambda: worker.state is WorkerState.ERROR)
        await person.until_shown("Something unexpected happened (RuntimeError)")
        assert SECRET not in person.text


@pytest.mark.anyio
async def test_leaving_without_having_said_anything_leaves_nothing_to_say(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/quit")
        await person.until(lambda: not person.app.is_running)
    assert person.app.exit_note is None


@pytest.mark.anyio
async def test_ctrl_c_says_how_to_leave_and_a_second_one_leaves(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+c")
        await person.until_told("^Q leaves, and so does Ctrl+C again. Everything is kept.")
        assert person.app.is_running
        await person.press("ctrl+c")
        await person.until(lambda: not person.app.is_running)


@pytest.mark.anyio
async def test_what_is_told_in_passing_does_not_cover_what_is_written(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.type("a line that reaches far into the right half of the screen")
        await person.press("ctrl+c")
        await person.until_shown("Everything is kept.", "› a line that reaches far into the right half of the screen")


@pytest.mark.anyio
async def test_a_late_second_ctrl_c_does_not_leave_and_while_an_answer_runs_it_names_the_key_that_stops(
    server: DemoServer,
) -> None:
    server.script(stall(stage="body", text="as I was saying"))
    clock = FakeClock()
    async with at_screen(screen_runtime(server, clock)) as person:
        await person.press("ctrl+c")
        await person.until_told("^Q leaves")
        clock.advance(INTERRUPT_S + 1)
        await person.enter("hi")
        await person.until_shown("as I was saying")
        await person.press("ctrl+c")
        await person.until_told("Esc stops the answer. ^Q leaves, and so does Ctrl+C again.")
        assert person.app.is_running


@pytest.mark.anyio
async def test_plain_mode_has_no_bars_no_colours_and_no_frames(server: DemoServer) -> None:
    server.script(say("hello"))
    async with at_screen(screen_runtime(server, tui__plain=True)) as person:
        await person.ask("hi")
        assert person.app.theme == "orchat-plain" and person.app.animation_level == "none"
        assert not person.chat.query_one(Sidebar).bars
        await person.press("ctrl+o")
        await person.until_shown("any id can be typed")
        assert set("━─│╭╰▁█") & set(person.text) == set()


@pytest.mark.anyio
async def test_without_a_sidebar_the_figures_are_one_line(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, tui__sidebar=False)) as person:
        await person.until_shown("session $0.00")
        assert "CONTEXT" not in person.text


@pytest.mark.anyio
async def test_copying_uses_the_desktops_tool_and_tells_when_a_text_is_too_long(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "wl-copy"
    tool.write_text(f"#!/bin/sh\nexec /bin/cat > {tmp_path}/copied\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    async with at_screen(screen_runtime(server)) as person:
        await person.chat.copy_text("hello", "the answer")
        assert (tmp_path / "copied").read_text(encoding="utf-8") == "hello"
        await person.until_told("Copied the answer.")
        monkeypatch.setenv("WAYLAND_DISPLAY", "")
        await person.chat.copy_text("x" * 100_000, "the answer")
        await person.until_told("too long for the terminal's clipboard")


def test_in_a_real_terminal_a_prompt_is_answered_and_leaving_says_how_to_resume() -> None:
    with running_demo(pace=0) as base_url, in_terminal(base_url) as terminal:
        terminal.until(b"Ask anything")
        terminal.until(b"demo/writer")
        terminal.type(b"hello\r")
        terminal.until(b"1 turn")
        terminal.until(b"tok/s")
        terminal.type(b"\x11")
        terminal.until(b"NOTE resume with: orchat -r ")
        assert b"\x1b[?1049l" in terminal.seen
        assert terminal.process.wait(30) == 0


def test_while_nobody_does_anything_nothing_is_written() -> None:
    with running_demo(pace=0) as base_url, in_terminal(base_url) as terminal:
        terminal.until(b"demo/writer")
        terminal.until_quiet(LONGER_THAN_A_SECOND)
        terminal.type(b"hello\r")
        terminal.until(b"tok/s")
        terminal.until_quiet(LONGER_THAN_A_SECOND)
        terminal.type(b"\x12")
        terminal.until(b"1 session")
        terminal.until_quiet(LONGER_THAN_A_SECOND)
        terminal.type(b"\x1b\x11")
        assert terminal.process.wait(30) == 0


def test_a_note_is_only_words() -> None:
    assert ExitNote(text="x") == ExitNote(text="x", failed=False)
    assert OrchatApp.TITLE == "orchat"
