"""The first frame says and looks as the one that Textual paints over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from orchat.tui.beginning import Beginning
from orchat.tui.curtain import Look, first_frame, has_colours, room_for_typing, size, typed_line
from orchat.tui.echo import Line
from orchat.tui.keymap import USUAL, read_keymap
from orchat.tui.layout import SIDEBAR, WIDE
from orchat.tui.shades import DARK, LIGHT, SHADES
from tests.support.colours import strips_of
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

LOOK = Look(theme=DARK, keymap=USUAL)
SIZES = [(60, 16), (80, 24), (99, 19), (120, 40), (200, 60)]


def painted(look: Look, columns: int, lines: int, *typed: str) -> pyte.Screen:
    screen = pyte.Screen(columns, lines)
    texts = (typed_line(look, columns, lines, text) for text in typed)
    pyte.Stream(screen).feed("".join([first_frame(look, columns, lines), *texts]))
    return screen


def rows(screen: pyte.Screen) -> dict[int, str]:
    """The lines that are not empty."""
    return {number: line.rstrip() for number, line in enumerate(screen.display) if line.strip()}


def colours(screen: pyte.Screen, line: int) -> list[tuple[str, str, bool]]:
    """Ink, ground and weight of every cell."""
    cells = screen.buffer[line]
    return [(cells[at].fg, cells[at].bg, cells[at].bold) for at in range(screen.columns)]


def looks(segment: Segment) -> tuple[str, str, bool]:
    """The same of what Textual paints."""
    style = segment.style or Style()
    ink, ground = (
        "" if colour is None or colour.triplet is None else colour.triplet.hex[1:]
        for colour in (style.color, style.bgcolor)
    )
    return ink, ground, bool(style.bold)


def assert_same_words(look: Look, person: Person) -> None:
    """Whatever the first frame says stands at the same place of the real one."""
    size = person.app.size
    first = rows(painted(look, size.width, size.height))
    assert len(first) == 3
    *above, last = first
    for number in above:
        assert person.lines[number].startswith(first[number]), (first[number], person.lines[number])
    assert first[last] == person.lines[last]
    assert last == size.height - 1


@pytest.mark.parametrize("size", SIZES)
async def test_the_words_stand_where_they_will_stand(size: tuple[int, int]) -> None:
    async with at_screen(screen_runtime(None), size=size, wait=False) as person:
        await person.until_shown("F1 help")
        assert_same_words(LOOK, person)


@pytest.mark.parametrize("size", SIZES)
async def test_the_words_have_the_colours_that_they_will_have(size: tuple[int, int]) -> None:
    async with at_screen(screen_runtime(None), size=size, wait=False) as person:
        await person.until_shown("F1 help")
        for number, (first, real) in enumerate(zip(painted(LOOK, *size).display, strips_of(person), strict=True)):
            shown = colours(painted(LOOK, *size), number)
            wanted = [cell for segment in real for cell in [looks(segment)] * len(segment.text)]
            assert [at for at, char in enumerate(first) if char != " " and shown[at] != wanted[at]] == [], number


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_stands_and_looks_as_it_will(size: tuple[int, int]) -> None:
    async with at_screen(screen_runtime(None), size=size, wait=False) as person:
        await person.until_shown("F1 help")
        await person.type("Hello 日本")
        await person.until_shown("› Hello 日本")
        first = painted(LOOK, *size, "Hello 日本")
        number = next(at for at, line in enumerate(person.lines) if "Hello" in line)
        # pyte leaves the second cell of a wide character empty.
        assert person.lines[number].startswith(first.display[number].rstrip())
        wanted = [cell for segment in strips_of(person)[number] for cell in [looks(segment)] * segment.cell_length]
        composer = size[0] - (SIDEBAR if size[0] >= WIDE else 0)
        shown, words = colours(first, number), first.display[number]
        assert [ground for _, ground, _ in shown[:composer]] == [ground for _, ground, _ in wanted[:composer]]
        assert [shown[at] for at in range(10) if words[at] != " "] == [
            wanted[at] for at in range(10) if words[at] != " "
        ]


@given(text=st.text(st.sampled_from("aж日"), max_size=300), size=st.sampled_from([*SIZES, (59, 24), (80, 7)]))
def test_what_is_typed_stays_in_its_line(text: str, size: tuple[int, int]) -> None:
    line = Line(room_for_typing(LOOK, *size))
    line.take(text.encode())
    before = rows(painted(LOOK, *size))
    after = rows(painted(LOOK, *size, line.typed.text)) if line.typed.text else before
    changed = {number for number in {*before, *after} if before.get(number) != after.get(number)}
    assert len(changed) == bool(line.typed.text)
    assert rows(painted(LOOK, *size, line.typed.text, "")) == before or not line.typed.text


async def test_own_keys_and_a_temporary_session_are_told_at_once() -> None:
    keys = {"model": "f6", "usage": "", "keys": "alt+k"}
    settings: dict[str, Any] = {f"keymap__{name}": key for name, key in keys.items()}
    beginning = Beginning(is_temporary=True)
    async with at_screen(screen_runtime(None, **settings), size=(80, 24), wait=False, beginning=beginning) as person:
        await person.until_shown("F1 help")
        assert_same_words(replace(LOOK, keymap=read_keymap(keys), is_temporary=True), person)


def test_without_a_sidebar_the_composer_is_as_wide_as_the_screen() -> None:
    panel = SHADES[DARK]["panel"][1:]
    assert painted(LOOK, 120, 40).buffer[37][110].bg != panel
    assert painted(replace(LOOK, has_sidebar=False), 120, 40).buffer[37][110].bg == panel


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_ground_is_the_themes(theme: str) -> None:
    look = replace(LOOK, theme=theme)
    ground = ";".join(str(channel) for channel in bytes.fromhex(SHADES[theme]["ground"][1:]))
    assert f";48;2;{ground}m\x1b[2J" in first_frame(look, 80, 24)  # terminals clear to the ground that is set
    assert painted(look, 80, 24).buffer[0][40].bg == SHADES[theme]["panel"][1:]


@pytest.mark.parametrize("look", [replace(LOOK, has_colours=False), replace(LOOK, theme="nord")])
def test_where_no_colours_are_known_none_are_written(look: Look) -> None:
    assert "48;2" not in first_frame(look, 80, 24)
    assert "38;2" not in first_frame(look, 80, 24)
    assert rows(painted(look, 80, 24)) == rows(painted(LOOK, 80, 24))


@pytest.mark.parametrize(("columns", "lines"), [(59, 24), (80, 7), (1, 1)])
def test_where_there_is_no_room_nothing_is_said(columns: int, lines: int) -> None:
    assert rows(painted(LOOK, columns, lines)) == {}


def test_a_conversation_that_is_gone_on_with_is_not_called_new() -> None:
    assert rows(painted(replace(LOOK, has_title=False), 80, 24))[0].strip() == "orchat"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (120, 40)),
        ({"COLUMNS": "70", "LINES": "20"}, (70, 20)),
        ({"COLUMNS": "70"}, (70, 40)),
        ({"COLUMNS": "0", "LINES": "many"}, (120, 40)),
        ({"COLUMNS": "-1", "LINES": "²"}, (120, 40)),
    ],
)
def test_it_is_as_large_as_textual_will_be(
    environ: Mapping[str, str], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((120, 40)))
    assert size(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"COLORTERM": "truecolor"}, True),
        ({"COLORTERM": "24bit"}, True),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
    ],
)
def test_colours_are_used_where_all_of_them_are_shown(environ: Mapping[str, str], expected: bool) -> None:
    assert has_colours(environ) is expected
