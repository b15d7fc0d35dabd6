"""What a file is and whether it can be attached, told by its first bytes: quick enough for a whole folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchat.domain.clean import clean_line
from orchat.media import sniff
from orchat.media.document import MAX_PDF, MAX_TEXT
from orchat.media.image import MAX_INPUT, MAX_PIXELS, webp_size
from orchat.media.sniff import Family, Kind
from orchat.paths import UNWAITING

_SIZES = {Family.PICTURE: MAX_INPUT, Family.PDF: MAX_PDF, Family.TEXT: MAX_TEXT, Family.DRAWING: MAX_TEXT}
_MARKERS = 64
"""Parts of a JPEG that are passed over in search of its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A file as its first bytes tell it."""

    kind: Kind
    """What it is."""
    size: int
    """Bytes."""
    width: int = 0
    """Pixels as they are in the file, for pictures; 0: not known."""
    height: int = 0
    """Pixels."""
    refusal: str = ""
    """Why it cannot be attached, in one line; empty: it can, unless it turns out to be damaged."""
    hint: str = ""
    """What to do about it."""

    @property
    def is_picture(self) -> bool:
        """Whether it is sent as a picture."""
        return self.kind.family is Family.PICTURE


def glance(path: Path) -> Glance:
    """Look at the beginning of a file.

    Args:
        path: Nothing but a regular file is opened.

    Returns:
        What it is; a file that cannot be read or sent says why.
    """
    shown = clean_line(path.name, 80)
    try:
        # Opening a pipe waits and opening a device may act, so what it is comes first.
        if not stat.S_ISREG(path.stat().st_mode):
            return Glance(kind=sniff.BINARY, size=0, refusal=f"{shown} is no file, but a folder, a device or a pipe")
        handle = os.open(path, os.O_RDONLY | UNWAITING)
        with os.fdopen(handle, "rb") as file:
            return _told(file, os.fstat(handle).st_size, shown)
    except (OSError, ValueError) as error:
        why = clean_line((getattr(error, "strerror", None) or str(error)).lower(), 80)
        return Glance(kind=sniff.BINARY, size=0, refusal=f"{shown} cannot be read: {why}")


def _told(file: BinaryIO, size: int, shown: str) -> Glance:
    head = file.read(sniff.HEAD)
    kind = sniff.sniff(head)
    width, height = _pixels(file, head, kind) if kind.family is Family.PICTURE else (0, 0)
    refusal, hint = _refusal(kind, size, width * height, shown)
    return Glance(kind=kind, size=size, width=width, height=height, refusal=refusal, hint=hint)


def _refusal(kind: Kind, size: int, pixels: int, shown: str) -> tuple[str, str]:
    limit = _SIZES.get(kind.family)
    if size == 0:
        return f"{shown} is empty", "Choose another file."
    if limit is None:
        return f"{shown} is {kind.name}, which cannot be sent", kind.hint or ""
    if size > limit:
        return f"{shown} has {size / 1e6:.1f} MB; the limit is {limit // 1_000_000} MB", "Make it smaller first."
    if pixels > MAX_PIXELS:
        words = f"{shown} has {pixels / 1e6:.0f} megapixels; the limit is {MAX_PIXELS // 1_000_000}"
        return words, "Make it smaller first."
    return "", ""


def _pixels(file: BinaryIO, head: bytes, kind: Kind) -> tuple[int, int]:
    if kind is sniff.PNG:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if kind is sniff.GIF:
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if kind is sniff.WEBP:
        return webp_size(head)
    return _jpeg_pixels(file)


def _jpeg_pixels(file: BinaryIO) -> tuple[int, int]:
    """The size in the frame header, which may stand behind a picture of the picture."""
    file.seek(2)
    for _ in range(_MARKERS):
        mark = file.read(4)
        if len(mark) < 4 or mark[0] != 0xFF:
            break
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
            frame = file.read(5)
            return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
        file.seek(int.from_bytes(mark[2:4], "big") - 2, os.SEEK_CUR)
    return 0, 0
