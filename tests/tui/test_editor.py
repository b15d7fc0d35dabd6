"""The prompt is written in an editor and comes back, without being sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.demo.launch import start_demo
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.errors import UsageError
from orchat.tui.editor import command_of
from tests.support.screen import at_screen, screen_runtime
from tests.support.terminal import in_terminal


def editor(folder: Path, script: str) -> str:
    """A program that stands for an editor."""
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_in_a_terminal_the_text_comes_back_while_an_answer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, 'echo BEGIN; sleep 1; echo END; printf " and more" >> "$1"'))
    demo = start_demo(pace=1)
    try:
        demo.server.script(say(" ".join(f"w{number}" for number in range(300)), chunk_size=6, tokens_per_s=60.0))
        with in_terminal(demo.base_url) as terminal:
            terminal.until(b"demo/writer")
            terminal.type(b"count\r")
            terminal.until(b"w5")
            terminal.type(b"a thought")
            terminal.until_shown("a thought")
            terminal.type(b"\x07")
            terminal.until(b"END")
            during = terminal.seen.rpartition(b"BEGIN")[2]
            assert b"w" not in during.partition(b"END")[0]
            terminal.until_shown("a thought and more")
            assert len(demo.server.chats) == 1
            terminal.type(b"\x11")
            terminal.until(b"NOTE")
    finally:
        demo.stop()


@pytest.mark.anyio
async def test_where_the_terminal_cannot_be_given_away_the_draft_stays(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "exit 0"))
    async with at_screen(screen_runtime(server)) as person:
        person.chat.composer.area.load("a thought")
        await person.press("ctrl+g")
        await person.until_told("the editor could not be opened here")
        assert person.composer_text == "a thought"


def test_the_editor_is_the_users_own(tmp_path: Path) -> None:
    own = editor(tmp_path, "true")
    assert command_of({"VISUAL": f"{own} -w", "EDITOR": "other"}) == [own, "-w"]
    assert command_of({"VISUAL": "'broken", "EDITOR": own}) == [own]
    with pytest.raises(UsageError):
        command_of({"EDITOR": "nothing-of-this-name", "PATH": str(tmp_path / "empty")})
