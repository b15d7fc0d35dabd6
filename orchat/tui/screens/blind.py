"""Before a picture goes to a model that cannot see: others are one key away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.tui.lines import ACCENT, DIM, keys_line, spread
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import short_model

PICK = "pick"
"""Given back when a model is to be picked from all that see."""
MOST = 5


class Blind(Dialog[str]):
    """Gives back the id of a model that sees, `PICK`, or nothing.

    Args:
        model: The model that cannot see.
        offers: Ids of models that can, and why each is offered; the likeliest choice first.
    """

    SMALL = True
    DEFAULT_CSS = """
    Blind RowList { height: auto; max-height: 8; margin-top: 1; }
    Blind.-low RowList { margin-top: 0; }
    """
    BINDINGS = [
        *(Binding(str(number), f"take({number - 1})", f"Model {number}", show=False) for number in range(1, MOST + 1)),
        Binding("p", "pick", "Picker", show=False),
    ]

    def __init__(self, model: str, offers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._model = model
        self._offers = offers[:MOST]

    def content(self) -> ComposeResult:
        """What is the matter, and the ways on."""
        yield TitleLine("This model cannot see")
        words = f"{clean_line(short_model(self._model), 60)} takes no pictures. Nothing was sent. Ask another one?"
        yield Static(Content.styled(words, DIM))
        yield RowList()
        yield Static(
            keys_line(("Enter", "ask it"), ("p", "all that see"), ("Esc", "back to the prompt")), classes="foot"
        )

    def on_mount(self) -> None:
        """The likeliest choice is highlighted."""
        rows = [Row(id, partial(_row, number, id, why)) for number, (id, why) in enumerate(self._offers, 1)]
        rows.append(Row(PICK, partial(_row, "p", "", "choose from all that see")))
        self.query_one(RowList).set_rows(rows)
        self.query_one(RowList).focus()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self.dismiss(event.row.id)

    def action_take(self, index: int) -> None:
        """Ask one of those that are offered."""
        if index < len(self._offers):
            self.dismiss(self._offers[index][0])

    def action_pick(self) -> None:
        """Choose from all that see."""
        self.dismiss(PICK)


def _row(key: int | str, model: str, why: str, width: int) -> Content:
    left = Content.assemble((f" {key}  ", f"bold {ACCENT}"), clean_line(model, 120) or (why, DIM))
    return spread(left, Content.styled(why if model else "", DIM), width)
