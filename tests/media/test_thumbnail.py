"""Pictures for the screen: small, upright, in their proportions, and refused as when they are sent."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from orchat.errors import MediaDamaged, MediaTooLarge, MediaUnsupported
from orchat.media.thumbnail import Thumbnail, fitted, thumbnail
from tests.support.pictures import BLUE, GREEN, RED, WHITE, Colour, encoded, png_of_zeros, quarters


def pixel(picture: Thumbnail, x: int, y: int) -> Colour:
    at = 4 * (y * picture.width + x)
    return picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]


def corners_of(picture: Thumbnail) -> list[Colour]:
    right, bottom = picture.width - 1, picture.height - 1
    return [pixel(picture, x, y) for x, y in ((0, 0), (right, 0), (0, bottom), (right, bottom))]


def is_near(found: list[Colour], expected: list[Colour]) -> bool:
    return all(
        abs(a - b) < 30 for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("pillow", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_each_format_becomes_small_and_keeps_its_colours(pillow: str) -> None:
    made = thumbnail(encoded(quarters(size=(800, 600)), pillow), "a", 40, 10)
    assert (made.width, made.height, made.rows) == (27, 20, 10)
    assert len(made.pixels) == 4 * 27 * 20
    assert is_near(corners_of(made), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "I;16", "LA"])
def test_every_colour_mode_can_be_shown(mode: str) -> None:
    picture = Image.new("L", (64, 64), 200).convert("I;16" if mode == "I;16" else mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    made = thumbnail(encoded(picture, kind), "a", 8, 4)
    assert (made.width, made.rows) == (8, 4)


def test_a_picture_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = thumbnail(encoded(quarters(size=(80, 40)), "JPEG", exif=exif, quality=95), "a", 40, 20)
    assert (made.width, made.height) == (20, 40)
    assert is_near(corners_of(made), [BLUE, RED, WHITE, GREEN])


def test_what_is_transparent_stays_so_until_it_is_drawn() -> None:
    picture = Image.new("RGBA", (40, 40), (10, 20, 30, 0))
    picture.paste((200, 100, 50, 255), (0, 0, 20, 40))
    made = thumbnail(encoded(picture, "PNG"), "a", 4, 2)
    assert is_near([pixel(made, 0, 0)], [(200, 100, 50)])
    assert made.pixels[3] > 250
    assert made.pixels[15] < 5


def test_a_small_picture_is_not_enlarged() -> None:
    assert fitted((10, 10), 40, 20) == (10, 5)
    assert fitted((0, 0), 40, 20) == (1, 1)


@given(st.tuples(st.integers(1, 60_000), st.integers(1, 60_000)), st.integers(1, 400), st.integers(1, 100))
def test_a_picture_always_fits_and_fills_one_side_as_far_as_it_can(
    size: tuple[int, int], columns: int, rows: int
) -> None:
    width, height = fitted(size, columns, rows)
    assert 1 <= width <= columns
    assert 1 <= height <= rows
    assert width == columns or height == rows or width == size[0] or height == max(1, round(size[1] / 2))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (png_of_zeros(60_000, 60_000), MediaTooLarge),
        (b"not a picture", MediaUnsupported),
        (b"", MediaDamaged),
        (encoded(quarters(size=(800, 600)), "PNG")[:90], MediaDamaged),
    ],
    ids=["bomb", "text", "empty", "cut"],
)
def test_what_cannot_be_sent_is_not_shown_either(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        thumbnail(data, "a", 10, 10)


def test_a_large_photo_is_not_decoded_whole() -> None:
    picture = Image.new("RGB", (4000, 3000), "teal")
    out = BytesIO()
    picture.save(out, "JPEG")
    made = thumbnail(out.getvalue(), "a", 60, 20)
    assert (made.width, made.height) == (53, 40)
