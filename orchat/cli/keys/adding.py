"""``orchat keys add`` and ``import``: from a person, and from other programs."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.diagnostics import ExitCode
from orchat.cli.keys.figures import error_object, report_object, words_of
from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.prompt import STDIN, read_stdin
from orchat.errors import KeysError, NoKeys, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.cli.invocation import Invocation
    from orchat.keys.elsewhere import Elsewhere, FoundKey
    from orchat.keys.shelf import Added, Imported
    from orchat.runtime import Runtime
    from orchat.store.reports import Report


@click.command("add", add_help_option=False)
@click.argument("label")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from stdin instead of asking for it.")
@click.option("--check/--no-check", default=True, help="Ask the server about the key first (default), or do not.")
@json_option
@common()
@click.pass_context
def add(context: click.Context, /, *, label: str, from_stdin: bool, check: bool, as_json: bool) -> None:
    """Ask for a key, without showing it, and keep it under LABEL. It is the current key from now on.

    A key is never an argument: those can be seen by everyone on the machine. A key that the server does not know is
    not kept; one that cannot be checked is, with a warning.
    """
    from orchat.keys.entry import parse_label

    invocation = invocation_of(context)
    label = parse_label(label)
    text = _typed(invocation, from_stdin=from_stdin)

    async def keep(runtime: Runtime) -> tuple[Added, Report | None, list[str]]:
        added = await runtime.parts.shelf.add(label, text, check=check)
        if added.lease.source == "process":
            raise runtime.parts.ring.trouble or KeysError("the key could not be kept")
        return added, *await _reported(runtime, added.lease.fingerprint, added)

    added, report, shared = invocation.run(keep)
    if as_json:
        invocation.output.json(_added(added, report, shared))
        return
    _tell(invocation, added, report, shared)


def _typed(invocation: Invocation, *, from_stdin: bool) -> str:
    if from_stdin:
        return read_stdin(invocation.diagnostics, what="the key").decode("utf-8", "replace")
    if not os.isatty(STDIN):
        raise UsageError("there is no terminal to ask on", hint="Pipe the key in: orchat keys add LABEL --stdin < FILE")
    from getpass import getpass

    try:
        return getpass("Key (not shown): ")
    except EOFError:
        raise UsageError("no key was typed", hint="Paste it, then press Enter.") from None


async def _reported(runtime: Runtime, fingerprint: str, added: Added) -> tuple[Report | None, list[str]]:
    """What the server said of a key just now, and the labels of other keys of its account."""
    from orchat.keys.status import report_of

    if added.status is None:
        return None, []
    report = report_of(fingerprint, added.status, runtime.clock.now())
    shared = [
        key.state.label
        for key in await runtime.parts.ring.known()
        if key.account is not None and key.account == report.account and key.state.fingerprint != fingerprint
    ]
    return report, shared


def _tell(invocation: Invocation, added: Added, report: Report | None, shared: Sequence[str]) -> None:
    lease, note = added.lease, invocation.diagnostics.note
    note(f"kept as {lease.label} ({lease.fingerprint}) in the {lease.source}", always=True)
    for line in [] if report is None else words_of(report, shared):
        note(line, always=True)
    if added.warning is not None:
        note(f"{added.warning}; ask again with: orchat keys test {lease.label!r}", always=True)


def _added(added: Added, report: Report | None, shared: Sequence[str]) -> dict[str, Any]:
    return {
        "label": added.lease.label,
        "fingerprint": added.lease.fingerprint,
        "kept_in": added.lease.source,
        "checked": report is not None,
        "warning": added.warning,
        "account": None if report is None else report.account,
        "shared_with": list(shared),
        "report": report_object(report),
    }


@click.command("import", add_help_option=False)
@click.option("--label", metavar="LABEL", help="Call the key LABEL, where exactly one is found.")
@click.option("--check/--no-check", default=True, help="Ask the server about each key first (default), or do not.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@common()
@click.pass_context
def import_(context: click.Context, /, *, label: str | None, check: bool, yes: bool, as_json: bool) -> int:
    """Keep keys of OpenRouter that other programs have, at the end of the ring.

    Looked at are OPENROUTER_API_KEY, OPENROUTER_KEY, and the keys.json of llm. Nothing is changed there.
    """
    invocation = invocation_of(context)
    found = invocation.run(lambda runtime: runtime.parts.shelf.found_elsewhere())
    keys = _new(invocation, found, label)
    if keys and not yes:
        _confirm(keys)

    async def bring(runtime: Runtime) -> list[tuple[Imported, Report | None, list[str]]]:
        done = await runtime.parts.shelf.import_keys(keys, check=check)
        return [(item, *await _reported_import(runtime, item)) for item in done]

    results = invocation.run(bring) if keys else []
    if as_json:
        invocation.output.json([_imported(*result) for result in results])
    failed = [_tell_import(invocation, *result, as_json=as_json) for result in results]
    return ExitCode.KEYS if any(failed) else ExitCode.DONE


def _new(invocation: Invocation, found: Elsewhere, label: str | None) -> list[FoundKey]:
    """The keys that are not kept yet."""
    note = invocation.diagnostics.note
    for trouble in found.troubles:
        note(trouble, always=True)
    if not found.keys:
        raise NoKeys(
            f"no key of OpenRouter was found in {', '.join(found.places[:-1])} nor in {found.places[-1]}",
            hint="Keep one by hand: orchat keys add work",
        )
    for key in found.keys:
        if key.kept_as is not None:
            note(f"the key in {key.origin} is here already, as {key.kept_as}", always=True)
    new = [key for key in found.keys if key.kept_as is None]
    if label is None or not new:
        return new
    if len(new) > 1:
        raise UsageError(
            f"--label is for one key, and {len(new)} were found",
            hint="Leave it out, and rename them afterwards: orchat keys rename OLD NEW",
        )
    return [replace(new[0], label=label)]


def _confirm(keys: Sequence[FoundKey]) -> None:
    if not os.isatty(STDIN):
        raise UsageError("importing has to be confirmed", hint="Add --yes.")
    for key in keys:
        click.echo(f"{key.label} ({key.secret.fingerprint}) from {key.origin}", err=True)
    click.confirm("Keep it?" if len(keys) == 1 else f"Keep these {len(keys)}?", abort=True, err=True)


async def _reported_import(runtime: Runtime, item: Imported) -> tuple[Report | None, list[str]]:
    if item.added is None:
        return None, []
    return await _reported(runtime, item.added.lease.fingerprint, item.added)


def _tell_import(
    invocation: Invocation, item: Imported, report: Report | None, shared: Sequence[str], *, as_json: bool
) -> bool:
    """Say what became of one key; whether it is not kept."""
    if item.error is not None:
        invocation.diagnostics.problem(item.error.kind, f"{item.found.origin}: {item.error.message}", item.error.hint)
        return True
    if item.added is not None and not as_json:
        _tell(invocation, item.added, report, shared)
    return False


def _imported(item: Imported, report: Report | None, shared: Sequence[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {"label": item.found.label, "fingerprint": item.found.secret.fingerprint}
    if item.added is not None:
        kept = _added(item.added, report, shared)
    return {**kept, "origin": item.found.origin, "error": error_object(item.error)}
