"""What pictures lie on."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color, ColorParseError

from orchat.tui.pictures.half import Ground


def ground_of(variables: Mapping[str, str], name: str = "background") -> Ground:
    """The ground of a theme; where the terminal's own colours are used, black or white, whichever is likelier.

    Args:
        variables: A theme's colours by name.
        name: Which ground.
    """
    try:
        colour = Color.parse(variables[name])
    except (KeyError, ColorParseError):
        return 0, 0, 0
    if colour.ansi is not None:
        return (255, 255, 255) if "white" in variables[name] else (0, 0, 0)
    return colour.r, colour.g, colour.b
