"""Pictures are made upright, plain, small and silent about where they were taken."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from orchat.errors import MediaDamaged, MediaTooLarge, MediaUnsupported
from orchat.media.image import MAX_INPUT, PreparedImage, encode, prepare, webp_size
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near, photo, quarters

UPRIGHT = (RED, GREEN, BLUE, WHITE)
STORED = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (GREEN, WHITE, RED, BLUE),
    7: (WHITE, GREEN, BLUE, RED),
    8: (BLUE, RED, WHITE, GREEN),
}
"""How the camera writes the quarters of an upright picture, by EXIF orientation."""


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def reopened(prepared: PreparedImage) -> Image.Image:
    picture = Image.open(BytesIO(prepared.data))
    picture.load()
    return picture


@pytest.mark.parametrize("pillow", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(pillow: str, orientation: int) -> None:
    size = (80, 60) if orientation < 5 else (60, 80)
    stored = quarters(STORED[orientation], size)

    prepared = prepare(encoded(stored, pillow, exif=exif(orientation)), "camera")

    assert (prepared.width, prepared.height) == (80, 60)
    assert (prepared.original_width, prepared.original_height) == size
    assert near(corners(prepared.data), UPRIGHT)
    assert reopened(prepared).getexif().get(0x0112) is None


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    prepared = prepare(encoded(quarters(), "JPEG", exif=exif(orientation)), "camera")

    assert near(corners(prepared.data), UPRIGHT)


@pytest.mark.parametrize(
    "body",
    [b"Exif\0\0", b"Exif\0\0no directory", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\1"],
)
def test_a_picture_with_broken_exif_is_still_a_picture(body: bytes) -> None:
    prepared = prepare(encoded(quarters(), "JPEG", exif=body), "camera")

    assert near(corners(prepared.data), UPRIGHT)


def test_a_picture_whose_exif_cannot_even_be_read_is_still_a_picture() -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Raw profile type exif", "\nexif\n 4\nnot hexadecimal")

    prepared = prepare(encoded(quarters(), "PNG", pnginfo=chunks), "scan")

    assert near(corners(prepared.data), UPRIGHT)


def alpha_quarters() -> Image.Image:
    """The upper half opaque, the lower half clear."""
    picture = quarters(mode="RGBA")
    picture.paste((0, 0, 0, 0), (0, 30, 80, 60))
    return picture


def sixteen_bit() -> Image.Image:
    levels = Image.new("I;16", (80, 60), 0)
    for at, level in enumerate((0xFFFF, 0x8080, 0x4040, 0)):
        levels.paste(level, (at % 2 * 40, at // 2 * 30, (at % 2 + 1) * 40, (at // 2 + 1) * 30))
    return levels


GREY = ((255,) * 3, (128,) * 3, (64,) * 3, (0,) * 3)
BLACK = (0, 0, 0)


@pytest.mark.parametrize(
    ("pillow", "picture", "expected"),
    [
        ("PNG", quarters((WHITE, BLACK, BLACK, WHITE), mode="1"), (WHITE, BLACK, BLACK, WHITE)),
        ("PNG", quarters(((255,) * 3, (128,) * 3, (64,) * 3, (0,) * 3), mode="L"), GREY),
        ("PNG", quarters(GREY, mode="LA"), GREY),
        ("PNG", quarters(mode="P"), UPRIGHT),
        ("PNG", quarters(), UPRIGHT),
        ("PNG", quarters(mode="RGBA"), UPRIGHT),
        ("PNG", sixteen_bit(), GREY),
        ("JPEG", quarters(GREY, mode="L"), GREY),
        ("JPEG", quarters(), UPRIGHT),
        ("JPEG", quarters(mode="CMYK"), UPRIGHT),
        ("WEBP", quarters(), UPRIGHT),
        ("WEBP", quarters(mode="RGBA"), UPRIGHT),
        ("GIF", quarters(), UPRIGHT),
        ("GIF", quarters(GREY, mode="L"), GREY),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else value if isinstance(value, str) else "",
)
def test_every_colour_mode_keeps_its_colours(pillow: str, picture: Image.Image, expected: Any) -> None:
    prepared = prepare(encoded(picture, pillow), "any")

    assert reopened(prepared).mode in ("L", "RGB")
    assert near(corners(prepared.data), expected, by=60 if picture.mode == "P" else 24)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bits_a_pixel_are_turned_too(orientation: int) -> None:
    prepared = prepare(encoded(sixteen_bit(), "PNG", exif=exif(orientation)), "scan")

    assert reopened(prepared).mode == "L"
    assert sorted(corners(prepared.data)) == sorted(GREY)


def test_a_transparent_value_of_sixteen_bits_is_no_obstacle() -> None:
    prepared = prepare(encoded(sixteen_bit(), "PNG", transparency=0x8080), "scan")

    assert near(corners(prepared.data), GREY)


@pytest.mark.parametrize(
    "data",
    [
        encoded(alpha_quarters(), "PNG"),
        encoded(alpha_quarters(), "WEBP", lossless=True),
        encoded(alpha_quarters(), "GIF"),
        encoded(quarters().quantize(4), "PNG", transparency=0),
        encoded(alpha_quarters().convert("LA"), "PNG"),
    ],
    ids=["png", "webp", "gif", "palette", "grey"],
)
def test_transparency_is_kept_in_a_png(data: bytes) -> None:
    prepared = prepare(data, "logo")

    picture = reopened(prepared)
    assert (prepared.mime, picture.mode) == ("image/png", "RGBA")
    assert picture.getchannel("A").getextrema() == (0, 255)


def test_a_channel_that_is_opaque_everywhere_is_dropped() -> None:
    prepared = prepare(encoded(quarters(mode="RGBA"), "PNG"), "window")

    assert reopened(prepared).mode == "RGB"


def test_transparency_goes_onto_white_where_a_png_would_be_too_large() -> None:
    picture = photo((600, 400)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 300, 400))

    prepared = prepare(encoded(picture, "PNG"), "collage", max_bytes=120_000)

    assert prepared.mime == "image/jpeg"
    assert near(corners(prepared.data)[:1], (WHITE,))


def test_line_art_stays_a_png_and_a_photo_becomes_a_jpeg() -> None:
    drawing = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(drawing).text((40, 40), "Invoice 4711", fill="black")

    assert prepare(encoded(drawing, "PNG"), "page").mime == "image/png"
    assert prepare(encoded(drawing, "WEBP", lossless=True), "page").mime == "image/png"
    assert prepare(encoded(photo(), "PNG"), "beach").mime == "image/jpeg"
    assert prepare(encoded(photo(), "JPEG"), "beach").mime == "image/jpeg"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4096, 1024), (2048, 512)),
        ((1000, 3000), (683, 2048)),
        ((2048, 2048), (2048, 2048)),
        ((2049, 11), (2048, 11)),
        ((5, 3), (5, 3)),
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("pillow", ["PNG", "JPEG"])
def test_only_what_is_too_large_is_scaled(pillow: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    prepared = prepare(encoded(quarters(size=size), pillow), "any")

    assert (prepared.width, prepared.height) == expected
    assert (prepared.original_width, prepared.original_height) == size
    assert reopened(prepared).size == expected


def test_scaling_keeps_the_picture() -> None:
    prepared = prepare(encoded(quarters(size=(3000, 2000)), "JPEG", exif=exif(3)), "any", max_side=100)

    assert (prepared.width, prepared.height) == (100, 67)
    assert near(corners(prepared.data), UPRIGHT[::-1])


@pytest.mark.parametrize("max_bytes", [100_000, 20_000, 2_000])
def test_the_result_is_never_larger_than_asked(max_bytes: int) -> None:
    prepared = prepare(encoded(photo((900, 700)), "PNG"), "beach", max_bytes=max_bytes)

    assert len(prepared.data) <= max_bytes
    assert reopened(prepared).size == (prepared.width, prepared.height)


def test_a_limit_that_no_picture_meets_is_refused() -> None:
    with pytest.raises(MediaTooLarge) as caught:
        prepare(encoded(photo(), "PNG"), "beach.png", max_bytes=10)

    assert str(caught.value) == "beach.png cannot be made as small as 10 bytes"


NEEDLE = "N52.520008E13.404954"


def gps() -> bytes:
    tags = Image.Exif()
    tags[0x010F] = NEEDLE
    tags.get_ifd(0x8825)[0x001D] = NEEDLE
    tags.get_ifd(0x8769)[0x9286] = NEEDLE
    return tags.tobytes()


def text_chunks() -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Comment", NEEDLE)
    chunks.add_itxt("XML:com.adobe.xmp", f"<x>{NEEDLE}</x>")
    return chunks


ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + NEEDLE.encode()
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{NEEDLE}</x:xmpmeta>".encode()


@pytest.mark.parametrize(
    "data",
    [
        encoded(quarters(), "JPEG", exif=gps(), icc_profile=ICC, comment=NEEDLE, xmp=XMP, dpi=(72, 72)),
        encoded(quarters(), "PNG", exif=gps(), icc_profile=ICC, pnginfo=text_chunks(), dpi=(72, 72)),
        encoded(quarters(mode="P"), "PNG", exif=gps(), icc_profile=ICC, pnginfo=text_chunks()),
        encoded(quarters(mode="RGBA"), "PNG", exif=gps(), icc_profile=ICC, pnginfo=text_chunks()),
        encoded(alpha_quarters(), "PNG", exif=gps(), icc_profile=ICC, pnginfo=text_chunks()),
        encoded(quarters(), "WEBP", exif=gps(), icc_profile=ICC, xmp=XMP),
        encoded(quarters(), "GIF", comment=NEEDLE.encode()),
        encoded(photo(), "PNG", exif=gps(), icc_profile=ICC, pnginfo=text_chunks()),
        encoded(photo(), "JPEG", exif=gps(), icc_profile=ICC, comment=NEEDLE, xmp=XMP),
    ],
    ids=["jpeg", "png", "palette", "opaque", "alpha", "webp", "gif", "png-photo", "jpeg-photo"],
)
def test_nothing_written_beside_the_pixels_travels(data: bytes) -> None:
    assert NEEDLE.encode() in data or b"iCCP" in data

    prepared = prepare(data, "beach")

    picture = reopened(prepared)
    assert dict(picture.getexif()) == {}
    assert set(picture.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"} == set()
    assert all(
        mark not in prepared.data for mark in (NEEDLE.encode(), b"Exif", b"xmp", b"iCCP", b"ICC_PROFILE", b"Text")
    )


@pytest.mark.parametrize(
    "data",
    [
        encoded(quarters(), "GIF", save_all=True, append_images=[quarters(UPRIGHT[::-1])] * 40, duration=20),
        encoded(quarters(), "WEBP", save_all=True, append_images=[quarters(UPRIGHT[::-1])] * 5, lossless=True),
        encoded(quarters(), "PNG", save_all=True, append_images=[quarters(UPRIGHT[::-1])] * 5),
    ],
    ids=["gif", "webp", "apng"],
)
def test_an_animation_gives_its_first_frame(data: bytes) -> None:
    prepared = prepare(data, "dance")

    picture = reopened(prepared)
    assert getattr(picture, "n_frames", 1) == 1
    assert near(corners(prepared.data), UPRIGHT)


def test_a_picture_with_a_second_one_inside_is_read_as_the_first() -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[quarters(UPRIGHT[::-1])])

    assert near(corners(prepare(data, "phone").data), UPRIGHT)


def test_the_original_is_kept_when_asked_for() -> None:
    data = encoded(quarters(STORED[6], (60, 80)), "WEBP", exif=exif(6))

    prepared = prepare(data, "camera.webp", keep_original=True)

    assert prepared == PreparedImage(
        data=data, mime="image/webp", width=60, height=80, original_width=60, original_height=80, name="camera.webp"
    )


def test_an_original_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(MediaTooLarge) as caught:
        prepare(encoded(photo(), "PNG"), "beach.png", max_bytes=100_000, keep_original=True)

    assert str(caught.value) == "beach.png has 0.2 MB; 0.1 MB can be sent"
    assert caught.value.hint == "Let orchat make it smaller: do not keep the original."


def test_a_damaged_original_is_refused_as_well() -> None:
    with pytest.raises(MediaDamaged):
        prepare(encoded(photo(), "PNG")[:-2000], "beach.png", keep_original=True)


def test_the_part_holds_the_picture_as_a_data_url() -> None:
    part = prepare(encoded(quarters(size=(2, 2)), "PNG"), "dot.png").part

    assert part.url.startswith("data:image/png;base64,iVBORw0KGgo")
    assert part.name == "dot.png"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb.png", "a b.png"),
        ("\x1b]0;title\x07x.png", "x.png"),
        ("", "the picture"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
    ],
)
def test_a_name_is_shown_on_one_clean_line(name: str, shown: str) -> None:
    assert prepare(encoded(quarters(), "PNG"), name).name == shown


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", MediaDamaged, "x.png is empty"),
        (bytes(MAX_INPUT + 1), MediaTooLarge, "x.png has 20.0 MB; the limit is 20 MB"),
        (b"%PDF-1.7\n", MediaUnsupported, "x.png is a PDF document; PNG, JPEG, WebP and GIF can be sent"),
        (b"Dear all,", MediaUnsupported, "x.png is text; PNG, JPEG, WebP and GIF can be sent"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0",
            MediaUnsupported,
            "x.png is a PostScript drawing; PNG, JPEG, WebP and GIF can be sent",
        ),
    ],
    ids=["empty", "huge", "pdf", "text", "eps"],
)
def test_what_is_no_picture_is_named(data: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        prepare(data, "x.png")

    assert str(caught.value) == message
    assert getattr(caught.value, "hint", None)


@pytest.mark.parametrize("size", [(1, 1), (321, 123), (2048, 16)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 60}, {"exif": gps()}], ids=["VP8L", "VP8", "VP8X"])
def test_the_size_of_a_webp_is_read_from_its_header(size: tuple[int, int], options: dict[str, Any]) -> None:
    assert webp_size(encoded(quarters(size=size), "WEBP", **options)) == size


def test_a_webp_without_a_header_has_no_size() -> None:
    assert webp_size(b"RIFF" + struct.pack("<I", 4) + b"WEBPVP8 ") == (0, 0)


def test_photographed_paper_becomes_a_jpeg_and_a_clean_scan_stays_a_png() -> None:
    paper = Image.new("L", (800, 600), 250)
    ImageDraw.Draw(paper).text((100, 100), "Invoice 84.30", fill=10, font_size=40)
    grain = Image.blend(paper, Image.effect_noise(paper.size, 40), 0.3)
    assert prepare(encoded(paper, "PNG"), "clean").mime == "image/png"
    assert prepare(encoded(paper.convert("RGB"), "PNG"), "clean").mime == "image/png"
    assert prepare(encoded(grain, "PNG"), "grainy").mime == "image/jpeg"
    assert prepare(encoded(grain.convert("RGB"), "PNG"), "grainy").mime == "image/jpeg"


def test_pixels_that_are_drawn_here_are_made_fit_to_send_as_well() -> None:
    made = encode(quarters(size=(400, 300)), "page\x1b[2J", max_side=200)
    assert (made.width, made.height, made.original_width, made.mime) == (200, 150, 400, "image/png")
    assert near(corners(made.data), (RED, GREEN, BLUE, WHITE))
    assert "\x1b" not in made.name
