"""What was sent along is shown again, and never goes to a model that cannot see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.demo.models import SEER, WRITER
from orchat.demo.server import DemoServer
from orchat.tui.screens.attach import AttachDialog
from orchat.tui.screens.blind import Blind
from orchat.tui.screens.picker import Chip, Picker
from orchat.tui.screens.preview import Preview
from tests.support.attaching import BLUE, GREEN, RED, has, seen, send
from tests.support.scans import sent
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def test_an_edited_prompt_carries_its_files_which_can_be_changed(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(f"{folder / RED} {folder / GREEN}")
        await has(person, RED, GREEN)
        await send(person, "which?")
        await person.paste(str(folder / "notes.md"))
        await has(person, "notes.md")
        await person.press("alt+up", "alt+up", "e")
        await has(person, RED, GREEN)
        await person.until_shown("editing an earlier message")
        await person.press("f8", "shift+right", "escape")
        await has(person, GREEN, RED)
        person.chat.composer.area.load("and now?")
        await person.press("enter")
        await person.until(lambda: seen(person) == ["green", "red"])
        await has(person, "notes.md")


async def test_pictures_are_shown_in_the_conversation_and_opened_from_history(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(f"{folder / RED} {folder / 'notes.md'}")
        await has(person, RED, "notes.md")
        await send(person, "look")
        kept = person.chat.session.conversation
        assert kept is not None
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.chat.open_session(kept.id)
        await person.until_shown("▣ 1  scan-red.png", "▣ 2  notes.md", "▀▀▀▀▀▀▀")
        await person.press("alt+up", "alt+up")
        await person.until_shown("Enter files", "s save")
        await person.press("enter")
        await person.until_on(Preview)
        await person.until_shown("scan-red.png", "1 of 2")
        await person.press("right")
        await person.until_shown("# Notes", "about *scans*", "text · 23 B")
        await person.press("right", "left")
        await person.until_shown("PNG · 124×175")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.click("notes.md")
        await person.until_on(Preview)
        await person.until_shown("2 of 2")


async def test_pictures_of_an_answer_are_shown_and_saved(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default="demo/painter")) as person:
        await person.enter("/save")
        await person.until_told("there is no message yet")
        await send(person, "a sunset")
        await person.until_shown("picture-1.png", "▀▀▀▀▀▀")
        await person.enter("/save")
        await person.until_told("Saved 1 file in")
        assert (folder / "picture-1.png").read_bytes().startswith(b"\x89PNG")
        await person.enter("/save 2026-10")
        await person.until_told("2026-10/picture-1.png")
        await person.enter("/save /nowhere/at/all")
        await person.until_told("cannot write /nowhere/at/all")
        await person.press("alt+up", "alt+up", "s")
        await person.until_told("there is nothing to save in it")
        await person.press("enter")
        await person.until_told("There are no files in it.")


async def test_a_session_without_files_says_so(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/files")
        await person.until_told("There are no files in this session.")


async def test_pictures_that_are_gone_leave_their_room_empty(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(str(folder / RED))
        await has(person, RED)
        await send(person, "look")
        kept = person.chat.session.conversation
        assert kept is not None
        blobs = person.chat.runtime.parts.db.blobs
    for path in blobs.folder.glob("??/*"):
        path.unlink()
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.chat.open_session(kept.id)
        await person.until_shown("▣ 1  scan-red.png")
        await person.settled()
        assert "▀▀" not in person.text
        await person.enter("/files")
        await person.until_on(Preview)
        await person.until_shown("The attached file is gone")


async def test_a_picture_is_held_back_from_a_model_that_cannot_see(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=WRITER, models__vision=(SEER,))) as person:
        await person.paste(str(folder / RED))
        await has(person, RED)
        await person.enter("what is it?")
        await person.until_on(Blind)
        await person.until_shown("writer takes no pictures", "Nothing was sent", "demo/seer")
        await person.press("escape")
        await person.until(lambda: person.composer_text == "what is it?")
        await has(person, RED)
        assert server.chats == []
        await person.press("enter")
        await person.until_on(Blind)
        await person.press("9", "1")
        await person.until(lambda: seen(person) == ["red"])
        assert person.chat.session.model == SEER


async def test_the_model_used_last_that_sees_is_offered_first(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER, models__vision=(SEER,))) as person:
        await person.enter("/model demo/seer")
        await person.until(lambda: person.chat.session.model == SEER)
        await person.enter("/model demo/writer")
        await person.until(lambda: person.chat.session.model == WRITER)
        await person.paste(str(folder / BLUE))
        await has(person, BLUE)
        await person.enter("what is it?")
        await person.until_on(Blind)
        await person.until_shown("1  demo/seer", "used before")
        await person.press("enter")
        await person.until(lambda: seen(person) == ["blue"])


async def test_a_model_that_sees_can_be_picked_from_all(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=WRITER, models__vision=(SEER,))) as person:
        await person.paste(str(folder / GREEN))
        await has(person, GREEN)
        await person.enter("what is it?")
        await person.until_on(Blind)
        await person.press("p")
        picker = await person.until_on(Picker)
        await person.until_shown("[✓ sees]", "demo/seer")
        assert picker.query_one("#sees", Chip).on
        assert "demo/writer" not in [row.id for row in picker.rows.rows]
        await person.press("escape")
        await person.until(lambda: person.composer_text == "what is it?")


async def test_earlier_pictures_of_a_conversation_count_too(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(str(folder / RED))
        await has(person, RED)
        await send(person, "look")
        await person.enter("/model demo/writer")
        await person.until(lambda: person.chat.session.model == WRITER)
        await person.enter("and now?")
        await person.until_on(Blind)


async def test_a_document_needs_no_eyes(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=WRITER, models__vision=(SEER,))) as person:
        await person.paste(f"{folder / 'terms.pdf'} {folder / 'notes.md'}")
        await has(person, "terms.pdf", "notes.md")
        await send(person, "read")
        assert [part["type"] for part in sent(server)] == ["text", "text", "file"]


async def test_the_estimate_counts_what_is_attached(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(str(folder / RED))
        await has(person, RED)
        await person.until_shown("≈ $0.000 88")


@pytest.mark.parametrize("argument", [RED, f"./{RED}", f"'{RED}'", "~/scans/scan-red.png"])
async def test_a_named_file_is_attached_at_once(
    server: DemoServer, folder: Path, argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    async with at_screen(screen_runtime(server)) as person:
        await person.enter(f"/attach {argument}")
        await has(person, RED)


async def test_a_named_folder_is_opened_and_one_that_is_not_there_is_told(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.enter("/attach nowhere")
        await person.until_told("there is no file or folder nowhere")
        await person.enter("/attach 2026-10")
        await person.until_on(AttachDialog)
        await person.until_shown("old.png")
