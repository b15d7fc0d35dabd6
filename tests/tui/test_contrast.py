"""Everything can be read: in both themes of ours, in those of Textual, in the terminal's own colours, and in none."""

from __future__ import annotations

import pytest
from textual.theme import BUILTIN_THEMES

from orchat.demo.server import DemoServer
from orchat.tui.shades import DARK, LIGHT, PLAIN
from orchat.tui.themes import OURS
from tests.support.colours import pieces_of, strips_of
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.views import BEFORE, EVERYTHING, VIEWS, away, chat, help_, marked, picker, selected, turn

pytestmark = pytest.mark.anyio

READABLE = 4.5
"""WCAG AA for text."""
DISTINCT = 3.0
"""WCAG AA for large text: what a theme of somebody else's has to reach, whose own text may be no better."""


def hard_to_read(person: Person, least: float) -> set[str]:
    return {
        f"{piece.text!r}: {piece.colour.hex} on {piece.ground.hex} is {piece.contrast:.2f}"
        for piece in pieces_of(person)
        if piece.contrast < least
    }


def is_chosen_told_apart(person: Person) -> bool:
    """Whether one row of the picker has another ground than the others."""
    segments = (segment for strip in strips_of(person) for segment in strip if "demo/" in segment.text)
    return len({segment.style.bgcolor for segment in segments if segment.style}) > 1


@pytest.mark.parametrize("theme", [DARK, LIGHT])
async def test_every_text_of_our_themes_stands_out_from_its_ground(server: DemoServer, theme: str) -> None:
    server.script(*turn(EVERYTHING))
    async with at_screen(screen_runtime(server, tui__theme=theme), size=(120, 60)) as person:
        for view in (*BEFORE, marked, selected, *VIEWS):
            await view(person)
            await person.settled()
            assert len(list(pieces_of(person))) > 5, view.__name__
            assert hard_to_read(person, READABLE) == set(), view.__name__
            await away(person)


async def test_every_theme_of_textual_can_be_read(server: DemoServer) -> None:
    server.script(*turn(EVERYTHING))
    async with at_screen(screen_runtime(server), size=(120, 50)) as person:
        await chat(person)
        for view in (marked, picker):
            await view(person)
            for theme in BUILTIN_THEMES:
                person.app.theme = theme
                await person.settled()
                assert "demo/writer" in person.text
                assert len(list(pieces_of(person))) > 5 or theme.startswith("ansi")
                assert hard_to_read(person, DISTINCT) == set(), (theme, view.__name__)
            await away(person)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", PLAIN])
async def test_on_the_terminals_own_colours_nothing_is_lost(server: DemoServer, theme: str) -> None:
    server.script(*turn(EVERYTHING))
    async with at_screen(screen_runtime(server, tui__theme=theme), size=(120, 50)) as person:
        for view in (*BEFORE, help_):
            await view(person)
            await person.settled()
            await away(person)
        assert "Somebody said this." in person.text and "CONTEXT" in person.text
        assert hard_to_read(person, DISTINCT) == set()
        await picker(person)
        assert is_chosen_told_apart(person)


async def test_without_colours_the_chosen_row_is_still_told_apart(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    server.script(*turn(EVERYTHING))
    async with at_screen(screen_runtime(server), size=(120, 50)) as person:
        assert person.app.no_color
        for view in (*BEFORE, picker):
            await view(person)
            await person.settled()
            grey = {(p.colour.r, p.colour.g, p.colour.b) for p in pieces_of(person)}
            assert all(max(colour) - min(colour) <= 1 for colour in grey)
            if view is not picker:
                await away(person)
        assert is_chosen_told_apart(person)


def test_our_themes_are_the_ones_tested() -> None:
    assert {theme.name for theme in OURS} == {DARK, LIGHT, PLAIN}
