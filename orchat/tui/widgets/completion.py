"""What a beginning such as ``/mo`` or ``@sca`` may mean, over the composer: commands, or files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.content import Content

from orchat.tui.commands import Command
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.lines import ACCENT, DIM, column, spread
from orchat.tui.mentions import Candidate
from orchat.tui.slash import completions
from orchat.tui.widgets.rows import Row, RowList

MOST = 8
"""Rows shown at once."""


class Completion(RowList, can_focus=False):
    """A list that the composer steers."""

    DEFAULT_CSS = f"""
    Completion {{
        display: none;
        height: auto;
        max-height: {MOST};
        padding: 0 2;
        background: $surface;
    }}
    Completion.-open {{ display: block; }}
    """

    keymap: Keymap = USUAL
    """The keys that are shown beside the commands."""

    _files: Sequence[Candidate] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose."""
        return self.has_class("-open")

    @property
    def chosen(self) -> Command | None:
        """The highlighted command."""
        row = self.highlighted if not self._files else None
        return next((command for command in completions("/") if row and command.id == row.id), None)

    def offer(self, typed: str) -> None:
        """Show what the first word of a draft may mean; close when it is no command."""
        is_word = typed.startswith("/") and not any(char.isspace() for char in typed)
        found = completions(typed) if is_word else []
        self._files = ()
        self.set_class(bool(found), "-open")
        if found:
            self.set_rows([Row(command.id, partial(_line, command, self.keymap)) for command in found])

    @property
    def chosen_file(self) -> Candidate | None:
        """The highlighted file or folder."""
        row = self.highlighted
        return next((file for file in self._files if row and file.typed == row.id), None)

    def offer_files(self, files: Sequence[Candidate]) -> None:
        """Show files that may be meant; close where there is none."""
        self._files = files
        self.set_class(bool(files), "-open")
        if files:
            self.set_rows([Row(file.typed, partial(_file_line, file)) for file in files])

    def close(self) -> None:
        """Go away until something else is typed."""
        self.remove_class("-open")


def _line(command: Command, keymap: Keymap, width: int) -> Content:
    name = Content.assemble((f"/{command.slash}", ACCENT), (f" {command.argument}" if command.argument else "", DIM))
    left = Content.assemble(column(name, 20), (command.about, DIM))
    return spread(left, Content.styled(keymap.shown(command), DIM), width)


def _file_line(file: Candidate, width: int) -> Content:
    head, slash, name = file.typed.rstrip("/").rpartition("/")
    end = "/" if file.is_folder else ""
    left = Content.assemble((f"@{head}{slash}".replace("\\ ", " "), DIM), (name.replace("\\ ", " ") + end, ACCENT))
    return spread(left, Content.styled(file.about, DIM), width)
