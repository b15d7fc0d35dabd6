"""Text is selected with the mouse, and what is copied is its source."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import SELECT_ALL, Selection

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from tests.support.transcript import lines, running, screen

pytestmark = pytest.mark.anyio


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down("#transcript", offset=start)
    await pilot.hover("#transcript", offset=end)
    await pilot.mouse_up("#transcript", offset=end)
    await pilot.pause()


async def test_a_wrapped_paragraph_is_copied_as_one_line() -> None:
    text = "some words that are long enough to be wrapped over more than one row of a narrow screen"
    async with running([Entry(role="you", source=text)], (40, 10)) as (transcript, pilot, app):
        assert len([row for row in screen(transcript) if row]) > 3
        await drag(pilot, (2, 1), (39, 4))
        assert app.screen.get_selected_text() == text
        marked = [s.text for y in range(1, 4) for s in transcript.render_line(y) if _is_selected(s.style, transcript)]
        assert "".join(marked).replace(" ", "") == text.replace(" ", "")


def _is_selected(style: Style | None, transcript: Transcript) -> bool:
    selection = transcript.screen.get_component_rich_style("screen--selection")
    return style is not None and style.bgcolor is not None and style.bgcolor == selection.bgcolor


async def test_decoration_is_not_copied_and_a_part_of_a_line_can_be() -> None:
    entry = Entry(role="model", title="m", source="- one\n- two\n\n> quoted\n\n```\ncode\n```")
    async with running([entry]) as (_, pilot, app):
        await drag(pilot, (5, 1), (40, 6))
        assert app.screen.get_selected_text() == "one\ntwo\n\nquoted\n\ncode"
        await drag(pilot, (6, 1), (7, 2))
        assert (app.screen.get_selected_text() or "").startswith("ne\nt")


async def test_a_selection_may_stretch_over_messages_and_stays_while_more_arrives() -> None:
    answer = Entry(role="model", title="m", source="[answer](https://docs.example/x)")
    async with running([Entry(role="you", source="question"), answer]) as (transcript, pilot, app):
        await drag(pilot, (2, 1), (7, 4))
        assert app.screen.get_selected_text() == "question\n\nm\nanswer"
        assert "https://docs.example/x" not in app.seen
        entry = transcript.add(Entry(role="model"))
        transcript.stream_text(entry, lines(3))
        transcript.flush_now()
        assert app.screen.get_selected_text() == "question\n\nm\nanswer"


async def test_everything_can_be_selected_and_single_lines_too() -> None:
    async with running([Entry(role="you", source=f"text {n}") for n in range(400)]) as (transcript, _, _):
        selected = transcript.get_selection(SELECT_ALL)
        assert selected is not None
        assert selected[0].split("\n")[:5] == ["You", "text 0", "", "You", "text 1"]
        assert selected[0].count("text") == 400
        assert transcript.get_selection(Selection(Offset(0, 0), Offset(2, 0))) == ("Yo", "\n")
        assert transcript.following
