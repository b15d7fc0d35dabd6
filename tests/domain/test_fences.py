"""Fenced code, found in a text that arrives in pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.fences import CodeBlocks, Fence

REPORT = """Do this:

1. First

   ```bash
   make
     indented
   ```

- ~~~~py
  ```
  ~~~
  ~~~~

    ```x
    deep
    ```
and `inline` ``` no ``` fence
```` info
open"""


def blocks(*pieces: str) -> list[str]:
    finder = CodeBlocks()
    lines = [line for piece in pieces for line in finder.feed(piece)] + finder.finish()
    return ["".join(text for number, text in lines if number == block) for block in range(1, finder.count + 1)]


def test_blocks_are_found_wherever_they_stand() -> None:
    assert blocks(REPORT) == ["make\n  indented\n", "```\n~~~\n", "deep\n", "open\n"]


@settings(max_examples=80, deadline=None)
@given(cuts=st.lists(st.integers(0, len(REPORT)), max_size=6))
def test_it_does_not_matter_how_the_text_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(REPORT)]

    assert blocks(*(REPORT[a:b] for a, b in pairwise(edges))) == blocks(REPORT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("no code\n", []),
        ("    four spaces are no fence\n", []),
        ("```\n```\n", [""]),
        ("```a`b\nx\n```\n", [""]),
        ("```py\r\nprint()\r\n```\r\n", ["print()\n"]),
        ("```\nx\n    ```\n", ["x\n    ```\n"]),
    ],
)
def test_what_is_a_block_and_what_is_not(text: str, found: list[str]) -> None:
    assert blocks(text) == found


def test_a_block_is_open_until_its_end_has_come() -> None:
    finder = CodeBlocks()
    finder.feed("```\nx")
    assert finder.is_open
    finder.feed("\n```\n")
    assert not finder.is_open


def test_a_mark_that_is_still_written_might_end_the_block() -> None:
    fence = Fence.match("```py\n")
    assert fence is not None
    assert fence.might_close("``")
    assert not fence.might_close("`x")
