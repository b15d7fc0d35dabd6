"""What a message is drawn with: styles and signs. Textual is not needed for it, so that a command line can draw too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style

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
_REVERSE = Style(reverse=True)


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
    standout: Style = _REVERSE
    """Words that were looked for."""
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
    mark: str = "▎"
    """Left of the message that is marked."""
    branches: tuple[str, str, str] = ("‹ ", "", " ›")
    """Before, in and after the place of a message among its branches."""
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
    mark=">",
    branches=("", "branch ", ""),
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
    ground: tuple[int, int, int] = (0, 0, 0)
    """Red, green and blue of what pictures lie on."""
    copy_hint: str = "y copy"
    """Beside the language of a code block, with its number; empty: neither."""
    whole_links: bool = False
    """Write out where a link leads; otherwise its host, because a click shows the rest."""

    @property
    def is_plain(self) -> bool:
        """No box drawing, words for roles."""
        return self.signs is PLAIN
