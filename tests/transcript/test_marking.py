"""One message can be marked: by keys from outside, by a click; it is scrolled into view and found again."""

from __future__ import annotations

import pytest

from orchat.tui.transcript.entry import Entry
from tests.support.transcript import lines, running, screen, talk

pytestmark = pytest.mark.anyio


async def test_the_mark_goes_up_from_the_newest_message_and_down_off_the_end() -> None:
    async with running([Entry(role="you", source="one"), Entry(role="model", title="m", source="two")]) as (
        transcript,
        _,
        _,
    ):
        assert transcript.move_mark(-1) and transcript.marked is transcript.entries[1]
        assert screen(transcript)[:6] == ["  You", "  one", "", "▎ m", "▎ two", ""]
        assert transcript.move_mark(-1) and transcript.move_mark(-1)
        assert screen(transcript)[:5] == ["▎ You", "▎ one", "", "  m", "  two"]
        assert transcript.move_mark(1) and not transcript.move_mark(1)
        assert transcript.marked is None
        assert not any(row.startswith("▎") for row in screen(transcript))


async def test_the_marked_message_is_whole_on_the_screen_and_the_view_moves_no_more_than_that_takes() -> None:
    async with running(talk(60)) as (transcript, _, _):
        for by in (-1,) * 40 + (1,) * 40:
            before = screen(transcript)
            was = transcript.scroll_offset.y
            transcript.move_mark(by)
            if transcript.marked is None:
                break
            view = transcript._stack.view_of(transcript.marked)
            marked = [row for row in screen(transcript) if row.startswith("▎")]
            assert len(marked) == min(view.height - 1, transcript.size.height)
            if transcript.scroll_offset.y == was:
                assert [row[1:] for row in screen(transcript)] == [row[1:] for row in before]


async def test_a_message_longer_than_the_screen_is_shown_from_its_beginning() -> None:
    entries = [Entry(role="you", source="short"), Entry(role="model", title="m", source=lines(60))]
    async with running(entries) as (transcript, _, _):
        transcript.move_mark(-1)
        assert screen(transcript)[:2] == ["▎ m", "▎ line 0"]
        assert not transcript.following


async def test_a_click_marks_a_message_and_one_beside_all_messages_none() -> None:
    async with running(talk(2)) as (transcript, pilot, _):
        await pilot.click("#transcript", offset=(4, 0))
        assert transcript.marked is transcript.entries[0]
        await pilot.click("#transcript", offset=(4, 18))
        assert transcript.marked is transcript.entries[0]


async def test_what_takes_the_place_of_the_marked_message_is_marked() -> None:
    async with running(talk(6)) as (transcript, _, _):
        transcript.mark(transcript.entries[3])
        others = [Entry(role="model", title="other", source="another way"), Entry(role="you", source="and on")]
        transcript.splice(3, others)
        assert transcript.entries[3:] == others and transcript.marked is others[0]
        transcript.remove(others[1])
        transcript.mark(transcript.entries[-1])
        transcript.splice(2, [])
        assert transcript.marked is transcript.entries[1] and len(transcript.entries) == 2
        transcript.splice(0, [])
        assert transcript.marked is None and screen(transcript) == [""] * 20
        assert not transcript.move_mark(-1)


async def test_another_conversation_has_no_mark() -> None:
    async with running(talk(6)) as (transcript, _, _):
        transcript.move_mark(-1)
        transcript.set_entries(talk(3))
        assert transcript.marked is None


@pytest.mark.parametrize(
    ("plain", "head"), [(False, "  m                          ‹ 2 of 3 › · 1.2 s"), (True, "branch 2 of 3 · 1.2 s")]
)
async def test_the_place_among_the_branches_stands_before_the_facts(plain: bool, head: str) -> None:
    entry = Entry(role="model", title="m", source="x", facts="1.2 s", branch="2 of 3")
    async with running([entry], (50, 10), plain=plain) as (transcript, _, _):
        assert screen(transcript)[0].endswith(head)
        transcript.mark(entry)
        assert screen(transcript)[1] == ("> x" if plain else "▎ x")


async def test_the_arrows_of_the_branch_mark_can_be_clicked() -> None:
    entry = Entry(role="model", title="m", source="x", branch="2 of 3")
    async with running([entry], (50, 10)) as (transcript, pilot, host):
        row = screen(transcript)[0]
        for sign in "‹›":
            await pilot.click("#transcript", offset=(row.index(sign), 0))
        assert transcript.marked is entry and host.branches == [-1, 1]
