"""A folder of files to attach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from orchat.demo.server import DemoServer
from tests.support.pictures import BLUE, GREEN, RED, WHITE, Colour, encoded, photo, quarters

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(2_000)
PDF = b"%PDF-1.7\n" + b"x" * 3_000 + b"\n%%EOF\n"


def scans(folder: Path) -> Path:
    """Pictures, documents, and what cannot be sent."""
    folder.mkdir(exist_ok=True)
    (folder / "2026-10").mkdir()
    (folder / "2026-10" / "old.png").write_bytes(encoded(quarters(), "PNG"))
    for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE)):
        (folder / f"scan-{name}.png").write_bytes(encoded(plain(colour), "PNG"))
    (folder / "photo with spaces.jpg").write_bytes(encoded(photo(), "JPEG"))
    (folder / "notes.md").write_text("# Notes\n\nabout *scans*\n")
    (folder / "terms.pdf").write_bytes(PDF)
    (folder / "holiday.heic").write_bytes(HEIC)
    (folder / "cut.png").write_bytes(encoded(quarters(size=(800, 600)), "PNG")[:90])
    (folder / ".hidden.txt").write_text("hidden")
    return folder


def plain(colour: Colour, size: tuple[int, int] = (124, 175)) -> Image.Image:
    """A picture of one colour."""
    picture = Image.new("RGB", size, colour)
    picture.paste(WHITE, (0, 0, 4, 4))
    return picture


def sent(server: DemoServer, number: int = -1) -> list[dict[str, Any]]:
    """The parts of the last message of a request."""
    content = server.chats[number].body["messages"][-1]["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]
