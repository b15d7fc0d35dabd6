"""What ``orchat sessions`` writes into files, and reads from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.diagnostics import ExitCode, exit_code
from orchat.cli.options import common, completed, invocation_of, json_option
from orchat.cli.session_id import session_ids
from orchat.cli.table import ABOUT, count, print_table
from orchat.errors import StoreUnwritable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.chat.importer.report import ImportReport
    from orchat.errors import OrchatError
    from orchat.runtime import Runtime

FORMATS = {"md": ("md", "markdown"), "json": ("json",), "html": ("html", "htm")}
"""Formats, and how the names of their files end."""


@click.command("export", add_help_option=False)
@click.argument("sessions", metavar="[ID...]", nargs=-1, shell_complete=session_ids)
@click.option("--all", "everything", is_flag=True, help="Export every session, as JSON.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Markdown or a web page for people, JSON for programs and for import; by default as FILE is called, else md.",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, which must not exist.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@common()
@click.pass_context
def export(
    context: click.Context,
    /,
    *,
    sessions: tuple[str, ...],
    everything: bool,
    form: str | None,
    target: str | None,
    force: bool,
) -> None:
    """Write sessions as Markdown, JSON or HTML, to stdout or into a file.

    Markdown and HTML tell the path that is shown; JSON holds every branch, figure and file.
    """
    invocation = invocation_of(context)
    if bool(sessions) == everything:
        raise click.UsageError("name a session, or say --all", context)
    chosen = form or ("json" if everything else _format_of(target))
    if chosen != "json" and (everything or len(sessions) > 1):
        raise UsageError("several sessions fit into JSON alone", hint="Say --format json, or export them one by one.")
    text = invocation.run(lambda runtime: _exported(runtime, sessions, chosen))
    if target is None:
        invocation.output.write(text)
    else:
        _write(Path(target), text, replace=force)


@click.command("import", add_help_option=False, epilog=ABOUT)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=completed("files"))
@json_option
@common()
@click.pass_context
def import_(context: click.Context, /, *, files: tuple[str, ...], as_json: bool) -> int:
    """Take in the sessions of orchat, ChatGPT, llm, elia or OrChat: outcome, session, messages, title, reason.

    A FILE is an export of `orchat sessions export --format json`, ChatGPT's conversations.json or the archive it came
    in, llm's logs.db, elia's elia.sqlite, or a session that OrChat saved as JSON. What is here already stays as it is.
    """
    invocation = invocation_of(context)
    reports: list[ImportReport] = []
    problems: dict[str, OrchatError] = {}

    async def take_in(runtime: Runtime) -> None:
        for file in files:
            try:
                reports.append(await runtime.conversations.import_file(Path(file)))
            except UsageError as error:
                problems[file] = error

    invocation.run(take_in)
    for error in problems.values():
        invocation.diagnostics.error(error)
    if as_json:
        invocation.output.json([_report(report) for report in reports])
    else:
        told = [session for report in reports for session in report.sessions if session.outcome != "known"]
        rows = [
            (session.outcome, session.id, count(session.messages or None), session.title, session.reason)
            for session in told
        ]
        print_table(invocation.output, ("OUTCOME", "ID", "MESSAGES", "TITLE", "WHY"), rows, right=("MESSAGES",))
        for report in reports:
            invocation.diagnostics.note(_summary(report), always=True)
    return exit_code(next(iter(problems.values()))) if problems else ExitCode.DONE


COMMANDS = (export, import_)


def _format_of(target: str | None) -> str:
    ending = "" if target is None else Path(target).suffix.lstrip(".").lower()
    return next((form for form, endings in FORMATS.items() if ending in endings), "md")


async def _exported(runtime: Runtime, sessions: Sequence[str], form: str) -> str:
    chat = runtime.conversations
    if not sessions:
        found = [session.id for session in await chat.list(limit=-1)]
        return "[" + ",\n".join([await chat.export(id, form) for id in found]) + "]\n"
    texts = [await chat.export((await chat.get(session)).id, form) for session in sessions]
    return texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]\n"


def _write(target: Path, text: str, *, replace: bool) -> None:
    """Write a whole file or none: a full disk must not cost what stood there before."""
    if target.exists() and not replace:
        raise UsageError(f"{target} exists already", hint="Choose another name, or say --force.")
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StoreUnwritable(f"cannot write {target}: {reason}", hint="Choose another place.") from None


def _summary(report: ImportReport) -> str:
    told = [f"{report.count('imported')} imported"]
    for outcome, words in (("known", "here already"), ("deleted", "deleted here before"), ("failed", "left out")):
        number = report.count(outcome)  # type: ignore[arg-type]  # the outcomes there are
        if number:
            told.append(f"{number} {words}")
    return f"{report.path.name} ({report.program}): {', '.join(told)}"


def _report(report: ImportReport) -> dict[str, Any]:
    return {
        "file": str(report.path),
        "program": report.program,
        "sessions": [
            {
                "outcome": session.outcome,
                "id": session.id,
                "title": session.title,
                "messages": session.messages,
                "reason": session.reason or None,
            }
            for session in report.sessions
        ],
    }
