"""What the first bytes of a file tell: its format, its pixels, and why it cannot be sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from orchat.media.glance import glance
from tests.support.pictures import encoded, png_chunk, quarters, webp_canvas


@pytest.mark.parametrize("pillow", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_pixels_of_a_picture_are_in_its_head(tmp_path: Path, pillow: str) -> None:
    path = tmp_path / "whatever.txt"
    path.write_bytes(encoded(quarters(size=(123, 45)), pillow))
    seen = glance(path)
    assert seen.is_picture
    assert (seen.width, seen.height, seen.refusal) == (123, 45, "")
    assert seen.size == path.stat().st_size


def test_a_jpeg_with_a_long_preface_is_read_to_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture = encoded(quarters(size=(64, 32)), "JPEG", progressive=True, comment=b"x" * 60_000)
    path.write_bytes(picture)
    assert (glance(path).width, glance(path).height) == (64, 32)


@pytest.mark.parametrize("junk", [b"", b"\xff", b"\x00\x01\x02\x03", b"\xff\xe0\x00\x00" * 90], ids=range(4))
def test_a_jpeg_without_a_frame_has_no_size_but_is_one(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff" + junk)
    seen = glance(path)
    assert (seen.width, seen.height, seen.is_picture) == (0, 0, True)


def big_png(width: int, height: int) -> bytes:
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "a.heic is an HEIC picture, which cannot be sent"),
        ("a.png", b"", "a.png is empty"),
        ("bomb.png", big_png(60_000, 60_000), "bomb.png has 3600 megapixels; the limit is 40"),
        ("b.webp", webp_canvas(16_000, 16_000), "b.webp has 256 megapixels; the limit is 40"),
        ("a.zip", b"PK\x03\x04" + bytes(30), "a.zip is an archive, which cannot be sent"),
        ("big.txt", b"word " * 500_000, "big.txt has 2.5 MB; the limit is 2 MB"),
        ("noise", bytes(range(256)) * 4, "noise is a binary file, which cannot be sent"),
    ],
)
def test_what_cannot_be_sent_says_why(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert glance(path).refusal == words


@pytest.mark.parametrize("data", [b"%PDF-1.7 \xff\xff %%EOF", "Grüße".encode(), b"<svg xmlns='x'/>"])
def test_documents_can_be_sent(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    seen = glance(path)
    assert (seen.refusal, seen.is_picture) == ("", False)


def test_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert glance(pipe).refusal == "pipe is no file, but a folder, a device or a pipe"
    assert "no file" in glance(tmp_path).refusal
    assert glance(tmp_path / "missing").refusal == "missing cannot be read: no such file or directory"
    assert glance(Path("a\0b")).refusal.startswith("a")


def test_a_picture_of_a_dropped_name_has_a_clean_one(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1")
    assert "\x1b" not in glance(path).refusal
    Image.new("RGB", (1, 1)).save(tmp_path / "ok.png")
