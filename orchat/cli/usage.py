"""``orchat usage``: the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli import today
from orchat.cli.chart import Bar, print_chart
from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.output import Output
from orchat.cli.table import ABOUT, Cell, Value, count, decimal, money, print_table
from orchat.clock import utc_day
from orchat.domain.ledger import figures_of
from orchat.errors import KeysError, RequestFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.cli.diagnostics import Diagnostics
    from orchat.domain.ledger import UsageRow
    from orchat.keys.ring import KnownKey
    from orchat.runtime import Grouping, Runtime

GROUPINGS: tuple[Grouping, ...] = ("day", "model", "key", "provider")
COLUMNS = ("REQUESTS", "DONE", "CUT", "FAILED", "IN", "OUT", "THOUGHT", "CACHED", "COST", "UNKNOWN")
SPARE = ("CACHED", "THOUGHT", "CUT", "FAILED", "DONE", "UNKNOWN", "OUT", "IN")
MOST_DAYS = 31
MOST_GROUPS = 15
"""Bars of a chart."""
DAY_S = 86_400.0


@click.command("usage", epilog=ABOUT, add_help_option=False)
@click.option(
    "--days",
    type=click.IntRange(0, 36_500),
    default=30,
    show_default=True,
    help="The last so many UTC days, today included; 0 for all.",
)
@click.option("--by", type=click.Choice(GROUPINGS), default="day", show_default=True, help="One line for each.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a heading and raw numbers.")
@click.option("--refresh", is_flag=True, help="First ask OpenRouter what its books say.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, days: int, by: Grouping, as_csv: bool, refresh: bool, as_json: bool) -> None:
    """Requests, tokens and cost so far.

    Columns: the group, requests sent, done, cut, failed, tokens in, out, thought and cached, cost in USD, and how many
    requests cost an amount that nobody knows. A terminal also gets a chart, and each key's day with its limits; there
    ≈ marks a cost that is in part our own estimate, and ? what is not known.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other", context)
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> tuple[list[UsageRow], tuple[KnownKey, ...], int, float]:
        if refresh:
            await _refresh(runtime, invocation.diagnostics)
        rows = await runtime.usage(days=days or None, by=by)
        return rows, await runtime.parts.ring.known(), runtime.config.keys.rotate_after, runtime.clock.now()

    rows, known, rotate_after, now = invocation.run(fetch)
    output = invocation.output
    if as_json:
        keys = today.objects(known, rotate_after, now)
        output.json({"by": by, "days": days or None, "rows": [_object(by, row) for row in rows], "keys_today": keys})
    elif as_csv:
        _print_csv(output, by, rows)
    else:
        print_table(output, (by.upper(), *COLUMNS), [_row(row) for row in rows], right=COLUMNS, spare=SPARE)
        if output.is_terminal:
            _print_more(output, by, rows, now)
            _print_keys(output, known, rotate_after, now)


async def _refresh(runtime: Runtime, diagnostics: Diagnostics) -> None:
    """Ask about every key that is at hand, and about answers whose cost is not certain; the old figures stand else."""
    from orchat.dispatch.reconcile import Reconciler
    from orchat.keys.lease import leased

    parts = runtime.parts
    reconciler = Reconciler(parts.ground, parts.ring)
    lease = await parts.ring.lease()
    labels = {lease.fingerprint: lease.label} | {
        key.state.fingerprint: key.state.label for key in await parts.ring.known()
    }
    for fingerprint, label in labels.items():
        secret = await parts.ring.secret_of(fingerprint)
        if secret is None:
            continue
        try:
            await reconciler.refresh(leased(label, secret, lease.source))
        except (KeysError, RequestFailed) as error:
            diagnostics.note(f"{label}: {error.message}", always=True)
    try:
        await reconciler.look_up_due()
    except RequestFailed as error:
        diagnostics.note(f"costs that are not certain: {error.message}", always=True)


def _row(row: UsageRow) -> tuple[Value, ...]:
    numbers = (
        row.attempts,
        row.finished,
        row.cut,
        row.failed,
        row.prompt_tokens,
        row.completion_tokens,
        row.reasoning_tokens,
        row.cached_tokens,
    )
    cost = money(row.cost_pico, estimated=row.estimated_pico > 0)
    return (
        Cell(row.group or "(unknown)", row.group),
        *(count(number) for number in numbers),
        cost,
        count(row.unknown_cost),
    )


def _object(by: Grouping, row: UsageRow) -> dict[str, Any]:
    return {by: row.group, **figures_of(row)}


def _print_csv(output: Output, by: Grouping, rows: Sequence[UsageRow]) -> None:
    import csv
    import io
    from decimal import Decimal

    from orchat.domain.ledger import UsageRow as Empty

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_object(by, Empty(group="")))
    for row in rows:
        writer.writerow(decimal(value) if isinstance(value, Decimal) else value for value in _object(by, row).values())
    output.write(text.getvalue())


def _print_more(output: Output, by: Grouping, rows: Sequence[UsageRow], now: float) -> None:
    """The chart: of costs, or of requests where nothing has cost anything."""
    if not rows:
        output.write("nothing yet\n")
        return
    costs = any(row.cost_pico > 0 for row in rows)
    bars = [
        Bar(
            label=row.group or "(unknown)",
            value=max(0, row.cost_pico if costs else row.attempts),
            shown=today.cost(row).shown if costs else f"{row.attempts:,}",
        )
        for row in rows
    ]
    shown = _every_day(bars, now, "$0.00" if costs else "0") if by == "day" else bars[:MOST_GROUPS]
    output.write("\n")
    print_chart(output, f"{'cost' if costs else 'requests'} by {by}", shown)


def _every_day(bars: Sequence[Bar], now: float, nothing: str) -> list[Bar]:
    """The last days up to this one, those without a request too."""
    days = {bar.label: bar for bar in bars}
    last = [utc_day(now - back * DAY_S) for back in reversed(range(MOST_DAYS))]
    first = min(days)
    return [days.get(day) or Bar(label=day, value=0, shown=nothing) for day in last if day >= first]


def _print_keys(output: Output, known: Sequence[KnownKey], rotate_after: int, now: float) -> None:
    if known:
        output.write("\n")
        rows = today.lines(known, rotate_after, now)
        print_table(output, today.COLUMNS, rows, right=today.RIGHT, spare=today.SPARE)
