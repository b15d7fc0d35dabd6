"""Files, folders and documents become pages, in the order that people count in."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from orchat.errors import MediaNotFound
from orchat.ocr import sources
from orchat.ocr.sources import find_sources, pages_of
from tests.support.pages import pages_in, pdf_of
from tests.support.pictures import encoded, quarters


def test_a_folder_gives_its_pages_as_people_count_and_nothing_else(tmp_path: Path) -> None:
    folder = pages_in(tmp_path / "in", (1, 2, 10, 9))
    (folder / "notes.txt").write_text("words")
    (folder / ".hidden.png").write_bytes((folder / "page-1.png").read_bytes())
    pages_in(folder / "deeper", (3,))
    (folder / "Page-3.pdf").write_bytes(pdf_of([1, 2]))
    (folder / "page-4").write_bytes((folder / "page-2.png").read_bytes())
    pages = pages_of(find_sources([folder]))
    assert [page.name for page in pages] == [
        "page-1.png",
        "page-2.png",
        "Page-3.pdf, page 1",
        "Page-3.pdf, page 2",
        "page-4",
        "page-9.png",
        "page-10.png",
    ]
    assert [page.number for page in pages] == list(range(1, 8))


def test_what_cannot_be_read_in_a_folder_is_not_just_missing(tmp_path: Path) -> None:
    folder = pages_in(tmp_path, (1,))
    (folder / "a.tiff").write_bytes(encoded(quarters(), "TIFF"))
    (folder / "b").write_bytes(encoded(quarters(), "BMP"))
    (folder / "c.png").write_bytes(b"")
    (folder / "d.JPG").write_text("not a picture")
    (folder / "e.csv").write_text("1,2")
    (folder / "f.zip").write_bytes(b"PK\x03\x04")
    found = find_sources([folder])
    assert [(source.name, str(source.problem)) for source in found if source.problem] == [
        ("a.tiff", "a.tiff is a TIFF picture; PNG, JPEG, WebP and GIF can be sent"),
        ("b", "b is a BMP picture; PNG, JPEG, WebP and GIF can be sent"),
        ("c.png", "c.png is empty"),
        ("d.JPG", "d.JPG is text; PNG, JPEG, WebP and GIF can be sent"),
    ]
    assert [source.name for source in found if not source.problem] == ["page-1.png"]


def test_a_page_is_known_by_its_content(tmp_path: Path) -> None:
    data = pdf_of([1, 2])
    (tmp_path / "a.pdf").write_bytes(data)
    first, second = pages_of(find_sources([tmp_path / "a.pdf"]))
    assert (first.key, second.key) == (f"{sha256(data).hexdigest()}-1", f"{sha256(data).hexdigest()}-2")


def test_files_keep_the_order_in_which_they_were_named(tmp_path: Path) -> None:
    folder = pages_in(tmp_path, (1, 2, 3))
    named = [folder / f"page-{number}.png" for number in (3, 1, 2)]
    assert [source.path for source in find_sources(named)] == named


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [pages_in(tmp_path / name, (1,)) / "page-1.png" for name in ("may", "june")]
    assert [source.name for source in find_sources(paths)] == ["may/page-1.png", "june/page-1.png"]
    assert [source.name for source in find_sources(paths[:1] * 2)] == ["page-1.png", "page-1.png"]


def test_a_tilde_is_the_home_folder(home: Path) -> None:
    pages_in(home, (1,))
    assert find_sources(["~/page-1.png"])[0].path == home / "page-1.png"


def test_a_name_that_would_steer_the_terminal_is_cleaned(tmp_path: Path) -> None:
    path = pages_in(tmp_path, (1,)) / "page-1.png"
    evil = path.rename(tmp_path / "a\x1b[2Jb.png")
    (source,) = find_sources([evil])
    assert "\x1b" not in source.name
    assert source.problem is None


@pytest.mark.parametrize("name", ["nowhere.png", "nowhere/x.png"])
def test_a_path_to_nothing_is_told_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaNotFound, match="does not exist"):
        find_sources([tmp_path / name])


@pytest.mark.parametrize(
    ("path", "hint"), [("-", "write it into one"), ("https://e.x/a.png", "download it"), ("a", "path")]
)
def test_what_is_no_path_is_told_with_what_to_do(path: str, hint: str) -> None:
    with pytest.raises(MediaNotFound) as caught:
        find_sources([path])
    assert path in caught.value.message and hint in (caught.value.hint or "")


def test_a_folder_without_pages_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(MediaNotFound, match="no pictures and no PDF documents"):
        find_sources([tmp_path])


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_INPUT", 10)
    (source,) = find_sources([pages_in(tmp_path, (1,)) / "page-1.png"])
    assert source.problem is not None
    assert "too much" in source.problem.message
    assert pages_of([source])[0].key == ""
