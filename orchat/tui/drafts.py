"""What was typed or attached and not yet sent, kept on disk so that it survives a restart."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchat.errors import MediaNotFound
from orchat.tui.attached import Attached
from orchat.tui.changes import Prompt

NEW = "new"
"""Where the draft of a conversation without an id is kept."""
GRACE_S = 3600.0
"""How long a file may wait for the draft that names it."""
_EMPTY = Prompt(text="")


class Drafts:
    """One small file for each conversation, and the attached files beside them, named by the SHA-256 of their bytes.

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
            files = tuple(file for told in raw.get("files", ()) if (file := self._attached(told)) is not None)
            return self._remember(path, Prompt(text=str(raw["text"]), files=files, pastes=pastes))
        return self._remember(path, _EMPTY)

    def save(self, conversation_id: str | None, prompt: Prompt) -> None:
        """Keep a draft; an empty one is forgotten. A disk that cannot be written keeps nobody from typing."""
        path = self._path(conversation_id)
        if self._kept.get(path.name, _EMPTY) == prompt:
            return
        with suppress(OSError):
            if prompt.is_empty:
                path.unlink(missing_ok=True)
            else:
                self._write(path, prompt)
            self._remember(path, prompt)

    def keep_file(self, file: Attached) -> Attached:
        """Write the bytes of an attached file, once; it takes a while, so call it off the event loop.

        Args:
            file: What goes along.

        Returns:
            The same, with its place; as it was where the disk cannot be written.
        """
        place = self._place(file.sha256)
        try:
            if not place.is_file():
                self._put(place, file.read())
        except (OSError, MediaNotFound):
            return file
        return replace(file, place=place)

    def sweep(self, now: float) -> None:
        """Remove attached files that no draft names any more.

        Args:
            now: Epoch seconds.
        """
        with suppress(OSError):
            told = "".join(path.read_text(encoding="utf-8") for path in self._folder.glob("*.json"))
            for place in self._place("").glob("*"):
                if place.name not in told and place.stat().st_mtime < now - GRACE_S:
                    place.unlink(missing_ok=True)

    def _write(self, path: Path, prompt: Prompt) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = [_told(kept) for file in prompt.files if (kept := self.keep_file(file)).place is not None]
        told = {"text": prompt.text, "pastes": list(prompt.pastes), "files": files}
        self._put(path, json.dumps(told).encode())

    def _put(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        temporary.replace(path)

    def _attached(self, told: Mapping[str, Any]) -> Attached | None:
        """A file of a draft, if its bytes are still there."""
        numbers = [told.get(name) for name in ("size", "width", "height")]
        size, width, height = (number if isinstance(number, int) else None for number in numbers)
        digest = str(told["sha256"])
        place = self._place(digest)
        if not digest.isalnum() or not place.is_file():
            return None
        file = Attached(name=str(told["name"]), mime=str(told["mime"]), size=size or 0, sha256=digest, place=place)
        return replace(file, width=width, height=height)

    def _remember(self, path: Path, prompt: Prompt) -> Prompt:
        self._kept[path.name] = prompt
        return prompt

    def _place(self, sha256: str) -> Path:
        return self._folder / "files" / sha256

    def _path(self, conversation_id: str | None) -> Path:
        return self._folder / f"{conversation_id or NEW}.json"


def _told(file: Attached) -> dict[str, Any]:
    return {name: getattr(file, name) for name in ("name", "mime", "size", "width", "height", "sha256")}
