"""Whatever happens becomes an exit code, and a line on stderr where there is something to say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from orchat.cli.diagnostics import ExitCode
from orchat.cli.invocation import Invocation
from orchat.errors import OrchatError


def conclude(work: Callable[[], int], invocation: Invocation) -> int:
    """Run the command.

    Args:
        work: Does it, and returns its exit code.
        invocation: Says what stderr is, and where the log is.

    Returns:
        The exit code. Nothing is raised.
    """
    diagnostics = invocation.diagnostics
    try:
        return work()
    except BrokenPipeError:
        return ExitCode.READER_GONE
    except KeyboardInterrupt:
        diagnostics.problem("Interrupted", "interrupted")
        return ExitCode.INTERRUPTED
    except OrchatError as error:
        return diagnostics.error(error)
    except MemoryError:
        diagnostics.problem("MemoryError", "there is not enough memory", "Send less at once.")
        return ExitCode.FAILED
    except Exception as error:
        return _crashed(error, invocation)


def _crashed(error: Exception, invocation: Invocation) -> int:
    """A fault of ours: one line here, the traceback without its values in the log."""
    kind = type(error).__name__
    hint = "This is a fault of orchat."
    with suppress(Exception):
        from logging import ERROR, getLogger

        from orchat import logs
        from orchat.config import LogSettings

        paths = invocation.paths()
        paths = paths.for_demo() if invocation.demo else paths
        log = logs.configure(paths, LogSettings())
        logs.event(getLogger("orchat.cli"), "crashed", level=ERROR, error=error)
        log.close()
        hint = f"This is a fault of orchat; what happened is in {paths.log_file}"
    invocation.diagnostics.problem(kind, f"unexpected {kind}", hint)
    return ExitCode.FAILED
