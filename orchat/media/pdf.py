"""Pages of PDF documents as pictures; needs the optional extra ``pdf`` (pypdfium2).

Everything here is plain blocking work: call it off the event loop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.domain.clean import clean_line
from orchat.errors import MediaDamaged, MediaTooLarge, MediaUnsupported
from orchat.media.image import MAX_OUTPUT, MAX_RATIO, MAX_SIDE, PreparedImage, encode

if TYPE_CHECKING:
    import pypdfium2

MAX_PAGES = 5000
"""Pages of a document that are looked at."""
DPI = 200
"""Dots an inch at which a page is drawn, unless that makes it larger than it is sent: small print stays legible."""

_POINTS_PER_INCH = 72
# PDFium is not made for several threads at once.
_one_at_a_time = threading.Lock()


def page_count(document: Path | bytes, name: str) -> int:
    """Count the pages of a document.

    Args:
        document: A regular file, of which only what is needed is read; or its bytes.
        name: Its name, for people.

    Returns:
        At least 1.

    Raises:
        MediaUnsupported: The extra ``pdf`` is not installed, or the document wants a password.
        MediaDamaged: It cannot be read.
        MediaTooLarge: More than `MAX_PAGES` pages.
    """
    shown = clean_line(name, 80) or "the document"
    with _opened(document, shown) as opened:
        count = len(opened)
    if count == 0:
        raise MediaDamaged(f"{shown} has no pages", hint="Choose another file.")
    if count > MAX_PAGES:
        raise MediaTooLarge(f"{shown} has {count} pages; the limit is {MAX_PAGES}", hint="Split it into parts.")
    return count


def page_image(
    document: Path | bytes, name: str, index: int, *, max_side: int = MAX_SIDE, max_bytes: int = MAX_OUTPUT
) -> PreparedImage:
    """Draw one page.

    Args:
        document: As for `page_count`.
        name: Its name, for people.
        index: Which page, from 0.
        max_side: Pixels of the longer side at most.
        max_bytes: Bytes of the result.

    Returns:
        The page upright, as a picture that is fit to send.

    Raises:
        MediaUnsupported: As for `page_count`, or the page is too long and narrow.
        MediaDamaged: The page cannot be drawn.
        MediaTooLarge: It cannot be made as small as `max_bytes`.
    """
    shown = clean_line(name, 80) or "the document"
    label = f"{shown}, page {index + 1}"
    with _opened(document, shown) as opened:
        if not 0 <= index < len(opened):
            raise MediaDamaged(f"{shown} has no page {index + 1}", hint="Get the document once more.")
        page = opened[index]
        width, height = page.get_size()
        if not 0 < max(width, height) <= MAX_RATIO * min(width, height):
            raise MediaUnsupported(f"{label} is too long and narrow to be seen", hint="Cut it into pieces.")
        # The size in the file decides nothing but the proportions: a poster may not take the memory of one.
        scale = min(DPI / _POINTS_PER_INCH, max_side / max(width, height))
        picture = page.render(scale=scale).to_pil()
    return encode(picture, label, max_side=max_side, max_bytes=max_bytes)


@contextmanager
def _opened(source: Path | bytes, shown: str) -> Iterator[pypdfium2.PdfDocument]:
    try:
        import pypdfium2
    except ImportError:
        raise MediaUnsupported(
            f"the pages of {shown} cannot be drawn: the extra pdf is not installed",
            hint="pip install 'orchat-tui[pdf]', or ask about it as a whole: orchat ask -f FILE",
        ) from None
    with _one_at_a_time:
        try:
            with closing(pypdfium2.PdfDocument(source)) as document:
                yield document
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise MediaUnsupported(f"{shown} wants a password", hint="Save it without one first.") from None
            raise MediaDamaged(
                f"{shown} is damaged or ends early", hint="Open it in a viewer, save it anew, and use that."
            ) from None
