"""Looking at one file: as large as the screen, in words where that must be, saved and opened elsewhere."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from orchat.demo.server import DemoServer
from orchat.domain.content import ImagePart
from orchat.errors import NotFound, StoreUnwritable
from orchat.tui.attached import Attached, of_bytes, of_link
from orchat.tui.pictures.ground import ground_of
from orchat.tui.pictures.picture import Picture
from orchat.tui.saving import proposed, save, save_as
from orchat.tui.screens.confirm import Confirm
from orchat.tui.screens.preview import Preview
from tests.support.pictures import encoded, quarters
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

PICTURE = of_bytes(encoded(quarters(size=(800, 600)), "PNG"), "four.png", "image/png", (800, 600), "from 4000×3000")
TEXT = of_bytes(("line \x1b[31m one\n" + "more\n" * 200).encode(), "notes.txt", "text/plain")
PDF = of_bytes(b"%PDF-1.7", "terms.pdf", "application/pdf")
LINK = of_link(ImagePart(url="https://example.com/a.png", name="a.png"))


async def read(file: Attached) -> bytes:
    if file.data is None:
        raise NotFound("The attached file is gone.")
    return file.data


@asynccontextmanager
async def looking(
    server: DemoServer, *files: Attached, size: tuple[int, int] = (120, 40), **settings: Any
) -> AsyncIterator[tuple[Person, Preview]]:
    async with at_screen(screen_runtime(server, **settings), size=size) as person:
        plain = bool(settings.get("tui__plain"))
        person.app.push_screen(Preview(files, 0, read, plain=plain))
        screen = await person.until_on(Preview)
        yield person, screen


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_a_picture_is_as_large_as_there_is_room(server: DemoServer, size: tuple[int, int]) -> None:
    async with looking(server, PICTURE, size=size) as (person, screen):
        await person.until_shown("four.png", "PNG · 800×600", "from 4000×3000", "▀▀▀▀")
        shown = screen.query_one(Picture)
        await person.until(lambda: shown.picture is not None and shown.picture.rows == shown.size.height)
        await person.pilot.resize_terminal(100, 30)
        await person.until(lambda: shown.picture is not None and shown.picture.rows == shown.size.height)


async def test_one_after_the_other_is_shown(server: DemoServer) -> None:
    async with looking(server, PICTURE, TEXT, PDF, LINK) as (person, _):
        await person.until_shown("1 of 4", "▀▀▀▀")
        await person.press("left", "right")
        await person.until_shown("2 of 4", "line  one", "more")
        await person.press("down", "right")
        await person.until_shown("3 of 4", "PDF: it is not shown here")
        await person.press("space")
        await person.until_shown("4 of 4", "A link, which is not opened here: https://example.com/a.png")
        await person.press("right", "pageup", "pageup", "left", "left")
        await person.until_shown("1 of 4", "▀▀▀▀")
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)


async def test_the_ground_follows_the_theme(server: DemoServer) -> None:
    async with looking(server, PICTURE) as (person, screen):
        await person.until_shown("▀▀▀▀")
        person.app.theme = "orchat-light"
        await person.settled()
        assert screen.query_one(Picture).picture is not None


def test_the_terminals_own_ground_is_taken_for_black_or_white() -> None:
    assert ground_of({"background": "#102030"}) == (16, 32, 48)
    assert ground_of({"background": "ansi_default"}) == (0, 0, 0)
    assert ground_of({"background": "ansi_bright_white"}) == (255, 255, 255)
    assert ground_of({"background": "no colour"}) == (0, 0, 0)
    assert ground_of({}) == (0, 0, 0)


async def test_words_stand_for_a_picture_where_none_is_wanted(server: DemoServer) -> None:
    async with looking(server, PICTURE, tui__plain=True) as (person, _):
        await person.until_shown("A picture: PNG · 800×600")
        assert "▀" not in person.text


async def test_what_is_gone_or_damaged_says_so(server: DemoServer) -> None:
    gone = Attached(name="a.png", mime="image/png", size=1, sha256="0")
    cut = of_bytes(encoded(quarters(size=(800, 600)), "PNG")[:90], "cut.png", "image/png")
    async with looking(server, gone, cut) as (person, screen):
        await person.until_shown("The attached file is gone.")
        await person.press("right")
        await person.until_shown("cut.png is damaged or ends early")

        def unreadable() -> bytes:
            raise OSError

        screen.query_one(Picture).show(unreadable, "a.png")
        await person.until_shown("It cannot be read any more.")


async def test_a_copy_is_saved_beside_what_is_there(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "four.png").write_text("mine")
    async with looking(server, PICTURE) as (person, _):
        await person.press("s")
        await person.until_shown("Save as")
        await person.press("enter")
        await person.until_told("four-2.png")
        assert (tmp_path / "four-2.png").read_bytes() == PICTURE.data
        assert (tmp_path / "four.png").read_text() == "mine"
        await person.press("s")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.fill("/nowhere/a.png")
        await person.press("enter")
        await person.until_told("cannot write /nowhere/a.png: no such file or directory")
        await person.press("s")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.press("escape")
        await person.until_on(Preview)


async def test_it_is_opened_elsewhere_after_a_question(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    opened: list[str] = []
    gone = Attached(name="gone.png", mime="image/png", size=1, sha256="0")
    async with looking(server, PICTURE, LINK, gone) as (person, _):
        monkeypatch.setattr(person.app, "open_url", opened.append)
        await person.press("o")
        await person.until_on(Confirm)
        await person.until_shown("Open it in another program?", "four.png")
        await person.press("escape")
        await person.until_on(Preview)
        await person.press("o")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until(lambda: len(opened) == 1)
        assert Path(opened[0].removeprefix("file://")).read_bytes() == PICTURE.data
        await person.press("right", "o")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until(lambda: len(opened) == 2)
        assert opened[1] == "https://example.com/a.png"
        await person.press("right", "o")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until_told("The attached file is gone.")


def test_a_foreign_name_leads_nowhere(tmp_path: Path) -> None:
    assert proposed(tmp_path, "../../etc/passwd\x1b").parent == tmp_path
    assert save(b"x", proposed(tmp_path, "../..")).parent == tmp_path


def test_a_folder_takes_the_file_under_its_own_name(tmp_path: Path) -> None:
    assert save_as(b"x", str(tmp_path), "a.png") == tmp_path / "a.png"
    assert save_as(b"x", str(tmp_path / "b.png"), "a.png") == tmp_path / "b.png"


@pytest.mark.parametrize("wish", ["~nobody-at-all/x", "a\0b", "/proc/nothing/x"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, wish: str) -> None:
    with pytest.raises(StoreUnwritable):
        save_as(b"x", wish, "a.png")


def test_a_disk_that_takes_no_more_keeps_no_half_of_a_file(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StoreUnwritable, match="file too large"):
            save(b"x" * 100, tmp_path / "a.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.glob("*.png")) == []
