"""``orchat config``: the settings and where each came from."""

from __future__ import annotations

import click

from orchat.cli.options import common, help_option, invocation_of, json_option
from orchat.cli.table import ABOUT, Value, print_table


@click.group("config", add_help_option=False, no_args_is_help=False)
@help_option
def command() -> None:
    """Look at the settings, or begin a settings file."""


@command.command("path", add_help_option=False)
@common()
@click.pass_context
def path(context: click.Context, /) -> None:
    """Print where the settings file is, or would be."""
    invocation = invocation_of(context)
    invocation.output.write(f"{invocation.paths().config_file}\n")


@command.command("show", add_help_option=False, epilog=ABOUT)
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@json_option
@common()
@click.pass_context
def show(context: click.Context, /, *, origin: bool, as_json: bool) -> None:
    """Print every setting that counts."""
    invocation = invocation_of(context)
    loaded = invocation.load()
    if loaded.config.keymap:
        from orchat.tui.keymap import faults_of

        for fault in faults_of(loaded):
            invocation.diagnostics.note(f"{fault.message} ({fault.hint})", always=True)
    rows = loaded.show()
    if as_json:
        shown = [{"key": row.key, "value": row.value, "origin": str(row.origin)} for row in rows]
        invocation.output.json(shown)
        return
    columns = ("SETTING", "VALUE", "ORIGIN") if origin else ("SETTING", "VALUE")
    cells: list[tuple[Value, ...]] = [(row.key, row.value, str(row.origin))[: len(columns)] for row in rows]
    print_table(invocation.output, columns, cells)


@command.command("init", add_help_option=False)
@common()
@click.pass_context
def init(context: click.Context, /) -> None:
    """Write a settings file in which every line is a comment."""
    from orchat.config.template import write_initial

    invocation = invocation_of(context)
    invocation.output.write(f"{write_initial(invocation.paths())}\n")


@command.command("example", add_help_option=False)
@common()
@click.pass_context
def example(context: click.Context, /) -> None:
    """Print that file."""
    from orchat.config.template import example as text

    invocation_of(context).output.write(text())
