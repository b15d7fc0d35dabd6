"""Block tokens to rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from orchat.tui.transcript.code import highlighted, language_of
from orchat.tui.transcript.inline import TAB, inline_lines, plain
from orchat.tui.transcript.parser import DEEPEST, Environment, Span, parse, spans
from orchat.tui.transcript.pen import Pen
from orchat.tui.transcript.rows import Section
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.table import Align, Cell, TableWriter, column_widths
from orchat.tui.transcript.wrap import LEAST, cells

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST = 1_000_000
"""Characters of a message that are laid out; what follows is announced, and copied with the message."""

_TASK = re.compile(r"\[([ xX])\](?: |$)")
_FOOTNOTE = re.compile(r"\n(?=\[\^[^\]\s]+\]:)")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_ALIGNS: dict[str, Align] = {"text-align:right": "right", "text-align:center": "center"}


def render_markdown(source: str, look: Look, width: int) -> Section:
    """Lay out a whole message.

    Args:
        source: Cleaned Markdown.
        look: Styles and signs.
        width: Columns.

    Returns:
        Its rows, logical lines and code blocks.
    """
    section = Section()
    rest = len(source) - LONGEST
    if rest > 0:
        source = source[:LONGEST]
    env: Environment = {}
    Renderer(look, width, env, source).blocks(parse(source, env), section)
    if rest > 0:
        pen = Pen(section, width)
        pen.blank()
        pen.line([(f"… {rest:,} more characters are not shown; copying the message copies them.", look.palette.dim)])
    return section


class Renderer:
    """Draws block tokens of one source.

    Args:
        look: Styles and signs.
        width: Columns.
        env: Link references.
        source: What the tokens were parsed from, for blocks that are shown as they were written.
    """

    def __init__(self, look: Look, width: int, env: Environment, source: str) -> None:
        self._look = look
        self._width = max(LEAST, width)
        self._env = env
        self._source = source
        self._lines: list[str] | None = None

    def blocks(
        self, tokens: Sequence[Token], section: Section, *, goes_on: bool = False, ordinal: int | None = None
    ) -> None:
        """Draw blocks under each other, with an empty row between them.

        Args:
            tokens: All tokens of these blocks.
            section: Where to draw.
            goes_on: The first block is the rest of one that is drawn already.
            ordinal: Number of its first item, when it is an ordered list.
        """
        for span in spans(tokens):
            if section.rows and not goes_on:
                section.blank()
            pen = Pen(section, self._width)
            if self._is_too_deep(tokens, span):
                self._as_written(tokens[span.first], pen)
            elif ordinal is not None and tokens[span.first].type == "ordered_list_open":
                self._list(tokens, span, pen, ordinal)
            else:
                self._block(tokens, span, pen)
            goes_on, ordinal = False, None

    def _is_too_deep(self, tokens: Sequence[Token], span: Span) -> bool:
        """The parser drops what is nested deeper than it goes; a block that comes near is not taken apart."""
        return any(token.level >= DEEPEST - 1 for token in tokens[span.first : span.last])

    def _as_written(self, token: Token, pen: Pen) -> None:
        if self._lines is None:
            self._lines = self._source.split("\n")
        first, stop = token.map or [0, 0]
        for line in self._lines[first:stop]:
            pen.line([(line.expandtabs(TAB), self._look.palette.text)])

    def _block(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        token = tokens[span.first]
        draw = _DRAW.get(token.type)
        if draw is not None:
            draw(self, tokens, span, pen)
        else:
            self._literal(token, pen)

    def _literal(self, token: Token, pen: Pen) -> None:
        for line in token.content.split("\n"):
            pen.line([(plain(line), self._look.palette.text)])

    def _inline(self, content: str, style: Style, pen: Pen) -> None:
        for runs in inline_lines(content, style, self._look, self._env):
            pen.line(runs)

    def _paragraph(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        for part in _FOOTNOTE.split(tokens[span.first + 1].content):
            self._inline(part, self._look.palette.text, pen)

    def _heading(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        palette = self._look.palette
        level = int(tokens[span.first].tag[1:])
        style = (palette.accent if level <= 2 else palette.text if level <= 4 else palette.dim) + Style(bold=True)
        if level == 1:
            style += Style(underline=True)
        if self._look.signs.hashes:
            mark = "#" * level + " "
            pen = pen.nested((mark, palette.dim), (" " * len(mark), palette.dim))
        self._inline(tokens[span.first + 1].content, style, pen)

    def _rule(self, _tokens: Sequence[Token], _span: Span, pen: Pen) -> None:
        pen.line([(self._look.signs.rule * pen.width, self._look.palette.faint)])

    def _quote(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        bar = (self._look.signs.quote, self._look.palette.faint)
        self._children(tokens, span, pen.nested(bar, bar), tight=False)

    def _children(self, tokens: Sequence[Token], span: Span, pen: Pen, *, tight: bool) -> None:
        is_first = True
        for child in spans(tokens, span.first + 1, span.last):
            if not is_first and not (tight and tokens[child.first].type in _TIGHT):
                pen.blank()
            self._block(tokens, child, pen)
            is_first = False
        if is_first:
            pen.line([])

    def _fence(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        token = tokens[span.first]
        self.code(token.content.removesuffix("\n"), language_of(token.info), pen)

    def code(self, code: str, language: str, pen: Pen) -> None:
        """Draw a code block with its label."""
        palette = self._look.palette
        for runs in highlighted(code, language, palette):
            pen.filled(runs, palette.ground)
        pen.section.codes.append(code)
        self.label(language, pen)

    def label(self, language: str, pen: Pen) -> None:
        """Draw the line under the code block that was drawn last: language, number, how to copy it."""
        number = len(pen.section.codes)
        hint = self._look.copy_hint
        text = "   ".join(part for part in (language, str(number) if number > 1 and hint else "", hint) if part)
        if text:
            pen.aside(text, self._look.palette.faint)

    def _list(self, tokens: Sequence[Token], span: Span, pen: Pen, ordinal: int | None = None) -> None:
        token = tokens[span.first]
        items = list(spans(tokens, span.first + 1, span.last))
        is_ordered = token.type == "ordered_list_open"
        first = int(token.attrs.get("start", 1)) if ordinal is None else ordinal
        digits = len(str(first + len(items) - 1))
        tight = is_tight(tokens, span)
        for number, item in enumerate(items):
            if number and not tight:
                pen.blank()
            mark = f" {first + number:>{digits}}. " if is_ordered else self._bullet(tokens, item, pen.depth)
            hanging = (" " * cells(mark), self._look.palette.faint)
            inner = pen.nested((mark, self._look.palette.faint), hanging, deeper=1)
            self._children(tokens, item, inner, tight=tight)

    def _bullet(self, tokens: Sequence[Token], item: Span, depth: int) -> str:
        signs = self._look.signs
        task = self._task(tokens, item)
        if task is not None:
            return f" {signs.todo if task == ' ' else signs.done} "
        return f" {signs.bullets[depth % len(signs.bullets)]} "

    @staticmethod
    def _task(tokens: Sequence[Token], item: Span) -> str | None:
        """The mark of a task list, which is taken out of the item's text."""
        inline = tokens[item.first + 2] if item.last > item.first + 2 else None
        if inline is None or inline.type != "inline" or tokens[item.first + 1].type != "paragraph_open":
            return None
        match = _TASK.match(inline.content)
        if match is None:
            return None
        inline.content = inline.content[match.end() :]
        return match.group(1)

    def _table(self, tokens: Sequence[Token], span: Span, pen: Pen) -> None:
        aligns: list[Align] = []
        rows: list[list[Cell]] = []
        for token in tokens[span.first : span.last]:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                aligns.append(_ALIGNS.get(str(token.attrs.get("style")), "left"))
            elif token.type == "inline":
                rows[-1].append(self.cell(token.content, is_head=len(rows) == 1))
        self.table(rows, aligns, pen)

    def cell(self, content: str, *, is_head: bool) -> Cell:
        """The runs of a cell; models write ``<br>`` for a new line in it."""
        palette = self._look.palette
        style = palette.dim + Style(bold=True) if is_head else palette.text
        parts = _BREAK.split(content) if "<" in content else [content]
        return [line for part in parts for line in inline_lines(part.strip(), style, self._look, self._env)]

    def table(self, rows: Sequence[Sequence[Cell]], aligns: Sequence[Align], pen: Pen) -> TableWriter:
        """Draw a table whose first row is the header; the writer can go on with more rows."""
        widths = column_widths(rows, len(aligns), pen.width)
        writer = TableWriter(pen, self._look, head=rows[0], aligns=aligns, widths=widths)
        writer.draw_head()
        for row in rows[1:]:
            writer.draw(row)
        return writer


def is_tight(tokens: Sequence[Token], span: Span) -> bool:
    """Whether the items of a list stand under each other without empty rows."""
    level = tokens[span.first].level + 2
    return not any(
        token.type == "paragraph_open" and token.level == level and not token.hidden
        for token in tokens[span.first : span.last]
    )


_TIGHT = frozenset({"paragraph_open", "bullet_list_open", "ordered_list_open"})
_DRAW: dict[str, Callable[[Renderer, Sequence[Token], Span, Pen], None]] = {
    "paragraph_open": Renderer._paragraph,
    "heading_open": Renderer._heading,
    "hr": Renderer._rule,
    "blockquote_open": Renderer._quote,
    "bullet_list_open": Renderer._list,
    "ordered_list_open": Renderer._list,
    "fence": Renderer._fence,
    "code_block": Renderer._fence,
    "table_open": Renderer._table,
}
