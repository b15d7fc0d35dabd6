"""Errors of every kind, so that a new kind is in every test that goes through all of them."""

from __future__ import annotations

import inspect

from orchat import errors
from orchat.domain.fold import Reply

_NEEDED: dict[str, object] = {
    "layer": "file",
    "stage": "idle",
    "until": 30.0,
    "partial": Reply(text="Once"),
    "reason": "cut",
    "label": "work",
}
"""What some kinds cannot do without."""


def kinds() -> list[type[errors.OrchatError]]:
    """All of them, by name."""
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.OrchatError)]


def one_of(kind: type[errors.OrchatError], message: str, *, hint: str | None = None) -> errors.OrchatError:
    """An error of this kind."""
    wanted = inspect.signature(kind).parameters
    more = {name: value for name, value in _NEEDED.items() if name in wanted}
    return kind(message, hint=hint, **more)
