"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import Enum, auto

HEAD = 4096
"""Bytes that are looked at."""

_EXPORT = "Export it as PNG or JPEG and attach that."
_LETTERS = re.compile(rb"[\x08-\x0a\x0c\x0d\x1b\x20-\x7e\x80-\xff]*")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Family(Enum):
    """What can be done with a file."""

    PICTURE = auto()
    """Sent as an image, after it was prepared."""
    PDF = auto()
    """Sent as a file."""
    TEXT = auto()
    """Sent as text."""
    DRAWING = auto()
    """Text that describes a picture: SVG, PostScript. Sent as text, refused as an image."""
    REFUSED = auto()
    """Known, and not sent."""
    BINARY = auto()
    """Unknown, and not text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A file format."""

    family: Family
    """What can be done with it."""
    name: str
    """What people call it, with its article: ``a PNG picture``."""
    pillow: str = ""
    """Pillow's name of the decoder, for pictures."""
    mime: str = "application/octet-stream"
    """Media type, for what is sent."""
    hint: str | None = None
    """What to do with a file that is refused."""


PNG = Kind(family=Family.PICTURE, name="a PNG picture", pillow="PNG", mime="image/png")
JPEG = Kind(family=Family.PICTURE, name="a JPEG picture", pillow="JPEG", mime="image/jpeg")
GIF = Kind(family=Family.PICTURE, name="a GIF picture", pillow="GIF", mime="image/gif")
WEBP = Kind(family=Family.PICTURE, name="a WebP picture", pillow="WEBP", mime="image/webp")
PDF = Kind(family=Family.PDF, name="a PDF document", mime="application/pdf")
TEXT = Kind(family=Family.TEXT, name="text", mime="text/plain")
BINARY = Kind(family=Family.BINARY, name="a binary file", hint="Only pictures, PDF documents and text can be attached.")
SVG = Kind(family=Family.DRAWING, name="an SVG drawing", hint=_EXPORT)
POSTSCRIPT = Kind(family=Family.DRAWING, name="a PostScript drawing", hint=_EXPORT)


def _refused(name: str, hint: str) -> Kind:
    return Kind(family=Family.REFUSED, name=name, hint=hint)


HEIC = _refused("an HEIC picture", "Phones can be set to JPEG; else export it as JPEG and attach that.")
AVIF = _refused("an AVIF picture", _EXPORT)
TIFF = _refused("a TIFF picture", _EXPORT)
EPS = _refused("an EPS drawing", _EXPORT)
VIDEO = _refused("a video", "Attach single frames as PNG or JPEG.")
AUDIO = _refused("a sound file", "Attach its transcript as text.")
OFFICE = _refused("an office document", "Export it as PDF and attach that.")
ARCHIVE = _refused("an archive", "Unpack it and attach the files that matter.")
PROGRAM = _refused("a program", "Attach its source, or the output that it gives.")
DATABASE = _refused("a SQLite database", "Export the rows that matter as text.")

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (rb"\x89PNG\r\n\x1a\n", PNG),
    (rb"\xff\xd8\xff", JPEG),
    (rb"GIF8[79]a", GIF),
    (rb"RIFF....WEBP", WEBP),
    (rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+", TIFF),
    (rb"BM.{4}\x00\x00", _refused("a BMP picture", _EXPORT)),
    (rb"\x00\x00[\x01\x02]\x00", _refused("an icon", _EXPORT)),
    (rb"8BPS", _refused("a Photoshop file", _EXPORT)),
    (rb"\xff\x0a|\x00{3}\x0cJXL ", _refused("a JPEG XL picture", _EXPORT)),
    (rb"\x00{3}\x0cjP  |\xff\x4f\xff\x51", _refused("a JPEG 2000 picture", _EXPORT)),
    (rb"\xc5\xd0\xd3\xc6", EPS),
    (rb"%!PS", POSTSCRIPT),
    (rb"\x1aE\xdf\xa3|RIFF....AVI |\x00\x00\x01\xba|FLV\x01", VIDEO),
    (rb"ID3[\x02-\x04]|\xff[\xf1-\xf3\xf9-\xfb]|OggS\x00|fLaC\x00|RIFF....WAVE|FORM....AIF", AUDIO),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),
    (rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/|mimetypeapplication/)", OFFICE),
    (rb"PK(?:\x03\x04|\x05\x06)|\x1f\x8b\x08|BZh\d1AY|\xfd7zXZ\x00|7z\xbc\xaf'\x1c|Rar!\x1a|\x28\xb5\x2f\xfd", ARCHIVE),
    (rb".{257}ustar", ARCHIVE),
    (rb"\x7fELF|MZ.{0,60}\x00|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|\x00asm", PROGRAM),
    (rb"SQLite format 3\x00", DATABASE),
)
_TABLE = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _SIGNATURES)
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?|<!--.*?|<!DOCTYPE svg.*?)*<svg[\s>]", re.DOTALL | re.IGNORECASE)


def sniff(data: bytes) -> Kind:
    """Tell what a file is.

    Args:
        data: The file, or at least its first `HEAD` bytes.

    Returns:
        Its kind; `BINARY` for what is neither known nor text.
    """
    head = bytes(data[:HEAD])
    for pattern, kind in _TABLE:
        if pattern.match(head):
            return kind
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.lstrip().startswith(b"%PDF-"):
        return PDF
    if _SVG.match(head):
        return SVG
    if _looks_like_text(head):
        return TEXT
    # PDF readers allow some bytes before the mark.
    return PDF if b"%PDF-" in head[:1024] else BINARY


def _iso_media(head: bytes) -> Kind:
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, 128), 4))}
    if brands & {b"avif", b"avis"}:
        return AVIF
    if brands & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}:
        return HEIC
    return AUDIO if head[8:11] == b"M4A" else VIDEO


def _looks_like_text(head: bytes) -> bool:
    """Whether `head` begins a text: no zero byte in it, and either UTF-8 or free of control characters."""
    if head.startswith(_BOMS) or wide_encoding(head) is not None:
        return True
    return b"\0" not in head and (_LETTERS.fullmatch(head) is not None or _begins_utf8(head))


def _begins_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def wide_encoding(data: bytes) -> str | None:
    """The byte order of UTF-16 text that has no mark: its letters are mostly Latin, so every second byte is zero.

    Args:
        data: The text or its beginning.

    Returns:
        ``utf-16-le``, ``utf-16-be`` or None.
    """
    head = bytes(data[: HEAD - HEAD % 2])
    half = len(head) // 2
    if half == 0:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd * 2 > half and even == 0:
        return "utf-16-le"
    if even * 2 > half and odd == 0:
        return "utf-16-be"
    return None
