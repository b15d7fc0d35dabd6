"""``orchat doctor``: everything that may be wrong with an installation, each with what to do about it."""

from __future__ import annotations

from contextlib import ExitStack

import click

from orchat.cli.diagnostics import ExitCode
from orchat.cli.doctor import listening
from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.table import ABOUT


@click.group("doctor", epilog=ABOUT, add_help_option=False, invoke_without_command=True, no_args_is_help=False)
@click.option("--offline", is_flag=True, help="Leave the network alone.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, offline: bool, as_json: bool) -> int | None:
    """Look for faults: files, settings, keys, network, terminal.

    Columns: ok, warn, fault or skip, what was looked at, what was found, what to do. Nothing is changed, and no key is
    shown. The exit code is 1 when there is a fault.
    """
    if context.invoked_subcommand is not None:
        return None
    from orchat.cli.doctor.examination import Examination
    from orchat.cli.doctor.report import Report

    invocation = invocation_of(context)
    report = Report(invocation.output, as_json=as_json)
    with ExitStack() as stack:
        Examination(invocation, report, stack).run(offline=offline)
    return ExitCode.DONE if report.end() else ExitCode.FAILED


command.add_command(listening.command)
