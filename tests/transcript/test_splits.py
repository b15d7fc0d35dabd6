"""Wherever an answer is cut, and whatever is resized meanwhile: what is shown is what a fresh layout shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.clean import clean
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.rows import Section
from orchat.tui.transcript.stream import MarkdownStream
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.view import View
from tests.support.markdown import LONG, ORDINARY, documents

LOOK = Look()
WIDTHS = [8, 17, 40, 80, 100]


def parts(section: Section) -> tuple[object, ...]:
    return section.rows, section.lines, section.codes


def fresh(text: str, width: int) -> Section:
    return render_markdown(clean(text), LOOK, width)


def streamed(text: str, width: int, size: int) -> Section:
    """The layout of an answer that came in pieces of a size and then ended."""
    stream = MarkdownStream(LOOK, width)
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
        stream.flush()
    stream.finish()
    return stream.section


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("width", [24, 60])
def test_an_answer_that_ends_anywhere_ends_as_a_fresh_layout_of_it(name: str, width: int) -> None:
    text = ORDINARY[name]
    for cut in range(0, len(text) + 1, 1 if len(text) < 200 else 5):
        assert parts(streamed(text[:cut], width, 7)) == parts(fresh(text[:cut], width))


@pytest.mark.parametrize("name", LONG)
def test_a_long_block_that_is_broken_off_ends_as_a_fresh_layout_of_it(name: str) -> None:
    text = LONG[name]
    for cut in range(0, len(text), len(text) // 7):
        assert parts(streamed(text[:cut], 60, 333)) == parts(fresh(text[:cut], 60))


@settings(max_examples=120, deadline=None)
@given(documents, st.integers(0, 5_000), st.integers(1, 60), st.sampled_from(WIDTHS))
def test_any_document_that_ends_anywhere_ends_as_a_fresh_layout_of_it(
    text: str, cut: int, size: int, width: int
) -> None:
    text = text[: cut % (len(text) + 1)]
    # A reference that is defined further down is known to a fresh layout alone: the transcript makes one at the end.
    if "]:" not in text:
        assert parts(streamed(text, width, size)) == parts(fresh(text, width))


@settings(max_examples=120, deadline=None)
@given(documents, st.lists(st.tuples(st.integers(1, 80), st.sampled_from([0, 0, *WIDTHS])), min_size=1, max_size=12))
def test_a_resize_in_the_middle_of_an_answer_changes_nothing_but_the_width(
    text: str, steps: list[tuple[int, int]]
) -> None:
    """Each step is a piece of the answer, and a new width or none."""
    view, width, said = View(Entry(role="model", title="m")), 60, ""
    view.lay_out(LOOK, width)
    for size, other in steps:
        piece, text = text[:size], text[size:]
        said += piece
        view.write(piece)
        view.flush()
        if other:
            width = other
            view.forget()
            view.lay_out(LOOK, width)
        if view._stream is not None and "]:" not in said:
            closed = view._stream.closed
            assert view._stream.section.rows[:closed] == fresh(said, width).rows[:closed]
    view.write(text)
    view.finish()
    view.lay_out(LOOK, width)
    whole = View(Entry(role="model", title="m", source=said + text))
    whole.lay_out(LOOK, width)
    assert [view.row(number) for number in range(view.height)] == [whole.row(number) for number in range(whole.height)]
    assert view.lines() == whole.lines()


@pytest.mark.parametrize("name", ORDINARY)
def test_a_stream_that_goes_on_in_another_width_ends_as_a_fresh_layout_of_what_was_open(name: str) -> None:
    text = ORDINARY[name]
    for cut in range(0, len(text), max(1, len(text) // 11)):
        stream = MarkdownStream(LOOK, 60)
        stream.feed(text[:cut])
        stream.flush()
        other = stream.resized(31)
        other.feed(text[cut:])
        other.finish()
        if "]:" not in text:
            assert parts(other.section) == parts(fresh(other.text, 31))
            assert clean(text).endswith(other.text)
