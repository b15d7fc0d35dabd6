"""What every error of orchat has in common, and those of no part in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class OrchatError(Exception):
    """Something went wrong that a person can be told in one line.

    Args:
        message: One line, no markup, no secret.
        hint: What to do next, one line.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def reword(self, change: Callable[[str], str]) -> None:
        """Change its words, and those of what is behind it.

        Args:
            change: Gives the new text for a message, a hint, or any other text that a server may have chosen.
        """
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, change(value))
        self.args = (self.message,)

    @property
    def kind(self) -> str:
        """The name of the error's class, as shown in logs, the ledger and ``--json``."""
        return type(self).__name__


class ConfigError(OrchatError):
    """A setting is unknown, has the wrong type or is out of range.

    Args:
        message: One line.
        layer: Where it came from: ``file``, ``environment`` or ``flag``.
        source: File path with line, variable name or flag.
        key: Dotted name of the setting.
        hint: What to do next.
    """

    def __init__(self, message: str, *, layer: str, source: str = "", key: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.layer = layer
        self.source = source
        self.key = key


class UsageError(OrchatError):
    """The call itself cannot be carried out: an empty prompt, a blocking call inside a running loop."""


class LabelTaken(UsageError):
    """Another key has this label."""


class KeyKnown(UsageError):
    """The key is there already.

    Args:
        message: One line.
        label: What it is called.
        hint: What to do next.
    """

    def __init__(self, message: str, *, label: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.label = label


class NotFound(OrchatError):
    """A session, message or attachment that does not exist."""
