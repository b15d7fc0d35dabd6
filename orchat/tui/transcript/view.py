"""An entry laid out for one width: sections under each other and an empty row."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from orchat.domain.clean import clean
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.rows import Row, Section
from orchat.tui.transcript.styles import Look

if TYPE_CHECKING:
    from orchat.tui.transcript.stream import MarkdownStream
    from orchat.tui.transcript.thoughts import Thoughts

# What draws an entry is loaded when there is one: an empty screen has to stand at once.
HEAD, THOUGHTS, GAP, BODY, FOOT = range(5)
SECTIONS = 5
LINES = 1 << 24
"""More logical lines than a section ever has, so that a line keeps its number when a section above it changes."""
ENTRY_LINES = (SECTIONS + 1) * LINES
"""Numbers that one entry takes."""


class Place(NamedTuple):
    """A row that can be found again after a new layout."""

    section: int
    """Number of the section; `SECTIONS` for the empty row at the end."""
    line: int
    """Logical line in it."""
    start: int
    """Offset in that line."""


class View:
    """One entry on the screen.

    Args:
        entry: What is shown.
    """

    __slots__ = (
        "_asked", "_look", "_stream", "_texts", "_thinking", "_thoughts", "_thoughts_in", "_width", "_writing", "entry",
        "height", "index", "is_exact", "painted", "sections",
    )  # fmt: skip

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.index = 0
        self.height = 2
        self.is_exact = False
        self.sections: list[Section] | None = None
        self.painted: dict[int, Strip] = {}
        self._look = Look()
        self._width = 0
        self._texts: list[str] = []
        self._thoughts_in: list[str] = []
        self._writing = self._thinking = False
        self._stream: MarkdownStream | None = None
        self._thoughts: Thoughts | None = None
        self._asked = False

    def lacks_pictures(self, section: int) -> bool:
        """Whether pictures belong to what is shown in a section and were never asked for; they are now."""
        if section != FOOT or self._asked or self._look.is_plain:
            return False
        self._asked = any(inset.picture is None for inset in self.entry.insets)
        return self._asked

    # what is written

    @property
    def is_streaming(self) -> bool:
        """Whether more may come."""
        return self._writing or self._thinking

    @property
    def is_folded(self) -> bool:
        """Whether the thoughts are one line: as the person wants it, else from the first word of the answer on."""
        if self.entry.folded is not None:
            return self.entry.folded
        return self._writing or not self._thinking

    def write(self, text: str) -> None:
        """Take in a piece of the answer."""
        self._texts.append(text)

    def think(self, text: str) -> None:
        """Take in a piece of the thoughts."""
        self._thoughts_in.append(text)

    @property
    def source(self) -> str:
        """The answer as it arrived, also what is not drawn yet."""
        return self.entry.source + "".join(self._texts)

    def collect(self) -> tuple[str, str]:
        """Add what has arrived to the entry.

        Returns:
            The new text and the new thoughts.
        """
        text, thought = "".join(self._texts), "".join(self._thoughts_in)
        self._texts.clear()
        self._thoughts_in.clear()
        if text:
            self.entry.source += text
            self._writing = True
        if thought:
            self.entry.reasoning += thought
            self._thinking = True
        return text, thought

    def finish(self) -> None:
        """Nothing more comes: the next layout is a fresh one."""
        self.collect()
        self._writing = self._thinking = False
        self.forget()

    # layout

    def forget(self, *, keep_height: bool = False) -> None:
        """Drop the layout; it is made again when the entry comes into view."""
        self.sections = self._stream = self._thoughts = None
        self.painted.clear()
        self.is_exact = keep_height and self.is_exact

    def estimate(self, width: int) -> None:
        """Guess the height, quickly."""
        entry = self.entry
        text = entry.source.count("\n") + len(entry.source) // max(20, width)
        around = (
            bool(entry.chips)
            + bool(entry.reasoning)
            + (5 if entry.error else 0)
            + (6 if entry.insets else 0)
            + len(entry.citations)
        )
        self.height = 2 + bool(entry.source) + text + around

    def lay_out(self, look: Look, width: int) -> None:
        """Make the rows for a width."""
        self._look, self._width = look, width
        self.collect()
        if self._writing:
            from orchat.tui.transcript.stream import MarkdownStream

            self._stream = MarkdownStream(look, width)
            self._stream.feed(self.entry.source)
            self._stream.flush()
            body = self._stream.section
        else:
            from orchat.tui.transcript.blocks import render_markdown

            body = render_markdown(clean(self.entry.source), look, width)
        self._thoughts = None
        self.sections = [Section(), Section(), Section(), body, Section()]
        self.frame()

    def frame(self) -> None:
        """Draw what stands around the text again."""
        sections = self.sections
        if sections is None:
            return
        from orchat.tui.transcript.message import draw_head

        folded = self.is_folded
        sections[HEAD] = draw_head(self.entry, self._look, self._width, folded=folded)
        sections[THOUGHTS] = Section() if folded or not self.entry.reasoning else self._laid_out_thoughts()
        self._foot(sections)
        self.painted.clear()

    def _foot(self, sections: list[Section]) -> None:
        from orchat.tui.transcript.message import draw_foot

        has_body = bool(sections[BODY].rows)
        sections[FOOT] = draw_foot(self.entry, self._look, self._width, has_body=has_body)
        sections[GAP] = Section()
        if sections[THOUGHTS].rows and (has_body or sections[FOOT].rows):
            sections[GAP].blank()
        self.height = sum(len(section.rows) for section in sections) + 1
        self.is_exact = True

    def _laid_out_thoughts(self) -> Section:
        if self._thoughts is None:
            from orchat.tui.transcript.thoughts import Thoughts

            self._thoughts = Thoughts(self._look, self._width)
            self._thoughts.feed(self.entry.reasoning)
            self._thoughts.flush()
        return self._thoughts.section

    def flush(self) -> int | None:
        """Draw what has arrived.

        Returns:
            The first row that changed, or None when none did or none is laid out.
        """
        before = (self._writing, self._thinking)
        text, thought = self.collect()
        started = before != (self._writing, self._thinking)
        sections = self.sections
        if sections is None:
            return None
        if started:
            self.lay_out(self._look, self._width)
            return 0
        old_height = self.height
        changed = self._flush_thoughts(sections, thought) if thought else None
        if text and self._stream is not None:
            self._stream.feed(text)
            unchanged = self._stream.flush()
            if unchanged is not None:
                first = self.first_row(BODY) + unchanged
                changed = first if changed is None else min(changed, first)
        if changed is None:
            return None
        self._foot(sections)
        changed = max(0, changed - 1)  # the row before carried the caret
        for row in range(changed, old_height):
            self.painted.pop(row, None)
        return changed

    def _flush_thoughts(self, sections: list[Section], thought: str) -> int | None:
        if self._thoughts is None:
            return None
        self._thoughts.feed(thought)
        unchanged = self._thoughts.flush()
        if unchanged is None or sections[THOUGHTS] is not self._thoughts.section:
            return None
        return self.first_row(THOUGHTS) + unchanged

    # rows

    def first_row(self, section: int) -> int:
        """The row at which a section begins."""
        return sum(len(part.rows) for part in (self.sections or [])[:section])

    def row(self, number: int) -> tuple[int, Row]:
        """A row, and the number of its section."""
        for section, part in enumerate(self.sections or []):
            if number < len(part.rows):
                return section, part.rows[number]
            number -= len(part.rows)
        return SECTIONS, Row((), (), 0)

    @property
    def caret(self) -> int | None:
        """The row in which the answer is being written."""
        if not self.is_streaming or self.sections is None:
            return None
        row = self.first_row(FOOT) - 1
        return row if self.sections[BODY].rows or self.sections[THOUGHTS].rows else None

    def place_of(self, number: int) -> Place:
        """What stands in a row."""
        section, row = self.row(number)
        return Place(section, row.line, row.start)

    def row_of(self, place: Place) -> int:
        """Where it stands now, or as near as can be."""
        if self.sections is None or place.section >= SECTIONS:
            return max(0, self.height - 1)
        rows = self.sections[place.section].rows
        found = bisect_right(rows, (place.line, place.start), key=lambda row: (row.line, row.start)) - 1
        return self.first_row(place.section) + max(0, found)

    def lines(self) -> list[tuple[int, str]]:
        """The logical lines of the whole entry with their numbers; the last one is empty."""
        parts = self.sections or []
        numbered = [(n * LINES + k, text) for n, part in enumerate(parts) for k, text in enumerate(part.lines)]
        return [*numbered, (SECTIONS * LINES, "")]
