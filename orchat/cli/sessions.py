"""``orchat sessions``: what was said before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.options import common, help_option, invocation_of, json_option
from orchat.cli.prompt import STDIN
from orchat.cli.table import ABOUT, count, moment, money, print_table
from orchat.domain.clean import clean_line
from orchat.domain.money import to_usd
from orchat.errors import StoreUnwritable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.domain.conversation import Conversation, SearchHit
    from orchat.runtime import Runtime

MARKS = str.maketrans("", "", "\x02\x03")
"""What the store puts around a match."""


@click.group("sessions", add_help_option=False, no_args_is_help=False)
@help_option
def command() -> None:
    """List, show, search, export and delete sessions.

    An ID may be cut short as long as it stays unique.
    """


@command.command("list", add_help_option=False, epilog=ABOUT)
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="At most so many.")
@json_option
@common()
@click.pass_context
def list_(context: click.Context, /, *, limit: int, as_json: bool) -> None:
    """Show the sessions, the one used last first: id, used, messages, cost, model, title."""
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> Sequence[Conversation]:
        return await runtime.conversations.list(limit=limit)

    found = invocation.run(fetch)
    if as_json:
        invocation.output.json([_object(conversation) for conversation in found])
        return
    rows = [
        (row.id, moment(row.updated_at), count(row.messages), money(row.cost_pico), row.model, row.title)
        for row in found
    ]
    columns = ("ID", "USED", "MESSAGES", "COST", "MODEL", "TITLE")
    print_table(invocation.output, columns, rows, right=("MESSAGES", "COST"))


@command.command("show", add_help_option=False)
@click.argument("session", metavar="ID")
@json_option
@common()
@click.pass_context
def show(context: click.Context, /, *, session: str, as_json: bool) -> None:
    """Print a session as Markdown, or with --json everything it holds."""
    invocation = invocation_of(context)
    form = "json" if as_json else "md"
    invocation.output.write(invocation.run(lambda runtime: _exported(runtime, session, form)))


@command.command("search", add_help_option=False, epilog=ABOUT)
@click.argument("text")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
@common()
@click.pass_context
def search(context: click.Context, /, *, text: str, limit: int, as_json: bool) -> None:
    """Find messages that hold all words of TEXT: session, when, who, the place, title."""
    invocation = invocation_of(context)

    async def find(runtime: Runtime) -> Sequence[SearchHit]:
        return await runtime.conversations.search(text, limit=limit)

    hits = invocation.run(find)
    if as_json:
        invocation.output.json([_hit(hit) for hit in hits])
        return
    rows = [
        (hit.conversation_id, moment(hit.created_at), hit.role, hit.snippet.translate(MARKS), hit.conversation_title)
        for hit in hits
    ]
    print_table(invocation.output, ("ID", "WHEN", "WHO", "TEXT", "TITLE"), rows)


@command.command("export", add_help_option=False)
@click.argument("session", metavar="ID")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, which must not exist.")
@common()
@click.pass_context
def export(context: click.Context, /, *, session: str, form: str, target: str | None) -> None:
    """Write a session as Markdown or JSON, to stdout or into a file."""
    invocation = invocation_of(context)
    text = invocation.run(lambda runtime: _exported(runtime, session, form))
    if target is None:
        invocation.output.write(text)
    else:
        _write_new(Path(target), text)


@command.command("delete", add_help_option=False)
@click.argument("sessions", metavar="ID...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common()
@click.pass_context
def delete(context: click.Context, /, *, sessions: tuple[str, ...], yes: bool) -> None:
    """Delete sessions with all their messages. What they cost stays in the books."""
    invocation = invocation_of(context)
    if not yes and not os.isatty(STDIN):
        raise UsageError("deleting has to be confirmed", hint="Add --yes.")

    async def find(runtime: Runtime) -> list[Conversation]:
        return [await runtime.conversations.get(session) for session in sessions]

    async def remove(runtime: Runtime) -> None:
        for conversation in found:
            await runtime.conversations.delete(conversation.id)

    found = invocation.run(find)
    if not yes:
        for conversation in found:
            click.echo(f"{conversation.id}  {clean_line(conversation.title, 70)}", err=True)
        click.confirm("Delete?", abort=True, err=True)
    invocation.run(remove)


async def _exported(runtime: Runtime, session: str, form: str) -> str:
    conversation = await runtime.conversations.get(session)
    return await runtime.conversations.export(conversation.id, form)


def _write_new(target: Path, text: str) -> None:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} exists already", hint="Choose another name, or move it away.") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StoreUnwritable(f"cannot write {target}: {reason}", hint="Choose another place.") from None


def _object(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": moment(conversation.created_at).raw,
        "updated_at": moment(conversation.updated_at).raw,
        "model": conversation.model,
        "messages": conversation.messages,
        "cost_usd": to_usd(conversation.cost_pico),
    }


def _hit(hit: SearchHit) -> dict[str, Any]:
    return {
        "session_id": hit.conversation_id,
        "title": hit.conversation_title,
        "message_id": hit.message_id,
        "role": hit.role,
        "created_at": moment(hit.created_at).raw,
        "snippet": hit.snippet.translate(MARKS),
    }
