"""The figures of the usage screen: read once, shown for any width, written into files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.clock import utc_day
from orchat.domain.ledger import UsageRow, figures_of
from orchat.tui.chart import ROWS, chart, spans
from orchat.tui.lines import DIM, FAINT, HEAD, YOU, column, gauge, stack
from orchat.tui.wording import DAY_S, plain, plural, spent, tokens_of

if TYPE_CHECKING:
    from orchat.runtime import Grouping, Runtime

MOST = 15
"""Rows of a table; the others are added up."""
TABLES: tuple[tuple[Grouping, str], ...] = (
    ("model", "MODEL"),
    ("key", "KEY"),
    ("provider", "PROVIDER"),
    ("session", "SESSION"),
    ("day", "DAY"),
)
_NAMELESS: Mapping[Grouping, str] = {"provider": "not told", "session": "outside of sessions"}
_COLUMNS = {"sent": 7, "whole": 7, "cut": 6, "failed": 8, "in": 8, "out": 8, "cost": 10}
"""Cells of each at least, so that tables under each other look alike."""
_SETS = (tuple(_COLUMNS), ("sent", "in", "out", "cost"), ("sent", "cost"), ("cost",))
"""Which columns stand there: the less room, the fewer."""
_NAME_LEAST, _NAME_MOST = 15, 34
"""Cells for the name of a group."""
_BAR_LEAST, _BAR_MOST = 8, 20
"""Cells for its share of the cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Sums over some days."""

    days: int | None
    """How many, today included; None: all there are."""
    today: str
    """The last UTC day, ``YYYY-MM-DD``."""
    first: str
    """The first one."""
    tables: Mapping[Grouping, Sequence[UsageRow]]
    """The sums."""
    titles: Mapping[str, str]
    """What the sessions are called; foreign."""

    @property
    def total(self) -> UsageRow:
        """Everything together."""
        return added_up("total", self.tables["day"])

    def sections(self, width: int, *, bars: bool, is_low: bool = False) -> list[Content]:
        """What the screen shows, from top to bottom.

        Args:
            width: Cells.
            bars: Whether bars may be drawn; else only words.
            is_low: There are few lines.
        """
        if not self.tables["day"]:
            words = "Nothing was sent yet." if self.days is None else "Nothing was sent in these days."
            more = "Every request is counted here, whether it came from this screen, `orchat ask` or a program."
            return [stack(Content(words), Content.styled(more, DIM))]
        head = summary(self.total).truncate(width, ellipsis=True)
        if bars:
            columns = spans(self.tables["day"], self.first, self.today, max(1, width // 2))
            head = stack(head, Content(""), chart(columns, width, 3 if is_low else ROWS))
        return [head, *(self._table(by, title, width, bars=bars) for by, title in TABLES)]

    def _table(self, by: Grouping, title: str, width: int, *, bars: bool) -> Content:
        rows = list(self.tables[by])
        if by == "day":
            rows.reverse()
        named = {row.group: self.name(by, row.group) for row in rows}
        return table(title, rows, width, names=named, bars=bars)

    def name(self, by: Grouping, group: str) -> str:
        """What a group is called; foreign."""
        if not group:
            return _NAMELESS.get(by, "unknown")
        return (self.titles.get(group) or f"{group}, not kept") if by == "session" else group

    # ---- files ----

    def csv(self) -> str:
        """One line for each group of each table, with a heading."""
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("by", "group", "title", *figures_of(UsageRow(group=""))))
        for by, _ in TABLES:
            for row in self.tables[by]:
                values = (f"{value:f}" if isinstance(value, Decimal) else value for value in figures_of(row).values())
                writer.writerow((by, row.group, self.titles.get(row.group, "") if by == "session" else "", *values))
        return text.getvalue()

    def json(self) -> str:
        """The same as one object."""
        found: dict[str, object] = {"from": self.first, "to": self.today, "total": _object(self.total)}
        for by, _ in TABLES:
            found[by] = [{by: row.group, **self._title(by, row), **_object(row)} for row in self.tables[by]]
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"

    def _title(self, by: Grouping, row: UsageRow) -> dict[str, str | None]:
        return {"title": self.titles.get(row.group)} if by == "session" else {}


def _object(row: UsageRow) -> dict[str, int | float]:
    return {name: float(v) if isinstance(v, Decimal) else v for name, v in figures_of(row).items()}


async def read_books(runtime: Runtime, days: int | None) -> Books:
    """Add up the ledger.

    Args:
        runtime: Started.
        days: The last so many UTC days, today included; None: all.
    """
    now = runtime.clock.now()
    tables = {by: await runtime.usage(days=days, by=by) for by, _ in TABLES}
    titles = await runtime.conversations.titles([row.group for row in tables["session"]])
    by_day = tables["day"]
    oldest = by_day[0].group if by_day else utc_day(now)
    first = oldest if days is None else utc_day(now - (days - 1) * DAY_S)
    return Books(days=days, today=utc_day(now), first=first, tables=tables, titles=titles)


def added_up(name: str, rows: Sequence[UsageRow]) -> UsageRow:
    """Sums of sums.

    Args:
        name: What they are called together.
        rows: Any number of them.
    """
    names = [name for name in UsageRow.__slots__ if name != "group"]
    return UsageRow(group=name, **{field: sum(getattr(row, field) for row in rows) for field in names})


def summary(row: UsageRow) -> Content:
    """One line: the cost, the requests and how they ended, the tokens; what is 0 is left out."""
    parts = [(plural(row.attempts, "request"), "")]
    parts += [(f"{count:,} {word}", YOU) for count, word in ((row.cut, "cut"), (row.failed, "failed")) if count]
    sent, received = tokens_of(row, row.prompt_tokens), tokens_of(row, row.completion_tokens)
    parts.append((f"{sent} in, {received} out", ""))
    line = Content.styled(spent(row), "bold")
    for words, style in parts:
        line = Content.assemble(line, ("  ·  ", FAINT), (words, style or DIM))
    return line


def table(
    title: str, rows: Sequence[UsageRow], width: int, *, names: Mapping[str, str] | None = None, bars: bool = False
) -> Content:
    """One table; group names are foreign.

    Args:
        title: Of the first column.
        rows: In their order; where there are too many, the last ones are added up.
        width: Cells; names are cut and columns left out so that no row is wider.
        names: What groups are called that have another name.
        bars: Draw each row's share of the cost, where there is room for it.
    """
    names = names or {}
    few = rows if len(rows) <= MOST else [*rows[: MOST - 1], added_up("", rows[MOST - 1 :])]
    values = [_values(row) for row in few]
    cells = {name: max([least, *(len(value[name]) + 2 for value in values)]) for name, least in _COLUMNS.items()}
    rooms = {columns: width - sum(cells[name] for name in columns) for columns in _SETS}
    shown = next((columns for columns in _SETS if rooms[columns] >= _NAME_LEAST), _SETS[-1])
    room = max(1, min(_NAME_MOST, rooms[shown]))
    left = rooms[shown] - room - 2
    total = sum(row.cost_pico for row in rows)
    bar = min(_BAR_MOST, left) if bars and total and left >= _BAR_LEAST else 0
    heads = (column(Content(name), cells[name], "right") for name in shown)
    lines = [Content.assemble(column(Content(title), room), *heads).stylize(HEAD)]
    for number, row in enumerate(few):
        is_rest = len(few) < len(rows) and number == MOST - 1
        name = f"{len(rows) - MOST + 1:,} others" if is_rest else names.get(row.group, row.group) or "unknown"
        figures = (column(Content(values[number][head]), cells[head], "right") for head in shown)
        share = Content.assemble("  ", gauge(row.cost_pico / total, bar)) if bar else Content("")
        label = plain(name, 80)
        lines.append(Content.assemble(column(label.stylize(DIM) if is_rest else label, room), *figures, share))
    if not rows:
        lines.append(Content.styled("nothing yet", DIM))
    return stack(*lines)


def _values(row: UsageRow) -> dict[str, str]:
    return {
        "sent": f"{row.attempts:,}",
        "whole": f"{row.finished:,}",
        "cut": f"{row.cut:,}",
        "failed": f"{row.failed:,}",
        "in": tokens_of(row, row.prompt_tokens),
        "out": tokens_of(row, row.completion_tokens),
        "cost": spent(row),
    }
