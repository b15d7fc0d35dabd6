"""Pictures out of upper half blocks: each character shows two pixels, one above the other. Works everywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

if TYPE_CHECKING:
    from orchat.media.thumbnail import Thumbnail

Ground: TypeAlias = tuple[int, int, int]
"""Red, green and blue of what a picture lies on."""

HALF = "▀"
_OPAQUE = 255


@lru_cache(maxsize=16_384)
def _style(upper: Ground, lower: Ground) -> Style:
    return Style.from_color(Color.from_rgb(*upper), Color.from_rgb(*lower))


def draw(picture: Thumbnail, ground: Ground) -> list[list[Segment]]:
    """Draw a picture.

    Args:
        picture: Made for the columns and rows that there are.
        ground: Shines through where the picture is not opaque.

    Returns:
        The segments of each row; each row has as many columns as the picture.
    """
    width = picture.width
    colours = _on(ground, picture.pixels)
    rows = []
    for top in range(0, width * picture.height, 2 * width):
        upper, lower = colours[top : top + width], colours[top + width : top + 2 * width]
        rows.append(_row(list(zip(upper, lower, strict=True))))
    return rows


def _row(pairs: list[tuple[Ground, Ground]]) -> list[Segment]:
    """Equal neighbours become one segment."""
    segments = []
    start = 0
    for end in range(1, len(pairs) + 1):
        if end == len(pairs) or pairs[end] != pairs[start]:
            segments.append(Segment(HALF * (end - start), _style(*pairs[start])))
            start = end
    return segments


def _on(ground: Ground, pixels: bytes) -> list[Ground]:
    """The colours as they are seen."""
    reds, greens, blues, opacities = (pixels[band::4] for band in range(4))
    if opacities == bytes([_OPAQUE]) * len(opacities):
        return list(zip(reds, greens, blues, strict=True))
    return [
        (_mixed(red, ground[0], share), _mixed(green, ground[1], share), _mixed(blue, ground[2], share))
        for red, green, blue, share in zip(reds, greens, blues, opacities, strict=True)
    ]


def _mixed(over: int, under: int, share: int) -> int:
    return (over * share + under * (_OPAQUE - share) + _OPAQUE // 2) // _OPAQUE
