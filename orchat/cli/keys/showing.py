"""``orchat keys list`` and ``where``: what there is, and which one serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli.keys.figures import ACCOUNT_SHOWN, hold_object, report_object, state_of, until
from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.table import ABOUT, Cell, Value, moment, money, print_table
from orchat.domain.money import to_usd
from orchat.errors import KeyRejected, KeyringUnavailable, KeysError

if TYPE_CHECKING:
    from orchat.cli.invocation import Invocation
    from orchat.keys.lease import KeyLease, KnownKey
    from orchat.keys.ring import Ring
    from orchat.runtime import Runtime
    from orchat.store.key_state import KeyState

VARIABLE = "OPENROUTER_API_KEY"
FILE_VARIABLE = "ORCHAT_KEYS_FILE"
COLUMNS = ("LABEL", "FINGERPRINT", "ACCOUNT", "TODAY", "COST", "LEFT", "STATE", "UNTIL")


@click.command("list", add_help_option=False, epilog=ABOUT)
@json_option
@common()
@click.pass_context
def list_(context: click.Context, /, *, as_json: bool) -> None:
    """Show the keys in the order of the ring.

    Columns: label, fingerprint, account, requests sent today (UTC), their cost, what the server said is left of the
    key's own limit, state, and until when a key is put aside. Keys of one account share its limits.
    """
    invocation = invocation_of(context)

    async def fetch(runtime: Runtime) -> tuple[float, tuple[KnownKey, ...]]:
        return runtime.clock.now(), await _known(runtime, invocation)

    now, known = invocation.run(fetch)
    threshold = invocation.load().config.keys.rotate_after
    if as_json:
        invocation.output.json([_object(key, now, threshold) for key in known])
        return
    rows = [_row(key, now, threshold) for key in known]
    print_table(invocation.output, COLUMNS, rows, right=("TODAY", "COST", "LEFT"))


async def _known(runtime: Runtime, invocation: Invocation) -> tuple[KnownKey, ...]:
    """What the database knows, after a look at a key file: people edit those. A keyring is opened only if need be."""
    ring = runtime.parts.ring
    known = await ring.known()
    if not any(key.kept for key in known) or ring.kept.source == "file":
        try:
            await ring.kept.sync()
        except KeyringUnavailable as error:
            if not known:
                raise
            invocation.diagnostics.note(f"the other keys cannot be read: {error.message}", always=True)
        known = await ring.known()
    if not known:
        await ring.look()  # says in which places there is none
    return known


def _row(key: KnownKey, now: float, threshold: int) -> tuple[Value, ...]:
    end = until(key, now)
    left = None if key.report is None else key.report.limit_remaining_pico
    account = key.account or ""
    return (
        key.state.label,
        key.state.fingerprint,
        Cell(account[:ACCOUNT_SHOWN], account),
        Cell(f"{key.requests_today:,} / {threshold:,}", str(key.requests_today)),
        money(key.usage.cost_pico, estimated=key.usage.estimated_pico > 0),
        None if left is None else money(left),
        state_of(key, now),
        None if end is None else moment(end),
    )


def _object(key: KnownKey, now: float, threshold: int) -> dict[str, Any]:
    end = until(key, now)
    return {
        "label": key.state.label,
        "fingerprint": key.state.fingerprint,
        "account": key.account,
        "requests_today": key.requests_today,
        "rotate_after": threshold,
        "cost_today_usd": to_usd(key.usage.cost_pico),
        "tokens_today": key.usage.prompt_tokens + key.usage.completion_tokens,
        "state": state_of(key, now),
        "until": None if end is None else moment(end).raw,
        "current": key.state.is_current and key.kept,
        "disabled": key.state.disabled,
        "kept": key.kept,
        "holds": [hold_object(hold) for hold in key.holds],
        "report": report_object(key.report),
    }


@click.command("where", add_help_option=False, epilog=ABOUT)
@json_option
@common()
@click.pass_context
def where(context: click.Context, /, *, as_json: bool) -> None:
    """Say where keys are looked for, in that order, which one serves, and why. The ring does not turn."""
    invocation = invocation_of(context)

    async def look(runtime: Runtime) -> tuple[str, KeyLease | KeysError, str]:
        ring = runtime.parts.ring
        try:
            lease = await ring.look()
            return ring.kept.place, lease, await _reason(lease, ring, runtime.config.keys.rotate_after)
        except KeysError as error:
            return ring.kept.place, error, error.message

    place, lease, because = invocation.run(look)
    serves = None if isinstance(lease, KeysError) else lease
    is_set = bool(invocation.environ.get(VARIABLE, "").strip())
    file = invocation.environ.get(FILE_VARIABLE) or None
    kept_in = "nowhere (keys.store = env)" if "keys.store = env" in place else place
    if as_json:
        told = serves and {"label": serves.label, "fingerprint": serves.fingerprint, "source": serves.source}
        invocation.output.json(
            {VARIABLE: is_set, FILE_VARIABLE: file, "kept_in": kept_in, "serves": told, "because": because}
        )
    else:
        broken = is_set and isinstance(lease, KeyRejected)
        rows = [
            (VARIABLE, "set, but not to a key" if broken else "set" if is_set else "not set"),
            (FILE_VARIABLE, file or "not set"),
            ("kept in", kept_in),
            ("serves", "none" if serves is None else f"{serves.label} ({serves.source})"),
            ("because", because),
        ]
        print_table(invocation.output, ("WHERE", "WHAT"), rows)
    if isinstance(lease, KeysError):
        raise lease


async def _reason(lease: KeyLease, ring: Ring, threshold: int) -> str:
    choice = ring.choice
    if lease.source == "given" or choice is None or choice.key is None:
        return "it was given for this run"
    if choice.all_over and choice.usable > 1:
        return f"every key has sent more than {threshold} requests today, so the ring stays"
    if lease.source == "env":
        return "the environment goes before kept keys"
    current = next((key.state for key in await ring.known() if key.kept and key.state.is_current), None)
    return _turn(lease, current, rotated=choice.rotated, threshold=threshold)


def _turn(lease: KeyLease, current: KeyState | None, *, rotated: bool, threshold: int) -> str:
    """Why the ring gives this key."""
    if current is None:
        return "it is the first key of the ring that can serve"
    if current.fingerprint == lease.fingerprint:
        return "it is the current key of the ring"
    if current.disabled:
        return f"the current key, {current.label}, is disabled"
    if rotated:
        return f"the current key, {current.label}, has sent more than {threshold} requests today"
    return f"it stands in for the current key, {current.label}, which is put aside: {current.held_reason}"
