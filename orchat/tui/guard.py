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
        if all(_is_harmless(segment.text) for segment in segments):
            return segments
        return [
            segment if _is_harmless(segment.text) else Segment(_one_line(segment.text), segment.style)
            for segment in segments
        ]


def _is_harmless(text: str) -> bool:
    return is_clean(text) and "\n" not in text and "\t" not in text


def _one_line(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ")
