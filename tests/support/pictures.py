"""Pictures made for tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 180, 20), (20, 20, 220), (255, 255, 255)
Colour = tuple[int, int, int]


def encoded(picture: Image.Image, pillow: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, pillow, **options)
    return out.getvalue()


def quarters(
    colours: Sequence[Colour] = (RED, GREEN, BLUE, WHITE), size: tuple[int, int] = (80, 60), mode: str = "RGB"
) -> Image.Image:
    """Four fields of colour: top left, top right, bottom left, bottom right."""
    picture = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for at, colour in enumerate(colours):
        picture.paste(colour, (at % 2 * width, at // 2 * height, (at % 2 + 1) * width, (at // 2 + 1) * height))
    return picture.convert(mode)


def photo(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Many colours, as a camera gives them."""
    noise = [Image.effect_noise(size, 80 + 20 * band) for band in range(3)]
    return Image.merge("RGB", noise)


def corners(data: bytes) -> list[Colour]:
    """The colours in the middle of the four quarters."""
    picture = Image.open(BytesIO(data)).convert("RGB")
    width, height = picture.size
    found = []
    for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)):
        pixel = picture.getpixel((x * width // 4, y * height // 4))
        assert isinstance(pixel, tuple)
        found.append((int(pixel[0]), int(pixel[1]), int(pixel[2])))
    return found


def near(found: Sequence[Colour], expected: Sequence[Colour], by: int = 24) -> bool:
    pairs = [(a, b) for left, right in zip(found, expected, strict=True) for a, b in zip(left, right, strict=True)]
    return all(abs(a - b) <= by for a, b in pairs)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_zeros(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG with one bit a pixel, all black: a few kilobytes, whatever its size."""
    row = (width + 7) // 8 + 1
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(row * 64)) for _ in range(height // 64))
    body += packer.compress(bytes(row * (height % 64))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header), *extra, png_chunk(b"IDAT", body), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of each pass: the first column and row, and the steps between columns and between rows."""


def interlaced_png(picture: Image.Image) -> bytes:
    """An RGB picture as a PNG that comes in seven passes; Pillow writes none."""
    rows = bytearray()
    for left, top, across, down in _ADAM7:
        for y in range(top, picture.height, down):
            pixels = [picture.getpixel((x, y)) for x in range(left, picture.width, across)]
            rows += b"\0" + b"".join(bytes(pixel) for pixel in pixels if isinstance(pixel, tuple))
    header = struct.pack(">IIBBBBB", *picture.size, 8, 2, 0, 0, 1)
    chunks = [png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(bytes(rows))), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def webp_canvas(width: int, height: int) -> bytes:
    """A WebP file that claims a canvas of this size and holds nothing."""
    body = b"\x10\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk
