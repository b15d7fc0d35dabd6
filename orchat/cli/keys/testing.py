"""``orchat keys test``: what the server says about each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli.diagnostics import ExitCode, exit_code
from orchat.cli.keys.figures import error_object, report_object, words_of
from orchat.cli.options import common, completed, invocation_of, json_option
from orchat.cli.table import ABOUT, Value, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.cli.invocation import Invocation
    from orchat.keys.shelf import Tested
    from orchat.runtime import Runtime
    from orchat.store.reports import Report


@click.command("test", add_help_option=False, epilog=ABOUT)
@click.argument("labels", metavar="[LABEL...]", nargs=-1, shell_complete=completed("key_labels"))
@json_option
@common()
@click.pass_context
def test(context: click.Context, /, *, labels: tuple[str, ...], as_json: bool) -> int:
    """Ask the server about keys, all of them unless some are named: label, fingerprint, result, details.

    A key that can serve is put aside no longer. The exit code is 3 when one cannot, 1 when the server was not reached.
    """
    invocation = invocation_of(context)

    async def ask(runtime: Runtime) -> tuple[tuple[Tested, ...], float]:
        return await runtime.parts.shelf.test(labels), runtime.clock.now()

    return _tell(invocation, *invocation.run(ask), as_json=as_json)


def _tell(invocation: Invocation, tested: Sequence[Tested], now: float, *, as_json: bool) -> ExitCode:
    """Print every result, and on stderr whether a key cannot serve."""
    if as_json:
        invocation.output.json([_object(result, now) for result in tested])
    else:
        print_table(invocation.output, ("LABEL", "FINGERPRINT", "RESULT", "DETAILS"), [_row(r, now) for r in tested])
    failed = [result for result in tested if not result.ok]
    if not failed:
        return ExitCode.DONE
    hint = next((result.error.hint for result in failed if result.error is not None and result.error.hint), None)
    words = "the key cannot serve" if len(tested) == 1 else f"{len(failed)} of {len(tested)} keys cannot serve"
    code = _code(failed)
    if code != ExitCode.KEYS:
        words = "the server did not say whether the keys can serve"
    invocation.diagnostics.problem("KeysError", words, hint)
    return code


def _code(failed: Sequence[Tested]) -> ExitCode:
    codes = [exit_code(result.error) for result in failed if result.error is not None]
    return ExitCode.KEYS if ExitCode.KEYS in codes else codes[0]


def _report(result: Tested, now: float) -> Report | None:
    from orchat.keys.status import report_of

    return None if result.status is None else report_of(result.fingerprint, result.status, now)


def _row(result: Tested, now: float) -> tuple[Value, ...]:
    report = _report(result, now)
    details = "; ".join(words_of(report)) if result.error is None and report is not None else str(result.error)
    return (result.label, result.fingerprint, "ok" if result.ok else "failed", details)


def _object(result: Tested, now: float) -> dict[str, Any]:
    report = _report(result, now)
    return {
        "label": result.label,
        "fingerprint": result.fingerprint,
        "ok": result.ok,
        "error": error_object(result.error),
        "account": None if report is None else report.account,
        "report": report_object(report),
    }
