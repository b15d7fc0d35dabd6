"""The transcript's colours, derived from whatever theme is on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.style import Style
from textual.color import Color, ColorParseError

from orchat.tui.transcript.styles import Palette

READABLE = 4.5
"""Least contrast between a colour that carries text and its ground (WCAG AA)."""

_BOLD = Style(bold=True)
_UNDERLINE = Style(underline=True)


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two colours (WCAG), 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(color: Color, text: Color, grounds: Iterable[Color]) -> Color:
    """A colour that can be read on every ground: moved towards the text as far as it takes.

    Args:
        color: For text of a kind.
        text: The colour of all other text.
        grounds: What it may stand on.

    Returns:
        `text` itself where even that is hard to read.
    """
    grounds = tuple(grounds)
    for step in range(11):
        mixed = color.blend(text, step / 10)
        if all(contrast(mixed, ground) >= READABLE for ground in grounds):
            return mixed
    return text


def _luminance(color: Color) -> float:
    channels = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized)
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palette_of(variables: Mapping[str, str]) -> Palette:
    """The palette of a theme.

    Args:
        variables: A Textual theme's variables by name. A theme may name its own ``transcript-text``, ``-dim``,
            ``-faint``, ``-accent``, ``-you``, ``-error`` and ``-code``; what it does not name is derived.

    Returns:
        Readable styles: a colour too close to the ground is moved towards the text.
    """
    text = _color(variables, "transcript-text", "foreground")
    ground = _color(variables, "background")
    if text is None or ground is None or text.ansi is not None or ground.ansi is not None:
        return _terminal_palette(variables)
    is_dark = ground.brightness < 0.5

    def derived(name: str, share: float) -> Color:
        return _color(variables, f"transcript-{name}") or ground.blend(text, share)

    def named(*names: str) -> Color:
        return readable(_color(variables, *names) or text, text, grounds)

    code_ground = derived("code", 0.045 if is_dark else 0.06)
    grounds = (ground, code_ground)
    dim = readable(derived("dim", 0.66 if is_dark else 0.76), text, grounds)
    faint = readable(derived("faint", 0.52 if is_dark else 0.67), text, grounds)
    accent = named("transcript-accent", "primary")
    you = named("transcript-you", "warning")
    error = named("transcript-error", "error")
    return _palette(text, dim, faint, accent, you, error, code_ground)


def _palette(text: Color, dim: Color, faint: Color, accent: Color, you: Color, error: Color, code: Color) -> Palette:
    def style(color: Color, *, bold: bool | None = None, italic: bool | None = None) -> Style:
        return Style(color=color.rich_color, bold=bold, italic=italic)

    ground = Style(bgcolor=code.rich_color)
    return Palette(
        text=style(text),
        dim=style(dim),
        faint=style(faint),
        accent=style(accent),
        you=style(you),
        error=style(error),
        code=style(you) + ground,
        ground=ground,
        link=style(accent) + _UNDERLINE,
        syntax={
            "text": style(text),
            "comment": style(faint, italic=True),
            "keyword": style(error.blend(text, 0.25)),
            "string": style(accent),
            "number": style(you),
            "function": style(accent, bold=True),
            "builtin": style(you),
            "error": style(error),
        },
    )


def _terminal_palette(variables: Mapping[str, str]) -> Palette:
    """The terminal's own sixteen colours: nothing can be mixed, so dimming is left to the terminal."""

    def style(*names: str, bold: bool | None = None) -> Style:
        color = _color(variables, *names)
        return Style(color=None if color is None else color.rich_color, bold=bold)

    accent, you, error = style("primary"), style("warning"), style("error")
    return Palette(
        accent=accent,
        you=you,
        error=error,
        code=you,
        link=accent + _UNDERLINE,
        syntax={
            "comment": Style(dim=True, italic=True),
            "keyword": error,
            "string": accent,
            "number": you,
            "function": accent + _BOLD,
            "builtin": you,
            "error": error,
        },
    )


def _color(variables: Mapping[str, str], *names: str) -> Color | None:
    for name in names:
        try:
            return Color.parse(variables[name])
        except (KeyError, ColorParseError):
            continue
    return None
