"""stderr and exit codes: everything that is said to a person and is not the answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum

from orchat.domain.clean import clean_line
from orchat.errors import (
    ConfigError,
    KeysError,
    MediaError,
    NotFound,
    OrchatError,
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
        self._dims = self.is_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "") not in ("", "dumb")

    def error(self, error: OrchatError) -> ExitCode:
        """Tell of an error.

        Returns:
            The exit code that belongs to it.
        """
        self.problem(error.kind, error.message, error.hint)
        return exit_code(error)

    def problem(self, kind: str, message: str, hint: str | None = None) -> None:
        """Tell of something that went wrong.

        Args:
            kind: Name of the error's class.
            message: One line, may be foreign.
            hint: What to do next.
        """
        if self.as_json:
            import json

            told = {"error": {"type": kind, "message": message, "hint": hint}}
            self._write(json.dumps(told))
            return
        self._write(f"orchat: {clean_line(message, LONGEST_LINE)}")
        if hint:
            self._write(f"hint: {clean_line(hint, LONGEST_LINE)}")

    def note(self, text: str, *, always: bool = False) -> None:
        """Say something in passing: dim on a terminal, elsewhere only with ``-v`` or if `always`."""
        if self.is_terminal or self.verbose or always:
            line = clean_line(text, LONGEST_LINE)
            self._write(f"\x1b[2m{line}\x1b[0m" if self._dims else line)

    def _write(self, line: str) -> None:
        if sys.stderr is None:
            return
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
