"""Pictures under a message: asked for when they come into view, drawn without moving anything, and clickable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.media.thumbnail import Thumbnail, thumbnail
from orchat.tui.pictures.half import HALF, draw
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.insets import COLUMNS, GAP, ROWS, Inset, draw_insets
from orchat.tui.transcript.message import draw_foot
from orchat.tui.transcript.rows import Section
from orchat.tui.transcript.styles import PLAIN, Look
from orchat.tui.transcript.widget import Transcript
from tests.support.pictures import encoded, quarters
from tests.support.transcript import running, screen

pytestmark = pytest.mark.anyio

SCAN = (1240, 1754)


def picture(inset: Inset) -> Thumbnail:
    return thumbnail(encoded(quarters(size=inset.size), "PNG"), "a", *inset.room)


def inset(chip: int = 0, size: tuple[int, int] = (400, 300)) -> Inset:
    return Inset(chip=chip, sha256="0" * 64, size=size)


def entry(*insets: Inset, source: str = "look") -> Entry:
    chips = tuple(f"scan-{number}.png  1240×1754" for number in range(len(insets)))
    return Entry(role="you", source=source, chips=chips, insets=insets)


def rows_of(insets: list[Inset], width: int) -> list[str]:
    section = Section()
    draw_insets(section, insets, width, (0, 0, 0))
    return section.shown


def test_a_picture_takes_the_same_room_before_and_after_it_was_loaded() -> None:
    bare = inset(size=SCAN)
    full = replace(bare, picture=picture(bare))
    assert bare.room == (8, 6)
    assert len(rows_of([bare], 60)) == len(rows_of([full], 60)) == 6
    assert rows_of([full], 60) == [HALF * 8] * 6
    assert rows_of([bare], 60) == [""] * 6


def test_pictures_stand_side_by_side_as_far_as_there_is_room() -> None:
    three = [replace(inset(number), picture=picture(inset(number))) for number in range(3)]
    columns = three[0].room[0]
    assert rows_of(three, 3 * columns + 2 * GAP) == [(HALF * columns + " " * GAP) * 2 + HALF * columns] * ROWS
    assert len(rows_of(three, 3 * columns + 2 * GAP - 1)) == 2 * ROWS
    assert rows_of(three, columns - 1) == []


def test_a_low_picture_beside_a_high_one_leaves_the_rest_free() -> None:
    low = inset(1, (480, 40))
    both = [replace(inset(size=SCAN), picture=picture(inset(size=SCAN))), replace(low, picture=picture(low))]
    shown = rows_of(both, 60)
    assert len(shown) == 6
    assert shown[0] == HALF * 8 + " " * GAP + HALF * COLUMNS
    assert shown[5] == HALF * 8


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=6), st.integers(1, 100))
def test_no_row_is_wider_than_there_is_room(sizes: list[tuple[int, int]], width: int) -> None:
    section = Section()
    draw_insets(section, [inset(number, size) for number, size in enumerate(sizes)], width, (0, 0, 0))
    for row in section.rows:
        assert sum(len(part.text) for part in row.prefix) <= width


def test_a_picture_whose_size_was_told_wrong_still_fits_its_room() -> None:
    wrong = Inset(chip=0, sha256="", size=(100, 100), picture=thumbnail(encoded(quarters(), "PNG"), "a", 5, 2))
    assert {len(row.rstrip()) for row in rows_of([wrong], 60)} <= {0, 4, 5}


def test_words_alone_where_pictures_make_no_sense() -> None:
    one = entry(replace(inset(), picture=picture(inset())))
    assert HALF not in "".join(draw_foot(one, Look(signs=PLAIN), 60, has_body=True).shown)
    assert HALF in "".join(draw_foot(one, Look(), 60, has_body=True).shown)


def test_half_blocks_are_drawn_on_the_ground_that_shines_through() -> None:
    pixels = bytes((200, 0, 0, 255, 0, 0, 0, 0, 200, 0, 0, 255, 100, 100, 100, 128))
    ((red, mixed),) = draw(Thumbnail(width=2, height=2, pixels=pixels), (10, 20, 30))
    assert red.style is not None and mixed.style is not None
    assert red.text == mixed.text == HALF
    assert red.style.color is not None and red.style.color.triplet == (200, 0, 0)
    assert mixed.style.color is not None and mixed.style.color.triplet == (10, 20, 30)
    assert mixed.style.bgcolor is not None and mixed.style.bgcolor.triplet == (55, 60, 65)


def test_equal_neighbours_are_one_segment() -> None:
    plain = Thumbnail(width=30, height=4, pixels=bytes((9, 9, 9, 255)) * 120)
    assert [[len(part.text) for part in row] for row in draw(plain, (0, 0, 0))] == [[30], [30]]


async def test_pictures_are_asked_for_once_when_a_message_comes_into_view() -> None:
    above = entry(inset())
    others = [Entry(role="model", source="a line\n\n" * 30) for _ in range(3)]
    async with running([above, *others]) as (transcript, pilot, app):
        wanted = app.pictures
        await pilot.pause()
        assert wanted == []
        transcript.action_scroll_home()
        await pilot.pause()
        transcript.action_scroll_down()
        await pilot.pause()
        assert wanted == [above]
        before = screen(transcript)
        loaded = (replace(above.insets[0], picture=picture(above.insets[0])),)
        transcript.update_entry(above, insets=loaded)
        await pilot.pause()
        after = screen(transcript)
        assert len([row for row in after if HALF in row]) == 6
        assert [row for row in before if row and HALF not in row] == [row for row in after if row and HALF not in row]
        assert wanted == [above]


async def test_a_click_on_a_chip_or_its_picture_tells_which_it_is() -> None:
    two = entry(inset(0), inset(1), source="")
    async with running([two]) as (transcript, pilot, app):
        await pilot.pause()
        (row,) = [y for y, text in enumerate(screen(transcript)) if "scan-1" in text]
        await pilot.click(Transcript, offset=(screen(transcript)[row].index("scan-1"), row))
        await pilot.click(Transcript, offset=(2 + two.insets[0].room[0] + GAP + 1, row + 2))
        await pilot.click(Transcript, offset=(3, row + 2))
        await pilot.pause()
        assert app.chips == [(two, 1), (two, 1), (two, 0)]


def test_chips_that_do_not_fit_a_row_stand_on_the_next() -> None:
    shown = draw_foot(entry(inset(), inset(), inset()), Look(signs=PLAIN), 60, has_body=False).shown
    assert shown == [
        "attachment 1  scan-0.png  1240×1754",
        "attachment 2  scan-1.png  1240×1754",
        "attachment 3  scan-2.png  1240×1754",
    ]
