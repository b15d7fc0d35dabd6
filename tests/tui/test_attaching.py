"""Attaching: by dialog, paste, drop, mention and clipboard; chips are looked at, moved and removed, and then sent."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from orchat.demo.models import SEER
from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.tui.screens.preview import Preview
from orchat.tui.screens.sessions import Sessions
from orchat.tui.widgets.chips import Chips
from orchat.tui.widgets.completion import Completion
from tests.support.attaching import BLUE, GREEN, RED, chips, has, seen, send
from tests.support.pictures import encoded, quarters
from tests.support.scans import sent
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio

# ---- paste and drop ----


async def test_a_dropped_file_becomes_a_chip_and_is_seen_by_the_model(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(f"{folder / RED}\n")
        await has(person, RED)
        assert person.composer_text == ""
        await person.until_shown("▣ 1  scan-red.png 124×175 ×")
        await send(person, "what is it?")
        assert seen(person) == ["red"]
        assert [part["type"] for part in sent(server)] == ["text", "image_url"]
        assert chips(person) == []
        await person.until_shown("▣ 1  scan-red.png  124×175")


async def test_several_dropped_files_arrive_in_their_order(server: DemoServer, folder: Path) -> None:
    spaced = str(folder / "photo with spaces.jpg").replace(" ", "\\ ")
    link = (folder / BLUE).as_uri()
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(f"{folder / GREEN} '{folder / RED}' {spaced}")
        await has(person, GREEN, RED, "photo with spaces.jpg")
        await person.paste(f"{link}\r\n")
        await has(person, GREEN, RED, "photo with spaces.jpg", BLUE)
        await send(person, "look")
        colours = seen(person)
        assert (colours[0], colours[1], colours[3]) == ("green", "red", "blue")


@pytest.mark.parametrize(
    "text", ["/etc/nothing-there.png", "/tmp is full", "'quoted' words", "https://example.com/page", "/usr"]
)
async def test_what_is_no_file_stays_text(server: DemoServer, folder: Path, text: str) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(text)
        await person.until(lambda: person.composer_text == text)
        assert chips(person) == []
        assert not person.chat.composer.area.is_waiting


async def test_a_link_to_a_picture_is_passed_on_and_never_fetched(server: DemoServer, folder: Path) -> None:
    server.script(say("a cat"))
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste("https://example.com/pictures/cat.png?size=2")
        await has(person, "cat.png")
        await send(person, "what is it?")
        link = {"type": "image_url", "image_url": {"url": "https://example.com/pictures/cat.png?size=2"}}
        assert sent(server)[1] == link
        await person.until_shown("▣ 1  cat.png  link")
        await person.enter("/files")
        await person.until_on(Preview)
        await person.until_shown("not opened here: https://example.com/pictures/cat.png?size=2")


async def test_the_engine_that_costs_says_so_when_a_document_is_attached(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, media__pdf_engine="mistral-ocr")) as person:
        await person.paste(str(folder / "terms.pdf"))
        await person.until_told("mistral-ocr reads terms.pdf: $2 per 1,000 pages beside the tokens.")
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(str(folder / "terms.pdf"))
        await has(person, "terms.pdf")
        assert not person.app._notifications


async def test_what_cannot_be_sent_is_told_in_words(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(str(folder / "holiday.heic"))
        await person.until_told("holiday.heic is an HEIC picture, which cannot be sent")
        await person.paste(str(folder / "cut.png"))
        await person.until_told("cut.png is damaged or ends early")
        await person.settled()
        assert chips(person) == []
        assert person.chat.composer.preparing == 0


# ---- the clipboard ----


async def test_a_picture_on_the_clipboard_is_attached(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "picture").write_bytes(encoded(quarters(), "PNG"))
    tool = tools / "wl-paste"
    tool.write_text(f'#!/bin/sh\n[ "$1" = --list-types ] && echo image/png || {shutil.which("cat")} {tools}/picture\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.press("ctrl+v")
        await has(person, "clipboard")
        await person.paste("")
        await has(person, "clipboard", "clipboard")
        await send(person, "look")
        assert person.chat.last_answer() is not None
        assert "red above blue, green above white" in getattr(person.chat.last_answer(), "source", "")


async def test_without_a_picture_the_key_writes_what_was_copied_here(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with at_screen(screen_runtime(server)) as person:
        await person.press("ctrl+v")
        await person.until_told("over SSH the clipboard of your computer cannot be read")
        person.app.copy_to_clipboard("some words")
        await person.press("ctrl+v")
        await person.until(lambda: person.composer_text == "some words")


# ---- mentions ----


async def test_a_mention_is_completed_and_becomes_a_chip(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.type("look at @")
        await person.until_shown("@2026-10/", "@holiday.heic")
        assert ".hidden" not in person.text
        await person.type("red")
        await person.until_gone("@holiday.heic")
        await person.press("tab")
        await has(person, RED)
        assert person.composer_text == "look at "
        assert not person.chat.query_one(Completion).is_open
        await person.type("and @2026")
        await person.until_shown("@2026-10/", "folder")
        await person.press("enter")
        await person.until(lambda: person.composer_text == "look at and @2026-10/")
        await person.until_shown("@2026-10/old.png")
        await person.press("escape")
        await person.until(lambda: not person.chat.query_one(Completion).is_open)
        await person.type("o")
        await person.until_shown("@2026-10/old.png")
        await person.settled()
        await person.until(lambda: person.chat.query_one(Completion).is_open)
        await person.press("down", "enter")
        await has(person, RED, "old.png")
        await send(person)
        assert seen(person) == ["red", "red"]


async def test_a_file_that_a_sent_prompt_names_goes_along(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await send(person, f"compare @{GREEN}, with @./scan-red.png. And @nobody, (@photo\\ with\\ spaces.jpg)?")
        parts = sent(server)
        assert parts[0]["text"].startswith("compare @scan-green.png, with")
        assert seen(person)[:2] == ["green", "red"]
        assert len(seen(person)) == 3


async def test_a_prompt_whose_file_cannot_be_sent_comes_back(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.enter("look at @holiday.heic")
        await person.until_told("holiday.heic is an HEIC picture, which cannot be sent")
        await person.until(lambda: person.composer_text == "look at @holiday.heic")
        assert server.chats == []


async def test_prompts_keep_their_order_while_files_are_looked_for(server: DemoServer, folder: Path) -> None:
    server.script(stall(stage="body", text="Once"), say("two"), say("three"))
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.enter("first")
        await person.until(lambda: person.chat.session.busy)
        person.chat.composer.area.load(f"second @{RED}")
        await person.press("enter")
        person.chat.composer.area.load("third")
        await person.press("enter")
        await person.until_shown("queued: 2")
        await person.press("escape")
        await person.until(lambda: person.composer_text == f"second @{RED}\n\nthird")
        await has(person, RED)


# ---- chips ----


async def test_chips_are_moved_removed_and_looked_at_with_the_keys(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.paste(f"{folder / RED} {folder / GREEN} {folder / BLUE} {folder / 'notes.md'}")
        await has(person, RED, GREEN, BLUE, "notes.md")
        await person.press("f8")
        assert isinstance(person.app.focused, Chips)
        await person.until_shown("[▣ 1  scan-red.png 124×175 ×]", "Shift+←→ move  Enter look  Del remove  Esc back")
        await person.press("shift+right", "shift+right")
        await has(person, GREEN, BLUE, RED, "notes.md")
        await person.press("end", "shift+right", "home", "shift+left", "right", "ctrl+left")
        await has(person, BLUE, GREEN, RED, "notes.md")
        await person.press("enter")
        await person.until_on(Preview)
        await person.until_shown("scan-blue.png", "1 of 4", "PNG · 124×175")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("right", "delete")
        await has(person, BLUE, RED, "notes.md")
        await person.press("end", "backspace")
        await has(person, BLUE, RED)
        await person.press("escape")
        await person.until(lambda: person.app.focused is person.chat.composer.area)
        await send(person, "which colours?")
        assert seen(person) == ["blue", "red"]


async def test_keys_for_chips_do_nothing_where_there_are_none(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.press("f8")
        await person.until_told("Nothing is attached")
        await person.paste(str(folder / RED))
        await has(person, RED)
        await person.press("shift+tab")
        assert isinstance(person.app.focused, Chips)
        await person.press("delete")
        await has(person)
        await person.until(lambda: person.app.focused is person.chat.composer.area)


async def test_a_letter_typed_on_the_chips_is_for_the_prompt(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(str(folder / RED))
        await has(person, RED)
        await person.press("f8", "h", "i")
        await person.until(lambda: person.composer_text == "hi")


async def test_a_click_opens_a_chip_and_its_cross_removes_it(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste(f"{folder / RED} {folder / GREEN}")
        await has(person, RED, GREEN)
        await person.click("scan-green.png")
        await person.until_on(Preview)
        await person.until_shown("scan-green.png", "2 of 2")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.click("×   ▣ 2")
        await has(person, GREEN)


async def test_a_long_paste_is_a_chip_after_the_files_and_can_be_looked_at(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await person.paste("first words " + "long " * 5_000)
        await person.paste(str(folder / RED))
        await person.until_shown("▣ 1  scan-red.png 124×175 ×   ▣ 2  paste 25 kB 1 line ×")
        await person.press("f8", "right", "shift+left", "enter")
        await person.until_on(Preview)
        await person.until_shown("paste-1.txt", "2 of 2", "first words long long")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("delete")
        await has(person, RED)


async def test_more_chips_than_fit_are_counted_and_gone_through(server: DemoServer, folder: Path) -> None:
    names = [f"page-{number}-of-a-long-document.png" for number in range(9)]
    for name in names:
        shutil.copy(folder / RED, folder / name)
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.paste(" ".join(str(folder / name) for name in names))
        await has(person, *names)
        await person.until_shown("page-0-of", "8 ›")
        await person.press("f8", "end")
        await person.until_shown("‹ 8", "[▣ 9  page-8-of")
        await person.click("‹ 8")
        await person.until_on(Preview)
        await person.until_shown("8 of 9")


async def test_room_is_kept_for_no_number_that_is_not_shown(server: DemoServer, folder: Path) -> None:
    names = [RED, "a-picture-of-paper.png", *(f"page-{number}-of-a-long-document.png" for number in range(3))]
    for name in names[1:]:
        shutil.copy(folder / RED, folder / name)
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.paste(" ".join(str(folder / name) for name in names))
        await has(person, *names)
        await person.until_shown("▣ 1  scan-red.png 124×175 ×   ▣ 2  a-picture-of-paper.png 124×175 ×   3 ›")


async def test_what_is_not_ready_is_in_sight_beside_many_chips(server: DemoServer, folder: Path) -> None:
    names = [f"page-{number}.png" for number in range(5)]
    for name in names:
        shutil.copy(folder / RED, folder / name)
    async with at_screen(screen_runtime(server), size=(80, 24)) as person:
        await person.paste(" ".join(str(folder / name) for name in names))
        await has(person, *names)
        async with person.chat._in_order:
            person.chat.attach((folder / GREEN,))
            await person.until_shown("▣ 1  page-0.png", "›   preparing 1 file …")
        await has(person, *names, GREEN)


async def test_enter_waits_for_files_that_are_not_ready(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        async with person.chat._in_order:
            person.chat.attach((folder / RED, folder / GREEN))
            await person.until_shown("preparing 2 files …")
            await person.enter("which?")
            await person.until_shown("sent when its files are ready")
            await person.chat.refresh_figures().wait()
            assert person.chat.composer.estimate
            await person.until_shown("sent when its files are ready")
            assert server.chats == []
        await person.until(lambda: seen(person) == ["red", "green"])


async def test_a_prompt_stays_when_one_of_its_files_cannot_be_attached(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        async with person.chat._in_order:
            person.chat.attach((folder / RED, folder / "cut.png"))
            await person.until_shown("preparing 2 files …")
            await person.enter("which?")
        await person.until_told("cut.png is damaged")
        await has(person, RED)
        await person.settled()
        assert person.composer_text == "which?"
        assert server.chats == []


async def test_files_that_are_not_ready_do_not_follow_into_another_session(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server)) as person:
        async with person.chat._in_order:
            person.chat.attach((folder / RED, folder / GREEN))
            await person.until_shown("preparing 2 files …")
            await person.press("ctrl+n")
            await person.until_gone("preparing")
        await person.settled()
        assert chips(person) == []


async def test_a_prompt_that_waits_for_its_files_is_not_sent_in_another_session(
    server: DemoServer, folder: Path
) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.ask("hello")
        await person.type("not yet")
        await person.press("ctrl+n")
        await person.until(lambda: person.chat.session.turns == 0)
        async with person.chat._in_order:
            person.chat.attach((folder / RED,))
            await person.enter("which?")
            await person.until_shown("sent when its files are ready")
            await person.press("ctrl+r")
            await person.until_on(Sessions)
            await person.until_shown("hello")
            await person.press("enter")
            await person.until(lambda: person.composer_text == "not yet")
        await person.until_gone("preparing")
        await person.settled()
        assert person.composer_text == "not yet"
        assert len(server.chats) == 1
        await person.press("ctrl+n")
        await person.until(lambda: person.composer_text == "which?")


async def test_nothing_that_a_temporary_session_attaches_is_on_the_disk(server: DemoServer, folder: Path) -> None:
    async with at_screen(screen_runtime(server, models__default=SEER)) as person:
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await person.paste(str(folder / RED))
        await has(person, RED)
        await send(person, "look")
        assert seen(person) == ["red"]
        await person.click("scan-red.png")
        await person.until_on(Preview)
        await person.until_shown("PNG · 124×175", "▀▀▀▀")
        data = person.chat.runtime.paths.data_dir
        assert not [path for path in data.rglob("*") if path.is_file() and len(path.name) == 64]
