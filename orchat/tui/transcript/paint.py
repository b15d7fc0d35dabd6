"""Rows to strips."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from orchat.domain.clean import REPLACEMENT, is_clean
from orchat.tui.transcript.rows import Row

MARGIN = 2
"""Empty columns at the left and right."""
_MARGIN = Segment(" " * MARGIN)


def paint(
    row: Row,
    *,
    line: int,
    width: int,
    text_width: int,
    margin: Segment = _MARGIN,
    caret: Segment | None = None,
    selected: tuple[int, int] | None = None,
    selection: Style | None = None,
) -> Strip:
    """Draw a row.

    Args:
        row: What to draw.
        line: Number of its logical line among all entries, by which a selection finds it.
        width: Columns of the strip.
        text_width: Columns of the text, to which a ground reaches.
        margin: Left of the row, `MARGIN` columns wide.
        caret: Drawn after the text.
        selected: Characters of the logical line that are selected; an end of -1 is the end of the line.
        selection: Style of selected text.

    Returns:
        A strip of exactly `width` columns.
    """
    position = row.start
    segments = [margin, *row.prefix]
    text = row.text if selected is None or selection is None else _selected(row, selected, selection)
    for content, style, _ in text:
        segments.append(Segment(content, _located(style, position, line)))
        position += len(content)
    if caret is not None:
        segments.append(caret)
    segments.extend(row.suffix)
    # Also a row without text has a place that a selection can begin or end at.
    segments.append(Segment(" ", _located(row.fill, position, line)))
    strip = Strip(guarded(segments))
    if row.fill is not None:
        strip = strip.adjust_cell_length(MARGIN + text_width, row.fill)
    return strip.adjust_cell_length(width)


def _located(style: Style | None, position: int, line: int) -> Style:
    offset = Style.from_meta({"offset": (position, line)})
    return offset if style is None else style + offset


def _selected(row: Row, span: tuple[int, int], selection: Style) -> list[Segment]:
    first = span[0] - row.start
    stop = span[1] - row.start if span[1] >= 0 else sum(len(segment.text) for segment in row.text)
    parts: list[Segment] = []
    position = 0
    for text, style, _ in row.text:
        low, high = (min(max(0, edge - position), len(text)) for edge in (first, stop))
        high = max(low, high)
        pieces = ((text[:low], style), (text[low:high], (style or Style()) + selection), (text[high:], style))
        parts.extend(Segment(piece, piece_style) for piece, piece_style in pieces if piece)
        position += len(text)
    return parts


def guarded(segments: Iterable[Segment]) -> list[Segment]:
    """The last guard before the terminal: whatever went wrong before, no control character passes."""
    return [segment if _may_pass(segment.text) else _harmless(segment) for segment in segments]


def _may_pass(text: str) -> bool:
    if text.isascii() and text.isprintable():
        return True
    return is_clean(text) and "\n" not in text and "\t" not in text


def _harmless(segment: Segment) -> Segment:
    text = "".join(char if _may_pass(char) else REPLACEMENT for char in segment.text)
    return Segment(text, segment.style)
