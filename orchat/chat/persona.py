"""What a conversation is asked with, and what a persona changes about it when it is put on or taken off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchat.config import PersonaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a conversation is asked with."""

    model: str | None = None
    """Chosen by the person; None: the default."""
    system: str | None = None
    """System prompt."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Fields of every request."""
    persona: str | None = None
    """Where they came from."""


def dressed(
    asked: Asked, taken_off: PersonaSettings | None, put_on: PersonaSettings | None, *, system: str | None
) -> Asked:
    """How a conversation is asked after another persona was put on.

    Args:
        asked: How it is asked now.
        taken_off: What is still as this one set it goes.
        put_on: What this one sets counts; None: nobody.
        system: The usual system prompt.
    """
    from orchat.domain.parameters import merged, without, written

    model, prompt, parameters = asked.model, asked.system, asked.parameters
    if taken_off is not None:
        model = None if model == taken_off.model else model
        prompt = system if prompt == (taken_off.system or None) else prompt
        now = dict(written(parameters))
        for name, text in written(taken_off.parameters):
            parameters = without(parameters, name) if now.get(name) == text else parameters
    if put_on is not None:
        model = put_on.model or model
        prompt = prompt if put_on.system is None else put_on.system or None
        parameters = merged(parameters, put_on.parameters)
    return Asked(model=model, system=prompt, parameters=parameters)
