"""Highlighting."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from orchat.domain.clean import clean_line
from orchat.tui.transcript.inline import TAB
from orchat.tui.transcript.rows import Run
from orchat.tui.transcript.styles import Palette

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LONGEST = 100_000
"""Characters of code that are highlighted; more is shown in one colour."""
LONGEST_LINE = 4_000
"""Characters of a line of code that is highlighted."""


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def language_of(info: str) -> str:
    """The language that the first line of a code block names, or an empty text."""
    words = info.split(maxsplit=1)
    return clean_line(words[0], 24) if words else ""


def highlighted(code: str, language: str, palette: Palette) -> list[list[Run]]:
    """The lines of some code with their styles.

    Args:
        code: Cleaned code without the newline at its end.
        language: Name of a language; unknown ones are shown in one colour.
        palette: Styles.

    Returns:
        Runs by line, as many as `code` has lines.
    """
    if "\t" in code:
        code = code.expandtabs(TAB)
    lexer = _lexer(language) if language and code and _is_tractable(code) else None
    if lexer is None:
        return _unstyled(code, palette)
    lines: list[list[Run]] = [[]]
    for kind, text in lexer.get_tokens(f"{code}\n"):  # lexers of sessions drop a last line that does not end
        style = palette.token(kind)
        first, *others = text.split("\n")
        if first:
            lines[-1].append((first, style))
        for part in others:
            lines.append([(part, style)] if part else [])
    lines.pop()
    if "\n".join("".join(text for text, _ in line) for line in lines) != code:
        return _unstyled(code, palette)  # a lexer that drops text must not be believed
    return lines


def _unstyled(code: str, palette: Palette) -> list[list[Run]]:
    style = palette.token("Token.Text")
    return [[(line, style)] if line else [] for line in code.split("\n")]


def _is_tractable(code: str) -> bool:
    if len(code) > LONGEST:
        return False
    return len(code) <= LONGEST_LINE or max(map(len, code.split("\n"))) <= LONGEST_LINE
