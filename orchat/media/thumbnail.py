"""Pictures made so small that each pixel is half a character of a terminal.

Everything here is plain blocking work: call it off the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from orchat.domain.clean import clean_line
from orchat.media.image import recognise, small

MOST_COLUMNS = 400
"""Widest picture that is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture, not yet on any ground."""

    width: int
    """Pixels; each is a column of the terminal."""
    height: int
    """Pixels, an even number; two of them are a row of the terminal."""
    pixels: bytes = field(repr=False)
    """Red, green, blue and opacity of each pixel, row by row."""

    @property
    def rows(self) -> int:
        """Rows of the terminal."""
        return self.height // 2


def fitted(size: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """How large a picture is shown, in columns and rows: as large as fits, with its proportions, never enlarged.

    Args:
        size: Pixels of the picture.
        columns: Columns of the terminal that there are.
        rows: Rows of the terminal that there are.
    """
    width, height = (max(1, side) for side in size)
    columns, rows = max(1, min(columns, MOST_COLUMNS)), max(1, rows)
    share = min(1.0, columns / width, rows * 2 / height)
    return max(1, min(columns, round(width * share))), max(1, min(rows, round(height * share / 2)))


def thumbnail(data: bytes, name: str, columns: int, rows: int) -> Thumbnail:
    """Make a picture small: upright, its first frame, without being decoded at full size where that can be avoided.

    Args:
        data: The file.
        name: Its name, for people; the format is told by the content.
        columns: Most columns.
        rows: Most rows.

    Returns:
        The picture, as large as fits.

    Raises:
        MediaTooLarge: Too many bytes or pixels.
        MediaUnsupported: No picture, or one that cannot be sent either.
        MediaDamaged: Empty, cut short or not decodable.
    """
    shown = clean_line(name, 80) or "the picture"
    kind = recognise(data, shown)
    # Twice the pixels that are shown: a JPEG comes out of its decoder only in halves, and what it leaves is averaged.
    picture, _ = small(data, kind, shown, 2 * max(min(columns, MOST_COLUMNS), 2 * rows))
    width, height = fitted(picture.size, columns, rows)
    from PIL import Image

    little = picture.convert("RGBA").resize((width, height * 2), Image.Resampling.BOX)
    return Thumbnail(width=width, height=height * 2, pixels=little.tobytes())
