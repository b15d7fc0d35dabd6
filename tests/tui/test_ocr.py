"""Pages of a session, as somebody reads them: estimated, read, corrected, copied, exported, stopped, gone on with."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from textual.widgets import TextArea

from orchat.demo.script import fail, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.ocr.folder import Folder
from orchat.tui import pagefiles
from orchat.tui.beginning import Beginning
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.attach import AttachDialog
from orchat.tui.screens.confirm import Choose, Confirm
from orchat.tui.screens.help import Help
from orchat.tui.screens.ocr import OcrScreen
from orchat.tui.screens.preview import Preview
from tests.support.comparing import back, said
from tests.support.pages import hex_of, pages_in, pdf_of, sent_pages, tells_of
from tests.support.reading import begin, over, runtime_for, states
from tests.support.screen import Person, at_screen

pytestmark = pytest.mark.anyio


def id_of(person: Person) -> str:
    conversation = person.chat.session.conversation
    assert conversation is not None
    return conversation.id


async def test_a_folder_is_read_after_its_estimate(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2, 3))
    async with at_screen(runtime_for(server)) as person:
        await person.enter(f"/ocr {folder}")
        await person.until_on(Confirm)
        await person.until_shown("Read 3 pages?", "About $", "at most", "demo/seer reads.", "tokens are sent")
        assert not server.chats and person.chat.session.conversation is None
        await person.press("enter")
        await person.until_on(OcrScreen)
        screen = await over(person)
        await person.until_shown("OCR   page-1.png and 2 more files", "3 of 3 · $0.00", "Esc back", "x export all")
        assert states(screen) == ["read"] * 3
        assert all(f"page-{number}.png" in person.text for number in (1, 2, 3))
        await person.until_shown(hex_of(1))
        picture = screen.query_one(Picture)
        await person.until(lambda: picture.picture is not None)
        await person.press("down", "down")
        await person.until_shown(hex_of(3))
        assert hex_of(1) not in person.text
        await person.press("escape")
        await back(person)
        assert sent_pages(server.chats, (1, 2, 3)) == [1, 1, 1]
        you, answer = said(person)
        assert you == "OCR: 3 pages\n\npage-1.png, page-2.png, page-3.png"
        assert all(tells_of(answer, number) for number in (1, 2, 3))
        await person.until_shown("OCR: page-1.png and 2 more files", "1 turn")
        kept = await person.chat.runtime.conversations.get(id_of(person))
        assert kept.cost_pico == screen.reading.totals.cost_pico > 0


async def test_where_no_model_of_the_settings_is_there_the_one_of_the_session_reads(
    server: DemoServer, tmp_path: Path
) -> None:
    folder = pages_in(tmp_path / "scans", (1,))
    async with at_screen(runtime_for(server, models__vision=("nobody/here",), models__default="demo/seer")) as person:
        await person.enter(f"/ocr {folder}")
        await person.until_on(Confirm)
        await person.until_shown("demo/seer reads.")
    async with at_screen(runtime_for(server, models__vision=("nobody/here",))) as person:
        await person.enter(f"/ocr {folder}")
        await person.until_told("none of the models in models.vision can be asked now")


async def test_an_estimate_that_is_not_taken_leaves_nothing(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1,))
    runtime = runtime_for(server)
    async with at_screen(runtime) as person:
        await person.enter(f"/attach {folder / 'page-1.png'}")
        await person.until_shown("page-1.png 24×32")
        await person.enter("/ocr")
        await person.until_on(Confirm)
        await person.press("escape")
        await back(person)
        assert person.chat.session.conversation is None and not server.chats
        assert [file.name for file in person.chat.composer.files] == ["page-1.png"]
        assert list(pagefiles.jobs_in(runtime.paths).glob("*")) == []


async def test_what_is_attached_is_read_and_stays_with_the_session(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2))
    (tmp_path / "notes.txt").write_text("buy milk")
    async with at_screen(runtime_for(server)) as person:
        for name in ("scans/page-1.png", "notes.txt"):
            await person.enter(f"/attach {tmp_path / name}")
            await person.until_shown(Path(name).name)
        await begin(person, "")
        await over(person)
        await person.press("escape")
        await back(person)
        assert [file.name for file in person.chat.composer.files] == ["notes.txt"]
        person.chat.composer.files = ()
        shutil.rmtree(folder)
        await person.enter("/ocr")
        screen = await person.until_on(OcrScreen)
        assert states(screen) == ["read"]
        await person.press("escape")
        await back(person)
        assert len(said(person)) == 2
        # More pages join the job; the one that is there is not read again.
        more = pages_in(tmp_path / "more", (5,))
        await begin(person, more)
        screen = await over(person)
        assert [page.name for page in screen.reading.pages] == ["page-1.png", "page-5.png"]
        await person.press("escape")
        await back(person)
        assert said(person)[2] == "OCR: 2 pages\n\npage-1.png, page-5.png" and len(said(person)) == 4
        assert sent_pages(server.chats, (1, 5)) == [1, 1]


async def test_a_failing_page_is_told_and_read_again(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2))
    server.script(fault("403-moderation"))
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, folder)
        await over(person)
        assert states(screen) == ["failed", "read"]
        await person.until_shown("1 of 2 · 1 failed", "1 page could not be read; r tries again.", "r read it again")
        failure = screen.reading.failure(screen.page)
        assert failure is not None and failure.message[:20] in person.text
        await person.press("c")
        await person.until_told("There is nothing to copy yet.")
        await person.press("e")
        await person.until_told("There is no text to correct yet.")
        await person.press("r")
        await person.until(lambda: states(screen) == ["read", "read"])
        await over(person)
        assert sent_pages(server.chats, (1, 2)) == [2, 1]
        await person.until_shown("2 of 2 · $", hex_of(1))
        await person.press("r")
        await person.until(lambda: not screen.reading.is_running)
        assert len(server.chats) == 3


async def test_keys_of_somebodys_own_count_among_pages(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1,))
    server.script(fault("403-moderation"))
    runtime = runtime_for(server)
    own = {"ocr_again": "g", "ocr_copy": "", "ocr_stop": "q,f9", "ocr_keep": "ctrl+o"}
    runtime.config.keymap.update(own)  # type: ignore[attr-defined]  # as [keymap] in config.toml gives it
    async with at_screen(runtime) as person:
        screen = await begin(person, folder)
        await over(person)
        await person.until_shown("1 page could not be read; g tries again.", "g read it again", "g read on", "q back")
        await person.press("r", "g")
        await person.until(lambda: states(screen) == ["read"])
        await over(person)
        assert sent_pages(server.chats, (1,)) == [2]
        await person.until_shown("e correct")
        assert "c copy" not in person.text
        await person.press("e")
        await person.until_shown("^O keep the text", "q leave it as it was")
        await person.press("home", "q", "ctrl+o")
        await person.until(lambda: states(screen) == ["corrected"])
        await person.press("f1")
        await person.until_on(Help)
        await person.until_shown("READING PAGES (/ocr)", "q            Stop reading")
        await person.press("escape")
        await person.until_on(OcrScreen)
        await person.press("escape", "q")
        await back(person)


async def test_why_a_page_failed_is_shown_when_the_pages_are_opened_again(server: DemoServer, tmp_path: Path) -> None:
    server.script(fail(400, message="too dark to read"))
    async with at_screen(runtime_for(server)) as person:
        await begin(person, pages_in(tmp_path / "scans", (1, 2)))
        await over(person)
        await person.press("escape")
        await back(person)
        await person.enter("/ocr")
        screen = await person.until_on(OcrScreen)
        assert states(screen) == ["failed", "read"]
        await person.until_shown("too dark to read", "r read it again")
        await person.press("r")
        await person.until(lambda: states(screen) == ["read", "read"])
        assert screen.reading.job.folder.failures() == {}


async def test_a_text_is_corrected_and_copied(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2))
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, folder)
        await over(person)
        await person.press("e")
        area = screen.query_one(TextArea)
        await person.until_shown("^S keep the text", "Esc leave it as it was")
        assert person.app.focused is area and hex_of(1) in area.text
        await person.type("gone")
        await person.press("escape")
        await person.until(lambda: not area.display)
        assert states(screen) == ["read", "read"]
        await person.press("e")
        area.load_text("What stands on *it*.")
        await person.press("ctrl+s")
        await person.until_told("Page 1 is corrected.")
        await person.until_shown("corrected", "What stands on it.")
        await person.press("ctrl+s", "c")
        await person.until_told("Copied page 1.")
        assert person.app.clipboard == "What stands on *it*."
        await person.press("escape")
        await back(person)
        assert "What stands on *it*." in said(person)[1]
        await person.enter("/ocr")
        screen = await person.until_on(OcrScreen)
        assert states(screen) == ["corrected", "read"]
        await person.press("e")
        area = screen.query_one(TextArea)
        area.load_text("Once more.")
        await person.press("ctrl+s")
        await person.until(lambda: not area.display)
        await person.press("escape")
        await back(person)
        await person.until(lambda: "Once more." in said(person)[1] and len(said(person)) == 2)
        assert person.chat.session.entries[1].branch == "2 of 2"


async def test_a_page_is_looked_at_as_large_as_the_screen(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(pdf_of([1, 2]))
    scan = pages_in(tmp_path / "scans", (3,)) / "page-3.png"
    async with at_screen(runtime_for(server), size=(80, 24)) as person:
        screen = await begin(person, f"'{tmp_path / 'report.pdf'}' '{scan}'")
        await over(person)
        await person.press("p")
        await person.until_on(Preview)
        await person.until_shown("report.pdf, page 1", "1 of 3", "PNG · ", "▀▀▀▀")
        await person.press("right", "right")
        await person.until_shown("page-3.png", "3 of 3", "PNG · 96 B", "▀▀▀▀")
        await person.press("left")
        await person.until_shown("report.pdf, page 2", "2 of 3", "PNG · ")
        await person.press("s")
        await person.until_shown("report.pdf-page-2.png")
        await person.press("escape", "escape")
        await person.until_on(OcrScreen)
        # The list stands at the page that was looked at last.
        await person.until(lambda: screen.page.name == "report.pdf, page 2")
        await person.until_shown(hex_of(2))


async def test_a_page_that_is_gone_is_told_of_in_the_place_of_its_picture(server: DemoServer, tmp_path: Path) -> None:
    document = tmp_path / "report.pdf"
    document.write_bytes(pdf_of([1]))
    scans = pages_in(tmp_path / "scans", (2, 3))
    async with at_screen(runtime_for(server)) as person:
        await begin(person, f"'{document}' '{scans}'")
        await over(person)
        document.unlink()
        (scans / "page-2.png").write_bytes(b"gone")
        (scans / "page-3.png").unlink()
        await person.press("p")
        await person.until_on(Preview)
        await person.until_shown("report.pdf, page 1 cannot be read any more")
        await person.press("right")
        await person.until_shown("page-2.png is ")
        await person.press("right")
        await person.until_shown("page-3.png does not exist")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_key_of_the_pages_is_in_sight_on_every_screen(
    server: DemoServer, tmp_path: Path, size: tuple[int, int]
) -> None:
    server.script(say("page 1"), fault("403-moderation"), say("page 3"), stall(stage="headers", until=asyncio.Event()))
    async with at_screen(runtime_for(server), size=size) as person:
        screen = await begin(person, pages_in(tmp_path / "scans", (1, 2, 3, 4)))
        await person.until(lambda: states(screen) == ["read", "failed", "read", "reading"])
        await person.until_shown("Esc stop", "c copy", "e correct", "x export", "p picture")
        await person.press("escape")
        await person.until_shown("Esc back", "r read", "c copy", "e correct", "x export", "p picture")
        assert ("↑↓ page" in person.text) is (size[0] > 60)


async def test_the_whole_is_exported(server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.pdf").write_bytes(pdf_of([1, 2]))
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, f"'{tmp_path / 'report.pdf'}'")
        await over(person)
        await person.until_shown("1 report.pdf", "p. 1 read", "2 report.pdf", "p. 2 read")
        picture = screen.query_one(Picture)
        await person.until(lambda: picture.picture is not None)
        await person.press("x")
        await person.until_on(Choose)
        await person.press("escape")
        await person.until_on(OcrScreen)
        for keys, name in ((("enter",), "ocr-2-pages.md"), (("down", "down", "enter"), "ocr-2-pages.json")):
            await person.press("x")
            await person.until_on(Choose)
            await person.press(*keys)
            await person.until_told(f"Written: {name}")
            await person.until_on(OcrScreen)
        assert "**Page 2** · `report.pdf, page 2`" in (tmp_path / "out/ocr-2-pages.md").read_text()
        assert json.loads((tmp_path / "out/ocr-2-pages.json").read_text())["totals"]["read"] == 2
        (tmp_path / "away").mkdir()
        monkeypatch.chdir(tmp_path / "away")
        shutil.rmtree(tmp_path / "away")
        await person.press("x")
        await person.until_on(Choose)
        await person.press("enter")
        await person.until_told("cannot write")


async def test_esc_stops_and_the_rest_is_read_later(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2, 3))
    first = fault("403-moderation")
    runtime = runtime_for(server)
    async with at_screen(runtime) as person:
        server.script(first, stall(stage="headers", until=asyncio.Event()))
        screen = await begin(person, folder)
        await person.until(lambda: states(screen) == ["failed", "reading", "waits"])
        await person.until_shown("Esc stop", "0 of 3 · 1 failed")
        await person.press("x")
        await person.until_told("There is nothing to export yet.")
        await person.press("down")
        await person.until_shown("This page is being read.")
        await person.press("escape")
        await person.until_shown("Esc back", "r read on", "1 page could not be read, 2 not read yet; r tries again.")
        assert not screen.reading.is_running
        await person.press("escape")
        await back(person)
        # Nothing was read, so nothing is told.
        assert said(person) == []
        id = id_of(person)
    async with at_screen(runtime_for(server), beginning=Beginning(resume=id)) as person:
        await person.until(lambda: person.chat.session.conversation is not None)
        await person.enter("/ocr")
        screen = await person.until_on(OcrScreen)
        assert states(screen) == ["failed", "not read", "not read"]
        await person.until_shown("1 page could not be read, 2 not read yet; r tries again.")
        await person.press("down")
        await person.until_shown("This page is not read yet.")
        await person.press("r")
        await person.until(lambda: states(screen) == ["read"] * 3)
        await over(person)
        assert sent_pages(server.chats, (1, 2, 3)) == [2, 2, 1]


async def test_going_on_with_pages_that_were_never_sent_says_its_price(server: DemoServer, tmp_path: Path) -> None:
    server.script(stall(stage="headers", until=asyncio.Event()))
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, pages_in(tmp_path / "scans", (1, 2, 3)))
        await person.until(lambda: states(screen) == ["reading", "waits", "waits"])
        await person.press("escape")
        await person.until_shown("Esc back")
        await person.press("escape")
        await back(person)
        await person.enter("/ocr")
        await person.until_on(OcrScreen)
        await person.until_shown("3 pages not read yet, about $", "r reads on.", "This page is not read yet.")


async def test_leaving_the_program_while_pages_are_read_keeps_what_is_there(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2))
    runtime = runtime_for(server)
    async with at_screen(runtime) as person:
        await person.chat.runtime.start()
        screen = await begin(person, folder)
        await over(person)
        await person.press("escape")
        await back(person)
        server.script(stall(stage="headers", until=asyncio.Event()))
        screen = await begin(person, pages_in(tmp_path / "more", (3,)))
        await person.until(lambda: states(screen) == ["read", "read", "reading"])
        root = screen.reading.job.folder.root
        await person.press("ctrl+q")
        await person.until(lambda: not screen.reading.is_running)
    assert len(Folder(root).records()) == 2


async def test_without_anything_to_read_files_are_chosen(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pages_in(tmp_path / "scans", (1,)))
    async with at_screen(runtime_for(server)) as person:
        await person.enter("/ocr")
        await person.until_on(AttachDialog)
        await person.press("escape")
        await back(person)
        assert not server.chats
        await person.enter("/ocr")
        await person.until_on(AttachDialog)
        await person.until_shown("page-1.png")
        await person.settled()
        await person.press("down", "enter")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until_on(OcrScreen)
        screen = await over(person)
        assert states(screen) == ["read"]
