"""What colours a screen really shows: every piece of text with its ground, after all filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

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
