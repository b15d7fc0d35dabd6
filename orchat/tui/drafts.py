"""What was typed and not yet sent, kept on disk so that it survives a restart."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from orchat.tui.changes import Prompt

NEW = "new"
"""Where the draft of a conversation without an id is kept."""


class Drafts:
    """One small file for each conversation.

    Args:
        folder: Where; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Prompt] = {}

    def load(self, conversation_id: str | None) -> Prompt:
        """The draft of a conversation; empty when there is none or it cannot be read."""
        path = self._path(conversation_id)
        with suppress(OSError, ValueError, TypeError, LookupError):
            raw = json.loads(path.read_text(encoding="utf-8"))
            pastes = tuple(paste for paste in raw["pastes"] if isinstance(paste, str))
            return self._remember(path, Prompt(text=str(raw["text"]), pastes=pastes))
        return self._remember(path, Prompt(text=""))

    def save(self, conversation_id: str | None, prompt: Prompt) -> None:
        """Keep a draft; an empty one is forgotten. A disk that cannot be written keeps nobody from typing."""
        path = self._path(conversation_id)
        if self._kept.get(path.name, Prompt(text="")) == prompt:
            return
        with suppress(OSError):
            if prompt.is_empty:
                path.unlink(missing_ok=True)
            else:
                self._write(path, prompt)
            self._remember(path, prompt)

    def _write(self, path: Path, prompt: Prompt) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"text": prompt.text, "pastes": list(prompt.pastes)}, file)
        temporary.replace(path)

    def _remember(self, path: Path, prompt: Prompt) -> Prompt:
        self._kept[path.name] = prompt
        return prompt

    def _path(self, conversation_id: str | None) -> Path:
        return self._folder / f"{conversation_id or NEW}.json"
