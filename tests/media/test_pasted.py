"""What is dropped on the terminal arrives as text; files and links to pictures are told from sentences."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.domain.content import ImagePart
from orchat.media.pasted import MAX_TEXT, attachments_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "two words.jpg", "it's.png", "100%#?.png", "ü.png"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


NAMES = ("a.png", "two words.jpg", "it's.png", "100%#?.png", "ü.png")


def backslashed(path: Path) -> str:
    return "".join(c if c.isalnum() or c in "/._-" else f"\\{c}" for c in str(path))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "written",
    [
        str,
        lambda path: f"  {path}\n",
        lambda path: shlex.quote(str(path)),
        lambda path: f'"{path}"',
        backslashed,
        lambda path: f"file://{quote(str(path))}",
        lambda path: f"file://localhost{quote(str(path))}",
        lambda path: f"file:{quote(str(path))}",
        lambda path: f"copy\nfile://{quote(str(path))}\n",
        lambda path: f"x-special/nautilus-clipboard\ncopy\nfile://{quote(str(path))}\n",
    ],
    ids=["bare", "blanks", "quoted", "double", "escaped", "url", "localhost", "short-url", "gnome", "nautilus"],
)
def test_one_file_is_found_however_it_is_written(folder: Path, name: str, written: object) -> None:
    assert callable(written)
    assert attachments_in(written(folder / name)) == (folder / name,)


@pytest.mark.parametrize("between", [" ", "\n", "\r\n"])
def test_several_files_keep_their_order_and_come_once(folder: Path, between: str) -> None:
    paths = [folder / "two words.jpg", folder / "a.png", folder / "it's.png", folder / "a.png"]
    assert attachments_in(between.join(shlex.quote(str(path)) for path in paths)) == tuple(paths[:3])


def test_a_list_of_links_as_file_managers_paste_it(folder: Path) -> None:
    text = "".join(f"file://{quote(str(folder / name))}\r\n" for name in NAMES)
    assert attachments_in(text) == tuple(folder / name for name in NAMES)


def test_a_path_from_the_home_folder_is_found(home: Path) -> None:
    (home / "scan.png").write_bytes(b"x")
    assert attachments_in("~/scan.png") == (home / "scan.png",)


def test_a_link_to_a_picture_is_passed_on(folder: Path) -> None:
    link = "https://example.org/a/Photo.JPEG?size=2#x"
    assert attachments_in(f"{link} {folder / 'a.png'}") == (ImagePart(url=link, name="Photo.JPEG"), folder / "a.png")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "What is in a.png?",
        "a.png",
        "/nowhere/scan.png",
        "/",
        "/help",
        "~nobody-at-all/x.png",
        "file://elsewhere.example/a.png",
        "file:a.png",
        "file://[bad/a.png",
        "https://example.org/page",
        "https://name:word@example.org/a.png",
        "https://[bad/a.png",
        "'/unclosed",
        "/a\0b",
        "/" + "x" * 5000,
        "copy",
    ],
)
def test_what_is_no_file_stays_text(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert attachments_in(text) == ()


def test_a_sentence_with_a_file_in_it_stays_a_sentence(folder: Path) -> None:
    assert attachments_in(f"{folder / 'a.png'} what is this?") == ()
    assert attachments_in(f"{folder / 'a.png'}\nwhat is this?") == ()


def test_a_folder_is_no_file(folder: Path) -> None:
    assert attachments_in(str(folder)) == ()


def test_a_very_long_paste_is_not_looked_at(folder: Path) -> None:
    line = f"{folder / 'a.png'}\n"
    assert attachments_in(line * (MAX_TEXT // len(line)))
    assert attachments_in(line * (MAX_TEXT // len(line) + 1)) == ()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("/~.'\"\\ \n\0file:%[]@ax"), max_size=40))
def test_no_paste_breaks_it(text: str) -> None:
    assert all(isinstance(found, (Path, ImagePart)) for found in attachments_in(text))
