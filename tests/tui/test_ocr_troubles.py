"""Pages that cannot be read, for now or for good, as somebody is told of them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from orchat.demo.script import fail, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.events import FellBack, Queued, Retrying, SwitchedKey
from orchat.errors import StoreUnwritable, UpstreamFailed
from orchat.ocr.page import PageNoted, PageWaits
from orchat.tui import pagefiles
from orchat.tui.pagewish import parse
from orchat.tui.pictures.picture import Picture
from orchat.tui.screens.chat import ChatScreen
from orchat.tui.screens.confirm import Confirm
from orchat.tui.screens.ocr import OcrScreen
from orchat.tui.transcript.widget import Transcript
from tests.support.comparing import back
from tests.support.pages import hex_of, pages_in, picture_of, sent_pages
from tests.support.pictures import encoded
from tests.support.reading import begin, over, runtime_for, states
from tests.support.scans import HEIC
from tests.support.screen import at_screen

pytestmark = pytest.mark.anyio


async def test_what_cannot_be_read_is_said(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1,))
    (folder / "page-2.heic").write_bytes(HEIC)
    (tmp_path / "notes.txt").write_text("buy milk")
    server.script(fault("401-bad-key"))
    async with at_screen(runtime_for(server)) as person:
        await person.enter("/ocr /nowhere/at/all")
        await person.until_told("does not exist")
        await person.enter('/ocr "open')
        await person.until_told('"open does not exist')
        person.chat.composer.area.load("")
        await person.enter(f"/attach {tmp_path / 'notes.txt'}")
        await person.until_shown("notes.txt")
        await person.enter("/ocr")
        await person.until_told("notes.txt has no pages to read")
        person.chat.composer.files = ()
        await person.enter(f"/ocr {folder}")
        await person.until_on(Confirm)
        await person.until_shown("Read 1 page?", "1 other page:")
        await person.press("enter")
        screen = await person.until_on(OcrScreen)
        await over(person)
        assert states(screen) == ["not read", "failed"]
        assert screen.reading.stopped is not None
        await person.until_shown(screen.reading.stopped.message[:20])
        await person.press("down")
        await person.until_shown("page-2.heic", "r read it again")
        shutil.rmtree(folder)
        await person.press("r")
        await person.until_told("does not exist")
        await person.press("escape")
        await back(person)


async def test_what_happens_on_the_way_is_said(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1,))
    server.script(stall(stage="headers", until=asyncio.Event()))
    ill = UpstreamFailed("the server is ill", model="demo/seer")
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, folder)
        await person.until_shown("This page is being read.", "Esc stop")
        page = screen.reading.pages[0]
        events: dict[str, Queued | Retrying | FellBack] = {
            "waits: twenty a minute": Queued(reason="twenty a minute", wait_s=3.0),
            "the server is ill; again in 2.0 s": Retrying(delay_s=2.0, error=ill),
            "the server is ill; demo/other is": FellBack(from_model="demo/seer", to_model="demo/other", error=ill),
        }
        for words, event in events.items():
            screen.reading._seen(PageNoted(page=page, event=event))
            await person.until_shown(words)
        screen.reading._seen(PageWaits(page=page, error=ill, delay_s=15.0))
        await person.until_shown("the server is ill; again in 15 s", "waits")
        switched = SwitchedKey(from_label="work", to_label="home", error=ill)
        screen.reading._seen(PageNoted(page=page, event=switched))
        await person.until_told("going on with the key home")
        await screen.reading.again()
        assert len(server.chats) == 1
        await person.press("escape")
        await person.until_shown("This page is not read yet.")


async def test_a_page_that_fails_for_a_while_is_sent_again(server: DemoServer, tmp_path: Path) -> None:
    server.script(fail(502), fail(502))
    async with at_screen(runtime_for(server, retry__attempts=0)) as person:
        screen = await begin(person, pages_in(tmp_path / "scans", (1,)))
        await over(person)
        assert states(screen) == ["read"]
        assert sent_pages(server.chats, (1,)) == [3]


async def test_a_file_that_changes_meanwhile_is_read_anew(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2, 3, 4))
    go = asyncio.Event()
    server.script(stall(stage="headers", until=go, text="the first page"))
    async with at_screen(runtime_for(server)) as person:
        screen = await begin(person, folder)
        await person.until(lambda: states(screen)[0] == "reading")
        # No more than two pages are made ready while the first one is on its way.
        (folder / "page-4.png").write_bytes(encoded(picture_of(9), "PNG"))
        go.set()
        await over(person)
        assert states(screen) == ["read", "read", "read", "failed"]
        await person.press("end")
        await person.until_shown("has changed since the", "Go on with r.")
        await person.press("r")
        await person.until(lambda: states(screen) == ["read"] * 4)
        await over(person)
        await person.until_shown(hex_of(9), "4 of 4")
        assert sum(" read " in line for line in person.lines) == 4


async def test_no_pages_are_read_while_an_answer_arrives(server: DemoServer, tmp_path: Path) -> None:
    server.script(stall(stage="body", text="Once upon", chars=4))
    async with at_screen(runtime_for(server)) as person:
        await person.enter("tell")
        await person.until_shown("Once")
        await person.enter(f"/ocr {tmp_path}")
        await person.until_told("an answer still arrives")
        await person.press("escape")


def test_files_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable, match="cannot write"):
        pagefiles.adopt(tmp_path / "job", [tmp_path / "gone.png"])
    (tmp_path / "job" / "session.json").mkdir()
    with pytest.raises(StoreUnwritable, match="cannot write"):
        pagefiles.put_told(tmp_path / "job", pagefiles.Told(prompt_id=1))
    assert pagefiles.told(tmp_path / "job") == pagefiles.Told()


def test_paths_are_taken_as_a_shell_has_them(tmp_path: Path) -> None:
    spaced = tmp_path / "two words"
    spaced.mkdir()
    assert parse(str(spaced)).paths == (spaced,)
    assert parse(f"'{spaced}' /b").paths == (spaced, Path("/b"))
    assert parse("it's.png").paths == (Path("it's.png"),)
    assert parse("").paths == ()


def test_options_are_those_of_the_command_line(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("Only the numbers.\n", encoding="utf-8")
    known = parse(f"-m a/one --model=b/two --prompt '{words}' --max-cost=$0.50 /scans")
    assert known.paths == (Path("/scans"),)
    assert (known.wish.model, known.wish.fallbacks, known.wish.prompt) == ("a/one", ("b/two",), "Only the numbers.")
    assert known.max_cost_pico == 500_000_000_000
    dashed = tmp_path / "-odd.png"
    dashed.touch()
    assert parse(f"{words} {dashed}").paths == (words, dashed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--jobs 3", "--jobs is not known here"),
        ("/scans -m", "-m needs a value"),
        ("--max-cost lots /scans", "--max-cost is not an amount"),
        ("--prompt /nowhere.txt /scans", "nowhere.txt does not exist"),
    ],
)
async def test_an_option_that_makes_no_sense_is_told_and_nothing_is_read(
    server: DemoServer, typed: str, said: str
) -> None:
    async with at_screen(runtime_for(server)) as person:
        await person.enter(f"/ocr {typed}")
        await person.until_told(said)
        await person.until(lambda: person.composer_text == f"/ocr {typed}")
        assert not server.chats


async def test_a_limit_that_cannot_be_kept_is_told_before_anything_is_sent(server: DemoServer, tmp_path: Path) -> None:
    pages_in(tmp_path, (1,))
    async with at_screen(runtime_for(server)) as person:
        await person.enter(f"/ocr -m openrouter/auto --max-cost 1 {tmp_path}")
        await person.until_told("the price of a model is not known")
        assert not server.chats


async def test_a_named_model_reads_within_a_limit_and_on_with_a_higher_one(server: DemoServer, tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "scans", (1, 2, 3))
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "cost": 0.03}
    server.script(*(say(f"page {number}", usage=usage) for number in range(2)))
    async with at_screen(runtime_for(server, models__vision=("demo/other",))) as person:
        # A page may cost three cents.
        await person.enter(f"/ocr -m demo/seer --max-cost 0.05 {folder}")
        await person.until_on(Confirm)
        await person.until_shown("demo/seer reads.")
        await person.press("enter")
        screen = await person.until_on(OcrScreen)
        await over(person)
        await person.until_shown("the job's budget of $0.05", "limit: /ocr --max-cost USD, and then r.")
        assert states(screen) == ["read", "not read", "not read"]
        await person.press("r")
        await over(person)
        assert len(server.chats) == 1
        await person.press("escape")
        await back(person)
        await person.enter("/ocr -m demo/seer --max-cost 0.08")
        await person.until_on(OcrScreen)
        await person.until_shown("r read on")
        await person.press("r")
        await person.until(lambda: len(server.chats) == 2)
        screen = await over(person)
        assert states(screen) == ["read", "read", "not read"]
        assert {chat.body["model"] for chat in server.chats} == {"demo/seer"}


async def test_a_temporary_session_reads_no_pages(server: DemoServer, tmp_path: Path) -> None:
    async with at_screen(runtime_for(server)) as person:
        await person.enter("/temp")
        await person.until_shown("[temporary]")
        await person.enter(f"/ocr {pages_in(tmp_path / 'scans', (1,))}")
        await person.until_told("/keep keeps it")


async def test_pages_of_a_session_that_is_gone_go_too(server: DemoServer, tmp_path: Path) -> None:
    runtime = runtime_for(server)
    old = pagefiles.jobs_in(runtime.paths) / "gone"
    async with at_screen(runtime) as person:
        old.mkdir(parents=True)
        await person.enter(f"/ocr {pages_in(tmp_path / 'scans', (1,))}")
        await person.until_on(Confirm)
        await person.press("escape")
        await back(person)
        assert not old.exists()


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_plain_and_without_colour_on_every_screen(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    folder = pages_in(tmp_path / "scans", (1, 2))
    async with at_screen(runtime_for(server, tui__plain=True), size=size) as person:
        screen = await begin(person, folder)
        await over(person)
        await person.until_shown("page-1.png", "page-2.png", "read", "2 of 2", "Esc back")
        assert screen.query_one(Picture).display is (size[0] >= 100)
        rows, text = screen.query_one("RowList").region, screen.query_one(Transcript).region
        assert rows.y < text.y if size[0] < 100 else rows.x < text.x
        assert text.height >= 5 and text.width >= 40
        assert not set("━─│╭▸▌▀▄█") & set(person.text)
        await person.until_shown("You sent 1 image.")
        await person.press("e")
        await person.until_shown("^S keep the text", "You sent **1 image**.")
        assert not set("━─│╭▸▌▀▄█▊▔") & set(person.text)
        await person.press("escape")
        await person.until_shown("Esc back", "You sent 1 image.")
        await person.pilot.resize_terminal(200, 60)
        await person.until_shown("Quarters")
        await person.pilot.resize_terminal(60, 16)
        await person.until_shown("You sent 1 image.")
        await person.press("tab")
        assert isinstance(person.app.focused, Transcript)
        await person.press("escape")
        await back(person)
        assert isinstance(person.app.screen, ChatScreen)
