"""Pages of a job as pictures that can be looked at. Everything here blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.tui.attached import Attached, of_bytes

if TYPE_CHECKING:
    from orchat.ocr.page import Page

DRAWN = 1_200
"""Pixels of the longer side of a document's page that is looked at here."""


def drawn(page: Page) -> bytes:
    """The file of a page's picture.

    Args:
        page: Of a picture or of a document.

    Raises:
        OSError: It cannot be read.
        OrchatError: It cannot be drawn.
    """
    from orchat.media.files import read_bytes
    from orchat.media.image import MAX_INPUT
    from orchat.media.pdf import page_image

    source = page.source
    if source.is_document:
        return page_image(source.path, source.name, page.index, max_side=DRAWN).data
    return read_bytes(source.path, limit=MAX_INPUT)


def file_of(page: Page) -> Attached:
    """A page as a file that can be looked at, saved and opened.

    Args:
        page: As for `drawn`.

    Raises:
        OSError: It cannot be read.
        OrchatError: It is no picture, or cannot be drawn.
    """
    from orchat.media.image import recognise

    data = drawn(page)
    return of_bytes(data, page.name, recognise(data, page.name).mime)
