"""The shades of our own themes, for whoever paints before Textual is loaded."""

from __future__ import annotations

from collections.abc import Mapping

DARK = "orchat-dark"
LIGHT = "orchat-light"
PLAIN = "orchat-plain"

SHADES: Mapping[str, Mapping[str, str]] = {
    DARK: {
        "ground": "#0f1216",
        "panel": "#14181e",
        "line": "#232a33",
        "text": "#d8dee6",
        "dim": "#94a0ad",
        "faint": "#7c8894",
        "accent": "#7cc4a4",
        "you": "#e6b673",
        "error": "#e27878",
        "code": "#171c23",
    },
    LIGHT: {
        "ground": "#fbfaf7",
        "panel": "#f3f1ec",
        "line": "#dedad1",
        "text": "#2a2f36",
        "dim": "#525963",
        "faint": "#636a74",
        "accent": "#1d7658",
        "you": "#965800",
        "error": "#b42318",
        "code": "#efece5",
    },
    PLAIN: {
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
}
"""Name of a theme to its colours."""
