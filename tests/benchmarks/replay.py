"""What stood on the screen when: frames are painted once more on a screen of our own, after the measurement."""

from __future__ import annotations

import re
from bisect import bisect_left

import pyte

from tests.benchmarks.frames import COLUMNS, LINES
from tests.benchmarks.program import FRAME, Program

# pyte takes the private modes it does not know for others, but never text for anything else.
_UNKNOWN = re.compile(rb"\x1b\[[<=>?][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")


class Replay:
    """The screen of a program, some frames late.

    Args:
        program: It runs.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._done = 0

    def rows(self, columns: int = COLUMNS) -> list[str]:
        """What stands in the first columns, row by row."""
        self._catch_up()
        return [row[:columns].rstrip() for row in self._screen.display]

    def changes(self, columns: int = COLUMNS) -> list[float]:
        """When what is shown now has come: a time for each new frame that changed something.

        Args:
            columns: Only what stands in the first ones counts.

        Returns:
            Seconds as `time.perf_counter` counts them, less all that the program has ever waited for a core.
        """
        before, changes = self.rows_before(columns), list[float]()
        while (at := self._frame()) is not None:
            after = [row[:columns].rstrip() for row in self._screen.display]
            if after != before:
                changes.append(at)
            before = after
        return changes

    def rows_before(self, columns: int = COLUMNS) -> list[str]:
        """What stood there after the frames that were looked at so far."""
        return [row[:columns].rstrip() for row in self._screen.display]

    def _catch_up(self) -> None:
        while self._frame() is not None:
            pass

    def _frame(self) -> float | None:
        """Paint the next frame; when it was there."""
        seen = self._program.seen
        end = seen.find(FRAME, self._done)
        if end < 0:
            return None
        end += len(FRAME)
        self._stream.feed(_UNKNOWN.sub(b"", bytes(seen[self._done : end])))
        self._done = end
        at, _, queued = self._program.arrivals[bisect_left(self._program.arrivals, end, key=lambda known: known[1])]
        return at - queued
