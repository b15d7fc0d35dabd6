"""Drafts on disk and the clipboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.tui import clipboard
from orchat.tui.changes import Prompt
from orchat.tui.drafts import Drafts


def test_a_draft_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    draft = Prompt(text="hello", pastes=("long",))
    drafts.save("abc", draft)
    assert Drafts(tmp_path / "drafts").load("abc") == draft
    kept = tmp_path / "drafts" / "abc.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()
    drafts.save("abc", draft)
    assert not kept.exists(), "what is known to be kept is not written again"
    drafts.save("abc", Prompt(text=" "))
    assert Drafts(tmp_path / "drafts").load("abc").is_empty


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"text": 1}', '{"text": "x", "pastes": 3}'])
def test_a_damaged_draft_is_no_draft(tmp_path: Path, text: str) -> None:
    (tmp_path / "new.json").write_text(text, encoding="utf-8")
    assert Drafts(tmp_path).load(None).is_empty


def test_a_disk_that_cannot_be_written_keeps_nobody_from_typing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    Drafts(tmp_path / "file").save(None, Prompt(text="x"))


def tool_in(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_the_desktops_own_tool_is_found(tmp_path: Path) -> None:
    tool_in(tmp_path, "wl-copy", "cat")
    path = {"PATH": str(tmp_path)}
    assert clipboard.tool({**path, "WAYLAND_DISPLAY": "wayland-0"}) == ("wl-copy",)
    assert clipboard.tool({**path, "DISPLAY": ":0"}) is None
    assert clipboard.tool({**path, "WAYLAND_DISPLAY": "wayland-0", "SSH_TTY": "/dev/pts/0"}) is None


@pytest.mark.anyio
async def test_a_tool_takes_the_text_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool_in(tmp_path, "takes", f"cat > {tmp_path}/taken")
    tool_in(tmp_path, "fails", "exit 3")
    tool_in(tmp_path, "hangs", "exec sleep 60")
    assert await clipboard.by_tool((str(tmp_path / "takes"),), "grüße")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "grüße"
    assert not await clipboard.by_tool((str(tmp_path / "fails"),), "x")
    assert not await clipboard.by_tool((str(tmp_path / "missing"),), "x")
    monkeypatch.setattr(clipboard, "TOOL_S", 0.05)
    assert not await clipboard.by_tool((str(tmp_path / "hangs"),), "x")


def test_terminals_take_short_texts_only() -> None:
    assert clipboard.fits_terminal("x" * clipboard.LIMIT)
    assert not clipboard.fits_terminal("ü" * clipboard.LIMIT)
