"""Tables: aligned columns for people, tab-separated values without a heading for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from orchat.cli.output import Output
from orchat.domain.clean import clean_line
from orchat.domain.money import format_usd, to_usd

WIDEST = 60
"""Characters of a cell on a terminal."""
LONGEST = 10_000
"""Characters of a cell in a pipe."""
ABOUT = "Aligned columns on a terminal, tab-separated values without a heading in a pipe."
"""For the help of every command that prints a table."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that people and programs read differently."""

    shown: str
    """For people."""
    raw: str
    """For programs."""


Value = str | int | Cell | None


def money(pico: int | None, *, estimated: bool = False) -> Cell:
    """An amount: short for people (``≈`` marks our own estimate), exact for programs, empty when unknown."""
    if pico is None:
        return Cell("?", "")
    return Cell(("≈" if estimated else "") + format_usd(pico), decimal(to_usd(pico)))


def count(number: int | None) -> Cell:
    """A number: grouped for people."""
    return Cell("?", "") if number is None else Cell(f"{number:,}", str(number))


def moment(epoch_s: float) -> Cell:
    """A point in time, UTC: to the minute for people, ISO 8601 for programs."""
    at = datetime.fromtimestamp(epoch_s, tz=timezone.utc)
    return Cell(at.strftime("%Y-%m-%d %H:%M"), at.isoformat(timespec="seconds").replace("+00:00", "Z"))


def decimal(amount: Decimal) -> str:
    """A number as it is written: no exponent, no needless zeros."""
    return format(amount.normalize() if amount else Decimal(0), "f")


def print_table(
    output: Output,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    *,
    right: Iterable[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """Write a table.

    Args:
        output: Where to.
        columns: Headings, shown on a terminal only.
        rows: Cells; they may hold foreign text.
        right: Headings of the columns that are aligned to the right.
        spare: Headings of the columns that a narrow terminal does without, the first one first.
    """
    if output.is_terminal:
        lines = _fitting(output.width, columns, rows, right=frozenset(right), spare=spare)
    else:
        lines = ["\t".join(_text(value, shown=False) for value in row) for row in rows]
    output.write("".join(f"{line}\n" for line in lines))


def _fitting(
    width: int,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    *,
    right: frozenset[str],
    spare: Sequence[str],
) -> list[str]:
    shown = list(range(len(columns)))
    lines = aligned(columns, rows, right=right)
    for name in spare:
        if max(map(len, lines)) <= width:
            break
        shown.remove(columns.index(name))
        lines = aligned(
            [columns[place] for place in shown], [[row[place] for place in shown] for row in rows], right=right
        )
    return lines


def aligned(columns: Sequence[str], rows: Sequence[Sequence[Value]], *, right: frozenset[str]) -> list[str]:
    """The lines of a table with a heading; every column is as wide as its widest cell."""
    cells = [list(columns), *([_text(value, shown=True) for value in row] for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    lines = []
    for row in cells:
        padded = [
            text.rjust(width) if column in right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def _text(value: Value, *, shown: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Cell):
        value = value.shown if shown else value.raw
    return clean_line(str(value), WIDEST if shown else LONGEST)
