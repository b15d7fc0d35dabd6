"""``orchat keys use``, ``rename``, ``disable``, ``enable``, ``order`` and ``remove``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from orchat.cli.options import common, completed, invocation_of
from orchat.cli.prompt import STDIN
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.keys.lease import KeyLease
    from orchat.runtime import Runtime
    from orchat.store.key_state import KeyState

VARIABLE = "OPENROUTER_API_KEY"


@click.command("use", add_help_option=False)
@click.argument("label", shell_complete=completed("key_labels"))
@common()
@click.pass_context
def use(context: click.Context, /, *, label: str) -> None:
    """Make LABEL the current key: new instances begin with it.

    Whatever was held against it is forgotten. Instances that run keep the key they have.
    """
    invocation = invocation_of(context)

    async def choose(runtime: Runtime) -> KeyLease:
        return await runtime.switch_key(label)

    lease = invocation.run(choose)
    if lease.source == "env":
        note = f"{lease.label} serves for as long as {VARIABLE} is set"
    elif invocation.environ.get(VARIABLE, "").strip():
        note = f"{lease.label} is the current key now, but {VARIABLE} is set and goes before it"
    else:
        note = f"{lease.label} is the current key now"
    invocation.diagnostics.note(note, always=True)


@click.command("rename", add_help_option=False)
@click.argument("old", shell_complete=completed("key_labels"))
@click.argument("new")
@common()
@click.pass_context
def rename(context: click.Context, /, *, old: str, new: str) -> None:
    """Call the key OLD NEW from now on. Rows of the ledger keep the label they were written with."""
    invocation = invocation_of(context)
    label = invocation.run(lambda runtime: runtime.parts.shelf.rename(old, new))
    invocation.diagnostics.note(f"{old} is called {label} now", always=True)


@click.command("disable", add_help_option=False)
@click.argument("label", shell_complete=completed("key_labels"))
@common()
@click.pass_context
def disable(context: click.Context, /, *, label: str) -> None:
    """Take LABEL out of the ring; it stays in its place until `enable` puts it back."""
    invocation = invocation_of(context)
    invocation.run(lambda runtime: runtime.parts.shelf.set_disabled(label, True))
    invocation.diagnostics.note(f"{label} is disabled; put it back: orchat keys enable {label!r}", always=True)


@click.command("enable", add_help_option=False)
@click.argument("label", shell_complete=completed("key_labels"))
@common()
@click.pass_context
def enable(context: click.Context, /, *, label: str) -> None:
    """Put LABEL back into the ring."""
    invocation = invocation_of(context)
    invocation.run(lambda runtime: runtime.parts.shelf.set_disabled(label, False))
    invocation.diagnostics.note(f"{label} is back in the ring", always=True)


@click.command("order", add_help_option=False)
@click.argument("labels", metavar="LABEL...", nargs=-1, required=True, shell_complete=completed("key_labels"))
@common()
@click.pass_context
def order(context: click.Context, /, *, labels: tuple[str, ...]) -> None:
    """Set the order of the ring. Keys that are not named follow as they were."""
    invocation = invocation_of(context)

    async def arrange(runtime: Runtime) -> tuple[str, ...]:
        await runtime.parts.shelf.reorder(labels)
        return tuple(key.state.label for key in await runtime.parts.ring.known() if key.kept)

    invocation.diagnostics.note(f"the ring: {', '.join(invocation.run(arrange))}", always=True)


@click.command("remove", add_help_option=False)
@click.argument("label", shell_complete=completed("key_labels"))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common()
@click.pass_context
def remove(context: click.Context, /, *, label: str, yes: bool) -> None:
    """Forget LABEL, its secret included. What it cost stays in the books; at the server nothing changes."""
    invocation = invocation_of(context)
    if not yes:
        if not os.isatty(STDIN):
            raise UsageError("removing has to be confirmed", hint="Add --yes.")

        async def find(runtime: Runtime) -> KeyState:
            return await runtime.parts.ring.kept.find(label)

        state = invocation.run(find)
        click.confirm(f"Remove {state.label} ({state.fingerprint})?", abort=True, err=True)
    fingerprint = invocation.run(lambda runtime: runtime.parts.shelf.remove(label))
    invocation.diagnostics.note(f"removed {label} ({fingerprint})", always=True)
