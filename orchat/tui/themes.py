"""The colours: a dark and a light theme of our own, one without colour, and whatever else Textual brings."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color, ColorParseError
from textual.theme import Theme

DARK = "orchat-dark"
LIGHT = "orchat-light"
PLAIN = "orchat-plain"


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


OURS = (
    _theme(
        DARK,
        dark=True,
        shades={
            "ground": "#0f1216",
            "panel": "#14181e",
            "line": "#232a33",
            "text": "#d8dee6",
            "dim": "#94a0ad",
            "faint": "#77838f",
            "accent": "#7cc4a4",
            "you": "#e6b673",
            "error": "#e27878",
            "code": "#171c23",
        },
    ),
    _theme(
        LIGHT,
        dark=False,
        shades={
            "ground": "#fbfaf7",
            "panel": "#f3f1ec",
            "line": "#dedad1",
            "text": "#2a2f36",
            "dim": "#5b626c",
            "faint": "#6f7680",
            "accent": "#1f7a5c",
            "you": "#9a5b00",
            "error": "#b42318",
            "code": "#efece5",
        },
    ),
    _theme(
        PLAIN,
        dark=True,
        shades={
            "ground": "#000000",
            "panel": "#000000",
            "line": "#808080",
            "text": "#ffffff",
            "dim": "#d0d0d0",
            "faint": "#b0b0b0",
            "accent": "#ffffff",
            "you": "#ffffff",
            "error": "#ffffff",
            "code": "#000000",
        },
    ),
)
"""What `OrchatApp` registers beside Textual's own themes."""


def fill_in(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme, with the shades that only our themes name derived from its own colours.

    Args:
        variables: What the theme defines, by name.

    Returns:
        The same, with ``line``, ``dim``, ``faint`` and ``you``. On the terminal's own colours nothing can be mixed,
        so its bright black stands for what is secondary.
    """
    filled = dict(variables)
    shades = {"line": 0.18, "dim": 0.66, "faint": 0.52}
    text, ground = _color(variables.get("foreground")), _color(variables.get("background"))
    for name, share in shades.items():
        if text is None or ground is None:
            filled.setdefault(name, "ansi_bright_black" if name == "line" else "ansi_default")
        else:
            filled.setdefault(name, ground.blend(text, share).hex)
    filled.setdefault("you", variables.get("warning", "ansi_yellow"))
    return filled


def _color(value: str | None) -> Color | None:
    if value is None:
        return None
    try:
        color = Color.parse(value)
    except ColorParseError:
        return None
    return None if color.ansi is not None else color
