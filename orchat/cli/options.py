"""Options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchat.cli.invocation import Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def invocation_of(context: click.Context) -> Invocation:
    """The invocation that a command belongs to."""
    found = context.find_object(Invocation)
    assert found is not None
    return found


def completed(kind: str) -> Completer:
    """Complete a value by the function of this name in `orchat.cli.completing`, which is loaded when a shell asks."""

    def complete(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from orchat.cli import completing

        found: list[CompletionItem] = getattr(completing, kind)(invocation_of(context), incomplete)
        return found

    return complete


def common(*, hidden: bool = True) -> Callable[[Decorated], Decorated]:
    """Add the options that belong to the whole invocation.

    Args:
        hidden: Show only ``--demo`` in the help; ``orchat --help`` shows them all.
    """
    options = [
        click.option("--demo", is_flag=True, callback=_demo, expose_value=False, help="Talk to the built-in demo."),
        click.option(
            "--config",
            "config_file",
            metavar="FILE",
            callback=_config,
            shell_complete=completed("files"),
            expose_value=False,
            hidden=hidden,
            help="Read the settings from FILE.",
        ),
        click.option(
            "--set",
            "settings",
            metavar="SECTION.KEY=VALUE",
            multiple=True,
            callback=_set,
            shell_complete=completed("settings"),
            expose_value=False,
            hidden=hidden,
            help="Change a setting for this run; may be repeated.",
        ),
        click.option(
            "--home",
            metavar="DIR",
            callback=_home,
            shell_complete=completed("files"),
            expose_value=False,
            hidden=hidden,
            help="Keep everything under DIR (as ORCHAT_HOME does).",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            callback=_verbose,
            expose_value=False,
            hidden=hidden,
            help="Say more on stderr and in the log.",
        ),
    ]

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return help_option(command)

    return decorate


def help_option(command: Decorated) -> Decorated:
    """Add ``--help`` of our own: click's writes past `Output`, which knows what a full disk is."""
    return click.option(
        "-h", "--help", is_flag=True, is_eager=True, expose_value=False, callback=_help, help="Show this and exit."
    )(command)


def json_option(command: Decorated) -> Decorated:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON; errors too, on stderr.")(command)


def models_option(about: str) -> Callable[[Decorated], Decorated]:
    """Add ``-m``, which may be repeated.

    Args:
        about: Its help.
    """
    return click.option(
        "-m", "--model", "models", multiple=True, metavar="MODEL", shell_complete=completed("models"), help=about
    )


def persona_option(command: Decorated) -> Decorated:
    """Add ``--persona``."""
    return click.option(
        "--persona",
        metavar="NAME",
        shell_complete=completed("personas"),
        help="System prompt, model and parameters of [personas.NAME].",
    )(command)


def _help(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        invocation_of(context).output.write(f"{context.get_help()}\n")
        context.exit()


def _demo(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        invocation_of(context).demo = True


def _config(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        invocation_of(context).config_file = value


def _set(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> None:
    for pair in value:
        key, equals, text = pair.partition("=")
        if not equals or "." not in key:
            raise click.BadParameter(f"{pair!r} is not section.key=value", context, option)
        invocation_of(context).overrides[key.strip()] = text


def _home(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        invocation_of(context).environ["ORCHAT_HOME"] = value


def _verbose(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        invocation = invocation_of(context)
        invocation.diagnostics.verbose = True
        invocation.overrides.setdefault("log.level", "debug")
