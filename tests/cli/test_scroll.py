"""Markdown on its way down a terminal: in the end everything stands there once, as a fresh layout would show it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment

from orchat.cli.scroll import Scroll, painted
from orchat.domain.clean import clean
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.rows import Row
from orchat.tui.transcript.styles import Look
from tests.support.markdown import LONG, ORDINARY, documents
from tests.support.page import Page, Reflowing

SIZES = [(80, 24), (40, 10), (30, 5), (120, 40), (12, 3)]
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[a-zA-Z]")


def fresh(text: str, columns: int) -> list[str]:
    look = Look(copy_hint="", whole_links=True)
    rows = render_markdown(clean(text), look, min(100, columns - 1)).rows
    found = [SEQUENCE.sub("", painted(row)).rstrip() for row in rows]
    while found and not found[-1]:
        found.pop()
    return found


class Shown:
    """An answer on a page of a size that may change."""

    def __init__(self, columns: int, lines: int, *, colours: bool = True, page: Page | Reflowing | None = None) -> None:
        self.page = page or Page(columns, lines)
        self.scroll = Scroll(colours=colours)
        self.size = (columns, lines)
        self.sent = ""

    def say(self, text: str) -> str:
        self.scroll.feed(text)
        return self._put(self.scroll.frame(*self.size))

    def end(self) -> list[str]:
        self._put(self.scroll.finish(*self.size))
        return self.page.rows

    def resize(self, columns: int, lines: int) -> None:
        self.size = (columns, lines)
        self.page.resize(columns, lines)

    def _put(self, text: str) -> str:
        self.sent += text
        self.page.feed(text.replace("\n", "\r\n").encode())
        return text


def written(text: str, size: tuple[int, int], step: int) -> list[str]:
    shown = Shown(*size)
    for start in range(0, len(text), step):
        shown.say(text[start : start + step])
    return shown.end()


def solid(rows: list[str]) -> str:
    """The text without what only a layout brings."""
    return "".join("".join(rows).split())


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("size", SIZES[:-1])
def test_in_the_end_it_looks_like_a_fresh_layout(name: str, size: tuple[int, int]) -> None:
    assert written(ORDINARY[name], size, 7) == fresh(ORDINARY[name], size[0])


@pytest.mark.parametrize("name", LONG)
def test_blocks_longer_than_the_screen_say_everything_once(name: str) -> None:
    assert solid(written(LONG[name], (40, 10), 90)) == solid(fresh(LONG[name], 40))


@settings(max_examples=120, deadline=None)
@given(text=documents, size=st.sampled_from(SIZES), cuts=st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_any_document_in_any_pieces_loses_nothing(text: str, size: tuple[int, int], cuts: list[int]) -> None:
    text = text.replace("\u0301", "")  # the emulator loses a mark that stands alone
    text = text.replace("]:", "] :")  # a reference that is explained later changes what was written before it
    shown = Shown(*size)
    start = tallest = 0
    while start < len(text):
        for cut in cuts:
            shown.say(text[start : start + cut])
            start += cut
            tallest = max(tallest, len(shown.page.rows))
    rows = shown.end()

    expected = fresh(text, size[0])
    if max(tallest, len(expected)) < size[1]:
        assert rows == expected
    else:  # what was said may be said again where the meaning of a whole screen has changed afterwards
        assert set(solid(expected)) <= set(solid(rows))
        assert len(solid(rows)) >= len(solid(expected))
    assert isinstance(shown.page, Page)
    assert shown.page.cursor[0] == 0


def test_a_reference_that_is_explained_later_stays_as_it_was_written() -> None:
    shown = Shown(60, 24)
    for piece in ("See [docs][d].\n\nMore.\n\n", "[d]: https://a.b/c\n\nAgain: [docs][d].\n"):
        shown.say(piece)

    assert shown.end() == ["See [docs][d].", "", "More.", "", "Again: docs (https://a.b/c)."]


def test_a_formula_that_is_none_after_all_is_not_written_twice_where_it_left_the_screen() -> None:
    assert written("$$\n1\n", (12, 3), 1) == ["$$", " 1"]
    assert written("$$\n1\n", (12, 9), 1) == ["$$ 1"]


def test_finished_blocks_are_written_once() -> None:
    shown = Shown(80, 24)
    for number in range(40):
        shown.say(f"Paragraph {number} stands here.\n\n")
    shown.end()

    assert shown.sent.count("Paragraph 7 stands here.") == 1
    assert "\x1b[2J" not in shown.sent and "\x1b[?" not in shown.sent and "\x1b[H" not in shown.sent


def test_a_word_more_is_sent_as_that_word() -> None:
    shown = Shown(80, 24)
    shown.say("A long sentence begins")

    assert shown.say(" and goes on") == " and goes on"
    assert shown.say("") == ""


def test_what_changes_its_meaning_is_drawn_again_in_place() -> None:
    shown = Shown(80, 24)
    shown.say("before\n\na | b")
    shown.say("\n--|--\n1 | 2\n")

    assert shown.end() == ["before", "", "a  b", "1  2"]


def test_code_can_be_copied_from_its_first_column_and_names_its_language() -> None:
    rows = written("Do:\n\n```python\nif x:\n    y()\n```\n\n```\nplain\n```\n", (40, 24), 5)

    assert rows == ["Do:", "", "if x:", "    y()", " " * 32 + "python", "", "plain"]


def test_links_are_told_in_words() -> None:
    assert written("See [docs](https://a.b/c?d=e) and [mail](mailto:x@y.z) and https://f.g/h.", (100, 9), 4) == [
        "See docs (https://a.b/c?d=e) and mail (x@y.z) and https://f.g/h."
    ]
    shown = Shown(80, 24)
    shown.say("[docs](https://a.b/c)")
    shown.end()
    assert "\x1b]8" not in shown.sent


def test_a_table_longer_than_the_screen_is_shown_from_below_and_written_whole() -> None:
    table = "| a | b |\n|---|---|\n" + "".join(f"| {n} | {'x' * (n % 30)} |\n" for n in range(60))
    shown = Shown(40, 10)
    for line in table.splitlines(keepends=True):
        shown.say(line)
    assert shown.page.rows[-1].startswith("59")
    assert not any(row.startswith("a ") for row in shown.page.rows)

    assert shown.end() == fresh(table, 40)


def test_what_turns_out_otherwise_after_it_has_left_the_screen_is_said_again_from_there() -> None:
    shown = Shown(30, 4)
    shown.say("start **of " + "many words " * 30)
    shown.say("end**.")
    rows = shown.end()

    text = solid(["start of " + "many words " * 30 + "end."])
    assert solid(rows).startswith("start**of")
    assert solid(rows).endswith(text)


def test_no_control_character_passes_whatever_a_row_holds() -> None:
    row = Row((), [Segment("a\x1b[2Jb\nc", None)], 0)

    assert painted(row) == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c"


def test_hostile_text_steers_nothing() -> None:
    shown = Shown(80, 24)
    for char in "a\x1b]52;c;aGk=\x07b \x9b2J `&#x1b;[31m` **&#x9b;2J** \u202e\n\n```\n\x1b[H\n```\n":
        shown.say(char)
    rows = shown.end()

    assert rows[0].startswith("ab")
    left = SEQUENCE.sub("", shown.sent)
    assert "\x1b" not in left and "\x9b" not in left and "\x07" not in left
    assert set(re.findall(r"\x1b\[[0-9;]*([a-zA-Z])", shown.sent)) <= {"m", "A", "J", "K"}


def test_without_colours_there_is_still_weight() -> None:
    shown = Shown(80, 24, colours=False)
    shown.say("# Title\n\n`code` and **bold**\n\n```python\nx = 1\n```\n")
    shown.end()

    assert "\x1b[1" in shown.sent
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown.sent)


# ---- the terminal changes its size

TEXT = "First paragraph.\n\n" + "- item with several words in it\n" * 12 + "\nLast words here.\n"


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(24, 120), st.integers(4, 30)), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, len(TEXT)), min_size=4, max_size=4),
)
def test_resizes_lose_nothing_and_say_nothing_twice(sizes: list[tuple[int, int]], cuts: list[int]) -> None:
    shown = Shown(80, 12, page=Reflowing(80, 12))
    edges = sorted(cuts)
    for number, (start, stop) in enumerate(pairwise([0, *edges, len(TEXT)])):
        for position in range(start, stop, 9):
            shown.say(TEXT[position : min(stop, position + 9)])
        if number < len(sizes):
            shown.resize(*sizes[number])

    assert solid(shown.end()) == solid(fresh(TEXT, 200))


def test_a_resize_between_two_blocks_keeps_the_empty_row_between_them() -> None:
    shown = Shown(40, 12, page=Reflowing(40, 12))
    shown.say("One.\n\nTwo.\n\n")
    shown.say("# ")
    shown.resize(50, 12)
    shown.say("")
    shown.resize(60, 12)
    shown.say("Three\n\nFour.")

    assert shown.end() == ["One.", "", "Two.", "", "Three", "", "Four."]


def test_rows_that_do_not_fit_any_more_stay_as_they_are() -> None:
    shown = Shown(60, 12, page=Reflowing(60, 12))
    shown.say("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen")
    assert len(shown.page.rows) == 2
    shown.resize(30, 12)
    shown.say(" sixteen")
    shown.resize(50, 12)

    assert shown.end() == [
        "one two three four five six seven eight nine ten eleven",
        "twelve thirteen fourteen fifteen",
        "sixteen",
    ]


def test_a_row_that_was_half_said_goes_on_in_its_middle() -> None:
    shown = Shown(60, 4, page=Reflowing(60, 4))
    words = " ".join(f"word{n}" for n in range(60))
    shown.say(words)
    shown.resize(50, 4)
    shown.say(" end")

    assert solid(shown.end()) == solid([words, "end"])


def test_dragging_the_edge_of_the_window_repeats_nothing() -> None:
    shown = Shown(80, 12, page=Reflowing(80, 12))
    shown.say("A table:\n\n| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 30)
    for columns in range(79, 60, -1):
        shown.resize(columns, 12)
        shown.say("")
    shown.say("\nDone.")

    assert shown.end() == ["A table:", "", "a  b", *["1  2"] * 30, "", "Done."]


def test_a_terminal_that_becomes_low_gets_no_rows_twice() -> None:
    shown = Shown(80, 20, page=Reflowing(80, 20))
    shown.say("".join(f"- item {n}\n" for n in range(15)))
    shown.resize(80, 6)
    shown.say("- one more\n")
    shown.say("\n| a |\n|---|\n" + "| b |\n" * 15)
    shown.resize(80, 4)
    shown.say("| c |\n\n")

    assert shown.end() == [
        *(f" • item {n}" for n in range(15)), " • one more",
        "b", "b",  # what went out at the top was not all of the table, so it is written whole
        "", "a", *["b"] * 15, "c",
    ]  # fmt: skip
