"""The demo painter: a picture made from nothing but the prompt's hash."""

from __future__ import annotations

import hashlib
import struct
import zlib

SIDE = 192
"""Pixels."""


def paint(prompt: str) -> bytes:
    """A square picture: a sky between two colours with a disc in a third, the same for the same prompt.

    Args:
        prompt: What was asked for.

    Returns:
        A PNG file.
    """
    seed = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
    top, bottom, disc = seed[0:3], seed[3:6], seed[6:9]
    centre_x, centre_y, radius = (
        SIDE // 4 + seed[9] % (SIDE // 2),
        SIDE // 4 + seed[10] % (SIDE // 2),
        20 + seed[11] % 40,
    )
    rows = []
    for y in range(SIDE):
        sky = bytes((a * (SIDE - 1 - y) + b * y) // (SIDE - 1) for a, b in zip(top, bottom, strict=True))
        reach = radius * radius - (y - centre_y) ** 2
        half = int(reach**0.5) if reach > 0 else 0
        left, right = max(0, centre_x - half), min(SIDE, centre_x + half)
        rows.append(b"\0" + sky * left + disc * (right - left) + sky * (SIDE - right))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
