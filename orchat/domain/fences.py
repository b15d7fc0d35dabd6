"""Fenced code in Markdown, line by line: where a block begins, what belongs to it, where it ends."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*(.*)")
_AROUND = re.compile(r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|[ \t]+)*")


class Fence(NamedTuple):
    """The first line of a code block."""

    indent: int
    """Spaces before it, which its lines lose too."""
    mark: str
    """Its backticks or tildes."""
    info: str
    """What follows them."""

    @classmethod
    def match(cls, line: str) -> Fence | None:
        """The fence in a complete line, if there is one."""
        match = _FENCE.fullmatch(line.rstrip("\n"))
        if match is None or (match[2][0] == "`" and "`" in match[3]):
            return None
        return cls(len(match[1]), match[2], match[3])

    def closes(self, line: str) -> bool:
        """Whether a line ends the block."""
        bare = line.strip(" \t")
        is_mark = len(bare) >= len(self.mark) and not bare.strip(self.mark[0])
        return is_mark and len(line) - len(line.lstrip(" ")) <= 3

    def might_close(self, line: str) -> bool:
        """Whether an incomplete line could become the end of the block."""
        bare = line.strip(" ")
        return not bare.strip(self.mark[0])

    def content(self, line: str) -> str:
        """A line without the fence's indentation."""
        spaces = len(line) - len(line.lstrip(" "))
        return line[min(spaces, self.indent) :]


class CodeBlocks:
    """The fenced code of a text that arrives in pieces, also where it stands in a list.

    No parser is needed for it, so that a pipe which wants the code alone does not wait for one to be loaded.
    """

    def __init__(self) -> None:
        self.count = 0
        """Blocks that have begun."""
        self._fence: Fence | None = None
        self._partial = ""

    @property
    def is_open(self) -> bool:
        """Whether the last block has not ended."""
        return self._fence is not None

    def feed(self, text: str) -> list[tuple[int, str]]:
        """Take in more text.

        Returns:
            Lines of code with the number of their block, from 1; each ends with a newline.
        """
        *lines, self._partial = (self._partial + text).split("\n")
        return [(self.count, code) for line in lines if (code := self._line(line)) is not None]

    def finish(self) -> list[tuple[int, str]]:
        """The text is over: its last line counts although no newline came."""
        return self.feed("\n") if self._partial else []

    def _line(self, line: str) -> str | None:
        line = line.removesuffix("\r")
        if self._fence is None:
            self._fence = _nested(line)
            self.count += self._fence is not None
            return None
        code = self._fence.content(line)
        if self._fence.closes(code):
            self._fence = None
            return None
        return f"{code}\n"


def _nested(line: str) -> Fence | None:
    """The fence in a line, which may begin an item of a list or be indented as deep as one."""
    around = _AROUND.match(line)
    start = around.end() if around else 0
    fence = Fence.match(line[start:])
    return None if fence is None else fence._replace(indent=start)
