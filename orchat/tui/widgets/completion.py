"""What a beginning such as ``/mo``, ``/effort l`` or ``@sca`` may mean, over the composer: commands, words, files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.content import Content

from orchat.tui.arguments import Arguments, Offer
from orchat.tui.commands import BY_ID, Command
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.lines import ACCENT, DIM, column, spread
from orchat.tui.mentions import Candidate
from orchat.tui.slash import completions
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plain

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

    arguments: Arguments | None = None
    """Knows what may follow a command."""
    is_touched = False
    """Whether somebody has moved in it since it opened."""

    _files: Sequence[Candidate] = ()
    _offers: Sequence[Offer] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose."""
        return self.has_class("-open")

    @property
    def chosen(self) -> Command | None:
        """The highlighted command."""
        row = self.highlighted if not self._files and not self._offers else None
        return BY_ID.get(row.id) if row else None

    def offer(self, typed: str) -> None:
        """Show what the first word of a draft may mean, or the word behind a command; close when it is none."""
        is_word = typed.startswith("/") and not any(char.isspace() for char in typed)
        found = completions(typed) if is_word else []
        self._files = ()
        self.is_touched = False
        self._offers = self.arguments.offers(typed) if self.arguments is not None and typed.startswith("/") else ()
        self.set_class(bool(found or self._offers), "-open")
        if self._offers:
            self.set_rows([Row(offer.line, partial(_offer_line, offer)) for offer in self._offers])
        elif found:
            self.set_rows([Row(command.id, partial(_line, command, self.keymap)) for command in found])

    @property
    def chosen_offer(self) -> Offer | None:
        """The highlighted way to go on with a command."""
        row = self.highlighted
        return next((offer for offer in self._offers if row and offer.line == row.id), None)

    def action_move(self, by: int) -> None:
        """Highlight another row."""
        self.is_touched = True
        super().action_move(by)

    @property
    def chosen_file(self) -> Candidate | None:
        """The highlighted file or folder."""
        row = self.highlighted
        return next((file for file in self._files if row and file.typed == row.id), None)

    def offer_files(self, files: Sequence[Candidate]) -> None:
        """Show files that may be meant; close where there is none."""
        self._files, self._offers = files, ()
        self.set_class(bool(files), "-open")
        if files:
            self.set_rows([Row(file.typed, partial(_file_line, file)) for file in files])

    def close(self) -> None:
        """Go away until something else is typed."""
        self.remove_class("-open")


def _line(command: Command, keymap: Keymap, width: int) -> Content:
    name = Content.assemble((f"/{command.slash}", ACCENT), (f" {command.argument}" if command.argument else "", DIM))
    left = Content.assemble(column(name, 24), (command.about, DIM))
    return spread(left, Content.styled(keymap.shown(command), DIM), width)


def _offer_line(offer: Offer, width: int) -> Content:
    word = plain(offer.word, 80).stylize(ACCENT)
    return spread(word, plain(offer.about, 60).stylize(DIM), width)


def _file_line(file: Candidate, width: int) -> Content:
    head, slash, name = file.typed.rstrip("/").rpartition("/")
    end = "/" if file.is_folder else ""
    left = Content.assemble((f"@{head}{slash}".replace("\\ ", " "), DIM), (name.replace("\\ ", " ") + end, ACCENT))
    return spread(left, Content.styled(file.about, DIM), width)
