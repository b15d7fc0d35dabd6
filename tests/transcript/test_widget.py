"""The transcript as a person uses it: keys, wheel, mouse, resize."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.selection import SELECT_ALL

from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.widget import Transcript
from tests.support.markdown import ORDINARY, REPORT
from tests.support.transcript import Host, lines, running, screen, talk

pytestmark = pytest.mark.anyio


async def test_a_conversation_opens_at_its_end() -> None:
    async with running(talk(100)) as (transcript, _, _):
        assert transcript.following and transcript.unseen_lines == 0
        assert any("message 99" in row for row in screen(transcript))
        assert screen(transcript)[-1] == ""
        assert transcript.scroll_offset.y == transcript.max_scroll_y
        assert len(transcript.entries) == 100


async def test_a_short_conversation_stands_at_the_top() -> None:
    async with running([Entry(role="you", source="hello")]) as (transcript, _, _):
        assert screen(transcript)[:2] == ["  You", "  hello"]


async def test_an_empty_transcript_and_one_without_a_size_are_fine() -> None:
    transcript = Transcript()
    entry = transcript.add(Entry(role="model", title="m"))
    transcript.stream_text(entry, "early ")
    transcript.flush_now()
    transcript.update_entry(entry, facts="f")
    transcript.finish(entry)
    assert transcript.source(entry) == "early "
    transcript.clear()
    assert transcript.entries == []
    async with running([]) as (transcript, pilot, _):
        await pilot.press("pageup", "home", "end", "pagedown")
        await pilot.click("#transcript", offset=(5, 5))
        assert screen(transcript) == [""] * 20
        assert transcript.get_selection(SELECT_ALL) is None


async def test_what_was_said_before_the_first_layout_is_shown_by_it() -> None:
    app = Host()
    entry = app.transcript.add(Entry(role="model", title="m"))
    app.transcript.stream_text(entry, "early *text*")
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert "  early text▌" in screen(app.transcript)


async def test_scrolling_up_moves_nothing_but_the_view() -> None:
    """Heights of messages that were never seen are guesses; the rows on the screen must not jump when they are made."""
    async with running(talk(120)) as (transcript, pilot, _):
        for _ in range(25):
            before = screen(transcript)
            await pilot.press("up")
            assert screen(transcript)[1:] == before[:-1]
        assert not transcript.following


async def test_paging_down_again_shows_the_same_rows() -> None:
    async with running(talk(60)) as (transcript, pilot, _):
        pages = [screen(transcript)]
        for _ in range(6):
            await pilot.press("pageup")
            pages.append(screen(transcript))
        for page in reversed(pages[:-1]):
            await pilot.press("pagedown")
            assert screen(transcript) == page
        assert transcript.following


async def test_home_and_end() -> None:
    async with running(talk(80)) as (transcript, pilot, app):
        await pilot.press("home")
        assert screen(transcript)[0].strip().startswith("name 0")
        assert not transcript.following
        await pilot.press("end")
        assert transcript.following
        assert any("message 79" in row for row in screen(transcript))
        assert [state[0] for state in app.seen if isinstance(state, tuple)][-1] is True


async def test_home_is_the_first_row_although_what_is_above_is_higher_than_it_was_thought() -> None:
    async with running([Entry(role="you", source="- a\n" * 5 + "\n# b\n" * 20), *talk(4)]) as (transcript, pilot, _):
        await pilot.press("home")
        assert transcript.scroll_offset.y == 0
        assert screen(transcript)[0] == "  You"


async def test_the_wheel_scrolls_and_leaves_the_end() -> None:
    async with running(talk(40)) as (transcript, pilot, _):
        bottom = transcript.scroll_offset.y
        await pilot._post_mouse_events([_wheel(up=True)], "#transcript", button=0)
        await pilot.pause()
        assert transcript.scroll_offset.y < bottom
        assert not transcript.following


def _wheel(*, up: bool) -> type:
    from textual import events

    return events.MouseScrollUp if up else events.MouseScrollDown


async def test_an_answer_that_arrives_is_followed() -> None:
    async with running(talk(6)) as (transcript, pilot, _):
        entry = transcript.add(Entry(role="model", title="m"))
        for number in range(30):
            transcript.stream_text(entry, f"line {number}\n\n")
            transcript.flush_now()
            assert any(f"line {number}" in row for row in screen(transcript))
        await pilot.pause()
        assert transcript.scroll_offset.y == transcript.max_scroll_y
        assert "  line 29▌" in screen(transcript)
        transcript.finish(entry)
        assert "  line 29" in screen(transcript)
        assert transcript.source(entry) == lines(30)


async def test_scrolling_up_holds_the_view_still_while_the_answer_goes_on() -> None:
    async with running(talk(6)) as (transcript, pilot, app):
        entry = transcript.add(Entry(role="model", title="m"))
        transcript.stream_text(entry, lines(20))
        transcript.flush_now()
        await pilot.press("up", "up", "up")
        held = screen(transcript)
        transcript.stream_text(entry, lines(10, 20))
        transcript.flush_now()
        await pilot.pause()
        assert screen(transcript)[:-4] == held[:-4]
        assert not transcript.following
        assert transcript.unseen_lines == 20
        assert app.seen[-1] == (False, 20)
        await pilot.press("pagedown")
        assert transcript.unseen_lines < 20
        transcript.finish(entry)
        await pilot.press("end")
        assert transcript.unseen_lines == 0
        assert app.seen[-1] == (True, 0)


async def test_an_answer_below_the_screen_paints_nothing() -> None:
    async with running(talk(20)) as (transcript, pilot, _):
        entry = transcript.add(Entry(role="model", title="m"))
        transcript.stream_text(entry, lines(60))
        transcript.flush_now()
        await pilot.press("home")
        held = screen(transcript)
        for number in range(5):
            transcript.stream_text(entry, lines(5, 60 + 5 * number))
            transcript.flush_now()
            await pilot.pause()
            assert screen(transcript) == held


async def test_what_changes_above_the_screen_does_not_move_it() -> None:
    async with running(talk(30)) as (transcript, pilot, _):
        first = transcript.entries[0]
        await pilot.press("pageup", "pageup")
        held = screen(transcript)
        transcript.update_entry(first, source=lines(20))
        assert screen(transcript) == held
        transcript.stream_text(first, lines(5))
        transcript.flush_now()
        assert screen(transcript) == held
        transcript.finish(first)
        assert screen(transcript) == held
        transcript.remove(first)
        assert screen(transcript) == held
        transcript.add(Entry(role="you", source="new"))
        assert screen(transcript) == held
        assert transcript.unseen_lines >= 3


async def test_messages_may_be_taken_out_while_they_are_looked_at() -> None:
    async with running(talk(30)) as (transcript, pilot, _):
        await pilot.press("pageup", "pageup")
        while len(transcript.entries) > 1:
            view, _ = transcript._stack.at(transcript.scroll_offset.y)
            transcript.remove(view.entry)
            assert 0 <= transcript.scroll_offset.y <= transcript.max_scroll_y
        assert transcript.following
        transcript.remove(transcript.entries[0])
        assert screen(transcript) == [""] * 20


async def test_what_was_unseen_may_be_taken_out() -> None:
    async with running(talk(30)) as (transcript, pilot, _):
        await pilot.press("pageup", "pageup")
        transcript.remove(transcript.entries[-1])
        assert transcript.unseen_lines == 0
        transcript.add(Entry(role="you", source="new"))
        assert transcript.unseen_lines == 3


@pytest.mark.parametrize("widths", [(100, 40), (30, 120, 60)])
async def test_a_resize_keeps_the_message_at_the_top(widths: tuple[int, ...]) -> None:
    async with running([Entry(role="you", source=f"message {n} " + "word " * 40) for n in range(40)]) as (
        transcript,
        pilot,
        _,
    ):
        for _ in range(3):
            await pilot.press("pageup")
        while "message" not in screen(transcript)[0]:
            await pilot.press("up")
        top = screen(transcript)[0].split("word")[0].strip()
        for width in widths:
            await pilot.resize_terminal(width, 20)
            await pilot.pause()
            assert screen(transcript)[0].split("word")[0].strip() == top
            assert all(len(row) <= min(width, 104) for row in screen(transcript))


async def test_a_resize_while_following_stays_at_the_end_and_in_the_answer() -> None:
    async with running(talk(10)) as (transcript, pilot, _):
        entry = transcript.add(Entry(role="model", title="m"))
        transcript.stream_text(entry, REPORT[:300])
        transcript.flush_now()
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        transcript.stream_text(entry, REPORT[300:])
        await pilot.resize_terminal(200, 25)
        await pilot.pause()
        assert transcript.following and transcript.scroll_offset.y == transcript.max_scroll_y
        streamed = screen(transcript)
        transcript.finish(entry)
        assert [row.rstrip("▌") for row in streamed] == screen(transcript)
        await pilot.resize_terminal(200, 10)
        await pilot.pause()
        assert transcript.scroll_offset.y == transcript.max_scroll_y


async def test_text_is_flushed_by_itself_and_nothing_runs_when_idle() -> None:
    async with running([]) as (transcript, pilot, _):
        entry = transcript.add(Entry(role="model", title="m"))
        for piece in ("one ", "two ", "three"):
            transcript.stream_text(entry, piece)
        await pilot.pause()
        await pilot.pause()
        assert "  one two three▌" in screen(transcript)
        assert not transcript._is_scheduled and not transcript._dirty
        transcript.remove(entry)
        transcript._tick()
        assert screen(transcript) == [""] * 20


async def test_flushes_keep_their_distance() -> None:
    async with running([]) as (transcript, pilot, _):
        transcript._pacer.interval_s = 600.0
        entry = transcript.add(Entry(role="model", title="m"))
        transcript.stream_text(entry, "one")
        await pilot.pause()
        await pilot.pause()
        assert "  one▌" in screen(transcript)
        transcript.stream_text(entry, " two")
        await pilot.pause()
        assert "  one▌" in screen(transcript)
        transcript.flush_now()
        assert "  one two▌" in screen(transcript)


async def test_errors_marks_and_facts_come_and_go() -> None:
    async with running(talk(2)) as (transcript, _, _):
        entry = transcript.add(Entry(role="model", title="m", facts="running"))
        transcript.stream_text(entry, "partial")
        transcript.flush_now()
        transcript.update_entry(entry, facts="2 s", state="stopped")
        transcript.finish(entry)
        assert "  stopped" in screen(transcript)
        transcript.update_entry(entry, state="", error=ErrorCard(title="No credit", hint="Add some."))
        rows = screen(transcript)
        assert "  ▌ No credit" in rows and "  stopped" not in rows
        transcript.update_entry(entry, error=None)
        assert "  ▌ No credit" not in screen(transcript)
        with pytest.raises(AttributeError):
            transcript.update_entry(entry, nonsense=1)


async def test_thoughts_fold_by_click_and_by_call() -> None:
    entry = Entry(role="model", title="m", source="answer", reasoning="because", thought="thought for 3 s")
    async with running([entry]) as (transcript, pilot, _):
        assert screen(transcript)[1:3] == ["  ▸ thought for 3 s", "  answer"]
        await pilot.click("#transcript", offset=(5, 1))
        await pilot.pause()
        assert screen(transcript)[1:5] == ["  ▾ thought for 3 s", "  because", "", "  answer"]
        transcript.toggle_thoughts(entry)
        assert screen(transcript)[2] == "  answer"


async def test_reasoning_streams_and_folds_when_the_answer_starts() -> None:
    async with running([]) as (transcript, _, _):
        entry = transcript.add(Entry(role="model", title="m", thought="thinking 1 s"))
        transcript.stream_reasoning(entry, "let me see")
        transcript.flush_now()
        assert screen(transcript)[:3] == ["  m", "  ▾ thinking 1 s", "  let me see▌"]
        transcript.stream_text(entry, "It is.")
        transcript.flush_now()
        assert screen(transcript)[:4] == ["  m", "  ▸ thinking 1 s", "  It is.▌", ""]
        assert entry.reasoning == "let me see"


async def test_a_link_can_be_clicked_and_what_nobody_may_open_cannot() -> None:
    entry = Entry(role="model", title="m", source="see [docs](https://docs.example/x) and [x](command:rm)")
    async with running([entry]) as (transcript, pilot, app):
        app.seen.clear()
        await pilot.click("#transcript", offset=(35, 1))
        await pilot.click("#transcript", offset=(7, 1))
        await pilot.pause()
        assert app.seen == ["https://docs.example/x"]
        assert transcript.following


async def test_code_blocks_are_kept_as_they_were_written() -> None:
    async with running([]) as (transcript, _, _):
        entry = transcript.add(Entry(role="model"))
        transcript.stream_text(entry, "```py\nx = 1\n```\n\n- a\n  ```\n  y\n    z\x1b[m\n  ```\n\ntext\n\n    w\n")
        assert transcript.code_blocks(entry) == ["x = 1\n", "y\n  z\n", "w\n"]
        assert "\x1b" in transcript.source(entry)


# selection


# looks


async def test_a_theme_changes_the_colours_and_not_the_view() -> None:
    async with running([Entry(role="you", source=REPORT), *talk(20)]) as (transcript, pilot, app):
        await pilot.press("home")
        rows = screen(transcript)
        colours = set()
        for theme in ("orchat-dark", "orchat-light", "textual-light", "ansi-dark", "nord"):
            app.theme = theme
            await pilot.pause()
            assert screen(transcript) == rows
            style = next(segment.style for segment in transcript.render_line(0) if segment.text == "You")
            assert style is not None
            colours.add(str(style.color))
        assert len(colours) >= 4
        app.theme = "nord"
        await pilot.pause()
        assert screen(transcript) == rows


async def test_plain_mode_draws_no_boxes() -> None:
    entries = [
        Entry(role="you", source=REPORT, chips=("a",)),
        Entry(role="model", title="m", reasoning="x", source="y"),
    ]
    async with running(entries, (60, 60), plain=True) as (transcript, pilot, _):
        await pilot.press("home")
        text = "".join(screen(transcript))
        assert text.isascii() or not any(char in "─│▎▌•◦☐☑▸▾▣" for char in text)
        assert screen(transcript)[0] == "  You:"


@pytest.mark.parametrize("name", ["report", "code in list", "numbers"])
async def test_a_streamed_message_ends_as_a_message_that_came_whole(name: str) -> None:
    text = ORDINARY[name]
    async with running([Entry(role="model", title="m", source=text)], (50, 60)) as (transcript, pilot, _):
        whole = screen(transcript)
        transcript.clear()
        entry = transcript.add(Entry(role="model", title="m"))
        for start in range(0, len(text), 7):
            transcript.stream_text(entry, text[start : start + 7])
            if start % 3 == 0:
                transcript.flush_now()
                await pilot.pause()
        transcript.finish(entry)
        assert screen(transcript) == whole


async def test_the_transcript_can_be_taken_off_the_screen() -> None:
    async with running(talk(3)) as (transcript, pilot, app):
        await transcript.remove()
        assert not app.query(Transcript)
        app.theme = "textual-light"
        await pilot.pause()


def test_the_parser_and_the_highlighter_are_imported_with_the_first_message_and_not_before() -> None:
    script = (
        "import sys, orchat.tui.transcript.widget as widget\n"
        "print([name for name in ('markdown_it', 'pygments') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
