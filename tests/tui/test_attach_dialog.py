"""The attach dialog: a few letters find a file, a look tells what would be sent, and several go along at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchat.demo.models import SEER, WRITER
from orchat.demo.server import DemoServer
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.attach import AttachDialog
from orchat.tui.widgets.chips import Chips
from tests.support.pictures import encoded, photo, png_of_zeros
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def opened(person: Person) -> AttachDialog:
    await person.press("ctrl+t")
    dialog = await person.until_on(AttachDialog)
    await person.until_shown("notes.md")
    await person.settled()
    return dialog


def attached(person: Person) -> list[str]:
    return [file.name for file in person.chat.composer.files]


def highlighted(dialog: AttachDialog) -> str:
    row = dialog.rows.highlighted
    return Path(row.id).name if row else ""


async def test_letters_find_a_file_which_is_seen_weighed_and_attached(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        dialog = await opened(person)
        await person.type("blu")
        await person.until(lambda: highlighted(dialog) == "scan-blue.png")
        await person.until_shown("file       PNG picture, 124×175", "sent as    124×175 PNG", "▀▀▀▀▀▀")
        await person.until_shown("left out (place, time, camera)", "1,100 tokens, ≈ $0.000 88", "seer sees pictures")
        assert dialog.query_one(Picture).picture is not None
        await person.press("enter")
        await person.until(lambda: person.app.screen is person.chat)
        await person.until(lambda: attached(person) == ["scan-blue.png"])
        assert person.app.focused is person.chat.composer.area


async def test_several_are_chosen_with_the_space_bar_and_come_in_that_order(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        dialog = await opened(person)
        await person.type("scan")
        await person.until(lambda: len(dialog.rows.rows) == 3)
        await person.press("pagedown", "space")
        await person.until_shown("● scan-red.png", "1 chosen", "Enter attach 1")
        await person.press("pageup", "space")
        await person.until_shown("● scan-blue.png", "2 chosen", "in all", "2,200 tokens")
        await person.press("space")
        await person.until_shown("3 chosen", "3,300 tokens")
        await person.press("up", "space")
        await person.until_shown("2 chosen")
        await person.press("backspace", "backspace", "backspace", "backspace")
        await person.until_shown("notes.md", "2 chosen")
        await person.press("ctrl+t")
        await person.until(lambda: attached(person) == ["scan-red.png", "scan-blue.png"])


async def test_what_cannot_be_sent_is_told_in_the_pane_and_not_attached(server: DemoServer, folder: Path) -> None:
    (folder / "bomb.png").write_bytes(png_of_zeros(20_000, 20_000))
    (folder / "pages.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    async with at_screen(screen_runtime(server)) as person:
        dialog = await opened(person)
        await person.until_shown("cannot be sent")
        for typed, words in (
            ("heic", "holiday.heic is an HEIC picture, which"),
            ("bomb", "bomb.png has 400 megapixels;"),
        ):
            await person.fill(typed)
            await person.until_shown(words)
            await person.press("space", "enter")
            assert person.app.screen is dialog
            assert "chosen" not in person.text
        await person.fill("cut")
        await person.until_shown("cut.png is damaged or ends early")
        await person.press("space")
        await person.until_gone("chosen")
        await person.fill("svg")
        await person.until_shown("SVG drawing")


async def test_why_a_file_cannot_be_sent_is_said_once_at_every_width(server: DemoServer, folder: Path) -> None:
    async def until_said_once(words: str) -> None:
        await person.until(lambda: person.text.count(words) == 1)

    reasons = {"heic": "an HEIC", "cut": "is damaged or"}
    async with at_screen(screen_runtime(server), size=(60, 16)) as person:
        dialog = await opened(person)
        for size in ((60, 16), (120, 40)):
            await person.pilot.resize_terminal(*size)
            for typed, words in reasons.items():
                await person.fill(typed)
                await until_said_once(words)
        await person.until_shown("file       PNG picture", "sent as    nothing")
        # The same file, where there is no room for a picture, and no other file in between.
        await person.pilot.resize_terminal(60, 16)
        await person.until_gone("sent as")
        await until_said_once("is damaged or")
        await person.fill("notes")
        await person.press("space")
        await person.until_shown("1 chosen")
        await person.fill("heic")
        await until_said_once("an HEIC")
        assert list(dialog._chosen) == [folder / "notes.md"]


async def test_folders_are_gone_through_and_the_way_back_is_kept(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        dialog = await opened(person)
        assert highlighted(dialog) == "2026-10"
        await person.press("enter")
        await person.until_shown("old.png")
        assert highlighted(dialog) == "old.png"
        await person.press("backspace")
        await person.until_shown("notes.md")
        assert highlighted(dialog) == "2026-10"
        await person.press("enter")
        await person.until_shown("old.png")
        await person.press("up", "enter")
        await person.until_shown("notes.md")
        assert highlighted(dialog) == "2026-10"
        await person.click("notes.md")
        await person.until(lambda: attached(person) == ["notes.md"])


async def test_a_typed_path_is_followed(server: DemoServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    async with at_screen(screen_runtime(server)) as person:
        dialog = await opened(person)
        await person.fill(f"{folder}/2026-10/")
        await person.until_shown("old.png", "~/2026-10")
        await person.fill("../scan-r")
        await person.until(lambda: highlighted(dialog) == "scan-red.png")
        assert dialog.typed == "scan-r"
        await person.fill("~")
        await person.until_shown("notes.md")
        await person.fill("/nowhere/at/all")
        await person.until_shown("nothing here has such a name")
        await person.fill(f"'{folder}/2026-10/o'")
        await person.until(lambda: highlighted(dialog) == "old.png")


async def test_hidden_files_are_shown_when_they_are_asked_for(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await opened(person)
        assert ".hidden.txt" not in person.text
        await person.press("f2")
        await person.until_shown(".hidden.txt", "hidden files too")
        await person.press("f2")
        await person.until_gone(".hidden.txt")
        await person.type(".h")
        await person.until_shown(".hidden.txt", "hidden files too")


async def test_folders_that_were_used_are_offered_again(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await opened(person)
        assert "recent folders" not in person.text
        await person.press("ctrl+r", "enter")
        await person.until_shown("old.png")
        await person.press("enter")
        await person.until(lambda: attached(person) == ["old.png"])
        await person.settled()
        dialog = await opened(person)
        await person.until_shown("^R recent folders")
        await person.press("ctrl+r")
        await person.until(lambda: highlighted(dialog) == "2026-10" and len(dialog.rows.rows) == 1)
        await person.press("enter")
        await person.until_shown("old.png")
        await person.press("ctrl+r", "ctrl+r")
        await person.until_shown("old.png")


async def test_a_folder_that_cannot_be_read_says_so(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        dialog = await opened(person)
        shutil.rmtree(folder / "2026-10")
        await person.press("enter")
        await person.until_shown("2026-10: no such file or directory")
        assert dialog.folder == folder
        person.app.push_screen(AttachDialog(folder / "gone"))
        await person.until_shown("gone: no such file or directory", "../")
        await person.settled()
        assert "gone: no such file or directory" in person.text
        await person.press("enter")
        await person.until_shown("notes.md")
        await person.until_gone("no such file")


async def test_the_clipboard_comes_after_what_is_chosen(
    server: DemoServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with at_screen(screen_runtime(server)) as person:
        await opened(person)
        await person.type("notes")
        await person.until_shown("about *scans*")
        await person.press("space", "ctrl+v")
        await person.until(lambda: attached(person) == ["notes.md"])
        await person.until_told("over SSH the clipboard")
        await person.press("ctrl+t")
        await person.until_on(AttachDialog)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        assert attached(person) == ["notes.md"]


async def test_a_large_photo_tells_what_is_left_of_it(server: DemoServer, folder: Path) -> None:
    (folder / "camera.jpg").write_bytes(encoded(photo((2400, 1600)), "JPEG", quality=60))
    async with at_screen(screen_runtime(server, models__default=WRITER)) as person:
        await opened(person)
        await person.type("camera")
        await person.until_shown("JPEG picture, 2400×1600", "sent as    2048×1365 JPEG")
        await person.until_shown("writer cannot see: you choose another on sending")


async def test_documents_show_what_they_are(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        dialog = await opened(person)
        await person.type("terms")
        await person.until_shown("PDF document, 3 kB", "terms.pdf is a PDF document")
        await person.fill("notes")
        await person.until_shown("# Notes", "text, 23 B")
        await person.until(lambda: folder / "notes.md" in dialog._ready)
        (folder / "notes.md").unlink()
        await person.fill("")
        await person.fill("notes")
        await person.until_shown("notes.md cannot be read")
        dialog._seen.clear()
        await person.fill("")
        await person.until_shown("cannot be sent")


async def test_nothing_is_drawn_where_pictures_are_not_wanted(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER, tui__plain=True)) as person:
        await opened(person)
        await person.type("blue")
        await person.until_shown("124×175")
        await person.settled()
        assert "▀" not in person.text
        await person.press("enter")
        await person.until_shown("attachment 1  scan-blue.png 124×175")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_the_dialog_fits_every_terminal(server: DemoServer, folder: Path, size: tuple[int, int]) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER), size=size) as person:
        dialog = await opened(person)
        await person.type("red")
        await person.until_shown("scan-red.png", "sent as", "Esc back")
        await person.until(lambda: ("▀▀▀" in person.text) == (size[0] >= 76))
        await person.pilot.resize_terminal(80, 24)
        await person.until_shown("▀▀▀")
        await person.pilot.resize_terminal(60, 16)
        await person.until_gone("▀▀▀")
        assert highlighted(dialog) == "scan-red.png"


async def test_what_was_prepared_is_not_prepared_again(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await opened(person)
        await person.type("red")
        await person.until_shown("sent as    124×175 PNG")
        (folder / "scan-red.png").unlink()
        await person.press("enter")
        await person.until(lambda: attached(person) == ["scan-red.png"])
        await person.until(lambda: person.chat.query_one(Chips).chips == ("scan-red.png 124×175",))
