"""What was sent and what it cost, as plain tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.domain.ledger import UsageRow
from orchat.errors import OrchatError
from orchat.tui.lines import DIM, HEAD, column, keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.wording import plain, spent, tokens

if TYPE_CHECKING:
    from orchat.runtime import Grouping, Runtime

DAYS = 14
_TABLES: tuple[tuple[Grouping, str], ...] = (("day", "DAY"), ("model", "MODEL"), ("key", "KEY"))
_COLUMNS = (("sent", 7), ("whole", 7), ("cut", 6), ("failed", 8), ("in", 9), ("out", 9), ("cost", 14))
_NAMES = (34, 20)
_FEW = ("sent", "in", "out", "cost")
"""The columns where there is little room."""
_WIDE = 100


class UsageScreen(Dialog[None]):
    """Sums over the ledger.

    Args:
        runtime: Started.
    """

    DEFAULT_CSS = """
    UsageScreen VerticalScroll { height: 1fr; margin-top: 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime

    def content(self) -> ComposeResult:
        """The tables."""
        yield TitleLine("Usage")
        with VerticalScroll(can_focus=True):
            yield Static(Content.styled("adding up …", DIM), id="tables")
        yield Static(keys_line(("↑↓", "scroll"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """Read the ledger."""
        self.query_one(TitleLine).set_facts(f"the last {DAYS} days, UTC")
        self.query_one(VerticalScroll).focus()
        self._load()

    @work(group="usage", exclusive=True, exit_on_error=False, description="add up the ledger")
    async def _load(self) -> None:
        pane = self.query_one("#tables", Static)
        try:
            tables = [(title, await self._runtime.usage(days=DAYS, by=by)) for by, title in _TABLES]
        except OrchatError as error:
            pane.update(plain(error.message))
            return
        wide = self.size.width >= _WIDE
        pane.update(Content("\n\n").join(table(title, rows, wide=wide) for title, rows in tables))


def table(title: str, rows: list[UsageRow], *, wide: bool) -> Content:
    """One table; group names are foreign."""
    name = _NAMES[0] if wide else _NAMES[1]
    shown = [(place, width) for place, (title_, width) in enumerate(_COLUMNS) if wide or title_ in _FEW]
    titles = (column(Content(_COLUMNS[place][0]), width, "right") for place, width in shown)
    head = Content.assemble(column(Content(title), name), *titles)
    lines = [head.stylize(HEAD)]
    for row in rows:
        values = (
            f"{row.attempts:,}",
            f"{row.finished:,}",
            f"{row.cut:,}",
            f"{row.failed:,}",
            tokens(row.prompt_tokens),
            tokens(row.completion_tokens),
            spent(row),
        )
        cells = (column(Content(values[place]), width, "right") for place, width in shown)
        lines.append(Content.assemble(column(plain(row.group or "unknown", 80), name), *cells))
    if not rows:
        lines.append(Content.styled("nothing yet", DIM))
    return Content("\n").join(lines)
