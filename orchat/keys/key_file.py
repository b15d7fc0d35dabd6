"""Secrets in a file that its owner alone can read, for machines without a keyring."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from orchat.domain.secret import Secret
from orchat.errors import KeysError, OrchatError
from orchat.keys.entry import parse_key, parse_label
from orchat.keys.place import Keys, alone, reason_of, replace
from orchat.paths import UNWAITING, make_private

LOCK_TIMEOUT_S = 5.0


class FileVault:
    """A JSON file of labels and keys that its owner alone can read.

    Args:
        path: The file; it need not exist yet.
    """

    source: Literal["keyring", "file"] = "file"

    def __init__(self, path: Path) -> None:
        self.place = f"the file {path}"
        self._path = path

    def load(self) -> Keys:
        """All keys; none when there is no file.

        Raises:
            KeysError: Somebody else could read or change the file, or it is not a JSON object of labels and keys.
        """
        try:
            # Not blocking: opening a pipe that nobody writes to would wait for ever.
            with os.fdopen(os.open(self._path, os.O_RDONLY | UNWAITING), "rb") as file:
                self._check(os.fstat(file.fileno()))
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._refused(f"cannot be read: {reason_of(error)}", "Make it a file that you can read.") from None
        return self._parsed(content)

    def save(self, keys: Mapping[str, Secret]) -> None:
        """Replace all keys.

        Raises:
            KeysError: They could not be saved; the old ones are still there.
        """
        self.update(lambda kept: replace(kept, keys))

    def update(self, edit: Callable[[Keys], None]) -> Keys:
        """Read, edit and save while no other process does.

        Args:
            edit: Changes the keys in place; what it raises is passed on, and nothing is saved.

        Raises:
            KeysError: They could not be saved; the old ones are still there.
        """
        make_private(self._path.parent, tighten=False)
        with alone(self._path.with_name(f"{self._path.name}.lock"), LOCK_TIMEOUT_S):
            keys = self.load()
            edit(keys)
            self._write(json.dumps({label: secret.reveal() for label, secret in keys.items()}, indent=2) + "\n")
        return keys

    def _write(self, text: str) -> None:
        target = Path(os.path.realpath(self._path))
        new = target.with_name(f"{target.name}.new")
        try:
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        except OSError as error:
            raise self._refused(f"cannot be written: {reason_of(error)}", "Check its owner and its folder.") from None

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._refused("is not a plain file", "Name a JSON file of labels and keys.")
        if status.st_uid != os.geteuid():
            raise self._refused("belongs to somebody else", "Use a file of your own.")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise self._refused(f"is open to others (mode {mode:04o})", f"Run: chmod 600 {self._path}")

    def _parsed(self, content: bytes) -> Keys:
        hint = 'It should look like {"work": "sk-or-v1-…"}.'
        try:
            item = json.loads(content)
        except (ValueError, RecursionError):
            raise self._refused("is not JSON", hint) from None
        if not isinstance(item, dict) or not all(isinstance(key, str) for key in item.values()):
            raise self._refused("is not a JSON object of labels and keys", hint)
        keys: Keys = {}
        for number, (label, key) in enumerate(item.items(), 1):
            try:
                keys[parse_label(label)] = parse_key(key)
            except OrchatError as error:
                raise self._refused(f"entry {number}: {error.message}", error.hint or hint) from None
        return keys

    def _refused(self, reason: str, hint: str) -> KeysError:
        return KeysError(f"the key file {self._path} {reason}", hint=hint)
