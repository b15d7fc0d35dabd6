"""The page about keys and commands says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchat.tui.commands import COMMANDS
from orchat.tui.elsewhere import ELSEWHERE
from orchat.tui.keymap import USUAL
from orchat.tui.reference import keys_and_commands
from orchat.tui.screens.help import help_text

PAGE = Path(__file__).parents[2] / "docs" / "keys-and-commands.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == keys_and_commands(), "run `make reference`"


def test_every_command_is_on_the_page_and_in_help() -> None:
    page, shown = keys_and_commands(), help_text(USUAL, 200).plain
    for command in COMMANDS:
        assert f"| `{command.id}` |" in page and command.about in shown
        assert f"/{command.slash}" in shown


@pytest.mark.parametrize("width", [54, 75, 112])
def test_help_cuts_no_word_and_is_never_wider_than_its_place(width: int) -> None:
    shown = help_text(USUAL, width).plain
    assert max(map(len, shown.splitlines())) <= width
    words = set(shown.split())
    assert {word for command in COMMANDS for word in command.about.split()} <= words
    assert {f"/{command.slash}" for command in COMMANDS if command.slash} <= words


def test_every_key_of_another_screen_is_on_the_page_and_in_help() -> None:
    page, shown = keys_and_commands(), help_text(USUAL, 200).plain
    for place in ELSEWHERE:
        way = USUAL.shown(place.command) or f"/{place.command}"
        assert f"### {place.title} ({way})" in page and f"{place.title.upper()} ({way})" in shown
        for one in place.keys:
            assert f"| {one.about} | `{one.id}` |" in page
            assert re.search(rf"^{re.escape(USUAL.shown(one.id))} +{re.escape(one.about)}$", shown, re.MULTILINE)


def test_help_begins_with_the_screen_it_was_asked_for_on() -> None:
    titles = [f"{place.title.upper()} ({USUAL.way_to(place.command)})" for place in ELSEWHERE]
    for place in ELSEWHERE:
        lines = help_text(USUAL, 200, place.id).plain.splitlines()
        assert lines[0].startswith(place.title.upper())
        assert sorted(line for line in lines if line in titles) == sorted(titles)
    assert help_text(USUAL, 200).plain.startswith("EVERYWHERE")
