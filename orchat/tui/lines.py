"""Lines of text that fit a width: left and right ends, columns, bars. Pure functions on `Content`."""

from __future__ import annotations

from typing import Literal

from textual.content import Content

from orchat.tui.layout import fitting
from orchat.tui.wording import bar

ACCENT, DIM, FAINT, LINE, YOU, ERROR = "$accent", "$dim", "$faint", "$line", "$you", "$error"
"""Styles by the names that every theme is given (`orchat.tui.themes`)."""
STRONG = "bold"
HEAD = "bold $dim"


def spread(left: Content, right: Content, width: int, *, gap: int = 2) -> Content:
    """One line with a left and a right end; the left one is cut where both do not fit.

    Args:
        left: Begins the line.
        right: Ends it.
        width: Cells.
        gap: Least number of spaces between them.
    """
    if not right:
        return left.truncate(width, ellipsis=True)
    if right.cell_length + gap >= width:
        return right.truncate(width, ellipsis=True)
    room = width - right.cell_length - gap
    left = left.truncate(room, ellipsis=True)
    return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)


def column(content: Content, width: int, align: Literal["left", "right"] = "left") -> Content:
    """A cell of a table: cut or filled to exactly this width."""
    cut = content.truncate(width, ellipsis=True)
    room = width - cut.cell_length
    return cut.pad_left(room) if align == "right" else cut.pad_right(room)


def gauge(share: float, width: int, *, style: str = ACCENT) -> Content:
    """A thin bar of this width."""
    full, empty = bar(share, width)
    return Content.assemble((full, style), (empty, LINE))


def stack(*lines: Content) -> Content:
    """Lines under each other."""
    return Content("\n").join(lines)


def keys_rows(*pairs: tuple[str, str], width: int) -> Content:
    """As `keys_line`, on as many lines as it takes; nothing is left out.

    Args:
        *pairs: Key and what it does.
        width: Cells.
    """
    lines: list[Content] = []
    for pair in pairs:
        part = keys_line(pair)
        joined = Content.assemble(lines[-1], "  ", part) if lines else part
        if lines and joined.cell_length <= width:
            lines[-1] = joined
        else:
            lines.append(part)
    return stack(*lines)


def keys_line(*pairs: tuple[str, str], width: int = 0) -> Content:
    """``^O model  ^R sessions``: as many whole pairs as fit.

    Args:
        *pairs: Key and what it does, the most important first; the last one, which leads to all others, is always kept.
        width: Cells; 0 for no limit.
    """
    parts = [Content.assemble((key, f"bold {ACCENT}"), " ", (title, DIM)) for key, title in fitting(pairs, width)]
    return Content("  ").join(parts)
