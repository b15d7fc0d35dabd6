"""stderr and exit codes: everything that is said to a person and is not the answer."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import IntEnum

from orchat.domain.clean import clean_line
from orchat.errors import (
    BudgetExceeded,
    ConfigError,
    KeysError,
    MediaError,
    ModelCannotSee,
    NotFound,
    OrchatError,
    RateLimited,
    StoreError,
    UsageError,
)

LONGEST_LINE = 1000


class ExitCode(IntEnum):
    """What the command tells the shell."""

    DONE = 0
    """It worked."""
    FAILED = 1
    """The request failed or was cut, or orchat itself has a fault."""
    USAGE = 2
    """The command line, a setting, or a file named there."""
    KEYS = 3
    """No key, or none that can serve."""
    STORE = 4
    """The database."""
    INTERRUPTED = 130
    """Ctrl-C, SIGTERM or SIGHUP."""
    READER_GONE = 141
    """Whoever read stdout has closed it, as with ``| head``."""


def exit_code(error: OrchatError) -> ExitCode:
    """The exit code that belongs to an error."""
    if isinstance(error, (ConfigError, UsageError, MediaError, NotFound)):
        return ExitCode.USAGE
    if isinstance(error, KeysError):
        return ExitCode.KEYS
    return ExitCode.STORE if isinstance(error, StoreError) else ExitCode.FAILED


class Diagnostics:
    """What goes to stderr. Nothing here ever raises: a closed stderr must not change how a command ends.

    Args:
        environ: ``NO_COLOR`` and ``TERM`` decide about dim text.
        as_json: Errors are JSON objects.
    """

    def __init__(self, environ: Mapping[str, str], *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.verbose = False
        self.is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._rewrites = self.is_terminal and environ.get("TERM", "") not in ("", "dumb")
        self._dims = self._rewrites and not environ.get("NO_COLOR")
        self._is_counting = False
        self._waited_for = ""

    def error(self, error: OrchatError) -> ExitCode:
        """Tell of an error.

        Returns:
            The exit code that belongs to it.
        """
        message = error.message if self.as_json else _dated(error)
        self.problem(error.kind, message, error.hint, ways=_ways(error), facts=_facts(error))
        return exit_code(error)

    def problem(
        self,
        kind: str,
        message: str,
        hint: str | None = None,
        *,
        ways: Sequence[str] = (),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Tell of something that went wrong.

        Args:
            kind: Name of the error's class.
            message: One line, may be foreign.
            hint: What to do next.
            ways: Further ways on.
            facts: What else the JSON object says.
        """
        from orchat.domain.secret import without_keys  # only a problem needs it

        message, hint = without_keys(message), hint and without_keys(hint)
        if self.as_json:
            import json

            told = {"error": {"type": kind, "message": message, "hint": hint, **(facts or {})}}
            self._write(json.dumps(told))
            return
        self._write(f"orchat: {clean_line(message, LONGEST_LINE)}")
        for way in (hint, *ways):
            if way:
                self._write(f"hint: {clean_line(way, LONGEST_LINE)}")

    def note(self, text: str, *, always: bool = False) -> None:
        """Say something in passing: dim on a terminal, elsewhere only with ``-v`` or if `always`."""
        if self.is_terminal or self.verbose or always:
            line = clean_line(text, LONGEST_LINE)
            self._write(f"\x1b[2m{line}\x1b[0m" if self._dims else line)

    def remark(self, text: str) -> None:
        """Say something that also matters where nobody looks; programs that read JSON see it in the answer."""
        self.note(text, always=not self.as_json)

    def count_down(self, reason: str, left_s: float, ahead: int = 0) -> None:
        """Say what a request waits for: a line that is rewritten on a terminal, one plain line elsewhere.

        Args:
            reason: What for, may be foreign.
            left_s: Seconds that are left.
            ahead: Requests that come first.
        """
        text = f"waiting {max(1, math.ceil(left_s))} s: {reason}" + (f", {ahead} before this one" if ahead else "")
        if self._rewrites:
            self.count_up(text)
        elif reason != self._waited_for:
            self.remark(text)
            self._waited_for = reason

    def count_up(self, text: str) -> None:
        """Say what goes on in a line that is rewritten; `end_count_down` takes it away. Elsewhere nothing is said."""
        if self._rewrites:
            self._is_counting = True
            line = clean_line(text, max(20, _columns() - 1))
            self._put(f"\r\x1b[K\x1b[2m{line}\x1b[0m" if self._dims else f"\r\x1b[K{line}")

    def end_count_down(self) -> None:
        """The wait is over: its line goes away."""
        self._waited_for = ""
        if self._is_counting:
            self._is_counting = False
            self._put("\r\x1b[K")

    def _write(self, line: str) -> None:
        self.end_count_down()
        self._put(f"{line}\n")

    def _put(self, text: str) -> None:
        if sys.stderr is None:
            return
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _columns() -> int:
    """How wide the terminal behind stderr is."""
    try:
        return os.get_terminal_size(2).columns
    except OSError:
        return 80


def _until(error: OrchatError) -> float | None:
    if isinstance(error, KeysError):
        return error.until
    return error.resets_at if isinstance(error, RateLimited) else None


def _next_label(error: OrchatError) -> str | None:
    return error.next_label if isinstance(error, (KeysError, RateLimited)) else None


def _dated(error: OrchatError) -> str:
    """What happened, and until when it lasts."""
    until = _until(error)
    if until is None:
        return error.message
    from datetime import datetime, timezone

    return f"{error.message} (until {datetime.fromtimestamp(until, tz=timezone.utc):%Y-%m-%d %H:%M} UTC)"


def _ways(error: OrchatError) -> list[str]:
    """How to go on, in the words of a command line."""
    ways = []
    if (label := _next_label(error)) is not None:
        ways.append(f"The key {label} can take over: --on-exhausted switch")
    if isinstance(error, BudgetExceeded) and error.scope != "job":
        ways.append("Send it all the same: --over-budget")
    if isinstance(error, ModelCannotSee) and error.offers:
        ways.append(f"Ask it: -m {error.offers[0]}")
    return ways


def _facts(error: OrchatError) -> dict[str, object]:
    """What a program can make use of; only what is known."""
    models = list(error.offers) if isinstance(error, ModelCannotSee) else None
    known = {"until": _until(error), "next_key": _next_label(error), "models": models}
    return {name: value for name, value in known.items() if value is not None}
