"""The command line: finds the command, runs it, and turns whatever happens into an exit code."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from orchat import __version__
from orchat.cli import invocation as invocations
from orchat.cli.chat import command as chat
from orchat.cli.chat import open_chat, screen_options
from orchat.cli.diagnostics import ExitCode
from orchat.cli.invocation import Invocation
from orchat.cli.options import common, invocation_of
from orchat.cli.outcome import conclude
from orchat.cli.prompt import refuse_key
from orchat.errors import UsageError
from orchat.paths import environment

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "ask": "Ask once; the answer goes to stdout.",
    "completion": "Print what makes a shell complete orchat's words.",
    "config": "Look at the settings, or begin a settings file.",
    "doctor": "Look for faults: files, settings, keys, network, terminal.",
    "keys": "Keep API keys in the system's keyring.",
    "login": "Sign in with OpenRouter, and keep the key.",
    "models": "List the models that can be asked.",
    "ocr": "Read the text of pictures and documents, page by page.",
    "sessions": "List, show, find, change, export and import sessions.",
    "usage": "Requests, tokens and cost so far.",
}
"""Name to short help. It is repeated here so that ``--help`` loads no command; a test compares the two."""


PROMPT = ""
"""What click calls the command that has no name: a prompt."""
ELSEWHERE = {
    "chat": "orchat",
    "demo": "orchat --demo",
    "help": "orchat --help",
    "key": "orchat keys",
    "resume": "orchat -r ID",
    "tui": "orchat",
    "version": "orchat --version",
}
"""Words that people try, and what does it; each would be a strange prompt."""


def _refuse_mistyped(word: str) -> None:
    """A word that looks like a command is one that was mistyped: nobody shall pay for it as a prompt.

    Raises:
        UsageError: It does, or it is a key.
    """
    refuse_key(word)
    if any(char.isspace() for char in word):
        return
    from difflib import get_close_matches

    near = ELSEWHERE.get(word) or next((f"orchat {name}" for name in get_close_matches(word, COMMANDS, n=1)), None)
    if near is not None:
        raise UsageError(
            f"there is no command {word!r}; did you mean {near}?", hint=f"As a prompt: orchat ask {shlex.quote(word)}"
        )


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
        """Find the command that `args` begin with; anything else is a first prompt for the screen."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        _refuse_mistyped(name)
        return PROMPT, chat, args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands from the table, and the options."""
        from click.shell_completion import CompletionItem

        fitting = [CompletionItem(name, help=about) for name, about in COMMANDS.items() if name.startswith(incomplete)]
        return [*fitting, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the table without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Beside other options; alone it is answered before this module is loaded."""
    if value and not context.resilient_parsing:
        invocation_of(context).output.write(f"orchat {__version__}\n")
        context.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    add_help_option=False,
    subcommand_metavar="[PROMPT | COMMAND [ARGS]...]",
)
@click.option("-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say which.")
@screen_options
@common(hidden=False)
@click.pass_context
def group(context: click.Context, /, **given: Any) -> int | None:
    """Chat with the models of OpenRouter. Without a command, orchat opens the screen; a text is its first prompt.

    Exit codes: 0 done, 1 the request failed or was cut, 2 usage or settings, 3 keys, 4 database, 130 interrupted.
    """
    if context.invoked_subcommand is not None:
        if context.invoked_subcommand != PROMPT and any(given.values()):
            raise click.UsageError(f"options of the screen mean nothing to {context.invoked_subcommand}", context)
        return None
    return open_chat(invocation_of(context), **given)


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
            from orchat.cli.completing import complete

            return complete(group, argv, invocation)
        with group.make_context("orchat", list(argv), obj=invocation) as context:
            return int(group.invoke(context) or ExitCode.DONE)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        context_of_error = getattr(error, "ctx", None)
        path = context_of_error.command_path.strip() if context_of_error is not None else "orchat"
        invocation.diagnostics.problem("UsageError", message[:1].lower() + message[1:], f"See {path} --help.")
        return ExitCode.USAGE


def _wants_json(argv: Sequence[str]) -> bool:
    """Errors of the command line itself have to know it before it is parsed."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return "--json" in options
