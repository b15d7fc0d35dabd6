"""``orchat sessions``: what was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli import session_changes, session_files
from orchat.cli.options import common, help_option, invocation_of, json_option
from orchat.cli.session_id import session_ids
from orchat.cli.table import ABOUT, count, moment, money, print_table
from orchat.domain.money import to_usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.domain.conversation import Conversation, SearchHit
    from orchat.runtime import Runtime


MARKS = str.maketrans("", "", "\x02\x03")
"""What the store puts around a match."""


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """A moment from ``2026-01-31``, ``2026-01`` or ``2026``."""
    if value is None:
        return None
    from orchat.domain.query import parse_day

    moment = parse_day(value)
    if moment is None:
        raise click.BadParameter(f"{value!r} is no date such as 2026-01-31")
    return moment


@click.group("sessions", add_help_option=False, no_args_is_help=False)
@help_option
def command() -> None:
    """List, show, find, change, export and import sessions.

    An ID may be cut short as long as it stays unique.
    """


for more in (*session_changes.COMMANDS, *session_files.COMMANDS):
    command.add_command(more)


@command.command("list", add_help_option=False, epilog=ABOUT)
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="At most so many.")
@click.option("--title", default="", metavar="WORDS", help="Only those with all these words in their title.")
@click.option("-m", "--model", default="", metavar="PART", help="Only those in which such a model answered.")
@click.option("--after", metavar="DATE", callback=_day, help="Only those used on that UTC day or later.")
@click.option("--before", metavar="DATE", callback=_day, help="Only those used before that UTC day.")
@click.option("--pinned", is_flag=True, help="Only those that are pinned.")
@click.option("--deleted", is_flag=True, help="Those that can be brought back, instead of the others.")
@json_option
@common()
@click.pass_context
def list_(context: click.Context, /, *, limit: int, as_json: bool, **wanted: Any) -> None:
    """Show the sessions, the one used last first: id, used, messages, cost, model, title."""
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> Sequence[Conversation]:
        from orchat.domain.sessions import SessionFilter

        return await runtime.conversations.list(limit=limit, wanted=SessionFilter(**wanted))

    found = invocation.run(fetch)
    if as_json:
        invocation.output.json([_object(conversation) for conversation in found])
        return
    rows = [
        (row.id, moment(row.updated_at), count(row.messages), money(row.cost_pico), _models(row), row.title)
        for row in found
    ]
    columns = ("ID", "USED", "MESSAGES", "COST", "MODEL", "TITLE")
    print_table(invocation.output, columns, rows, right=("MESSAGES", "COST"))


@command.command("show", add_help_option=False)
@click.argument("session", metavar="ID", shell_complete=session_ids)
@json_option
@common()
@click.pass_context
def show(context: click.Context, /, *, session: str, as_json: bool) -> None:
    """Print a session as Markdown, or with --json everything it holds."""
    invocation = invocation_of(context)
    form = "json" if as_json else "md"

    async def exported(runtime: Runtime) -> str:
        return await runtime.conversations.export((await runtime.conversations.get(session)).id, form)

    invocation.output.write(invocation.run(exported))


@command.command("search", add_help_option=False, epilog=ABOUT)
@click.argument("text")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
@common()
@click.pass_context
def search(context: click.Context, /, *, text: str, limit: int, as_json: bool) -> None:
    """Find messages that hold all words of TEXT: session, message, when, who, the place, title.

    The last word may be unfinished, as any that ends with *. "Quoted words" follow each other. model:NAME and
    title:WORD look for a part; after:2026-01-31 and before:2026-02 count in UTC days.
    """
    invocation = invocation_of(context)

    async def find(runtime: Runtime) -> Sequence[SearchHit]:
        return await runtime.conversations.search(text, limit=limit)

    hits = invocation.run(find)
    if as_json:
        invocation.output.json([_hit(hit) for hit in hits])
        return
    rows = [
        (
            hit.conversation_id,
            str(hit.message_id),
            moment(hit.created_at),
            hit.role,
            hit.snippet.translate(MARKS),
            hit.conversation_title,
        )
        for hit in hits
    ]
    print_table(invocation.output, ("ID", "MESSAGE", "WHEN", "WHO", "TEXT", "TITLE"), rows)


def _models(conversation: Conversation) -> str:
    """The model that is asked next, else those that answered."""
    return conversation.model or ", ".join(conversation.models)


def _object(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": moment(conversation.created_at).raw,
        "updated_at": moment(conversation.updated_at).raw,
        "model": conversation.model,
        "models": list(conversation.models),
        "pinned": conversation.pinned,
        "deleted_at": None if conversation.deleted_at is None else moment(conversation.deleted_at).raw,
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
