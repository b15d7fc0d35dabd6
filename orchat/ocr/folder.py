"""The folder of a job: what was asked, and each page that was read, written so that nothing is ever half there.

::

    DIR/document.md                the whole
    DIR/pages/0001-scan.md         each page
    DIR/.orchat-ocr/manifest.json  what was asked, of which files
    DIR/.orchat-ocr/pages/….json   each page that was read, named by its content: once this is there, it is done
    DIR/.orchat-ocr/failures/….json  why a page could not be read last time

Everything here is plain blocking work: call it off the event loop.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from orchat.domain.clean import clean_line
from orchat.domain.money import Cost, Usage
from orchat.errors import OrchatError, StoreUnwritable, UsageError
from orchat.media.filename import slug
from orchat.ocr import document
from orchat.ocr.page import Format, Page, Record
from orchat.store.filesystem import flush
from orchat.store.locks import FileLock

STATE = ".orchat-ocr"
"""Name of the folder that holds the state of a job."""
VERSION = 1
"""Of the files in it."""

_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a job was asked to do."""

    prompt: str
    """What the model is told with each page: a job has one."""
    models: tuple[str, ...] = ()
    """Asked in this order."""
    format: Format = "md"
    """Of what is written."""
    created_at: float = 0.0
    """Epoch seconds."""
    sources: tuple[str, ...] = field(default=())
    """Absolute paths, as they were given."""


class Folder:
    """A job's folder, which one process at a time may change: call `open` first and `close` at the end.

    Args:
        root: Where the texts go.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._state = root / STATE
        self._kept = self._state / "pages"
        self._failed = self._state / "failures"
        self._texts = root / "pages"
        self._lock: FileLock | None = None

    def open(self) -> None:
        """Take the folder for this process, and clear away what a killed one left unfinished.

        Raises:
            UsageError: Another process works in it.
            StoreUnwritable: It cannot be written.
        """
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            self._failed.mkdir(exist_ok=True)
            self._texts.mkdir(exist_ok=True)
            lock = FileLock(self._state / "lock", 0)
            if not lock.take():
                lock.close()
                raise UsageError(f"another orchat works in {self.root}", hint="Wait for it, or name another folder.")
            self._lock = lock
            for folder in (self._state, self._kept, self._failed, self._texts, self.root):
                for path in folder.glob(f".*{_UNFINISHED}"):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error, self.root) from None

    def close(self) -> None:
        """Let others have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ---- what was asked

    @property
    def has_job(self) -> bool:
        """Whether a job was begun here."""
        return (self._state / "manifest.json").is_file()

    def manifest(self) -> Manifest | None:
        """What was asked here; None where nothing was.

        Raises:
            UsageError: It was written by another version, or is damaged.
        """
        try:
            found = json.loads((self._state / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict) or found.get("version") != VERSION or not isinstance(found.get("prompt"), str):
            raise UsageError(f"the job in {self.root} cannot be read", hint="Begin a new one in another folder.")
        return Manifest(
            prompt=found["prompt"],
            models=tuple(map(str, found.get("models", ()))),
            format=found.get("format", "md"),
            created_at=float(found.get("created_at", 0)),
            sources=tuple(map(str, found.get("sources", ()))),
        )

    def put_manifest(self, manifest: Manifest) -> None:
        """Write down what is asked.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        self._write(self._state / "manifest.json", _json({"version": VERSION, **asdict(manifest)}))

    # ---- what was read

    def records(self) -> dict[str, Record]:
        """The pages that were read, by their key. One that cannot be understood does not count."""
        found = (_record(path) for path in sorted(self._kept.glob("*.json")))
        return {record.key: record for record in found if record is not None}

    def keep(self, record: Record) -> None:
        """Write a page that was read; when this returns, the page is done for good.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        self._write(self._kept / f"{record.key}.json", _json({"version": VERSION, **asdict(record)}))
        # What is left of it says nothing any more: a page that was read has not failed.
        with suppress(OSError):
            (self._failed / f"{record.key}.json").unlink(missing_ok=True)

    def failures(self) -> dict[str, OrchatError]:
        """Why pages could not be read last time, by their key; one that was read since may be among them."""
        found = {path.stem: _failure(path) for path in sorted(self._failed.glob("*.json"))}
        return {key: error for key, error in found.items() if error is not None}

    def keep_failure(self, page: Page, error: OrchatError) -> None:
        """Write down why a page could not be read.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        said = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        self._write(self._failed / f"{page.key}.json", _json({"version": VERSION, **said}), is_lasting=False)

    def correct(self, page: Page, record: Record, text: str, form: Format) -> Record:
        """Put a person's text in the place of the model's, for good.

        Args:
            page: Which.
            record: What was read.
            text: What stands on it.
            form: Of the texts.

        Returns:
            The new record.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        corrected = replace(record, text=text, is_corrected=True)
        self.keep(corrected)
        self.put_page(page, corrected, form)
        return corrected

    # ---- what is written for people

    def put_page(self, page: Page, record: Record, form: Format) -> None:
        """Write the text of one page.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        self._write(self._text_path(page, form), document.page_text(page, record, form), is_lasting=False)

    def finish(
        self, pages: Iterable[Page], records: Mapping[str, Record], failures: Mapping[int, str], form: Format
    ) -> Path:
        """Write the whole, and whatever single page is missing.

        Args:
            pages: All pages, in order.
            records: Those that were read, by their key.
            failures: Why others were not, by their number.
            form: Of the texts.

        Returns:
            Where the whole is.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        stack = tuple(pages)
        expected = {self._text_path(page, form): page for page in stack if page.key in records}
        for path in self._texts.glob("[0-9]*-*.*"):
            # Numbers change when pages are put in between; a text under an old one would mislead.
            if path not in expected:
                path.unlink(missing_ok=True)
        for path, page in expected.items():
            if not path.exists():
                self.put_page(page, records[page.key], form)
        whole = self.root / f"document.{form}"
        self._write(whole, document.whole_text(stack, records, failures, form))
        return whole

    def _text_path(self, page: Page, form: Format) -> Path:
        suffix = f"-p{page.index + 1}" if page.source.is_document else ""
        return self._texts / f"{page.number:04}-{slug(Path(page.source.name).stem, default='page')}{suffix}.{form}"

    def _write(self, path: Path, text: str, *, is_lasting: bool = True) -> None:
        """Put a file in place: whole or not at all, and if it is lasting, through a loss of power too."""
        unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
        try:
            with unfinished.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                if is_lasting:
                    os.fsync(file.fileno())
            unfinished.replace(path)
            if is_lasting:
                flush(path.parent)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise _unwritable(error, path) from None


def _json(value: object) -> str:
    return f"{json.dumps(value, ensure_ascii=False, indent=1)}\n"


def _record(path: Path) -> Record | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("version") != VERSION or found["key"] != path.stem:
            return None
        return Record(**{**found, "usage": Usage(**found["usage"]), "cost": Cost(**found["cost"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _failure(path: Path) -> OrchatError | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["version"] != VERSION:
            return None
        hint = found["hint"]
        return OrchatError(clean_line(found["message"], 300), hint=None if hint is None else clean_line(hint, 300))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _unwritable(error: OSError, path: Path) -> StoreUnwritable:
    reason = (error.strerror or type(error).__name__).lower()
    return StoreUnwritable(f"cannot write {path}: {reason}", hint="Make room, then go on with --resume.")
