"""Attachments and received pictures: files beside the database, named by the SHA-256 of their bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.errors import NotFound
from orchat.store.connection import Connection
from orchat.store.failures import explained
from orchat.store.filesystem import flush, private_folder
from orchat.store.locks import FileLock

if TYPE_CHECKING:
    from orchat.domain.conversation import Attachment

GRACE_S = 3600.0
"""How long a file may wait for the message that refers to it: a draft is not sent yet."""


class Blobs:
    """Files that are written once and never changed.

    Args:
        folder: Where they are kept; created when the first one is.
        timeout_s: Seconds to wait for a process that adds or removes a file.
    """

    def __init__(self, folder: Path, timeout_s: float = 15.0) -> None:
        self.folder = folder
        self._timeout_s = timeout_s

    @classmethod
    def beside(cls, database: Path) -> Blobs:
        """The files that belong to a database.

        Args:
            database: Its path.
        """
        return cls(database.with_name(f"{database.stem}-attachments"))

    def path(self, sha256: str) -> Path:
        """Where the bytes with this digest are, or would be.

        Args:
            sha256: Hex digest.
        """
        return self.folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether the bytes with this digest are there.

        Args:
            sha256: Hex digest.
        """
        return self.path(sha256).is_file()

    def put(self, data: bytes, name: str, mime: str, width: int | None = None, height: int | None = None) -> Attachment:
        """Keep some bytes; the same bytes are kept once. A message has to refer to them within `GRACE_S`.

        Args:
            data: The bytes.
            name: File name as the user knows it.
            mime: By content.
            width: Pixels.
            height: Pixels.

        Returns:
            What a message refers to.

        Raises:
            StoreUnwritable: Full disk, no permission.
            StoreBusy: Another process has been clearing up for too long.
        """
        # Opening a database must not wait for these, and most sessions keep no file.
        import hashlib

        from orchat.domain.conversation import Attachment

        digest = hashlib.sha256(data).hexdigest()
        with self._locked():
            path = self.path(digest)
            if path.is_file():
                os.utime(path)
            else:
                self._write(path, data)
        return Attachment(sha256=digest, name=name, mime=mime, size=len(data), width=width, height=height)

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest.

        Args:
            sha256: Hex digest.

        Raises:
            NotFound: They are gone.
            StoreUnwritable: They cannot be read.
        """
        path = self.path(sha256)
        with explained(path):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                raise NotFound("The attached file is gone.", hint=f"Attach it again; it was {path}") from error

    def sweep(self, connection: Connection, now: float, only: Iterable[str] | None = None) -> int:
        """Remove files that no message refers to.

        Args:
            connection: In a write transaction, so that no message can be added meanwhile.
            now: Epoch seconds.
            only: Digests that `conversations.delete` returned, removed at once; by default every file that has been
                waiting for longer than `GRACE_S`.

        Returns:
            How many were removed.
        """
        import json

        if not self.folder.is_dir():
            return 0
        with self._locked():
            if only is None:
                kept = self.folder.glob("??/*")
                found = {path.name: path for path in kept if path.stat().st_mtime < now - GRACE_S}
            else:
                found = {digest: self.path(digest) for digest in only}
            used = connection.execute(
                "SELECT DISTINCT sha256 FROM attachments WHERE sha256 IN (SELECT value FROM json_each(?))",
                (json.dumps(list(found)),),
            )
            for row in used.fetchall():
                del found[row["sha256"]]
            for path in found.values():
                path.unlink(missing_ok=True)
        return len(found)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (
            explained(self.folder),
            closing(FileLock(private_folder(self.folder) / ".lock", self._timeout_s)) as lock,
            lock,
        ):
            yield

    def _write(self, path: Path, data: bytes) -> None:
        private_folder(path.parent)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        flush(path.parent)
