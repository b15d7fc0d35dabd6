"""What the screen is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How the first conversation begins; without anything said, it is a new one that waits for a prompt."""

    model: str | None = None
    """Model to ask; None: the session's, else the default."""
    resume: str | None = None
    """Id, or its beginning, of the session to go on with."""
    prompt: str = ""
    """Sent as soon as that is possible; empty: nothing."""
    system: str | None = None
    """System prompt; None: the session's, else as configured."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Fields of every request, such as a persona's temperature."""
    persona: str | None = None
    """Name of the persona that model, system prompt and parameters come from."""
    is_temporary: bool = False
    """New sessions leave nothing on the disk."""
