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
_COLUMNS = {"sent": 7, "whole": 7, "cut": 6, "failed": 8, "in": 8, "out": 8, "cost": 16}
_SETS = (tuple(_COLUMNS), ("sent", "in", "out", "cost"), ("sent", "cost"), ("cost",))
"""Which columns stand there: the less room, the fewer."""
_NAME_LEAST, _NAME_MOST = 15, 34
"""Cells for the name of a group."""


class UsageScreen(Dialog[None]):
    """Sums over the ledger.

    Args:
        runtime: Started.
    """

    DEFAULT_CSS = """
    UsageScreen VerticalScroll {
        height: 1fr;
        margin-top: 1;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        & > #tables { text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._tables: list[tuple[str, list[UsageRow]]] = []

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
        try:
            self._tables = [(title, await self._runtime.usage(days=DAYS, by=by)) for by, title in _TABLES]
        except OrchatError as error:
            self.query_one("#tables", Static).update(plain(error.message))
            return
        self._show()

    def on_resize(self) -> None:
        """The columns follow the width."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        if self._tables:
            tables = (table(title, rows, width) for title, rows in self._tables)
            self.query_one("#tables", Static).update(Content("\n\n").join(tables))


def table(title: str, rows: list[UsageRow], width: int) -> Content:
    """One table; group names are foreign.

    Args:
        title: Of the first column.
        rows: In their order.
        width: Cells; names are cut and columns left out so that no row is wider.
    """
    names = next((names for names in _SETS if _room(names, width) >= _NAME_LEAST), _SETS[-1])
    room = max(1, min(_NAME_MOST, _room(names, width)))
    titles = (column(Content(name), _COLUMNS[name], "right") for name in names)
    lines = [Content.assemble(column(Content(title), room), *titles).stylize(HEAD)]
    for row in rows:
        values = _values(row)
        cells = (column(Content(values[name]), _COLUMNS[name], "right") for name in names)
        lines.append(Content.assemble(column(plain(row.group or "unknown", 80), room), *cells))
    if not rows:
        lines.append(Content.styled("nothing yet", DIM))
    return Content("\n").join(lines)


def _room(names: tuple[str, ...], width: int) -> int:
    return width - sum(_COLUMNS[name] for name in names)


def _values(row: UsageRow) -> dict[str, str]:
    return {
        "sent": f"{row.attempts:,}",
        "whole": f"{row.finished:,}",
        "cut": f"{row.cut:,}",
        "failed": f"{row.failed:,}",
        "in": tokens(row.prompt_tokens),
        "out": tokens(row.completion_tokens),
        "cost": spent(row),
    }
