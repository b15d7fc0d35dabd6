"""Pictures made to do harm, or broken on the way: one clear error each, and no memory spent."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import traceback
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from orchat.errors import MediaDamaged, MediaError, MediaTooLarge, MediaUnsupported
from orchat.media.image import PreparedImage, prepare
from tests.support.pictures import encoded, photo, png_chunk, png_of_zeros, quarters, webp_canvas

ROOT = Path(__file__).parent.parent.parent


def gif_screen(width: int, height: int) -> bytes:
    """A GIF whose screen and first frame claim this size."""
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"GIF89a" + size + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + b",\0\0\0\0" + size + b"\0\x02\x02L\x01\0;"


def jpeg_frame(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims this size."""
    data = encoded(quarters(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 4 :]


BOMBS = {
    "png of 42 megapixels": png_of_zeros(6500, 6500),
    "png of 144 megapixels": png_of_zeros(12_000, 12_000),
    "png of 400 megapixels": png_of_zeros(20_000, 20_000),
    "gif": gif_screen(65_535, 65_535),
    "webp": webp_canvas(16_383, 16_383),
    "wide webp": webp_canvas(1 << 24, 255),
    "jpeg": jpeg_frame(65_500, 65_500),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_size(name: str) -> None:
    with pytest.raises(MediaTooLarge) as caught:
        prepare(BOMBS[name], "bomb")

    assert str(caught.value).endswith("; the limit is 40 megapixels")
    assert caught.value.hint == "Make it smaller first."


def test_the_bombs_are_small_files() -> None:
    assert len(BOMBS["png of 144 megapixels"]) < 20_000
    assert max(map(len, BOMBS.values())) < 60_000


def test_no_bomb_gets_memory(tmp_path: Path) -> None:
    folder = tmp_path / "bombs"
    folder.mkdir()
    for number, data in enumerate(BOMBS.values()):
        (folder / f"{number}.png").write_bytes(data)
    # With so little memory left, decoding any of them would fail as damaged and not as too large.
    program = """
import resource, sys
from pathlib import Path
from orchat.errors import MediaTooLarge
from orchat.media.image import prepare
from PIL import Image
Image.init()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 30_000_000,) * 2)
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        prepare(path.read_bytes(), path.name)
    except MediaTooLarge:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", program, folder], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (done.stdout.split(), done.stderr) == (["refused"] * len(BOMBS), "")


GHOSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n"
GUARD = """
import resource, shutil, sys, time
from pathlib import Path
from orchat.errors import MediaError
from orchat.media.files import load_image
from PIL import Image
Image.init()
assert shutil.which("gs")
for path in sorted(Path(sys.argv[1]).iterdir()):
    Path("/proc/self/clear_refs").write_text("5")
    began = time.process_time()
    try:
        load_image(path)
        said = "a picture"
    except MediaError as error:
        said = f"{error} | {error.hint}"
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    peak_mb = int(status["VmHWM"].split()[0]) // 1024
    print(path.name, f"{time.process_time() - began:.2f}", peak_mb, said, sep="\\t")
"""


def pictures() -> int:
    return sum(isinstance(found, Image.Image) for found in gc.get_objects())


@pytest.mark.parametrize("cut", [True, False])
def test_an_error_that_is_kept_keeps_no_pixels(cut: bool) -> None:
    data = encoded(photo((400, 300)), "PNG")[:-200] if cut else png_of_zeros(6400, 6400)
    gc.collect()
    before = pictures()
    with pytest.raises(MediaError) as caught:
        prepare(data, "a.png")
    assert pictures() == before
    assert caught.value.__context__ is None
    names = [name for at, _ in traceback.walk_tb(caught.tb) for name in at.f_locals if at.f_code.co_name == "_guarded"]
    assert "mishap" not in names and "work" in names


def test_the_whole_corpus_costs_little_and_each_file_is_one_clear_line(tmp_path: Path) -> None:
    corpus = {f"bomb {name}": data for name, data in BOMBS.items()}
    for pillow in ("PNG", "JPEG", "WEBP", "GIF"):
        data = encoded(photo((1600, 1200)), pillow)
        corpus |= {f"cut {pillow} {part:02}": data[: len(data) * part // 16] for part in range(1, 16)}
    frames = b"".join(b"\x21\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0" for _ in range(10_000))
    corpus |= {
        "fine 39 megapixels": png_of_zeros(6200, 6200),
        "fine gif of 10,000 frames": gif_screen(1, 1)[:-1] + frames + b";",
        "fine wrong extension.jpg": encoded(quarters(), "PNG"),
        "strip": png_of_zeros(65_535, 1),
        "drawing.png": GHOSTSCRIPT,
        "empty.png": b"",
        "text.png": b"not a picture",
    }
    folder, tools = tmp_path / "corpus", tmp_path / "bin"
    folder.mkdir()
    tools.mkdir()
    for name, data in corpus.items():
        (folder / name).write_bytes(data)
    gs = tools / "gs"
    gs.write_text(f"#!/bin/sh\necho called >{tmp_path}/called\n")
    gs.chmod(0o700)
    environ = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}  # for a child
    done = subprocess.run(
        [sys.executable, "-c", GUARD, folder], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == sorted(corpus)
    assert [row for row in rows if float(row[1]) > 2 or int(row[2]) > 150] == []
    assert [row for row in rows if (row[3] == "a picture") != row[0].startswith("fine ")] == []
    assert [row for row in rows if row[3] != "a picture" and row[3].endswith("| None")] == []
    assert not (tmp_path / "called").exists()


WHOLE = {pillow: encoded(photo((200, 150)), pillow) for pillow in ("PNG", "JPEG", "WEBP", "GIF")}


@pytest.mark.parametrize("sixteenth", range(1, 16))
@pytest.mark.parametrize("pillow", WHOLE)
def test_a_picture_that_ends_early_is_damaged(pillow: str, sixteenth: int) -> None:
    data = WHOLE[pillow][: len(WHOLE[pillow]) * sixteenth // 16]

    with pytest.raises(MediaDamaged) as caught:
        prepare(data, "cut")

    assert str(caught.value) == "cut is damaged or ends early"
    assert caught.value.hint == "Open it in a viewer, save it anew, and attach that."


@pytest.mark.parametrize("size", [(65_535, 1), (1, 65_535), (20_100, 100)])
def test_a_picture_too_narrow_to_be_seen_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(MediaUnsupported) as caught:
        prepare(png_of_zeros(*size), "strip.png")

    assert str(caught.value) == f"strip.png has {size[0]}×{size[1]} pixels: too long and narrow to be seen"


def test_a_long_but_visible_picture_is_taken() -> None:
    prepared = prepare(png_of_zeros(20_000, 100), "panorama.png")

    assert (prepared.width, prepared.height) == (2048, 10)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.txt", "photo.pdf", "photo", ".png", "photo.png.exe"])
def test_the_name_says_nothing_about_the_format(name: str) -> None:
    assert prepare(encoded(quarters(), "PNG"), name).mime == "image/png"


@pytest.mark.parametrize("pillow", ["BMP", "TIFF", "ICO", "JPEG2000", "PPM", "EPS", "PDF", "AVIF", "TGA", "PCX"])
def test_what_pillow_could_read_and_orchat_does_not_take_is_refused(pillow: str) -> None:
    with pytest.raises(MediaUnsupported):
        prepare(encoded(quarters(), pillow), "picture.png")


def test_postscript_never_reaches_pillow() -> None:
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n"

    with pytest.raises(MediaUnsupported) as caught:
        prepare(program, "drawing.png")

    assert caught.value.hint == "Export it as PNG or JPEG and attach that."


def test_a_gif_of_many_frames_costs_one_frame() -> None:
    frames = [Image.new("RGB", (64, 64), (at % 256, at // 256, 90)) for at in range(300)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert (prepare(data, "dance").width, prepare(data, "dance").height) == (64, 64)


def test_text_that_unpacks_to_more_than_it_should_is_refused() -> None:
    body = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)

    with pytest.raises(MediaDamaged):
        prepare(png_of_zeros(64, 64, png_chunk(b"zTXt", body)), "comment.png")


@pytest.mark.parametrize("pillow", WHOLE)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_picture_with_flipped_bytes_is_a_picture_or_one_error(pillow: str, data: st.DataObject) -> None:
    original = SMALL[pillow]
    damaged = bytearray(original)
    places = st.tuples(st.integers(12, len(original) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(places, min_size=1, max_size=8)):
        damaged[at] = value

    try:
        prepared: PreparedImage | MediaError = prepare(bytes(damaged), "damaged")
    except MediaError as error:
        prepared = error

    message = str(prepared) if isinstance(prepared, MediaError) else prepared.mime
    assert "\n" not in message
    assert message != ""


SMALL = {pillow: encoded(photo((24, 18)), pillow) for pillow in ("PNG", "JPEG", "WEBP", "GIF")}


@settings(max_examples=60, deadline=None)
@given(
    head=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP", b""]),
    body=st.binary(max_size=200),
)
def test_noise_behind_any_mark_is_one_error(head: bytes, body: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        prepare(head + body, "noise")

    assert caught.value.hint
