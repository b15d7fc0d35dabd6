"""Pages of documents are drawn upright, in their colours, no larger than they are sent."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from orchat.errors import MediaDamaged, MediaError, MediaTooLarge, MediaUnsupported
from orchat.media import pdf
from orchat.media.pdf import page_count, page_image
from tests.support.pages import pdf_of
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near, quarters

DOCUMENT = encoded(quarters(size=(300, 400)), "PDF", save_all=True, append_images=[quarters((WHITE, BLUE, GREEN, RED))])


def test_pages_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of([1, 2, 3]))
    assert page_count(tmp_path / "a.pdf", "a.pdf") == 3
    assert page_count(DOCUMENT, "x.pdf") == 2


def test_a_page_is_drawn_as_it_looks() -> None:
    first, second = (page_image(DOCUMENT, "x.pdf", index) for index in (0, 1))
    assert near(corners(first.data), (RED, GREEN, BLUE, WHITE))
    assert near(corners(second.data), (WHITE, BLUE, GREEN, RED))
    assert (first.name, second.name) == ("x.pdf, page 1", "x.pdf, page 2")
    # 300 pixels are 300 points to Pillow: drawn at 200 dots an inch.
    assert (first.width, first.height) == (834, 1112)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_that_is_turned_in_the_file_is_drawn_upright(rotation: int) -> None:
    opened = pypdfium2.PdfDocument(DOCUMENT)
    opened[0].set_rotation(rotation)
    out = BytesIO()
    opened.save(out)
    opened.close()
    drawn = page_image(out.getvalue(), "x.pdf", 0)
    assert near(
        corners(drawn.data),
        {
            0: (RED, GREEN, BLUE, WHITE),
            90: (BLUE, RED, WHITE, GREEN),
            180: (WHITE, BLUE, GREEN, RED),
            270: (GREEN, WHITE, RED, BLUE),
        }[rotation],
    )
    assert (drawn.width > drawn.height) == (rotation in (90, 270))


def test_a_poster_takes_no_more_than_a_letter() -> None:
    opened = pypdfium2.PdfDocument.new()
    opened.new_page(14_400, 10_000)
    out = BytesIO()
    opened.save(out)
    opened.close()
    drawn = page_image(out.getvalue(), "poster.pdf", 0, max_side=1000)
    assert (drawn.width, drawn.height) == (1000, 695)


def blank(width: float, height: float) -> bytes:
    opened = pypdfium2.PdfDocument.new()
    opened.new_page(width, height)
    out = BytesIO()
    opened.save(out)
    opened.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "index", "error", "says"),
    [
        (b"%PDF-1.4 nothing", 0, MediaDamaged, "x.pdf is damaged"),
        (DOCUMENT[:100], 0, MediaDamaged, "x.pdf is damaged"),
        (DOCUMENT, 2, MediaDamaged, "no page 3"),
        (blank(14_000, 10), 0, MediaUnsupported, "too long and narrow"),
    ],
    ids=["nothing in it", "cut", "no such page", "too narrow"],  # the bytes hold the time
)
def test_what_cannot_be_drawn_is_one_line(data: bytes, index: int, error: type[MediaError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        page_image(data, "x.pdf", index)
    assert caught.value.hint


def test_a_document_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    with pytest.raises(MediaTooLarge, match="2 pages"):
        page_count(DOCUMENT, "x.pdf")


def test_a_document_without_pages_is_damaged() -> None:
    opened = pypdfium2.PdfDocument.new()
    out = BytesIO()
    opened.save(out)
    opened.close()
    with pytest.raises(MediaDamaged, match=r"x\.pdf"):
        page_count(out.getvalue(), "x.pdf")


def test_a_locked_document_is_said_to_be_locked(tmp_path: Path) -> None:
    with pytest.raises(MediaUnsupported, match="wants a password"):
        page_count(LOCKED, "x.pdf")


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['pypdfium2'] = None\n"
        "from orchat.media.pdf import page_count\n"
        "from orchat.errors import MediaUnsupported\n"
        "try: page_count(b'%PDF', 'x.pdf')\n"
        "except MediaUnsupported as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "orchat-tui[pdf]" in done.stdout


def test_a_drawn_page_holds_nothing_but_pixels() -> None:
    drawn = Image.open(BytesIO(page_image(DOCUMENT, "x.pdf", 0).data))
    assert not set(drawn.info) - {"dpi", "jfif", "jfif_version", "jfif_unit", "jfif_density"}


LOCKED = b"".join(
    (
        b"%PDF-1.4\n",
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n",
        b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"00" * 32 + b">/U<" + b"11" * 32 + b">>>endobj\n",
        b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]/Size 5>>\n%%EOF\n",
    )
)
