"""Answers of 40 kB to measure with: one as models write them, and four that are one block from end to end."""

from __future__ import annotations

CHARACTERS = 40_000
END = "this-is-the-end"
"""The last words of every document: whoever has them on the screen has shown it whole."""

_PROSE = "The quick brown fox **jumps** over the `lazy` dog, and [so on](https://example.org/x) for a while longer. "
_CODE = "def function_{n}(value: int) -> str:\n    # a comment\n    return f'{{value}} {n}'\n\n"
_ITEM = "- item {n} with *some* words and `code` in it\n"
_ROW = "| {n} | a name for row {n} | {n}.50 | yes |\n"
_HEAD = "| n | name | price | ok |\n|--:|---|--:|:-:|\n"


def repeated(template: str, size: int) -> str:
    """A template over and over, numbered from 0, until a text is so long."""
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(template.format(n=len(parts)))
        length += len(parts[-1])
    return "".join(parts)


_SECTION = (
    "## Section {n}\n\n"
    + _PROSE * 4
    + "\n\n"
    + _ITEM * 5
    + "\n```python\n"
    + _CODE * 8
    + "```\n\n"
    + _HEAD
    + _ROW * 6
    + "\n> A quote in between.\n\n"
)
_BODIES = {
    "mixed": repeated(_SECTION, CHARACTERS),
    "code": "```python\n" + repeated(_CODE, CHARACTERS) + "```\n",
    "table": _HEAD + repeated(_ROW, CHARACTERS),
    "list": repeated(_ITEM, CHARACTERS),
    "paragraph": repeated(_PROSE, CHARACTERS),
}
DOCUMENTS = {name: f"{body.rstrip()}\n\n{END}" for name, body in _BODIES.items()}
"""By name."""
