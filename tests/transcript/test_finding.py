"""Words that were looked for are brought into view and stand out for a moment."""

from __future__ import annotations

import pytest

from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.finding import Found, find
from orchat.tui.transcript.widget import Transcript
from tests.support.transcript import lines, running, screen, talk

pytestmark = pytest.mark.anyio

LONG = lines(80) + "Here stands the **Needle** in the hay; a needle.\n\n" + lines(80, 80)


def standing_out(transcript: Transcript) -> list[str]:
    """What is drawn in reverse on the screen."""
    return [
        segment.text
        for y in range(transcript.size.height)
        for segment in transcript.render_line(y)
        if segment.style is not None and segment.style.reverse
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["hay"], Found(1, ((4, 7),))),
        (["HAY", "needle"], Found(2, ((0, 6), (14, 17)))),
        (["a", "ha"], Found(1, ((0, 1), (4, 6)))),
        (["(x|"], Found(3, ((4, 7),))),
        (["nothing"], None),
        (["", " "], None),
        ([], None),
    ],
)
def test_the_first_line_with_most_of_the_words_is_found(words: list[str], expected: Found | None) -> None:
    assert find(["straw", "a f hay", "Needle in the hay", "f = (x|y)"], words) == expected


async def test_words_far_down_in_a_long_message_come_into_view_and_stand_out() -> None:
    entries = [*talk(10), Entry(role="model", title="m", source=LONG), *talk(10)]
    async with running(entries, (60, 21)) as (transcript, _, _):
        assert transcript.show_text(entries[10], ["needle"])
        row = next(y for y, text in enumerate(screen(transcript)) if "Needle" in text)
        assert row == 21 // 3
        assert standing_out(transcript) == ["Needle", "needle"]
        assert transcript.marked is entries[10] and not transcript.following


async def test_words_on_the_screen_stand_out_and_nothing_moves() -> None:
    async with running(talk(40)) as (transcript, _, _):
        before = [row[1:] for row in screen(transcript)]
        assert transcript.show_text(transcript.entries[-2], ["message 38"])
        assert [row[1:] for row in screen(transcript)] == before
        assert standing_out(transcript) == ["message 38"]


async def test_what_stands_out_does_so_only_for_a_moment() -> None:
    async with running(talk(5)) as (transcript, _, _):
        transcript.show_text(transcript.entries[1], ["message 1"])
        assert transcript._found_timer is not None
        transcript.forget_text()
        assert standing_out(transcript) == [] and transcript._found_timer is None
        transcript.show_text(transcript.entries[1], ["message 1"])
        transcript.show_text(transcript.entries[2], ["message 2"])
        assert standing_out(transcript) == ["message 2"]
        transcript.set_entries(talk(3))
        assert standing_out(transcript) == []


async def test_a_message_that_does_not_show_the_words_is_marked_from_its_beginning() -> None:
    entries = [*talk(10), Entry(role="model", title="m", source=LONG), *talk(10)]
    async with running(entries) as (transcript, _, _):
        assert not transcript.show_text(entries[10], ["nowhere"])
        assert transcript.marked is entries[10] and screen(transcript)[0] == "▎ m"
        assert standing_out(transcript) == []


async def test_a_word_that_is_wrapped_into_two_rows_stands_out_in_both() -> None:
    source = "x " * 20 + "one two three four five six " + "y " * 20
    async with running([Entry(role="you", source=source)], (30, 12)) as (transcript, _, _):
        assert transcript.show_text(transcript.entries[0], ["two three four five"])
        assert " ".join(part.strip() for part in standing_out(transcript)) == "two three four five"


async def test_a_selection_is_drawn_over_what_stands_out() -> None:
    async with running([Entry(role="you", source="one two three")]) as (transcript, pilot, app):
        transcript.show_text(transcript.entries[0], ["two"])
        await pilot.mouse_down("#transcript", offset=(2, 1))
        await pilot.hover("#transcript", offset=(20, 1))
        await pilot.mouse_up("#transcript", offset=(20, 1))
        assert app.screen.get_selected_text() == "one two three"
        assert standing_out(transcript) == ["two"]


def test_a_transcript_that_was_never_shown_finds_nothing() -> None:
    transcript = Transcript()
    entry = transcript.add(Entry(role="you", source="words"))
    assert not transcript.show_text(entry, ["words"])
