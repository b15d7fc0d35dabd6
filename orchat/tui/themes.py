"""The colours: a dark and a light theme of our own, one without colour, and whatever else Textual brings."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color, ColorParseError
from textual.theme import Theme

from orchat.tui.shades import LIGHT, SHADES
from orchat.tui.transcript.colours import READABLE, contrast, readable

_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)


def _theme(name: str, *, dark: bool, shades: Mapping[str, str]) -> Theme:
    accent, text = shades["accent"], shades["text"]
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=shades["dim"],
        accent=accent,
        success=accent,
        warning=shades["you"],
        error=shades["error"],
        foreground=text,
        background=shades["ground"],
        surface=shades["panel"],
        panel=shades["panel"],
        boost=shades["code"],
        variables={
            "line": shades["line"],
            "dim": shades["dim"],
            "faint": shades["faint"],
            "you": shades["you"],
            "transcript-text": text,
            "transcript-dim": shades["dim"],
            "transcript-faint": shades["faint"],
            "transcript-accent": accent,
            "transcript-you": shades["you"],
            "transcript-error": shades["error"],
            "transcript-code": shades["code"],
            "text": text,
            "text-muted": shades["dim"],
            "text-disabled": shades["faint"],
            "border": shades["line"],
            "border-blurred": shades["line"],
            "block-cursor-background": accent,
            "block-cursor-foreground": shades["ground"],
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": shades["line"],
            "block-cursor-blurred-foreground": text,
            "block-hover-background": shades["code"],
            "input-cursor-background": accent,
            "input-cursor-foreground": shades["ground"],
            "input-selection-background": f"{accent} 30%",
            "screen-selection-background": f"{accent} 30%",
            "scrollbar": shades["line"],
            "scrollbar-hover": shades["faint"],
            "scrollbar-active": accent,
            "scrollbar-background": shades["ground"],
            "scrollbar-background-hover": shades["ground"],
            "scrollbar-background-active": shades["ground"],
            "scrollbar-corner-color": shades["ground"],
            "link-color": accent,
        },
    )


OURS = tuple(_theme(name, dark=name != LIGHT, shades=shades) for name, shades in SHADES.items())
"""What `OrchatApp` registers beside Textual's own themes."""


def fill_in(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme, with the shades that only our themes name derived from its own colours.

    Args:
        variables: What the theme defines, by name.

    Returns:
        The same, with ``line``, ``dim``, ``faint`` and ``you``; what carries text is moved towards the theme's text
        where it could not be read on every ground. On the terminal's own colours nothing can be mixed, so its bright
        black stands for what is secondary.
    """
    filled = dict(variables)
    text, ground = _color(variables.get("foreground")), _color(variables.get("background"))
    if text is None or ground is None:
        filled.setdefault("line", "ansi_bright_black")
        filled.setdefault("dim", "ansi_default")
        filled.setdefault("faint", "ansi_default")
        filled.setdefault("you", variables.get("warning", "ansi_yellow"))
        return filled
    named = (_color(variables.get(name)) for name in ("background", "surface", "panel", "boost"))
    grounds = [ground.blend(color, color.a).with_alpha(1.0) for color in named if color is not None]
    for name, share in {"line": 0.18, "dim": 0.66, "faint": 0.52}.items():
        filled.setdefault(name, ground.blend(text, share).hex)
    filled.setdefault("you", variables.get("warning", text.hex))
    for name in ("dim", "faint", "you", "accent", "error"):
        color = _color(filled.get(name)) or text
        filled[name] = readable(color, text, grounds).hex
    # Textual leaves the second one transparent, which hides the text where styles are Rich's.
    for name in ("block-cursor", "screen-selection"):
        under = _color(filled.get(f"{name}-background")) or ground
        filled[f"{name}-foreground"] = _ink(ground.blend(under, under.a).with_alpha(1.0), text, ground).hex
    return filled


def _ink(under: Color, *wanted: Color) -> Color:
    """The first of these colours that can be read there, or else black or white."""
    return max((*wanted, _BLACK, _WHITE), key=lambda ink: min(READABLE, contrast(ink, under)))


def _color(value: str | None) -> Color | None:
    if value is None:
        return None
    try:
        color = Color.parse(value)
    except ColorParseError:
        return None
    return None if color.ansi is not None else color
