"""The right pixels arrive, the right way up: told by a model that decodes what it was sent."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from orchat.demo.server import DemoServer
from orchat.domain.content import ImagePart
from orchat.media.clipboard import read_image
from orchat.media.image import prepare
from orchat.media.pdf import page_image
from tests.support.demo import body_of, post
from tests.support.pictures import BLUE, GREEN, RED, WHITE, encoded, interlaced_png, quarters

pytestmark = pytest.mark.anyio

UPRIGHT = "red above blue, green above white"


async def seen(server: DemoServer, *parts: ImagePart) -> str:
    content = [{"type": "text", "text": "What?"}, *({"type": "image_url", "image_url": {"url": p.url}} for p in parts)]
    body = body_of(model="demo/seer", messages=[{"role": "user", "content": content}])
    answer = await post(server, body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def as_the_camera_held_it(orientation: int) -> Image.Image:
    """The picture as it is stored, so that turning it by EXIF makes it upright."""
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    return quarters() if stored is None else quarters().transpose(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_arrives_upright(server: DemoServer, pillow: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(
        as_the_camera_held_it(orientation), pillow, exif=exif, **({} if pillow == "PNG" else {"quality": 95})
    )
    text = await seen(server, prepare(data, "held").part)
    assert f"Quarters: {UPRIGHT}" in text
    assert "80 × 60 px**, landscape" in text
    assert "Written beside the pixels: nothing" in text


GREY = [(0, 0, 0), (255, 255, 255), (200, 200, 200), (64, 64, 64)]
TOLD_GREY = "black above light grey, white above dark grey"
SIXTEEN = Image.new("I;16", (80, 60))
for at, value in enumerate((0, 65_535, 51_400, 16_448)):
    SIXTEEN.paste(value, (at % 2 * 40, at // 2 * 30, at % 2 * 40 + 40, at // 2 * 30 + 30))


@pytest.mark.parametrize(
    ("picture", "pillow", "options", "expected"),
    [
        (quarters(), "PNG", {}, UPRIGHT),
        (quarters(mode="RGBA"), "PNG", {}, UPRIGHT),
        (quarters().quantize(16), "PNG", {}, UPRIGHT),
        (quarters().quantize(16), "GIF", {}, UPRIGHT),
        (quarters(mode="CMYK"), "JPEG", {"quality": 95}, UPRIGHT),
        (quarters(), "JPEG", {"quality": 95, "progressive": True}, UPRIGHT),
        (quarters(), "WEBP", {"lossless": True}, UPRIGHT),
        (quarters(GREY, mode="L"), "PNG", {}, TOLD_GREY),
        (quarters(GREY, mode="LA"), "PNG", {}, TOLD_GREY),
        (quarters(GREY, mode="L"), "JPEG", {"quality": 95}, TOLD_GREY),
        (quarters([WHITE, (0, 0, 0), (0, 0, 0), WHITE], mode="1"), "PNG", {}, "white above black, black above white"),
        (SIXTEEN, "PNG", {}, TOLD_GREY),
        (quarters(), "GIF", {"save_all": True, "append_images": [quarters((BLUE, BLUE, BLUE, RED))]}, UPRIGHT),
        (quarters(), "WEBP", {"save_all": True, "append_images": [quarters((BLUE, RED, BLUE, RED))]}, UPRIGHT),
        (quarters(), "PNG", {"save_all": True, "append_images": [quarters((BLUE, RED, BLUE, RED))]}, UPRIGHT),
    ],
    ids=lambda value: getattr(value, "mode", value) if not isinstance(value, dict) else "/".join(value),
)
async def test_every_colour_mode_arrives_in_its_colours(
    server: DemoServer, picture: Image.Image, pillow: str, options: dict[str, Any], expected: str
) -> None:
    text = await seen(server, prepare(encoded(picture, pillow, **options), "any").part)
    assert f"Quarters: {expected}" in text
    assert "Animated" not in text


async def test_an_interlaced_picture_arrives_in_its_colours(server: DemoServer) -> None:
    data = interlaced_png(quarters())
    assert Image.open(BytesIO(data)).info["interlace"] == 1
    text = await seen(server, prepare(data, "any").part)
    assert f"Quarters: {UPRIGHT}" in text
    assert "80 × 60 px**, landscape" in text


async def test_pictures_arrive_in_their_order(server: DemoServer) -> None:
    orders = [(RED, GREEN, BLUE, WHITE), (GREEN, RED, WHITE, BLUE), (WHITE, BLUE, GREEN, RED)]
    parts = [prepare(encoded(quarters(order), "PNG"), "any").part for order in orders]
    there, back = await seen(server, *parts), await seen(server, *reversed(parts))
    found = [line for line in there.splitlines() if line.startswith("- Quarters")]
    assert found[0] == f"- Quarters: {UPRIGHT}"
    assert [line for line in back.splitlines() if line.startswith("- Quarters")] == found[::-1]
    assert len(set(found)) == 3


async def test_the_picture_on_the_clipboard_arrives(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(encoded(quarters(), "PNG"))
    tool = tmp_path / "pngpaste"
    tool.write_text(f'#!/bin/sh\nexec cat "{tmp_path}/picture"\n')
    tool.chmod(0o700)
    data = await read_image({"PATH": f"{tmp_path}:/usr/bin:/bin"}, platform="darwin")
    assert f"Quarters: {UPRIGHT}" in await seen(server, prepare(data, "clipboard").part)


async def test_the_pages_of_a_document_arrive(server: DemoServer) -> None:
    data = encoded(quarters(), "PDF", save_all=True, append_images=[quarters((WHITE, BLUE, GREEN, RED))])
    text = await seen(server, *(page_image(data, "x.pdf", index).part for index in (0, 1)))
    found = [line for line in text.splitlines() if line.startswith("- Quarters")]
    assert found == [f"- Quarters: {UPRIGHT}", "- Quarters: white above green, blue above red"]
