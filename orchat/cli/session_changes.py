"""What ``orchat sessions`` changes: names, pins, copies, what is there at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from orchat.cli.options import common, invocation_of
from orchat.cli.prompt import STDIN
from orchat.cli.session_id import deleted_ids, session_ids
from orchat.domain.clean import clean_line
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.domain.conversation import Conversation
    from orchat.runtime import Runtime


@click.command("rename", add_help_option=False)
@click.argument("session", metavar="ID", shell_complete=session_ids)
@click.argument("title", nargs=-1, required=True)
@common()
@click.pass_context
def rename(context: click.Context, /, *, session: str, title: tuple[str, ...]) -> None:
    """Give a session a title; nothing but you replaces it."""

    async def change(runtime: Runtime) -> None:
        found = await runtime.conversations.get(session)
        await runtime.conversations.rename(found.id, " ".join(title))

    invocation_of(context).run(change)


@click.command("pin", add_help_option=False)
@click.argument("sessions", metavar="ID...", nargs=-1, required=True, shell_complete=session_ids)
@common()
@click.pass_context
def pin(context: click.Context, /, *, sessions: tuple[str, ...]) -> None:
    """Keep sessions at the top of the list."""
    _pin(context, sessions, pinned=True)


@click.command("unpin", add_help_option=False)
@click.argument("sessions", metavar="ID...", nargs=-1, required=True, shell_complete=session_ids)
@common()
@click.pass_context
def unpin(context: click.Context, /, *, sessions: tuple[str, ...]) -> None:
    """Let sessions go down the list again."""
    _pin(context, sessions, pinned=False)


@click.command("duplicate", add_help_option=False)
@click.argument("session", metavar="ID", shell_complete=session_ids)
@common()
@click.pass_context
def duplicate(context: click.Context, /, *, session: str) -> None:
    """Copy a session with all its branches; prints the id of the copy."""
    invocation = invocation_of(context)

    async def copy(runtime: Runtime) -> Conversation:
        found = await runtime.conversations.get(session)
        return await runtime.conversations.duplicate(found.id)

    invocation.output.write(f"{invocation.run(copy).id}\n")


@click.command("delete", add_help_option=False)
@click.argument("sessions", metavar="ID...", nargs=-1, required=True, shell_complete=session_ids)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common()
@click.pass_context
def delete(context: click.Context, /, *, sessions: tuple[str, ...], yes: bool) -> None:
    """Delete sessions; for 30 days they can be brought back. What they cost stays in the books."""
    invocation = invocation_of(context)
    if not yes and not os.isatty(STDIN):
        raise UsageError("deleting has to be confirmed", hint="Add --yes.")

    async def find(runtime: Runtime) -> list[Conversation]:
        return [await runtime.conversations.get(session) for session in sessions]

    async def remove(runtime: Runtime) -> None:
        for id in ids:
            await runtime.conversations.delete(id)

    found = invocation.run(find)
    ids = list(dict.fromkeys(conversation.id for conversation in found))
    if not yes:
        for conversation in found:
            click.echo(f"{conversation.id}  {clean_line(conversation.title, 70)}", err=True)
        click.confirm("Delete?", abort=True, err=True)
    invocation.run(remove)
    invocation.diagnostics.note(f"Deleted. To bring back: orchat sessions undelete {' '.join(ids)}")


@click.command("undelete", add_help_option=False)
@click.argument("sessions", metavar="ID...", nargs=-1, required=True, shell_complete=deleted_ids)
@common()
@click.pass_context
def undelete(context: click.Context, /, *, sessions: tuple[str, ...]) -> None:
    """Bring deleted sessions back as they were; `list --deleted` shows them."""

    async def bring_back(runtime: Runtime) -> None:
        for session in sessions:
            await runtime.conversations.undelete(session)

    invocation_of(context).run(bring_back)


def _pin(context: click.Context, sessions: tuple[str, ...], *, pinned: bool) -> None:
    async def change(runtime: Runtime) -> None:
        found = [await runtime.conversations.get(session) for session in sessions]
        for conversation in found:
            await runtime.conversations.pin(conversation.id, pinned)

    invocation_of(context).run(change)


COMMANDS = (rename, pin, unpin, duplicate, delete, undelete)
