"""Completion of session ids by the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.cli.options import invocation_of
from orchat.domain.clean import clean_line
from orchat.errors import OrchatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click
    from click.shell_completion import CompletionItem

    from orchat.domain.conversation import Conversation
    from orchat.runtime import Runtime

MOST = 50


def session_ids(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids that begin so, each with its title, the session used last first; none where anything is in the way."""
    return _fitting(context, incomplete, deleted=False)


def deleted_ids(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The same of sessions that can be brought back."""
    return _fitting(context, incomplete, deleted=True)


def _fitting(context: click.Context, incomplete: str, *, deleted: bool) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> Sequence[Conversation]:
        from orchat.domain.sessions import SessionFilter

        return await runtime.conversations.list(limit=-1, wanted=SessionFilter(deleted=deleted))

    try:
        if not invocation.paths().database.exists():
            return []
        found = invocation.run(fetch)
    except OrchatError:
        return []
    fitting = [session for session in found if session.id.startswith(incomplete.lower())]
    return [CompletionItem(session.id, help=clean_line(session.title, 60)) for session in fitting[:MOST]]
