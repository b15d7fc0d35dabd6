"""Pages of a job as pictures that can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.errors import MediaNotFound
from orchat.tui.attached import Attached, of_bytes

if TYPE_CHECKING:
    from orchat.ocr.page import Page

DRAWN = 1_200
"""Pixels of the longer side of a document's page that is looked at here."""


def drawn(page: Page) -> bytes:
    """The file of a page's picture; it blocks.

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


class PageFiles:
    """Pages as files that can be looked at, saved and opened: what each one is, is known once it was read.

    Args:
        pages: In their order; no two have the same name.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = {page.name: page for page in pages}
        self.files = [Attached(name=page.name, mime="", size=0) for page in pages]
        """What is known of them, without their bytes."""

    async def read(self, file: Attached) -> bytes:
        """The bytes of one of the files.

        Raises:
            OrchatError: It cannot be read any more, is no picture, or cannot be drawn.
        """
        page = self._pages[file.name]
        try:
            data, known = await asyncio.to_thread(_file_of, page)
        except OSError:
            raise MediaNotFound(f"{page.name} cannot be read any more", hint="Look where it is.") from None
        self.files[list(self._pages).index(page.name)] = known
        return data


def _file_of(page: Page) -> tuple[bytes, Attached]:
    from orchat.media.image import recognise

    data = drawn(page)
    return data, replace(of_bytes(data, page.name, recognise(data, page.name).mime), data=None)
