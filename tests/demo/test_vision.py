"""The seer reports facts, and only facts."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageDraw

from orchat.demo import vision
from orchat.demo.server import DemoServer
from tests.support.demo import post
from tests.support.pictures import encoded, quarters

pytestmark = pytest.mark.anyio


def picture(size: tuple[int, int] = (40, 20), colour: Any = "red", kind: str = "PNG", **how: Any) -> bytes:
    image = Image.new(how.pop("mode", "RGB"), size, colour)
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


async def seen(server: DemoServer, *urls: Any, text: str | None = "What is this?", text_last: bool = False) -> str:
    images = [{"type": "image_url", "image_url": {"url": link}} for link in urls]
    words = [] if text is None else [{"type": "text", "text": text}]
    content = [*images, *words] if text_last else [*words, *images]
    answer = await post(server, {"model": "demo/seer", "messages": [{"role": "user", "content": content}]})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


async def test_the_seer_reports_size_format_and_colours(server: DemoServer) -> None:
    image = Image.new("RGB", (40, 20), (255, 255, 255))
    ImageDraw.Draw(image).rectangle((0, 0, 9, 19), fill=(30, 60, 220))
    out = io.BytesIO()
    image.save(out, "PNG")
    text = await seen(server, url(out.getvalue()))
    assert "You sent **1 image**" in text
    assert f"Format: **PNG**, {len(out.getvalue())} bytes, mode `RGB`" in text
    assert "**40 × 20 px**, landscape" in text
    assert "Transparency: none" in text
    assert "white `#ffffff` (75%), blue `#1e3cdc` (25%)" in text
    assert "came before the images" in text


async def test_the_seer_counts_images_and_notes_their_order(server: DemoServer) -> None:
    text = await seen(server, url(picture()), url(picture((5, 9), kind="JPEG"), "jpeg"), text_last=True)
    assert "**2 images**" in text
    assert (
        text.index("Image 1")
        < text.index("**40 × 20 px**")
        < text.index("Image 2")
        < text.index("**5 × 9 px**, portrait")
    )
    assert "came after the first image" in text
    assert "is missing" in await seen(server, url(picture((7, 7))), text=None)


async def test_the_seer_sees_transparency_and_animation(server: DemoServer) -> None:
    clear = picture((10, 10), (255, 0, 0, 0), mode="RGBA")
    text = await seen(server, url(clear))
    assert "Transparency: 100% of the pixels" in text
    assert "Main colours: not measured" in text
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert "Animated: 2 frames" in await seen(server, url(out.getvalue(), "gif"))


async def test_the_seer_turns_an_image_as_exif_asks(server: DemoServer) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    text = await seen(server, url(picture(kind="JPEG", exif=exif), "jpeg"))
    assert "**40 × 20 px**, portrait" in text
    assert "EXIF asks for it to be turned" in text


async def test_the_seer_fetches_nothing(server: DemoServer) -> None:
    text = await seen(server, "https://images.test/cat.png", None)
    assert text.count("the demo fetches nothing") == 2


async def test_the_seer_without_an_image_says_how_to_send_one(server: DemoServer) -> None:
    assert "Attach one, or" in await seen(server)


BAD = ["data:image/png;base64,@@@", url(b"not an image"), url(picture()[:60])]


@pytest.mark.parametrize("link", BAD, ids=range(len(BAD)))
async def test_an_image_that_cannot_be_decoded_is_refused(server: DemoServer, link: str) -> None:
    parts = [{"type": "image_url", "image_url": {"url": link}}]
    answer = await post(server, {"model": "demo/seer", "messages": [{"role": "user", "content": parts}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["metadata"]["error_type"] == "invalid_image"


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_huge_image_is_measured_but_not_decoded() -> None:
    facts = vision.measure(bomb(12_000, 12_000))
    assert (facts.width, facts.orientation, facts.colours) == (12_000, "square", ())
    with pytest.raises(ValueError, match="too many pixels"):
        vision.measure(bomb(60_000, 60_000))


@pytest.mark.parametrize(("name", "rgb"), vision.NAMED.items())
def test_each_named_colour_is_nearest_to_itself(name: str, rgb: tuple[int, int, int]) -> None:
    assert vision.nearest(rgb) == name


async def test_the_seer_tells_where_the_colours_are(server: DemoServer) -> None:
    text = await seen(server, url(encoded(quarters(), "PNG")))
    assert "Quarters: red above blue, green above white" in text


async def test_the_seer_tells_what_is_written_beside_the_pixels(server: DemoServer) -> None:
    exif = Image.Exif()
    exif[0x010E] = "my house"
    text = await seen(server, url(picture(kind="JPEG", exif=exif, comment=b"hello"), "jpeg"), url(picture()))
    assert "Written beside the pixels: comment, exif" in text
    assert "Written beside the pixels: nothing" in text
