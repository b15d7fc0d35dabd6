"""Text files and PDF documents as parts of a message."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TypeAlias

from orchat.domain.clean import clean_line
from orchat.domain.content import FilePart, TextPart
from orchat.errors import MediaDamaged, MediaTooLarge, MediaUnsupported
from orchat.media import sniff
from orchat.media.sniff import Family

MAX_TEXT = 2_000_000
"""Bytes of a text file: half a million tokens."""
MAX_PDF = 20_000_000
"""Bytes of a PDF document."""

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROLS = re.compile("[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_BACKTICKS = re.compile("`{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocument:
    """A text file."""

    name: str
    """Its name, clean and on one line."""
    text: str
    """What it says, raw; newlines are ``\\n``."""

    @property
    def part(self) -> TextPart:
        """The text with its name above it, fenced so that the model sees where it ends."""
        longest = max((len(run) for run in _BACKTICKS.findall(self.text)), default=2)
        fence = "`" * (longest + 1)
        end = "" if self.text.endswith("\n") else "\n"
        return TextPart(text=f"File: {self.name}\n{fence}\n{self.text}{end}{fence}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfDocument:
    """A PDF document."""

    name: str
    """Its name, clean and on one line."""
    data: bytes
    """The file, unchanged."""

    @property
    def part(self) -> FilePart:
        """The document as a part of a message."""
        encoded = base64.b64encode(self.data).decode("ascii")
        return FilePart(filename=self.name, data=f"data:application/pdf;base64,{encoded}")


Document: TypeAlias = TextDocument | PdfDocument


def read_document(data: bytes, name: str) -> Document:
    """Read a text file or a PDF document.

    Args:
        data: The file.
        name: Its name, for people and for the model; the format is told by the content.

    Returns:
        What it holds.

    Raises:
        MediaTooLarge: More than `MAX_TEXT` or `MAX_PDF` bytes.
        MediaUnsupported: Neither text nor PDF.
        MediaDamaged: Empty, or a PDF that is cut short.
    """
    shown = clean_line(name, 80) or "the file"
    if not data:
        raise MediaDamaged(f"{shown} is empty", hint="Choose another file.")
    kind = sniff.sniff(data)
    if kind.family is Family.PDF:
        return _pdf(data, shown)
    if kind.family in (Family.TEXT, Family.DRAWING):
        _check_length(data, shown, MAX_TEXT)
        text = decode_text(data)
        if text is not None:
            return TextDocument(name=shown, text=text)
        kind = sniff.BINARY
    hint = "Attach it as a picture." if kind.family is Family.PICTURE else kind.hint
    raise MediaUnsupported(f"{shown} is {kind.name}; text and PDF can be sent", hint=hint)


def decode_text(data: bytes) -> str | None:
    """Read text in UTF-8, UTF-16 or UTF-32, or in the Western European encoding of old files.

    Args:
        data: The whole text.

    Returns:
        The text with ``\\n`` as newline and without a byte order mark, or None for what is not text.
    """
    wide = next((name for mark, name in _MARKS if data.startswith(mark)), None) or sniff.wide_encoding(data)
    for encoding in (wide,) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Every byte string is text to the old encoding, so there a control character tells a binary file.
        if "\0" in text or (encoding == "cp1252" and _CONTROLS.search(text)):
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return None


def _pdf(data: bytes, shown: str) -> PdfDocument:
    _check_length(data, shown, MAX_PDF)
    if b"%%EOF" not in data:
        raise MediaDamaged(f"{shown} ends early", hint="Get the document once more; this copy is not complete.")
    return PdfDocument(name=shown, data=data)


def _check_length(data: bytes, shown: str, limit: int) -> None:
    if len(data) > limit:
        raise MediaTooLarge(
            f"{shown} has {len(data) / 1e6:.1f} MB; the limit is {limit // 1_000_000} MB",
            hint="Attach the part that matters.",
        )
