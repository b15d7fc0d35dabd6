"""Pictures under a message: a few rows high, side by side, loaded when they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from orchat.tui.pictures.half import Ground, draw
from orchat.tui.transcript.rows import Row, Section

if TYPE_CHECKING:
    from orchat.media.thumbnail import Thumbnail

COLUMNS, ROWS = 24, 6
"""Most room of one picture."""
MOST = 24
"""Pictures of one message that are shown; the others are named."""
GAP = 2
_UNKNOWN = (96, 96)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inset:
    """One picture."""

    chip: int
    """Index of the attachment that it shows."""
    sha256: str
    """Hex digest of its bytes, which whoever shows the message can find."""
    size: tuple[int, int] = (0, 0)
    """Pixels; (0, 0) when they are not known."""
    picture: Thumbnail | None = field(default=None, compare=False, repr=False)
    """The picture, once it was loaded."""

    @property
    def room(self) -> tuple[int, int]:
        """Columns and rows, the same before and after it was loaded, so that nothing moves."""
        from orchat.media.thumbnail import fitted

        return fitted(self.size if all(self.size) else _UNKNOWN, COLUMNS, ROWS)


def draw_insets(section: Section, insets: Sequence[Inset], width: int, ground: Ground) -> None:
    """Draw pictures side by side, on as many bands as they need; a click on one tells which attachment it is.

    Args:
        section: Where the rows go.
        insets: The pictures.
        width: Columns.
        ground: What they lie on.
    """
    for band in _bands(insets[:MOST], width):
        height = max(inset.room[1] for inset in band)
        drawn = [_drawn(inset, ground) for inset in band]
        # They are one logical line, which holds nothing that could be copied.
        for row in range(height):
            parts: list[Segment] = []
            for inset, lines in zip(band, drawn, strict=True):
                blank = [Segment(" " * inset.room[0], _click(inset))]
                parts.extend(lines[row] if row < len(lines) else blank)
                parts.append(Segment(" " * GAP))
            section.rows.append(Row(tuple(parts[:-1]), (), len(section.lines), row))
        section.lines.append("")


def _bands(insets: Sequence[Inset], width: int) -> list[list[Inset]]:
    bands: list[list[Inset]] = []
    room = 0
    for inset in insets:
        columns = inset.room[0]
        if columns > width:
            continue
        if not bands or columns > room:
            bands.append([])
            room = width
        bands[-1].append(inset)
        room -= columns + GAP
    return bands


def _click(inset: Inset) -> Style:
    return Style(meta={"chip": inset.chip})


def _drawn(inset: Inset, ground: Ground) -> list[list[Segment]]:
    if inset.picture is None:
        return []
    columns = inset.room[0]
    click = _click(inset)
    rows = []
    for row in draw(inset.picture, ground):
        parts = [Segment(text, (style or Style.null()) + click) for text, style, _ in row]
        room = columns - inset.picture.width
        rows.append([*parts, Segment(" " * room, click)] if room > 0 else parts)
    return rows
