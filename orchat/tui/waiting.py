"""Prompts that were sent while an answer ran, and go out when it is over."""

from __future__ import annotations

from collections.abc import Callable

from orchat.tui import changes
from orchat.tui.changes import Change, Prompt

_BEGINNING = 200
"""Characters of a prompt that are told of it."""


class Waiting:
    """The queue of prompts, oldest first.

    Args:
        show: Told of every change, at once and in order.
    """

    def __init__(self, show: Callable[[Change], None]) -> None:
        self._show = show
        self._prompts: list[Prompt] = []

    def __len__(self) -> int:
        return len(self._prompts)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All of it."""
        return tuple(self._prompts)

    def add(self, prompt: Prompt) -> None:
        """Send a prompt when the running answer is over."""
        self._prompts.append(prompt)
        self._tell()

    def take(self) -> Prompt | None:
        """The prompt whose turn it is, which waits no longer."""
        prompt = self._prompts.pop(0) if self._prompts else None
        self._tell()
        return prompt

    def give_back(self) -> bool:
        """Take the queue back into the composer; whether there was one."""
        if not self._prompts:
            return False
        prompts, self._prompts = tuple(self._prompts), []
        self._tell()
        self._show(changes.GivenBack(prompts=prompts))
        return True

    def _tell(self) -> None:
        following = self._prompts[0].text[:_BEGINNING] if self._prompts else ""
        self._show(changes.QueueChanged(waiting=len(self._prompts), following=following))
