"""Files from disk or stdin: opened without surprises, bounded, and handed to what understands them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchat.domain.clean import clean_line
from orchat.errors import MediaDamaged, MediaNotFound, MediaTooLarge, MediaUnsupported
from orchat.media.document import MAX_PDF, Document, read_document
from orchat.media.image import MAX_INPUT, MAX_OUTPUT, MAX_SIDE, PreparedImage, prepare
from orchat.media.sniff import Family, sniff
from orchat.paths import UNWAITING

STDIN = "-"
"""The path that stands for standard input."""


def load_image(
    path: str | Path,
    *,
    stdin: bytes | None = None,
    max_side: int = MAX_SIDE,
    max_bytes: int = MAX_OUTPUT,
    keep_original: bool = False,
) -> PreparedImage:
    """Read a picture and make it fit to send.

    Args:
        path: A file; ``~`` is the home folder, ``-`` stands for `stdin`.
        stdin: What standard input held.
        max_side: As for `orchat.media.image.prepare`.
        max_bytes: As for `orchat.media.image.prepare`.
        keep_original: As for `orchat.media.image.prepare`.

    Returns:
        The picture.

    Raises:
        MediaNotFound: Missing or not readable.
        MediaTooLarge: Too many bytes or pixels.
        MediaUnsupported: A folder, a device, a pipe, or no picture that can be sent.
        MediaDamaged: Empty, cut short or not decodable.
    """
    data = read_bytes(path, limit=MAX_INPUT, stdin=stdin)
    return prepare(data, _name(path), max_side=max_side, max_bytes=max_bytes, keep_original=keep_original)


def load_file(path: str | Path, *, stdin: bytes | None = None) -> Document:
    """Read a text file or a PDF document.

    Args:
        path: A file; ``~`` is the home folder, ``-`` stands for `stdin`.
        stdin: What standard input held.

    Returns:
        What it holds.

    Raises:
        MediaNotFound: Missing or not readable.
        MediaTooLarge: Too many bytes.
        MediaUnsupported: A folder, a device, a pipe, or neither text nor PDF.
        MediaDamaged: Empty or cut short.
    """
    return read_document(read_bytes(path, limit=MAX_PDF, stdin=stdin), _name(path))


def load(
    path: str | Path,
    *,
    stdin: bytes | None = None,
    max_side: int = MAX_SIDE,
    max_bytes: int = MAX_OUTPUT,
    keep_original: bool = False,
) -> PreparedImage | Document:
    """Read whatever can be attached: a picture is made fit to send, text and PDF are read as they are.

    Args:
        path: A file; ``~`` is the home folder, ``-`` stands for `stdin`.
        stdin: What standard input held.
        max_side: As for `orchat.media.image.prepare`.
        max_bytes: As for `orchat.media.image.prepare`.
        keep_original: As for `orchat.media.image.prepare`.

    Returns:
        The picture or the document; which one, its content tells.

    Raises:
        MediaNotFound: Missing or not readable.
        MediaTooLarge: Too many bytes or pixels.
        MediaUnsupported: A folder, a device, a pipe, or nothing that can be sent.
        MediaDamaged: Empty, cut short or not decodable.
    """
    data = read_bytes(path, limit=max(MAX_INPUT, MAX_PDF), stdin=stdin)
    kind = sniff(data)
    if kind.family in (Family.REFUSED, Family.BINARY):
        raise MediaUnsupported(f"{_name(path)} is {kind.name}, which cannot be sent", hint=kind.hint)
    if kind.family is Family.PICTURE:
        return prepare(data, _name(path), max_side=max_side, max_bytes=max_bytes, keep_original=keep_original)
    return read_document(data, _name(path))


def read_bytes(path: str | Path, *, limit: int, stdin: bytes | None = None) -> bytes:
    """Read a regular file, or what standard input held.

    Args:
        path: A file, or ``-``.
        limit: Most bytes.
        stdin: What standard input held.

    Returns:
        All bytes of it.

    Raises:
        MediaNotFound: Missing or not readable, or ``-`` without `stdin`.
        MediaTooLarge: More than `limit` bytes.
        MediaUnsupported: A folder, a device or a pipe, none of which is opened or waited for.
        MediaDamaged: Empty.
    """
    shown = _name(path)
    data = _from_stdin(stdin) if str(path) == STDIN else _from_disk(path, shown, limit)
    if not data:
        raise MediaDamaged(f"{shown} is empty", hint="Choose another file.")
    if len(data) > limit:
        raise MediaTooLarge(
            f"{shown} has more than the {limit // 1_000_000} MB that can be attached",
            hint="Attach the part that matters, or a smaller version.",
        )
    return data


def _name(path: str | Path) -> str:
    return "stdin" if str(path) == STDIN else clean_line(Path(path).name or str(path), 80)


def _from_stdin(stdin: bytes | None) -> bytes:
    if stdin is None:
        raise MediaNotFound("nothing was piped in for -", hint="Pipe the file in: cat FILE | orchat ask … -")
    return stdin


def _from_disk(path: str | Path, shown: str, limit: int) -> bytes:
    try:
        found = Path(path).expanduser()
        # Opening a pipe waits and opening a device may act, so what it is comes first.
        _check_regular(found.stat().st_mode, shown)
        handle = os.open(found, os.O_RDONLY | UNWAITING)
        with os.fdopen(handle, "rb") as file:
            _check_regular(os.fstat(handle).st_mode, shown)
            return file.read(limit + 1)
    except FileNotFoundError:
        raise MediaNotFound(f"{shown} does not exist", hint="Check the path; quote one that has spaces.") from None
    except PermissionError:
        raise MediaNotFound(f"{shown} may not be read", hint="Give yourself the right to read it.") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaNotFound(
            f"{shown} cannot be read: {clean_line(reason.lower(), 80)}", hint="Check the path."
        ) from None


def _check_regular(mode: int, shown: str) -> None:
    if stat.S_ISDIR(mode):
        raise MediaUnsupported(f"{shown} is a folder", hint="Name the files in it.")
    if not stat.S_ISREG(mode):
        raise MediaUnsupported(f"{shown} is a device or a pipe", hint="Pipe it in and name it -, or save it to a file.")
