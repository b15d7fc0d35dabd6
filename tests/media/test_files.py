"""Files are opened without waiting, without surprises, and never beyond their limit."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchat.errors import MediaDamaged, MediaError, MediaNotFound, MediaTooLarge, MediaUnsupported
from orchat.media.document import PdfDocument, TextDocument
from orchat.media.files import load as load_any
from orchat.media.files import load_file, load_image, read_bytes
from orchat.media.image import PreparedImage
from tests.support.pictures import encoded, quarters

ROOT = Path(__file__).parent.parent.parent
PNG = encoded(quarters(), "PNG")
LOADERS: list[Callable[[str | Path], object]] = [load_image, load_file, load_any]


@pytest.fixture(params=LOADERS, ids=["picture", "file", "either"])
def load(request: pytest.FixtureRequest) -> Callable[[str | Path], object]:
    loader: Callable[[str | Path], object] = request.param
    return loader


def refusal(load: Callable[[str | Path], object], path: str | Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        load(path)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def told(error: MediaError) -> tuple[type[MediaError], str]:
    return type(error), str(error)


def test_a_picture_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(PNG)

    prepared = load_image(tmp_path / "map.png", max_side=40)

    assert (prepared.name, prepared.width, prepared.original_width) == ("map.png", 40, 80)
    assert load_image(str(tmp_path / "map.png"), keep_original=True).data == PNG


def test_a_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "a.pdf").write_bytes(encoded(quarters(), "PDF"))

    assert load_file(tmp_path / "a.txt") == TextDocument(name="a.txt", text="hello\n")
    assert isinstance(load_file(str(tmp_path / "a.pdf")), PdfDocument)


def test_what_a_file_is_loaded_as_its_content_tells(tmp_path: Path) -> None:
    (tmp_path / "map.txt").write_bytes(PNG)
    (tmp_path / "notes.png").write_text("words")

    picture, notes = (load_any(tmp_path / name, max_side=40) for name in ("map.txt", "notes.png"))

    assert isinstance(picture, PreparedImage) and picture.width == 40
    assert notes == TextDocument(name="notes.png", text="words")


def test_what_can_be_sent_neither_as_a_picture_nor_as_a_document_says_so(tmp_path: Path) -> None:
    (tmp_path / "holiday.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (tmp_path / "noise").write_bytes(bytes(range(256)))

    heic, noise = (refusal(load_any, tmp_path / name) for name in ("holiday.png", "noise"))

    assert told(heic) == (MediaUnsupported, "holiday.png is an HEIC picture, which cannot be sent")
    assert heic.hint == "Phones can be set to JPEG; else export it as JPEG and attach that."
    assert told(noise) == (MediaUnsupported, "noise is a binary file, which cannot be sent")


def test_a_tilde_is_the_home_folder(home: Path) -> None:
    (home / "a.txt").write_text("hello")

    assert load_file("~/a.txt") == TextDocument(name="a.txt", text="hello")


def test_a_dash_is_what_was_piped_in() -> None:
    assert load_file("-", stdin=b"hello") == TextDocument(name="stdin", text="hello")
    assert load_image("-", stdin=PNG).name == "stdin"


def test_a_dash_without_a_pipe_is_explained(load: Callable[[str | Path], object]) -> None:
    assert told(refusal(load, "-")) == (MediaNotFound, "nothing was piped in for -")


def test_an_empty_pipe_is_empty() -> None:
    with pytest.raises(MediaDamaged) as caught:
        load_file("-", stdin=b"")

    assert str(caught.value) == "stdin is empty"


def test_too_much_from_a_pipe_is_refused() -> None:
    with pytest.raises(MediaTooLarge) as caught:
        read_bytes("-", limit=2_000_000, stdin=bytes(2_000_001))

    assert str(caught.value) == "stdin has more than the 2 MB that can be attached"


def test_a_missing_file_is_named(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    assert told(refusal(load, tmp_path / "no.png")) == (MediaNotFound, "no.png does not exist")


def test_a_link_to_nothing_does_not_exist(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")

    assert told(refusal(load, tmp_path / "link.png")) == (MediaNotFound, "link.png does not exist")


def test_a_link_in_a_circle_cannot_be_read(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")

    error = refusal(load, tmp_path / "loop.png")
    assert told(error) == (MediaNotFound, "loop.png cannot be read: too many levels of symbolic links")


@pytest.mark.parametrize("path", ["a\0b.png", "x" * 5000, "~nobody-of-that-name/a.png", "\udcff\x1b[2J.png"])
def test_a_path_that_no_file_can_have_is_refused(load: Callable[[str | Path], object], path: str) -> None:
    assert refusal(load, path).kind == "MediaNotFound"


def test_a_file_under_a_file_cannot_be_read(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")

    error = refusal(load, tmp_path / "a" / "b.png")
    assert told(error) == (MediaNotFound, "b.png cannot be read: not a directory")


def test_a_file_of_somebody_else_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(PNG)
    path.chmod(0)
    # To root nothing is closed, so the child tries as nobody.
    program = """
import os, sys
from orchat.errors import MediaNotFound
from orchat.media.files import load_file, load_image
import PIL.Image
root = os.geteuid() == 0
if root:
    os.seteuid(65534)
for load in (load_image, load_file):
    try:
        load(sys.argv[1])
    except MediaNotFound as error:
        print(error, "|", error.hint)
if root:
    os.seteuid(0)
"""
    done = subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, capture_output=True, text=True, timeout=60)

    line = "secret.png may not be read | Give yourself the right to read it."
    assert (done.stdout.splitlines(), done.stderr) == ([line, line], "")


def test_a_folder_is_no_file(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()

    assert told(refusal(load, tmp_path / "folder.png")) == (MediaUnsupported, "folder.png is a folder")
    assert told(refusal(load, "/")) == (MediaUnsupported, "/ is a folder")


def test_a_pipe_is_not_waited_for(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")

    assert told(refusal(load, tmp_path / "pipe.png")) == (MediaUnsupported, "pipe.png is a device or a pipe")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_not_read(load: Callable[[str | Path], object], path: str) -> None:
    error = refusal(load, path)

    assert told(error) == (MediaUnsupported, f"{path[5:]} is a device or a pipe")


def test_a_socket_is_not_read(
    load: Callable[[str | Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")

        assert told(refusal(load, "s.png")) == (MediaUnsupported, "s.png is a device or a pipe")


def test_an_empty_file_is_named(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()

    assert told(refusal(load, tmp_path / "a.png")) == (MediaDamaged, "a.png is empty")


def test_a_huge_file_is_not_read_whole(load: Callable[[str | Path], object], tmp_path: Path) -> None:
    with (tmp_path / "film.png").open("wb") as file:
        file.truncate(1 << 40)

    error = refusal(load, tmp_path / "film.png")
    assert told(error) == (MediaTooLarge, "film.png has more than the 20 MB that can be attached")


def test_a_file_that_grows_without_end_is_read_to_the_limit() -> None:
    endless = Path("/proc/self/environ")

    assert len(read_bytes(endless, limit=10_000_000)) > 0
    with pytest.raises(MediaTooLarge):
        read_bytes(endless, limit=3)
