"""``orchat usage``: the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.table import ABOUT, Value, count, money, print_table
from orchat.domain.money import to_usd

if TYPE_CHECKING:
    from orchat.domain.ledger import UsageRow
    from orchat.runtime import Grouping, Runtime

GROUPINGS: tuple[Grouping, ...] = ("day", "model", "key", "provider")
COLUMNS = ("REQUESTS", "DONE", "CUT", "FAILED", "IN", "OUT", "THOUGHT", "CACHED", "COST", "UNKNOWN")


@click.command("usage", epilog=ABOUT, add_help_option=False)
@click.option("--days", type=click.IntRange(1, 36_500), help="Only the last so many UTC days, today included.")
@click.option("--by", type=click.Choice(GROUPINGS), default="day", show_default=True, help="One line for each.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, days: int | None, by: Grouping, as_json: bool) -> None:
    """Requests, tokens and cost so far.

    Columns: the group, requests sent, done, cut, failed, tokens in, out, thought and cached, cost in USD, and how many
    requests cost an amount that nobody knows. On a terminal ≈ marks a cost that is in part our own estimate.
    """
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> list[UsageRow]:
        return await runtime.usage(days=days, by=by)

    found = invocation.run(fetch)
    if as_json:
        invocation.output.json([_object(by, row) for row in found])
        return
    print_table(invocation.output, (by.upper(), *COLUMNS), [_row(row) for row in found], right=COLUMNS)


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
    return (row.group, *(count(number) for number in numbers), cost, count(row.unknown_cost))


def _object(by: Grouping, row: UsageRow) -> dict[str, Any]:
    return {
        by: row.group,
        "requests": row.attempts,
        "finished": row.finished,
        "cut": row.cut,
        "failed": row.failed,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cached_tokens": row.cached_tokens,
        "cost_usd": to_usd(row.cost_pico),
        "estimated_usd": to_usd(row.estimated_pico),
        "unknown_cost": row.unknown_cost,
    }
