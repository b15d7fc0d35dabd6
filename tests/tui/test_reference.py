"""The page about keys and commands says what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.tui.commands import COMMANDS
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
