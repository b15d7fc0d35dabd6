"""The last line of defence: no control character reaches the terminal from any widget."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from orchat.domain.clean import clean, is_clean


class Guard(LineFilter):
    """Cleans every segment before it is written. What was cleaned where it came in passes as it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  # Textual's signature
        """The same line without anything that a terminal would obey."""
        if all(is_clean(segment.text) for segment in segments):
            return segments
        return [
            segment if is_clean(segment.text) else Segment(clean(segment.text).replace("\n", " "), segment.style)
            for segment in segments
        ]
