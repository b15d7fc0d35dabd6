"""Files, folders and documents become the pages of a job.

Everything here is plain blocking work: call it off the event loop.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from orchat.domain.clean import clean_line
from orchat.errors import MediaDamaged, MediaError, MediaNotFound, MediaUnsupported
from orchat.media import sniff
from orchat.media.image import MAX_INPUT, recognise
from orchat.media.pdf import page_count
from orchat.ocr.page import Page, Source
from orchat.paths import UNWAITING

MAX_DOCUMENT = 1_000_000_000
"""Bytes of a PDF document: it is read from the disk page by page."""

_BLOCK = 1 << 20
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".pdf"})
_DIGITS = re.compile(r"(\d+)")


def find_sources(paths: Iterable[str | Path]) -> list[Source]:
    """Look for pages.

    Args:
        paths: Files, and folders whose pictures and PDF documents are meant, in the order of their names as people
            count (``page-9`` before ``page-10``). What lies in folders within them is not.

    Returns:
        Every source, in order; one that cannot be read says why.

    Raises:
        MediaNotFound: A path does not exist, or a folder holds neither pictures nor documents.
    """
    found: list[Source] = []
    for path in paths:
        given = Path(path).expanduser()
        if given.is_dir():
            found += _in_folder(given)
        elif not given.exists():
            raise MediaNotFound(f"{clean_line(str(path), 80)} does not exist", hint=_hint(str(path)))
        else:
            found.append(_source(given))
    return _with_own_names(found)


def pages_of(sources: Iterable[Source]) -> list[Page]:
    """The pages of some sources, numbered from 1."""
    pairs = ((source, index) for source in sources for index in range(source.pages))
    return [Page(number=number, source=source, index=index) for number, (source, index) in enumerate(pairs, 1)]


def _hint(path: str) -> str:
    """What to do about something that is no path here: pages are read again when a job goes on."""
    if path == "-":
        return "Pages are read from files: write it into one first."
    if "://" in path:
        return "Pages are read from files: download it first."
    return "Check the path."


def _in_folder(folder: Path) -> list[Source]:
    try:
        files = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=_as_counted)
        wanted = [path for path in files if path.is_file() and _is_meant(path)]
    except OSError as error:
        raise MediaNotFound(f"{_shown(folder)} cannot be read: {_reason(error)}", hint="Check the folder.") from None
    if not wanted:
        raise MediaNotFound(
            f"there are no pictures and no PDF documents in {_shown(folder)}", hint="Name a folder that holds them."
        )
    return [_source(path) for path in wanted]


def _as_counted(path: Path) -> list[tuple[int, str]]:
    """Sorts ``page-10`` behind ``page-9``."""
    return [(int(part), "") if part.isdecimal() else (0, part.casefold()) for part in _DIGITS.split(path.name)]


def _is_meant(path: Path) -> bool:
    """Whether a file in a folder is a page, or would be one if it could be read: that must not just be missing."""
    if path.suffix.casefold() in _SUFFIXES:
        return True
    with path.open("rb") as file:
        kind = sniff.sniff(file.read(sniff.HEAD))
    is_foreign = kind.family is sniff.Family.REFUSED and kind.name.endswith((" picture", " drawing"))
    return is_foreign or kind.family in (sniff.Family.PICTURE, sniff.Family.PDF)


def _source(path: Path) -> Source:
    shown, place = _shown(path), path.absolute()
    try:
        head, size = _head(path, shown)
        is_document = sniff.sniff(head).family is sniff.Family.PDF
        if not is_document:
            recognise(head, shown)
        if size > (MAX_DOCUMENT if is_document else MAX_INPUT):
            raise MediaUnsupported(f"{shown} has {size / 1e6:.0f} MB, which is too much", hint="Make it smaller first.")
        pages = page_count(place, shown) if is_document else 1
        return Source(path=place, name=shown, sha256=_digest(path), pages=pages, is_document=is_document)
    except MediaError as error:
        return Source(path=place, name=shown, problem=error)
    except OSError as error:
        problem = MediaNotFound(f"{shown} cannot be read: {_reason(error)}", hint="Check the file.")
        return Source(path=place, name=shown, problem=problem)


def _head(path: Path, shown: str) -> tuple[bytes, int]:
    """The beginning of a regular file and its size; nothing else is opened, because that might wait or act."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise MediaUnsupported(f"{shown} is a device or a pipe", hint="Save it to a file first.")
    with os.fdopen(os.open(path, os.O_RDONLY | UNWAITING), "rb") as file:
        head = file.read(sniff.HEAD)
    if not head:
        raise MediaDamaged(f"{shown} is empty", hint="Choose another file.")
    return head, status.st_size


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _with_own_names(sources: list[Source]) -> list[Source]:
    """Where several files have one name, their folder comes before it."""
    places = Counter(name for name, _ in {(source.name, source.path) for source in sources})
    return [
        replace(source, name=clean_line(f"{source.path.parent.name}/{source.path.name}", 80))
        if places[source.name] > 1
        else source
        for source in sources
    ]


def _shown(path: Path) -> str:
    return clean_line(path.name or str(path), 80)


def _reason(error: OSError) -> str:
    return (error.strerror or os.strerror(error.errno or 0)).lower()
