"""File names that are safe to write, whatever they were before."""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 80
"""Length of a slug in UTF-8."""

_FORBIDDEN = re.compile(r"[^\w.-]+")
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)))
)


def slug(name: str, *, default: str = "file") -> str:
    """Turn any text into a file name.

    Args:
        name: A title or a foreign file name.
        default: Used when nothing of `name` can be kept.

    Returns:
        Letters, digits, ``_``, ``.`` and ``-`` only, at most `MAX_BYTES` bytes, no leading dot or dash (a hidden file,
        an option), no trailing dot, and no name that Windows keeps for devices.
    """
    kept = _FORBIDDEN.sub("-", unicodedata.normalize("NFKC", name))
    kept = re.sub(r"-*\.[-.]*", ".", re.sub(r"-{2,}", "-", kept)).strip(".-")
    stem, dot, extension = kept.rpartition(".")
    if not dot or len(extension.encode()) > MAX_BYTES // 4:
        stem, dot, extension = kept, "", ""
    if stem.partition(".")[0].lower() in _RESERVED:
        stem = f"_{stem}"
    stem = _cut(stem, MAX_BYTES - len((dot + extension).encode())).rstrip(".-")
    return f"{stem}{dot}{extension}" if stem else default


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")
