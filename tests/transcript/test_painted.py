"""Rows that are not needed any more leave nothing behind."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.painted import PaintedRow
from tests.support.markdown import REPORT
from tests.support.transcript import running

SEGMENTS = [Segment("some "), Segment("世界", Style(bold=True)), Segment(" text")]
WIDTH = 14


class Watched(PaintedRow):
    """One whose end can be seen."""

    __slots__ = ("__weakref__",)


@given(st.lists(st.integers(1, 20), unique=True).map(sorted), st.integers(0, 20), st.integers(0, 20))
def test_a_painted_row_is_cut_as_any_strip(cuts: list[int], start: int, length: int) -> None:
    painted, usual = PaintedRow(SEGMENTS, WIDTH), Strip(SEGMENTS, WIDTH)
    assert [piece.text for piece in painted.divide(cuts)] == [piece.text for piece in usual.divide(cuts)]
    style = Style(italic=True)
    one, other = (strip.crop_extend(start, start + length, style) for strip in (painted, usual))
    assert list(one) == list(other)


def test_a_row_that_was_shown_is_gone_with_the_last_reference() -> None:
    row = Watched(SEGMENTS, WIDTH)
    row.divide([WIDTH]), row.divide([3, WIDTH]), row.crop_extend(0, WIDTH, None), row.crop(0, WIDTH)
    end = weakref.ref(row)
    gc.disable()
    try:
        del row
        assert end() is None
    finally:
        gc.enable()


@pytest.mark.anyio
async def test_the_rows_of_the_transcript_are_such_rows() -> None:
    async with running([Entry(role="model", title="m", source=REPORT)]) as (transcript, pilot, _):
        await pilot.press("home")
        shown = [transcript.render_line(y) for y in range(transcript.size.height)]
        assert shown and all(isinstance(row, PaintedRow) for row in shown)
