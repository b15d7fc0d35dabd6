"""Draws the papers that the pictures of the attach dialog show."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

PAPER, INK, GREY, PALE = (244, 241, 234), (118, 126, 142), (140, 149, 160), (204, 204, 202)


def invoice(number: int) -> Image.Image:
    """An A4 page at 150 dpi."""
    page = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle((110, 120, 620 + 20 * (number % 4), 210), fill=INK)
    draw.rectangle((110, 290, 1130, 318), fill=(160, 192, 176))
    for line in range(3):
        top = 470 + 150 * line
        draw.rectangle((110, top, 640 - 70 * ((line + number) % 3), top + 44), fill=GREY)
        draw.rectangle((900, top, 1130, top + 44), fill=GREY)
        draw.rectangle((110, top + 58, 560, top + 84), fill=PALE)
    draw.rectangle((730, 1090, 1130, 1180), fill=(52, 110, 92))
    for line in range(5):
        draw.rectangle((110, 1370 + 66 * line, 1010 - 120 * line, 1398 + 66 * line), fill=PALE)
    return page


def holiday() -> Image.Image:
    """A photo of 12 megapixels: a sky, a sun, a sea."""
    small = Image.new("RGB", (400, 300))
    draw = ImageDraw.Draw(small)
    for y in range(300):
        sky = (250 - y // 2, 170 - y // 3, 110 + y // 2) if y < 190 else (20, 70 + (300 - y) // 3, 110 + y // 8)
        draw.line((0, y, 400, y), fill=sky)
    draw.ellipse((230, 100, 310, 180), fill=(255, 226, 150))
    return small.resize((4000, 3000), Image.Resampling.BICUBIC)


def lay_out(folder: Path) -> Path:
    """Papers and other files, as somebody has them."""
    folder.mkdir(parents=True)
    (folder / "2026-10").mkdir()
    for number in range(4, 8):
        invoice(number).save(folder / f"scan-00{number}.png")
    holiday().save(folder / "holiday.jpg", quality=85)
    (folder / "terms.pdf").write_bytes(b"%PDF-1.7\n" + bytes(1_100_000) + b"\n%%EOF\n")
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(2_000_000))
    (folder / "notes.md").write_text("# To be asked\n\nIs the VAT right?\n")
    return folder
