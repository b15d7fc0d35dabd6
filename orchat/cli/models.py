"""``orchat models``: the live catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.table import ABOUT, Cell, count, decimal, print_table
from orchat.domain.catalog import Catalogue, Model, ModelFilter, SortKey, select

if TYPE_CHECKING:
    from orchat.runtime import Runtime

SORTS: tuple[SortKey, ...] = ("name", "newest", "price", "context")


@click.command("models", epilog=ABOUT, add_help_option=False)
@click.option("--search", "text", default="", metavar="TEXT", help="All words must be part of id or name.")
@click.option("--free", is_flag=True, help="Only free models.")
@click.option("--vision", "sees", is_flag=True, help="Only models that take images.")
@click.option("--reasoning", "reasons", is_flag=True, help="Only models that think.")
@click.option("--tools", is_flag=True, help="Only models that call functions.")
@click.option("--sort", type=click.Choice(SORTS), default="name", show_default=True, help="What comes first.")
@click.option("--refresh", is_flag=True, help="Fetch the list now, however new the kept one is.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, sort: SortKey, refresh: bool, as_json: bool, **wanted: Any) -> None:
    """List the models that can be asked.

    Columns: id, context (tokens), price in and out (USD per million tokens), abilities, name.
    """
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> Catalogue:
        return await (runtime.models.refresh() if refresh else runtime.models.current())

    found = select(invocation.run(fetch).models, ModelFilter(**wanted), sort)
    if as_json:
        invocation.output.json([_object(model) for model in found])
        return
    rows = [
        (
            model.id,
            count(model.context_length),
            _price(model.pricing.per_million("prompt")),
            _price(model.pricing.per_million("completion")),
            " ".join(_abilities(model)),
            model.name,
        )
        for model in found
    ]
    columns = ("ID", "CONTEXT", "IN $/M", "OUT $/M", "ABILITIES", "NAME")
    print_table(invocation.output, columns, rows, right=("CONTEXT", "IN $/M", "OUT $/M"))


def _abilities(model: Model) -> list[str]:
    able = {
        "vision": model.sees,
        "files": model.reads_files,
        "reasoning": model.reasons,
        "tools": model.uses_tools,
        "free": model.is_free,
    }
    return [name for name, has in able.items() if has]


def _price(per_million: Decimal | None) -> Cell:
    if per_million is None:
        return Cell("?", "")
    exact = decimal(per_million)
    return Cell(f"{per_million:.2f}" if per_million >= 1 or not per_million else exact, exact)


def _object(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "created": model.created,
        "context_length": model.context_length,
        "max_completion_tokens": model.max_completion_tokens,
        "input_modalities": model.input_modalities,
        "output_modalities": model.output_modalities,
        "supported_parameters": model.supported_parameters,
        "pricing": model.pricing.prices,
        "abilities": _abilities(model),
        "expires": model.expires or None,
    }
