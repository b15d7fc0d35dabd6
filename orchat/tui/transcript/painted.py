"""A row that is kept for as long as it may be shown again, and gone as soon as it may not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from textual.strip import Strip


class PaintedRow(Strip):
    """A strip that never refers to itself.

    Textual's own keeps itself among its pieces when it is shown whole, and then waits for the garbage collector: each
    takes 3 kB, and an answer that arrives paints thousands.
    """

    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """As a strip does."""
        within = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if within == [self.cell_length] else super().divide(within)

    def crop_extend(self, start: int, end: int, style: Style | None) -> Strip:
        """As a strip does."""
        return self if (start, end) == (0, self.cell_length) else super().crop_extend(start, end, style)
