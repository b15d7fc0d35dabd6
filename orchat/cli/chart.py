"""Bar charts of block characters, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchat.cli.output import Output
from orchat.domain.clean import clean_line

EIGHTHS = "▏▎▍▌▋▊▉█"
"""One to eight eighths of a cell."""
WIDEST_LABEL = 32
WIDEST_BAR = 60
NARROWEST_BAR = 8
"""Cells; a terminal that has no room for so many gets no bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a chart."""

    label: str
    """Foreign text."""
    value: int
    """Its length, in any unit; never negative."""
    shown: str
    """The value as people read it."""


def print_chart(output: Output, title: str, bars: Sequence[Bar]) -> None:
    """Draw bars from a common zero, the longest as long as there is room.

    Args:
        output: A terminal.
        title: What the bars mean.
        bars: In their order.
    """
    labels = [_fitted(bar.label) for bar in bars]
    names = max(map(len, labels), default=0)
    numbers = max((len(bar.shown) for bar in bars), default=0)
    room = min(output.width - names - numbers - 4, WIDEST_BAR)
    if room < NARROWEST_BAR or not any(bar.value for bar in bars):
        return
    most = max(bar.value for bar in bars)
    blocks = output.can_write(EIGHTHS)
    output.styled([("dim", title), ("plain", "\n")])
    for bar, label in zip(bars, labels, strict=True):
        length = (drawn if blocks else _plain)(bar.value, most, room)
        output.styled(
            [
                ("plain", f"{label.ljust(names)}  "),
                ("cyan", length.ljust(room)),
                ("plain", f"  {bar.shown.rjust(numbers)}\n"),
            ]
        )


def drawn(value: int, most: int, room: int) -> str:
    """A bar to the eighth of a cell; whatever is more than nothing can be seen.

    Args:
        value: Of this bar.
        most: Of the longest one.
        room: Cells of the longest one.
    """
    if value <= 0:
        return ""
    eighths = max(1, round(value * room * 8 / most))
    whole, rest = divmod(eighths, 8)
    return EIGHTHS[7] * whole + (EIGHTHS[rest - 1] if rest else "")


def _plain(value: int, most: int, room: int) -> str:
    return "#" * (max(1, round(value * room / most)) if value > 0 else 0)


def _fitted(label: str) -> str:
    text = clean_line(label, 200)
    return text if len(text) <= WIDEST_LABEL else f"{text[: WIDEST_LABEL - 1]}…"
