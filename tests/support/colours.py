"""What colours a screen really shows: every piece of text with its ground, after all filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from orchat.tui.pictures.half import HALF
from tests.support.screen import Person

FRAMES = set("─━│┃╭╮╯╰┌┐└┘├┤┬┴┼▁▂▃▄▅▆▇█▏▎▍▌▋▊▉▔▕●○ ·›‹▾▸")
"""What is drawn and not read; a gauge and a chart have their figure beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text in one style."""

    text: str
    """Without the space around it."""
    colour: Color
    """Of the text."""
    ground: Color
    """Behind it."""

    @property
    def contrast(self) -> float:
        """WCAG's ratio, 1 to 21; computed here, not by the code that is tested."""
        low, high = sorted((luminance(self.colour), luminance(self.ground)))
        return (high + 0.05) / (low + 0.05)


def luminance(colour: Color) -> float:
    """Relative luminance by WCAG 2.2."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def strips_of(person: Person) -> list[Strip]:
    """The screen, line by line."""
    assert person.text
    return list(person.app.screen._compositor.render_strips(person.app.size))


def pieces_of(person: Person) -> Iterator[Piece]:
    """All text of the screen that is not behind a dialog; what has the terminal's own colours is left out."""
    screen = person.app.screen
    panels = [panel.region for panel in screen.query("#panel, CommandPalette #--input, CommandList") if panel.region]
    shown = panels or [Region.from_corners(0, 0, *person.app.size)]
    for y, strip in enumerate(strips_of(person)):
        x = 0
        for segment in strip:
            style, text = segment.style or Style(), segment.text.strip()
            is_read = text and not set(text) <= FRAMES and any(region.contains(x, y) for region in shown)
            x += segment.cell_length
            colour, ground = _true(style.color), _true(style.bgcolor)
            if is_read and colour is not None and ground is not None:
                if style.reverse:
                    colour, ground = ground, colour
                yield Piece(text=text, colour=colour, ground=ground)


def _true(colour: RichColor | None) -> Color | None:
    if colour is None or colour.triplet is None:
        return None
    return Color(*colour.triplet)


async def drawing_of(person: Person, themes: Sequence[str]) -> str:
    """The screen as text that a change of any letter, colour or style changes.

    First the lines; then, for each line, which style each run of cells has, as ``2a 14b``; then what the letters
    mean, in every theme. It says as much as a picture, in a tenth of the bytes, and a difference can be read.

    Args:
        person: In front of it.
        themes: Names; the first one is the one that is on, and is on again afterwards.
    """
    layers = []
    lines: list[str] = []
    for theme in themes:
        person.app.theme = theme
        await person.settled()
        strips = strips_of(person)
        lines = [strip.text.rstrip() for strip in strips]
        layers.append([[style for segment in strip for style in _cells(segment)] for strip in strips])
    person.app.theme = themes[0]
    await person.settled()
    legend: dict[tuple[str, ...], str] = {}
    runs = []
    for rows in zip(*layers, strict=True):
        letters = [legend.setdefault(cell, _letter(len(legend))) for cell in zip(*rows, strict=True)]
        runs.append(" ".join(f"{len(list(same))}{letter}" for letter, same in groupby(letters)))
    meaning = [f"{letter}  {'  |  '.join(styles)}" for styles, letter in legend.items()]
    return "\n".join([*lines, "", *runs, "", *meaning]) + "\n"


def _cells(segment: Segment) -> list[str]:
    if segment.text and not segment.text.strip(HALF):
        # How a picture is made smaller, to the last bit, is a matter of Pillow's version.
        return ["a picture"] * segment.cell_length
    style = segment.style or Style()
    # Only what is seen: neither links nor places for a selection.
    seen = Style(
        color=style.color, bgcolor=style.bgcolor, bold=style.bold, dim=style.dim, italic=style.italic,
        underline=style.underline, reverse=style.reverse, strike=style.strike,
    )  # fmt: skip
    name = str(seen if segment.text.strip() else Style(bgcolor=style.bgcolor, reverse=style.reverse or None))
    return [name.replace("not ", "no ")] * segment.cell_length


def _letter(number: int) -> str:
    """``a`` to ``z``, then ``aa``."""
    high, low = divmod(number, 26)
    return (_letter(high - 1) if high else "") + chr(ord("a") + low)
