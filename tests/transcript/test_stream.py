"""An answer laid out while it arrives is the answer laid out at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.clean import clean
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.rows import Row, Section
from orchat.tui.transcript.stream import MarkdownStream
from orchat.tui.transcript.styles import Look
from tests.support.markdown import LONG, ORDINARY, documents

LOOK = Look()


def fresh(text: str, width: int = 60) -> Section:
    return render_markdown(clean(text), LOOK, width)


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[edges[n] : edges[n + 1]] for n in range(len(edges) - 1)]


def streamed(pieces: list[str], width: int = 60) -> MarkdownStream:
    """Feeds piece by piece, and checks that what is said to be unchanged is unchanged."""
    stream = MarkdownStream(LOOK, width)
    before: list[Row] = []
    for piece in pieces:
        stream.feed(piece)
        unchanged = stream.flush()
        rows = list(stream.section.rows)
        if unchanged is not None:
            assert rows[:unchanged] == before[:unchanged]
        else:
            assert rows == before
        before = rows
        assert all(row.line < len(stream.section.lines) for row in rows)
    return stream


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("width", [24, 60])
def test_closed_blocks_are_what_a_fresh_layout_shows_at_every_split(name: str, width: int) -> None:
    text = ORDINARY[name]
    whole = fresh(text, width)
    stream = MarkdownStream(LOOK, width)
    for char in text:
        stream.feed(char)
        stream.flush()
        assert stream.section.rows[: stream.closed] == whole.rows[: stream.closed]
    assert stream.section.shown == whole.shown
    assert stream.section.codes == whole.codes


@pytest.mark.parametrize("name", ORDINARY)
def test_one_cut_anywhere_leads_to_the_same_rows(name: str) -> None:
    text = ORDINARY[name]
    whole = fresh(text)
    for cut in range(0, len(text), 1 if len(text) < 200 else 4):
        assert streamed([text[:cut], text[cut:]]).section.rows == whole.rows


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("size", [1_000, 333, 50])
def test_long_blocks_settle_and_end_as_a_fresh_layout_shows_them(name: str, size: int) -> None:
    text = LONG[name]
    whole = fresh(text)
    stream = streamed([text[start : start + size] for start in range(0, len(text), size)])
    assert stream.section.rows == whole.rows
    assert stream.section.lines == whole.lines
    assert stream.section.codes == whole.codes


@pytest.mark.parametrize("name", LONG)
def test_a_flush_costs_the_same_at_the_end_of_a_long_block_as_at_its_beginning(name: str) -> None:
    """Counted in rows that are drawn again, which no slow machine changes."""
    text = LONG[name].removesuffix("\n\nend\n").removesuffix("```")
    stream = MarkdownStream(LOOK, 60)
    redrawn: list[int] = []
    for start in range(0, len(text), 50):
        stream.feed(text[start : start + 50])
        unchanged = stream.flush()
        redrawn.append(len(stream.section.rows) - (unchanged or 0))
    settled = redrawn[len(redrawn) // 2 :]
    assert len(stream.section.rows) > 100
    assert sum(settled) / len(settled) < 0.5 * len(stream.section.rows)


@settings(max_examples=120, deadline=None)
@given(documents, st.lists(st.integers(0, 5_000), max_size=6), st.sampled_from([8, 17, 40, 80]))
def test_any_document_in_any_pieces_keeps_its_closed_blocks(text: str, cuts: list[int], width: int) -> None:
    stream = streamed(pieces_of(text, cuts), width)
    assert stream.text == clean(text)
    if "]:" not in text:
        assert stream.section.rows[: stream.closed] == fresh(text, width).rows[: stream.closed]


@settings(max_examples=60, deadline=None)
@given(documents, st.lists(st.integers(0, 5_000), max_size=4))
def test_a_block_after_the_end_closes_everything_before_it(text: str, cuts: list[int]) -> None:
    """Whatever was approximated ends when a block ends, unless code or a formula is left open."""
    text += "\n\n# end\n\n# end\n"
    stream = streamed(pieces_of(text, cuts))
    whole = fresh(text)
    if "]:" not in text and whole.shown[-1:] == ["end"]:
        assert stream.section.shown == whole.shown


def test_a_line_that_may_become_anything_is_held_back_until_it_is_clear() -> None:
    stream = streamed(["some text\n", "-"])
    assert stream.section.shown == ["some text"]
    stream.feed(" item\n")
    stream.flush()
    assert stream.section.shown == ["some text", "", " • item"]


def test_the_end_of_a_code_block_never_shows_as_code() -> None:
    stream = streamed(["```py\nx = 1\n", "``"])
    assert not any("``" in row for row in stream.section.shown)


def test_references_that_come_later_are_left_to_the_final_layout() -> None:
    text = "See [this][ref].\n\nMore.\n\n[ref]: https://example.org/x\n"
    stream = streamed([text[:20], text[20:]])
    assert stream.section.shown[0] == "See [this][ref]."
    assert fresh(text).shown[0] == "See this (example.org)."


def test_nothing_new_changes_nothing() -> None:
    stream = streamed(["text"])
    stream.feed("")
    assert stream.flush() is None
    stream.feed("\x1b[31m")
    assert stream.flush() is None
    assert stream.section.shown == ["text"]
