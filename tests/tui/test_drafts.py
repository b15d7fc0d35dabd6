"""What was typed or attached and not yet sent: kept while a person works, and found again after a crash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchat.demo.server import DemoServer
from orchat.domain.conversation import Attachment
from orchat.tui.attached import Attached, of_bytes, of_kept
from orchat.tui.changes import Prompt
from orchat.tui.drafts import GRACE_S, Drafts
from tests.support.pictures import encoded, quarters
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio


def scan(name: str = "scan.png") -> Attached:
    return of_bytes(encoded(quarters(), "PNG"), name, "image/png", (80, 60))


def read(folder: Path, name: str = "new") -> str:
    path = folder / f"{name}.json"
    return str(json.loads(path.read_text())["text"]) if path.exists() else ""


async def test_a_draft_is_kept_again_and_again_while_somebody_types(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        folder = person.chat.runtime.paths.drafts
        await person.type("one")
        await person.until(lambda: read(folder) == "one")
        await person.type(" two")
        await person.until(lambda: read(folder) == "one two")
        await person.press("backspace")
        await person.until(lambda: read(folder) == "one tw")


async def test_what_is_attached_survives_a_crash(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(quarters(), "PNG"))

    async with at_screen(screen_runtime(server)) as person:
        folder = person.chat.runtime.paths.drafts
        await person.enter(f"/attach {tmp_path / 'scan.png'}")
        await person.until_shown("scan.png 80×60")
        await person.type("look")
        await person.until(lambda: read(folder) == "look")
        # What is on the disk now is all that a power cut would leave.
        shutil.copytree(folder, tmp_path / "left")
    shutil.rmtree(folder)
    shutil.move(tmp_path / "left", folder)
    (tmp_path / "scan.png").unlink()
    async with at_screen(screen_runtime(server, models__default="demo/seer")) as person:
        await person.until_shown("scan.png 80×60", "look")
        await person.press("enter")
        await person.until(lambda: len(server.chats) == 1)
        content = server.chats[0].body["messages"][-1]["content"]
        assert [part["type"] for part in content] == ["text", "image_url"]


def test_files_are_kept_once_and_come_back_in_their_order(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    other = of_bytes(b"notes", "notes.txt", "text/plain")
    drafts.save("a", Prompt(text="look", files=(scan(), other), pastes=("long",)))
    drafts.save("b", Prompt(text="", files=(scan("again.png"),)))
    assert len(list((tmp_path / "drafts" / "files").iterdir())) == 2
    found = Drafts(tmp_path / "drafts").load("a")
    assert [file.label for file in found.files] == ["scan.png 80×60", "notes.txt 5 B"]
    assert [file.read() for file in found.files] == [scan().read(), b"notes"]
    assert found.pastes == ("long",)


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    drafts.save(None, Prompt(text="", files=(scan(),)))
    for path in (tmp_path / "drafts").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    drafts.save(None, Prompt(text="look", files=(scan(),)))
    for path in (tmp_path / "drafts" / "files").iterdir():
        path.unlink()
    assert Drafts(tmp_path / "drafts").load(None) == Prompt(text="look")


def test_a_file_of_an_earlier_message_is_not_kept_without_its_bytes(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    kept = of_kept(Attachment(sha256="0" * 64, name="a.png", mime="image/png", size=9))
    drafts.save(None, Prompt(text="look", files=(kept,)))
    assert Drafts(tmp_path / "drafts").load(None) == Prompt(text="look")


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "0" * 64])
def test_no_draft_leads_to_a_file_elsewhere(tmp_path: Path, digest: str) -> None:
    told = {"name": "a", "mime": "text/plain", "size": "much", "width": None, "height": None, "sha256": digest}
    (tmp_path / "new.json").write_text(json.dumps({"text": "t", "pastes": [], "files": [told]}))
    assert Drafts(tmp_path).load(None) == Prompt(text="t")


def test_files_that_no_draft_names_go_after_a_while(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    drafts.sweep(0.0)
    used, unused = drafts.keep_file(scan()), drafts.keep_file(of_bytes(b"x", "x.txt", "text/plain"))
    assert used.place is not None and unused.place is not None
    drafts.save(None, Prompt(text="", files=(used,)))
    written = unused.place.stat().st_mtime
    drafts.sweep(written + GRACE_S - 1)
    assert unused.place.exists()
    drafts.sweep(written + GRACE_S + 1)
    assert used.place.exists()
    assert not unused.place.exists()


def test_a_disk_that_cannot_be_written_keeps_nobody_from_attaching(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("in the way")
    file = scan()
    assert Drafts(tmp_path / "drafts").keep_file(file) == file
    Drafts(tmp_path / "drafts").save(None, Prompt(text="x", files=(file,)))
