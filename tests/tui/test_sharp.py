"""Pictures in the terminal's own pixels: by Sixel, by Kitty's protocol, or as well as it goes."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from orchat.demo.launch import start_demo
from orchat.demo.server import DemoServer
from orchat.errors import NotFound
from orchat.tui.attached import Attached, of_bytes
from orchat.tui.pictures import sharp
from orchat.tui.screens.preview import Preview
from tests.support.pictures import encoded, quarters
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.terminal import Terminal, in_terminal, running

HAS_SIXEL = b"\x1b[?62;4c"
IS_KITTY = (b"\x1b[?62;c\x1b_Gi=1;OK\x1b\\", b"\x1b_Gi=1;OK\x1b\\\x1b[?62;c")[sys.version_info >= (3, 12)]
"""In the order in which the library asks, which differs between what Python 3.11 and 3.12 get of it."""
HAS_NONE = b"\x1b[?62;22c"
PROGRAM = ["-m", "orchat.tui.pictures.sharp"]
F8 = b"\x1b[19~"
SIXEL = b"\x1bP"
KITTY = b"\x1b_G"
PICTURE = of_bytes(encoded(quarters(size=(800, 600)), "PNG"), "four.png", "image/png", (800, 600))
NOTES = of_bytes(b"words", "notes.txt", "text/plain")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    file = tmp_path / "four.png"
    file.write_bytes(PICTURE.data or b"")
    return str(file)


def leave(terminal: Terminal, code: int = 0) -> None:
    """Press an arrow, which is three bytes, and see the program go."""
    terminal.type(b"\x1b[A")
    assert terminal.process.wait(timeout=30) == code


def test_a_terminal_with_sixel_gets_sixels(picture: str) -> None:
    with running([*PROGRAM, picture], typed_ahead=HAS_SIXEL) as terminal:
        terminal.until_shown("any key: back")
        assert SIXEL in terminal.seen
        assert "neither" not in terminal.text
        leave(terminal)


def test_kitty_gets_its_own_pictures(picture: str) -> None:
    with running([*PROGRAM, picture], typed_ahead=IS_KITTY) as terminal:
        terminal.until_shown("any key: back")
        assert KITTY in terminal.seen
        assert SIXEL not in terminal.seen
        assert "neither" not in terminal.text
        leave(terminal)


def test_an_answer_that_comes_late_is_not_taken_for_a_key(picture: str) -> None:
    with running([*PROGRAM, picture], typed_ahead=HAS_NONE + HAS_SIXEL * 3) as terminal:
        terminal.until_shown("any key: back")
        assert terminal.process.poll() is None
        leave(terminal)


def test_a_terminal_without_either_gets_half_blocks_and_is_told(picture: str) -> None:
    with running([*PROGRAM, picture], typed_ahead=HAS_NONE) as terminal:
        terminal.until_shown("any key: back")
        assert SIXEL not in terminal.seen
        assert "▀▀▀▀" in terminal.text
        assert "This terminal draws neither Kitty's pictures nor Sixel." in terminal.text
        leave(terminal)


def test_what_is_no_picture_is_said_and_waits_for_a_key_too(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("words", encoding="utf-8")
    with running([*PROGRAM, str(file)]) as terminal:
        terminal.until_shown("the picture is")
        leave(terminal, code=1)
        assert "Traceback" not in terminal.text


def test_the_program_is_given_a_file_that_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\ncp -p "$3" "{tmp_path}/seen"\nexit 1\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("sys.executable", str(program))
    sharp.show(b"data")
    assert list(folder.iterdir()) == []
    assert (tmp_path / "seen").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "seen").stat().st_mode) == 0o600


def test_in_the_chat_a_key_shows_it_and_any_key_leads_back(picture: str) -> None:
    demo = start_demo(pace=1)
    try:
        with in_terminal(demo.base_url) as terminal:
            terminal.until_shown("demo/writer")
            terminal.type(b"\x1b[200~" + picture.encode() + b"\x1b[201~")
            terminal.until_shown("four.png")
            terminal.type(F8)
            terminal.until_shown("look")
            terminal.type(b"\r")
            terminal.until_shown("f full sharpness")
            terminal.type(b"f")
            terminal.until_shown("any key: back")
            assert "▀▀▀▀" in terminal.text
            terminal.type(b"x")
            terminal.until_shown("f full sharpness")
            terminal.type(b"\x11")
            terminal.until(b"NOTE")
    finally:
        demo.stop()


async def read(file: Attached) -> bytes:
    if file.data is None:
        raise NotFound("The attached file is gone.")
    return file.data


async def look_at(person: Person, file: Attached, *, plain: bool = False) -> None:
    person.app.push_screen(Preview([file], 0, read, plain=plain))
    await person.until_on(Preview)
    await person.until_shown(file.name, "save a copy")


@pytest.mark.anyio
async def test_the_preview_offers_it_for_pictures_alone_and_says_why_not(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await look_at(person, PICTURE)
        await person.until_shown("f full sharpness")
        await person.press("f")
        await person.until_told("the terminal cannot be given away here")
        await person.press("escape")
        for file, plain in ((NOTES, False), (PICTURE, True)):
            await look_at(person, file, plain=plain)
            assert "full sharpness" not in person.text
            await person.press("f", "escape")
        monkeypatch.setattr(sharp, "EXTRA", "nothing_of_this_name")
        await look_at(person, PICTURE)
        assert "full sharpness" not in person.text
        await person.press("f")
        await person.until_told("orchat-tui[images]")
