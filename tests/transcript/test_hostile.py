"""Nothing that a model, a provider or a file name says reaches the terminal as anything but text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.selection import SELECT_ALL
from textual.strip import Strip

from orchat.domain.clean import clean
from orchat.domain.events import Cited
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.paint import paint
from orchat.tui.transcript.rows import Row, Section
from orchat.tui.transcript.stream import MarkdownStream
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.view import View
from tests.support.markdown import HOSTILE, documents
from tests.support.transcript import running

LOOK = Look()
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
ALLOWED_LINK = re.compile(r"(https?://|mailto:)[\x21-\x7e]+", re.IGNORECASE)
PIECES = 12


def assert_harmless(segments: Iterable[Segment]) -> None:
    for text, style, control in segments:
        assert FORBIDDEN.search(text) is None, ascii(text[:200])
        assert control is None
        if style is not None and style.link is not None:
            assert ALLOWED_LINK.fullmatch(style.link), ascii(style.link)
            assert style.meta.get("href") == style.link
        if style is not None and style.meta:
            assert not any(name.startswith("@") for name in style.meta)


def assert_section_is_harmless(section: Section) -> None:
    for row in section.rows:
        assert_harmless((*row.prefix, *row.text, *row.suffix))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_document_leaks_hangs_or_crashes(name: str) -> None:
    text = HOSTILE[name]
    assert_section_is_harmless(render_markdown(clean(text), LOOK, 80))
    stream = MarkdownStream(LOOK, 80)
    size = len(text) // PIECES + 1
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
        stream.flush()
    assert_section_is_harmless(stream.section)


@pytest.mark.parametrize("name", ["escapes", "escapes everywhere", "entities", "markup", "links", "zalgo"])
@pytest.mark.parametrize("width", [1, 9, 33])
def test_a_hostile_document_may_come_character_by_character_into_any_width(name: str, width: int) -> None:
    stream = MarkdownStream(LOOK, width)
    for char in HOSTILE[name][:3_000]:
        stream.feed(char)
        stream.flush()
        assert_section_is_harmless(stream.section)


@settings(max_examples=80, deadline=None)
@given(
    documents,
    st.lists(st.sampled_from(["\x1b[2J", "\x9b", "\u202e", "&#x1b;", "&#x202e;", "\ud800", "\r"]), max_size=5),
)
def test_escapes_in_any_place_of_any_document_are_gone(text: str, escapes: list[str]) -> None:
    for number, escape in enumerate(escapes):
        place = (number * 37) % (len(text) + 1)
        text = text[:place] + escape + text[place:]
    assert_section_is_harmless(render_markdown(clean(text), LOOK, 40))


def test_every_field_of_an_entry_is_foreign_text() -> None:
    bad = HOSTILE["escapes"] + "[/nope] [@click=app.quit]x[/]\n\t" + "long " * 2_000
    entry = Entry(
        role="model",
        title=bad,
        facts=bad,
        source=bad,
        reasoning=bad,
        thought=bad,
        folded=False,
        chips=(bad, bad),
        citations=(
            Cited(url=bad, title=bad),
            Cited(url="javascript:alert(1)"),
            Cited(url="https://x.y/\x1b", title=""),
        ),
        error=ErrorCard(title=bad, text=bad, hint=bad, keys=((bad, bad),)),
        state=bad,
    )
    for width in (4, 40, 100):
        view = View(entry)
        view.lay_out(LOOK, width)
        for number in range(view.height):
            _, row = view.row(number)
            assert_harmless((*row.prefix, *row.text, *row.suffix))
            strip = paint(row, line=number, width=width + 4, text_width=width)
            assert strip.cell_length == width + 4
            assert_harmless(strip)


def test_the_last_guard_stops_what_slipped_through() -> None:
    row = Row((Segment("\x1b["),), [Segment("a\nb\tc\u202e"), Segment("fine")], 0, 0, (Segment("\x9b"),))
    strip = paint(row, line=0, width=30, text_width=26)
    assert_harmless(strip)
    assert strip.text.strip() == "�[a�b�c�fine�"


def test_what_is_drawn_is_a_strip_of_the_right_width_whatever_the_row() -> None:
    row = Row((), [Segment("世" * 40)], 0)
    strip = paint(row, line=0, width=30, text_width=26)
    assert isinstance(strip, Strip)
    assert strip.cell_length == 30


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["one line", "quotes", "wide table", "zalgo", "escapes everywhere"])
async def test_a_hostile_answer_can_be_streamed_read_selected_and_resized(name: str) -> None:
    text = HOSTILE[name]
    async with running([]) as (transcript, pilot, _):
        entry = transcript.add(Entry(role="model", title="m"))
        for start in range(0, len(text), len(text) // 5 + 1):
            transcript.stream_text(entry, text[start : start + len(text) // 5 + 1])
            transcript.flush_now()
            await pilot.pause()
        transcript.finish(entry)
        await pilot.press("home", "pagedown", "end")
        await pilot.resize_terminal(31, 9)
        await pilot.pause()
        for y in range(transcript.size.height):
            assert_harmless(transcript.render_line(y))
        selected = transcript.get_selection(SELECT_ALL)
        assert selected is not None and FORBIDDEN.search(selected[0].replace("\n", "")) is None
