"""``orchat keys``: API keys, which are never shown and never an argument."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from orchat.cli.options import common, help_option, invocation_of, json_option
from orchat.cli.prompt import STDIN, read_stdin
from orchat.cli.table import ABOUT, Cell, count, moment, print_table
from orchat.errors import KeysError, UsageError

if TYPE_CHECKING:
    from orchat.keys.ring import KeyLease, KnownKey
    from orchat.runtime import Runtime

VARIABLE = "OPENROUTER_API_KEY"


@click.group("keys", add_help_option=False, no_args_is_help=False)
@help_option
def command() -> None:
    """Keep API keys in the system's keyring."""


@command.command("add", add_help_option=False)
@click.argument("label")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from stdin instead of asking for it.")
@common()
@click.pass_context
def add(context: click.Context, /, *, label: str, from_stdin: bool) -> None:
    """Ask for a key, without showing it, and keep it under LABEL.

    A key is never an argument: those can be seen by everyone on the machine.
    """
    invocation = invocation_of(context)
    if from_stdin:
        text = read_stdin(invocation.diagnostics).decode("utf-8", "replace")
    elif os.isatty(STDIN):
        from getpass import getpass

        text = getpass("Key (not shown): ")
    else:
        raise UsageError("there is no terminal to ask on", hint="Pipe the key in: orchat keys add LABEL --stdin < FILE")

    async def keep(runtime: Runtime) -> KeyLease:
        lease = await runtime.add_key(text, label=label)
        if lease.source == "process":
            raise runtime.parts.ring.trouble or KeysError("the key could not be kept")
        return lease

    lease = invocation.run(keep)
    invocation.diagnostics.note(f"kept as {lease.label} ({lease.fingerprint}) in the {lease.source}", always=True)


@command.command("list", add_help_option=False, epilog=ABOUT)
@json_option
@common()
@click.pass_context
def list_(context: click.Context, /, *, as_json: bool) -> None:
    """Show the keys in the order of the ring: label, fingerprint, requests today, state, until."""
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> tuple[float, tuple[KnownKey, ...]]:
        ring = runtime.parts.ring
        known = await ring.known()
        if not known:
            # Keys that no instance has used yet stand in the keyring alone; looking there may turn the ring.
            await ring.lease()
            known = await ring.known()
        return runtime.clock.now(), known

    now, known = invocation.run(fetch)
    if as_json:
        keys = [
            {
                "label": key.state.label,
                "fingerprint": key.state.fingerprint,
                "requests_today": key.requests_today,
                "state": _state(key, now),
                "until": until.raw if (until := _until(key, now)) else None,
            }
            for key in known
        ]
        invocation.output.json(keys)
        return
    rows = [
        (key.state.label, key.state.fingerprint, count(key.requests_today), _state(key, now), _until(key, now))
        for key in known
    ]
    print_table(invocation.output, ("LABEL", "FINGERPRINT", "TODAY", "STATE", "UNTIL"), rows, right=("TODAY",))


@command.command("where", add_help_option=False, epilog=ABOUT)
@common()
@click.pass_context
def where(context: click.Context, /) -> None:
    """Say where keys are looked for, in that order, and which one serves."""
    invocation = invocation_of(context)

    async def look(runtime: Runtime) -> tuple[str, KeyLease | KeysError]:
        from orchat.keys.vault import vault_for

        vault = vault_for(runtime.config.keys, invocation.environ, runtime.paths.data_dir)
        place = "nowhere (keys.store = env)" if vault is None else vault.place
        try:
            return place, await runtime.lease()
        except KeysError as error:
            return place, error

    place, lease = invocation.run(look)
    rows = [
        (VARIABLE, "set" if invocation.environ.get(VARIABLE) else "not set"),
        ("kept in", place),
        ("serves", "none" if isinstance(lease, KeysError) else f"{lease.label} ({lease.source})"),
    ]
    print_table(invocation.output, ("WHERE", "WHAT"), rows)
    if isinstance(lease, KeysError):
        raise lease


def _state(key: KnownKey, now: float) -> str:
    if key.state.disabled:
        return "disabled"
    if key.state.is_held(now):
        return f"held: {key.state.held_reason}"
    return "current" if key.state.is_current else "ready"


def _until(key: KnownKey, now: float) -> Cell | None:
    return moment(key.state.held_until) if key.state.is_held(now) and key.state.held_until is not None else None
