"""Writes the pages of the manual that are made from the program's own tables: `make reference`."""

from pathlib import Path

from orchat.tui.reference import keys_and_commands

Path(__file__).with_name("keys-and-commands.md").write_text(keys_and_commands(), encoding="utf-8")
