"""Server-sent events, decoded from bytes as they arrive."""

from __future__ import annotations

MAX_LINE = 1 << 20
"""Bytes of a line that holds no ``data:`` URL."""
MAX_EVENT = 64 << 20
"""Bytes of an event: generated pictures come as ``data:`` URLs of many MiB."""

_BOM = b"\xef\xbb\xbf"
_URL_MARK = b";base64,"
_REPLACEMENT = "\ufffd"


class Decoder:
    """Turns pieces of a byte stream into the data of its events, however the stream is cut into pieces.

    Lines end with LF, CRLF or CR only: U+2028 and U+0085 are legal inside JSON. Event names, ids and retry times are
    not used by this protocol and are skipped.
    """

    __slots__ = ("_after_cr", "_data", "_is_first", "_size", "_tail", "comments", "error", "invalid_bytes")

    def __init__(self) -> None:
        self._tail = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._is_first = True
        self.comments = 0
        """Comment lines seen; servers send them as a sign of life."""
        self.invalid_bytes = 0
        """Sequences that were not UTF-8 and became U+FFFD."""
        self.error: str | None = None
        """Why decoding stopped for good: a line or an event beyond all bounds."""

    def feed(self, data: bytes) -> list[str]:
        """Take the next piece.

        Args:
            data: Any number of bytes.

        Returns:
            The data of every event that is now complete, in order. Nothing any more once `error` is set.
        """
        if self.error is not None:
            return []
        if self._after_cr or b"\r" in data:
            data = self._with_lf(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._tail:
            self._tail += lines[0]
            lines[0] = bytes(self._tail)
            self._tail.clear()
        if self._is_first and lines:
            self._is_first = False
            lines[0] = lines[0].removeprefix(_BOM)
        events: list[str] = []
        for line in lines:
            if not line:
                if self._data:
                    self._dispatch(events)
            elif not self._take(line):
                return events
        if rest:
            self._tail += rest
            self._fits(self._tail)
        return events

    def finish(self) -> bool:
        """The stream has ended.

        Returns:
            True when an event was left without its final blank line; it is dropped.
        """
        return bool(self._data) or bool(self._tail and self._tail[0] != 0x3A)

    def _with_lf(self, data: bytes) -> bytes:
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _take(self, line: bytes) -> bool:
        if len(line) > MAX_LINE and not self._fits(line):
            return False
        if line[:6] == b"data: ":
            value = line[6:]
        elif line[0] == 0x3A:
            self.comments += 1
            return True
        else:
            name, _, value = line.partition(b":")
            if name != b"data":
                return True
            value = value.removeprefix(b" ")
        self._data.append(value)
        self._size += len(value) + 1
        if self._size > MAX_EVENT:
            self.error = "an event of more than 64 MiB"
        return self.error is None

    def _fits(self, line: bytes | bytearray) -> bool:
        if len(line) > MAX_EVENT:
            self.error = "an event of more than 64 MiB"
        elif len(line) > MAX_LINE and line.find(_URL_MARK, 0, MAX_LINE) < 0:
            self.error = "a line of more than 1 MiB"
        return self.error is None

    def _dispatch(self, events: list[str]) -> None:
        raw = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        if not raw:
            return
        try:
            events.append(raw.decode())
        except UnicodeDecodeError:
            text = raw.decode(errors="replace")
            self.invalid_bytes += text.count(_REPLACEMENT) - raw.count(_REPLACEMENT.encode())
            events.append(text)
