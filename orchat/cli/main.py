"""The command line: finds the command, runs it, and turns whatever happens into an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module

import click

from orchat import __version__
from orchat.cli import invocation as invocations
from orchat.cli.diagnostics import ExitCode
from orchat.cli.invocation import Invocation
from orchat.cli.options import common, invocation_of
from orchat.cli.outcome import conclude
from orchat.paths import environment

COMMANDS = {
    "ask": "Ask once; the answer goes to stdout.",
    "config": "Look at the settings, or begin a settings file.",
    "doctor": "Look for faults: files, settings, keys, network, terminal.",
    "keys": "Keep API keys in the system's keyring.",
    "login": "Sign in with OpenRouter, and keep the key.",
    "models": "List the models that can be asked.",
    "sessions": "List, show, find, change, export and import sessions.",
    "usage": "Requests, tokens and cost so far.",
}
"""Name to short help. It is repeated here so that ``--help`` loads no command; a test compares the two."""


class LazyGroup(click.Group):
    """Loads a command's module when that command runs, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Load one command; None when there is no such one."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"orchat.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            raise click.UsageError(
                f"there is no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""), ctx
            )
        return name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the table without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Beside other options; alone it is answered before this module is loaded."""
    if value and not context.resilient_parsing:
        invocation_of(context).output.write(f"orchat {__version__}\n")
        context.exit()


@click.group(cls=LazyGroup, invoke_without_command=True, add_help_option=False)
@click.option("-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say which.")
@click.option("-m", "--model", metavar="MODEL", help="Model of the first conversation.")
@click.option("-r", "--resume", metavar="ID", help="Go on with a session; the beginning of its id is enough.")
@click.option("-c", "--continue", "latest", is_flag=True, help="Go on with the latest session.")
@common(hidden=False)
@click.pass_context
def group(context: click.Context, model: str | None, resume: str | None, latest: bool) -> int | None:
    """Chat with the models of OpenRouter. Without a command, orchat opens the screen.

    Exit codes: 0 done, 1 the request failed or was cut, 2 usage or settings, 3 keys, 4 database, 130 interrupted.
    """
    if context.invoked_subcommand is not None:
        if model or resume or latest:
            raise click.UsageError(f"-m, -r and -c belong behind {context.invoked_subcommand}", context)
        return None
    from orchat.cli.tui import open_screen

    return open_screen(invocation_of(context), model=model, resume=resume, latest=latest)


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit code. Nothing is raised.
    """
    invocation = invocations.make(environment(), as_json=_wants_json(argv))
    return conclude(partial(_run, argv, invocation), invocation)


def _run(argv: Sequence[str], invocation: Invocation) -> int:
    try:
        if "_ORCHAT_COMPLETE" in invocation.environ:
            group.main(prog_name="orchat", obj=invocation)
        with group.make_context("orchat", list(argv), obj=invocation) as context:
            return int(group.invoke(context) or ExitCode.DONE)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        context_of_error = getattr(error, "ctx", None)
        path = context_of_error.command_path if context_of_error is not None else "orchat"
        invocation.diagnostics.problem("UsageError", message[:1].lower() + message[1:], f"See {path} --help.")
        return ExitCode.USAGE


def _wants_json(argv: Sequence[str]) -> bool:
    """Errors of the command line itself have to know it before it is parsed."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return "--json" in options
