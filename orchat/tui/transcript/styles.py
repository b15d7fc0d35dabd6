"""Colours and signs of the transcript, derived from whatever theme is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual.color import Color, ColorParseError

READABLE = 4.5
"""Least contrast between a colour that carries text and its ground (WCAG AA)."""

_TOKENS = {
    "Token.Comment": "comment",
    "Token.Keyword": "keyword",
    "Token.Literal.String": "string",
    "Token.Literal.Number": "number",
    "Token.Name.Function": "function",
    "Token.Name.Class": "function",
    "Token.Name.Tag": "function",
    "Token.Name.Builtin": "builtin",
    "Token.Name.Decorator": "comment",
    "Token.Name.Attribute": "builtin",
    "Token.Operator.Word": "keyword",
    "Token.Generic.Deleted": "error",
    "Token.Generic.Inserted": "string",
    "Token.Generic.Heading": "function",
    "Token.Generic.Subheading": "keyword",
}


_PLAIN = Style.null()
_DIM = Style(dim=True)
_BOLD = Style(bold=True)
_UNDERLINE = Style(underline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The styles that the transcript is drawn in."""

    text: Style = _PLAIN
    """What is said."""
    dim: Style = _DIM
    """What is secondary: facts, thoughts, hints."""
    faint: Style = _DIM
    """What is only decoration or a label."""
    accent: Style = _BOLD
    """The model's name, headings, keys."""
    you: Style = _BOLD
    """The person's name, warnings."""
    error: Style = _BOLD
    """What went wrong."""
    code: Style = _PLAIN
    """Inline code, with its ground."""
    ground: Style = _PLAIN
    """Ground of code blocks."""
    link: Style = _UNDERLINE
    """Text of a link."""
    syntax: Mapping[str, Style] = field(default_factory=dict)
    """Styles of highlighted code by name."""

    _known: dict[object, Style] = field(default_factory=dict, compare=False, repr=False)
    """Styles of token types met so far."""

    def token(self, kind: object) -> Style:
        """The style of a Pygments token type on the code ground."""
        style = self._known.get(kind)
        if style is None:
            name = str(kind)
            while name and name not in _TOKENS:
                name = name.rpartition(".")[0]
            style = self.syntax.get(_TOKENS.get(name, "text"), self.text) + self.ground
            self._known[kind] = style
        return style


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The characters that are not text."""

    bullets: str = "•◦▪"
    """One a level of nesting, again from the start when they run out."""
    quote: str = "▎ "
    """Left of quoted text."""
    rule: str = "─"
    """A horizontal rule is made of these."""
    open: str = "▾"
    """Before thoughts that are shown."""
    closed: str = "▸"
    """Before thoughts that are folded."""
    chip: str = "▣"
    """Before the number of an attachment."""
    todo: str = "☐"
    """A task to be done."""
    done: str = "☑"
    """A task that is done."""
    caret: str = "▌"
    """Where the answer is being written."""
    error: str = "▌ "
    """Left of an error."""
    hashes: bool = False
    """Headings keep their number signs."""


BOXED = Signs()
"""What a terminal can draw."""
PLAIN = Signs(
    bullets="-",
    quote="> ",
    rule="-",
    open="[-]",
    closed="[+]",
    chip="attachment",
    todo="[ ]",
    done="[x]",
    caret="",
    error="! ",
    hashes=True,
)
"""What a screen reader can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that decides how a message looks, but its width."""

    palette: Palette = Palette()
    """Styles."""
    signs: Signs = BOXED
    """Characters."""
    copy_hint: str = "y copy"
    """Beside the language of a code block; empty: nothing."""

    @property
    def is_plain(self) -> bool:
        """No box drawing, words for roles."""
        return self.signs is PLAIN


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two colours (WCAG), 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


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

    def readable(color: Color) -> Color:
        for step in range(11):
            mixed = color.blend(text, step / 10)
            if contrast(mixed, code_ground) >= READABLE:
                return mixed
        return text

    def named(*names: str) -> Color:
        return readable(_color(variables, *names) or text)

    code_ground = derived("code", 0.045 if is_dark else 0.06)
    dim = readable(derived("dim", 0.66 if is_dark else 0.76))
    faint = derived("faint", 0.52 if is_dark else 0.67)
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
