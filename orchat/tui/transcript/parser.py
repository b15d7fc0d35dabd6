"""The Markdown parser, made when the first message is drawn, because importing it takes 40 ms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

DEEPEST = 24
"""Levels of nested lists and quotes; what is deeper is shown as it was written."""

Environment: TypeAlias = dict[str, Any]
"""Link references that were defined so far."""


class Span(NamedTuple):
    """A block with all that is in it, as a stretch of tokens."""

    first: int
    """Index of the token that opens it."""
    last: int
    """Index of the token that closes it; the same for a block that holds no others."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    from orchat.tui.transcript.maths import add_maths

    # Inline text is parsed by the renderer, which bounds its length and skips what is plain.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST})
    parser.enable(["table", "strikethrough"]).disable(["inline", "text_join"])
    add_maths(parser)
    return parser


def parse(source: str, env: Environment) -> list[Token]:
    """The block tokens of a cleaned text; link references are added to `env`."""
    return _parser().parse(source, env)


def parse_inline(source: str, env: Environment) -> list[Token]:
    """The inline tokens of a paragraph, heading or cell."""
    parser = _parser()
    tokens: list[Token] = []
    parser.inline.parse(source, parser, env, tokens)
    return tokens


def spans(tokens: Sequence[Token], first: int = 0, stop: int | None = None) -> Iterator[Span]:
    """The blocks beside each other in a stretch of tokens."""
    stop = len(tokens) if stop is None else stop
    while first < stop:
        last, depth = first, int(tokens[first].nesting)
        while depth > 0:
            last += 1
            depth += tokens[last].nesting
        yield Span(first, last)
        first = last + 1


def line_of(token: Token) -> int:
    """The source line a block begins at."""
    return token.map[0] if token.map else 0
