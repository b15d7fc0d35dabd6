"""``orchat`` and ``orchat "first prompt"``: the screen, and what it is opened with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchat.cli.options import common, completed, invocation_of, persona_option
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.cli.invocation import Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def screen_options(command: Decorated) -> Decorated:
    """Add the options that the screen is opened with; they may stand before the prompt or behind it."""
    options = [
        click.option(
            "-m",
            "--model",
            metavar="MODEL",
            shell_complete=completed("models"),
            help="Model of the first conversation.",
        ),
        click.option("-s", "--system", metavar="TEXT", help="System prompt."),
        persona_option,
        click.option(
            "-r",
            "--resume",
            metavar="ID",
            shell_complete=completed("sessions"),
            help="Go on with a session; the beginning of its id is enough.",
        ),
        click.option("-c", "--continue", "latest", is_flag=True, help="Go on with the latest session."),
        click.option("--temp", "temporary", is_flag=True, help="A session that leaves nothing on the disk."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command("", add_help_option=False, hidden=True)
@click.argument("words", nargs=-1, metavar="PROMPT")
@screen_options
@common(hidden=False)
@click.pass_context
def command(context: click.Context, /, *, words: tuple[str, ...], **given: Any) -> int:
    """Open the screen and send a first prompt."""
    if len(words) > 1:
        raise UsageError("a prompt is one argument", hint=f'Put it between quotes: orchat "{words[0]} …"')
    before = context.parent.params if context.parent is not None else {}
    merged: dict[str, Any] = {name: value or before.get(name) for name, value in given.items()}
    return open_chat(invocation_of(context), prompt=words[0], **merged)


def open_chat(
    invocation: Invocation,
    *,
    prompt: str = "",
    model: str | None,
    system: str | None,
    persona: str | None,
    resume: str | None,
    latest: bool,
    temporary: bool,
) -> int:
    """Open the screen as the command line says.

    Raises:
        OrchatError: The options contradict each other, or something that they name does not exist.
    """
    if latest and resume:
        raise UsageError("-c and -r exclude each other")
    if temporary and (latest or resume):
        raise UsageError(f"--temp and {'-c' if latest else '-r'} exclude each other")
    from orchat.cli.tui import open_screen
    from orchat.tui.beginning import Beginning

    worn = None if persona is None else invocation.wear(persona)
    beginning = Beginning(
        model=model or (worn.model if worn else None),
        resume=resume,
        prompt=prompt,
        system=system if system is not None or worn is None else worn.system,
        parameters=worn.parameters if worn else {},
        persona=persona,
        is_temporary=temporary,
    )
    return open_screen(invocation, beginning, latest=latest)
