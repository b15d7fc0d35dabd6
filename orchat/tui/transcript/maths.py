"""Formulas keep their backslashes, underscores and stars: Markdown must not read them.

A formula is ``$…$``, ``$$…$$``, ``\\(…\\)`` or ``\\[…\\]``. A dollar sign opens one only before a visible character and
closes one only after a visible character that no digit follows, so that prices stay prices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

LONGEST = 2_000
"""Characters of a formula; what is longer is text."""
LINES = 100
"""Lines of a formula."""

_OPENING_LINE = re.compile(r"^ {0,3}(\\\[|\$\$)", re.MULTILINE)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_ENDS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}


def add_maths(parser: MarkdownIt) -> None:
    """Teach a parser to leave formulas alone."""
    parser.inline.ruler.before("escape", "maths", _inline)
    parser.block.ruler.before("fence", "maths", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def missing_end(source: str) -> str:
    """What must be added to a text whose last formula is still being written, so that it is not read as Markdown.

    Returns:
        The line that ends the formula, or an empty text when none is open.
    """
    openings = list(_OPENING_LINE.finditer(source, max(0, len(source) - LONGEST)))
    if not openings:
        return ""
    end = _ENDS[openings[-1].group(1)]
    rest = source[openings[-1].end() :]
    if end in rest or _EMPTY_LINE.search(rest):
        return ""
    return end if source.endswith("\n") else f"\n{end}"


def _inline(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    end = _delimited(source, start) if source[start : start + 2] in _ENDS else _dollars(source, start)
    if end is None:
        return False
    if not silent:
        state.push("maths", "", 0).content = source[start:end]
    state.pos = end
    return True


def _delimited(source: str, start: int) -> int | None:
    closing = _ENDS[source[start : start + 2]]
    end = source.find(closing, start + 2, start + LONGEST)
    return None if end <= start + 2 else end + 2


def _dollars(source: str, start: int) -> int | None:
    if source[start] != "$" or source[start + 1 : start + 2].strip() == "":
        return None
    stop = min(start + LONGEST, len(source))
    line_end = source.find("\n", start, stop)
    end = source.find("$", start + 2, stop if line_end < 0 else line_end)
    if end < 0 or source[end - 1] in " \\" or source[end + 1 : end + 2].isdigit():
        return None
    return end + 1


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    if state.is_code_block(first):
        return False
    start = state.bMarks[first] + state.tShift[first]
    opening = state.src[start : start + 2]
    if opening not in ("\\[", "$$"):
        return False
    closing = _ENDS[opening]
    length = 0
    for line in range(first, min(last, first + LINES)):
        begin = state.bMarks[line] + state.tShift[line]
        text = state.src[begin : state.eMarks[line]].rstrip()
        length += len(text)
        if not text or length > LONGEST or (line > first and state.sCount[line] < state.blkIndent):
            return False
        if text.endswith(closing) and (line > first or len(text) > 3):
            break
    else:
        return False
    if not silent:
        state.line = line + 1
        token = state.push("maths_block", "", 0)
        token.content = state.getLines(first, line + 1, state.blkIndent, False).strip("\n")
        token.map = [first, line + 1]
    return True
