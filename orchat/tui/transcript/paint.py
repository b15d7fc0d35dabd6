"""Rows to strips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    found: Sequence[tuple[int, int]] = (),
    standout: Style | None = None,
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
        found: Characters of the logical line that stand out, first and the one after the last of each.
        standout: Style of them.
        selected: Characters of the logical line that are selected; an end of -1 is the end of the line.
        selection: Style of selected text.

    Returns:
        A strip of exactly `width` columns.
    """
    position = row.start
    segments = [margin, *row.prefix]
    text = row.text
    for span in found:
        text = _restyled(text, row.start, span, standout)
    if selected is not None:
        text = _restyled(text, row.start, selected, selection)
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


def _restyled(text: Sequence[Segment], start: int, span: tuple[int, int], restyle: Style | None) -> Sequence[Segment]:
    """The text of a row with some characters of its logical line in another style."""
    length = sum(len(segment.text) for segment in text)
    first, stop = span[0] - start, span[1] - start if span[1] >= 0 else length
    if restyle is None or first >= length or stop <= 0:
        return text
    parts: list[Segment] = []
    position = 0
    for content, style, _ in text:
        low, high = (min(max(0, edge - position), len(content)) for edge in (first, stop))
        high = max(low, high)
        pieces = ((content[:low], style), (content[low:high], (style or Style()) + restyle), (content[high:], style))
        parts.extend(Segment(piece, piece_style) for piece, piece_style in pieces if piece)
        position += len(content)
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
