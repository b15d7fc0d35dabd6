"""Scanned sheets, as people attach them: the same bytes, pixels and length on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw

from tests.support.pictures import Colour, encoded, png_chunk
from tests.support.scans import HEIC, PDF

PAPER, INK, STAMP = (250, 248, 240), (40, 44, 52), (170, 40, 50)
A4 = (620, 877)
_END = 12
"""Bytes of the last chunk of a PNG."""
_CHUNK = 12
"""Bytes of a chunk without its body."""

INVOICE, RECEIPT, TICKET = "invoice.png", "receipt.png", "boarding pass, folded twice and scanned.png"
NOTES = "# Trip\n\nTwo nights, one train, 84.30 in all.\n"


def sheet(size: tuple[int, int] = A4, *, lines: int = 14, mark: Colour = STAMP) -> Image.Image:
    """Paper with a heading, lines of words and a stamp."""
    picture = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(picture)
    width, height = size
    margin, step = width // 10, height // (lines + 8)
    pen.rectangle((margin, margin, width // 2, margin + step), fill=mark)
    for line in range(lines):
        top = margin + (line + 3) * step
        end = width - margin - (line * 37 % 5) * width // 12
        pen.rectangle((margin, top, end, top + step // 2), fill=INK)
    pen.rectangle((width * 6 // 10, height - margin - 2 * step, width - margin, height - margin), fill=mark)
    return picture


def padded(picture: Image.Image, length: int) -> bytes:
    """A PNG of so many bytes: how small it could be depends on who packed it."""
    data = encoded(picture, "PNG")
    room = length - len(data) - _CHUNK
    return data[:-_END] + png_chunk(b"prVt", bytes(room)) + data[-_END:]


def desk(folder: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """A folder of things to attach."""
    (folder / "2025").mkdir(parents=True)
    made = {
        INVOICE: padded(sheet(), 301_000),
        RECEIPT: padded(sheet((300, 900), lines=24, mark=(30, 90, 160)), 94_000),
        TICKET: padded(sheet((900, 380), lines=6, mark=(20, 120, 80)), 1_240_000),
        "terms.pdf": PDF,
        "notes.md": NOTES.encode(),
        "holiday.heic": HEIC,
    }
    for name, data in {**made, **(files or {})}.items():
        (folder / name).write_bytes(data)
    return folder
