"""Lays out an answer while it arrives: what is complete is drawn once, only what is open is drawn again.

The text falls into three stretches: blocks that are *closed* and drawn as a fresh layout would draw them, the *settled*
part of the block that is open (items, rows, lines of code that no longer change), and the *tail*, which every flush
draws again. Closing a block draws it once more from its source, so that approximations end there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchat.domain.clean import Cleaner
from orchat.domain.fences import Fence
from orchat.tui.transcript.blocks import Renderer, is_tight
from orchat.tui.transcript.maths import missing_end
from orchat.tui.transcript.opened import OpenCode, OpenTable, is_table, line_end
from orchat.tui.transcript.parser import Environment, Span, line_of, parse, spans
from orchat.tui.transcript.rows import Mark, Section
from orchat.tui.transcript.styles import Look

if TYPE_CHECKING:
    from markdown_it.token import Token

LONG_LIST = 600
"""Characters from which on a list or quote settles all but its last item."""
LONG_PARAGRAPH = 4_000
"""Characters from which on a paragraph settles all but its end."""
PARAGRAPH_END = 400
"""Characters of a long paragraph that stay open."""

_BLANK = re.compile(r"(?:[ \t]*\n)+")
_MARKER = re.compile(r" {0,3}(?:[-=*_+#>|`~]{1,3}|\d{1,9}[.)])[ \t]*")
_CUT = re.compile(r"[ \n](?=[^\W\d_])")
_CONTAINERS = {"bullet_list_open", "ordered_list_open", "blockquote_open"}


class MarkdownStream:
    """A message that is still being written.

    Args:
        look: Styles and signs.
        width: Columns.
    """

    def __init__(self, look: Look, width: int) -> None:
        self.section = Section()
        self.text = ""
        self._look = look
        self._width = width
        self._cleaner = Cleaner()
        self._pending: list[str] = []
        self._env: Environment = {}
        self._closed = self._settled = Mark(0, 0, 0)
        self._start = self._tail = 0
        self._ordinal: int | None = None
        self._opened: OpenCode | OpenTable | None = None
        self._is_unsure = False

    @property
    def closed(self) -> int:
        """Rows that a fresh layout of the text so far would have too."""
        return self._closed.rows

    def feed(self, text: str) -> None:
        """Take in more text; nothing is drawn yet."""
        self._pending.append(text)

    def flush(self) -> int | None:
        """Draw what was taken in.

        Returns:
            How many rows at the top are unchanged, or None when there was nothing new.
        """
        new = self._cleaner.feed("".join(self._pending))
        self._pending.clear()
        if not new:
            return None
        self.text += new
        self._draw()
        return self.section.take_unchanged()

    def _draw(self) -> None:
        self.section.truncate(self._settled)
        while self._step():
            pass

    def finish(self) -> None:
        """The text is over: what is open is drawn as a fresh layout would draw it."""
        self.flush()
        if self._start < len(self.text):
            self._close(len(self.text))

    def resized(self, width: int) -> MarkdownStream:
        """The same text for another width, from the block on that is open."""
        other = MarkdownStream(self._look, width)
        other._env, other._cleaner, other._pending = self._env, self._cleaner, self._pending
        other.text = self.text[self._start :]
        other._draw()
        return other

    @property
    def is_fluid(self) -> bool:
        """Whether rows that are drawn may still move: a table whose columns are not settled."""
        return isinstance(self._opened, OpenTable)

    def _step(self) -> bool:
        """Draw the open block; True when a part was closed or settled and there is more to do."""
        if self._opened is not None:
            return self._go_on(self._opened)
        if self._start == self._tail:
            blank = _BLANK.match(self.text, self._tail)
            if blank is not None:
                self._start = self._tail = blank.end()
            if not self._is_unsure and self._open():
                return True
        return self._generic()

    def _renderer(self, env: Environment, source: str) -> Renderer:
        return Renderer(self._look, self._width, env, source)

    def _open(self) -> bool:
        """Recognise a block that has a quicker way than the parser."""
        text, start = self.text, self._start
        after = line_end(text, start)
        if after is None:
            return False
        fence = Fence.match(text[start:after])
        if fence is not None:
            self._gap()
            self._opened = OpenCode(fence, self._renderer(self._env, ""), self._look, self._width)
            self._tail = after
            return True
        second = line_end(text, after)
        if second is not None and is_table(text[start:after], text[after:second]):
            self._gap()
            renderer = self._renderer(self._env, "")
            self._opened = OpenTable(text[start:after], text[after:second], renderer, self._width, self._settled)
            self._tail = second
            return True
        return False

    def _gap(self) -> None:
        if self.section.rows:
            self.section.blank()
        self._settled = self.section.mark

    def _go_on(self, opened: OpenCode | OpenTable) -> bool:
        self.section.truncate(self._settled)
        result = opened.draw(self.text, self._tail, self.section)
        if result.is_unsure:
            self._opened, self._is_unsure = None, True
            self._tail, self._settled = self._start, self._closed
            return True
        self._tail = result.tail
        if result.is_closed:
            self._close(self._tail)
            return True
        self._settled = result.settled
        return False

    def _close(self, end: int) -> None:
        """Draw the text up to an offset as a fresh layout would."""
        source = self.text[self._start : end]
        self.section.truncate(self._closed)
        self._renderer(self._env, source).blocks(parse(source, self._env), self.section)
        self._start = self._tail = end
        self._ordinal = None
        self._opened, self._is_unsure = None, False
        self._closed = self._settled = self.section.mark

    def _generic(self) -> bool:
        source = self._visible()
        env: Environment = {"references": dict(self._env.get("references", {}))}
        tokens, ended = self._parsed(source, env)
        blocks = list(spans(tokens))
        if not blocks:
            return False
        for block in reversed(blocks[1:]):
            start = self._tail + _offset(ended, line_of(tokens[block.first]))
            if self._is_certain(start, is_guess=block is blocks[-1] and ended is not source):
                self._close(start)
                return True
        if len(blocks) > 1:
            self._draw_part(tokens, ended, env)
            return False
        source = ended
        if self._settle(tokens, blocks[0], source, env):
            return True
        self._draw_part(tokens, source, env)
        return False

    @staticmethod
    def _parsed(source: str, env: Environment) -> tuple[list[Token], str]:
        """The tokens of the tail; a formula that is still open is ended for them."""
        end = missing_end(source)
        if end:
            tokens = parse(source + end, env)
            if tokens[-1].type == "maths_block":
                return tokens, source + end
        return parse(source, env), source

    def _is_certain(self, start: int, *, is_guess: bool) -> bool:
        """Whether a new block begins at an offset, however the text goes on.

        That is so when its first line is complete, or begins with a letter after an empty line: ``1`` may still
        become an item of the list above. A formula that is a guess may turn out to be a part of the paragraph above.
        """
        text = self.text
        after_empty = text.endswith("\n\n", 0, start)
        if is_guess:
            return after_empty
        return line_end(text, start) is not None or (after_empty and text[start : start + 1].isalpha())

    def _visible(self) -> str:
        """The tail without a last line that is only the beginning of a mark, whose meaning is still open."""
        source = self.text[self._tail :]
        last = source.rfind("\n") + 1
        if last and _MARKER.fullmatch(source, last):
            return source[:last]
        return source

    def _settle(self, tokens: list[Token], block: Span, source: str, env: Environment) -> bool:
        """Keep all but the end of a long block as it is drawn now."""
        kind = tokens[block.first].type
        if kind in _CONTAINERS and len(source) > LONG_LIST:
            return self._settle_items(tokens, block, source, env)
        if kind == "paragraph_open" and len(source) > LONG_PARAGRAPH:
            return self._settle_paragraph(source, env)
        return False

    def _settle_items(self, tokens: list[Token], block: Span, source: str, env: Environment) -> bool:
        items = list(spans(tokens, block.first + 1, block.last))
        if len(items) < 2:
            return False
        last = items[-1]
        part = [*tokens[: last.first], tokens[block.last]]
        self._draw_part(part, source, env)
        opening = tokens[block.first]
        if opening.type == "blockquote_open" or not is_tight(tokens, block):
            self.section.blank(self.section.rows[-1].prefix if opening.type == "blockquote_open" else ())
        if opening.type == "ordered_list_open":
            first = int(opening.attrs.get("start", 1)) if self._ordinal is None else self._ordinal
            self._ordinal = first + len(items) - 1
        self._tail += _offset(source, line_of(tokens[last.first]))
        self._settled = self.section.mark
        return True

    def _settle_paragraph(self, source: str, env: Environment) -> bool:
        stop = len(source) - PARAGRAPH_END
        cuts = [match.end() for match in _CUT.finditer(source, stop - PARAGRAPH_END, stop)]
        cut = cuts[-1] if cuts else stop
        head = source[:cut].rstrip()
        self._draw_part(parse(head, env), head, env)
        self._tail += cut
        self._settled = self.section.mark
        return True

    def _draw_part(self, tokens: Sequence[Token], source: str, env: Environment) -> None:
        """Draw a part of the open block under what is settled of it."""
        self.section.truncate(self._settled)
        goes_on = self._settled != self._closed
        self._renderer(env, source).blocks(tokens, self.section, goes_on=goes_on, ordinal=self._ordinal)


def _offset(source: str, line: int) -> int:
    """Where a line of a text begins."""
    position = 0
    for _ in range(line):
        position = source.index("\n", position) + 1
    return position
