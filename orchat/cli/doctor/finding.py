"""What a check has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orchat.errors import OrchatError, StoreBusy

State = Literal["ok", "warn", "fault", "skip"]
OURS = "This is a fault of orchat; please report it with this line."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor."""

    name: str
    """What was looked at; the same in every run."""
    state: State
    """``fault``: something will not work; ``skip``: it was not looked at."""
    detail: str
    """What was found; may hold foreign text, never a secret."""
    fix: str | None = None
    """What to do about it."""


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name=name, state="ok", detail=detail)


def warn(name: str, detail: str, fix: str | None) -> Finding:
    """It works, but not as well as it could."""
    return Finding(name=name, state="warn", detail=detail, fix=fix)


def fault(name: str, detail: str, fix: str | None) -> Finding:
    """Something will not work."""
    return Finding(name=name, state="fault", detail=detail, fix=fix)


def skip(name: str, why: str) -> Finding:
    """It was not looked at."""
    return Finding(name=name, state="skip", detail=why)


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Run a check; whatever it raises is what it found.

    Args:
        name: Of the finding, if the check raises.
        check: Looks.
    """
    try:
        return check()
    except Exception as error:  # a doctor that falls ill helps nobody
        return of_error(name, error)


def of_error(name: str, error: Exception) -> Finding:
    """The finding that an error amounts to; a database that others are writing is not at fault.

    Args:
        name: Of the finding.
        error: What a check has raised.
    """
    if isinstance(error, OrchatError):
        state: State = "warn" if isinstance(error, StoreBusy) else "fault"
        return Finding(name=name, state=state, detail=error.message, fix=error.hint)
    if isinstance(error, OSError):
        reason = (error.strerror or type(error).__name__).lower()
        place = f"{error.filename}: " if error.filename else ""
        return fault(name, f"{place}{reason}", "Check that it is there, whose it is, and whether you may use it.")
    return fault(name, f"could not be looked at ({type(error).__name__})", OURS)
