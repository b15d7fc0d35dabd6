"""One of several answers beside each other: a head that stays, and the answer under it."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui import changes
from orchat.tui.changes import Change
from orchat.tui.lines import ACCENT, DIM, ERROR, LINE, YOU, spread, stack
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from orchat.tui.wording import plain

NARROWEST = 36
"""Cells that a column needs: below it, and below `NARROW`, columns become tabs."""
NARROW = 100
"""Cells of a screen that has no columns."""
MARK_STYLES = {"stopped": YOU, "cut": ERROR, "failed": ERROR}
GAP = 2
"""Cells between two tabs."""
_SIGNS = {"done": "✓", "stopped": "■", "cut": "!", "failed": "!"}
_HEAD = ("title", "facts", "branch")
"""Fields of an entry that stand in the head instead."""


def fits_columns(width: int, count: int) -> bool:
    """Whether so many columns stand beside each other in so many cells."""
    return width >= NARROW and width // count >= NARROWEST


class ColumnHead(Widget):
    """Model and state; time, speed and cost; a rule that is heavy where the keys go."""

    DEFAULT_CSS = """
    ColumnHead { height: 3; padding: 0 3 0 2; }
    """

    title: reactive[str] = reactive("")
    """The model, foreign."""
    state: reactive[str] = reactive("")
    """What it does now, or how it ended."""
    facts: reactive[str] = reactive("")
    """Time, speed and cost."""
    current: reactive[bool] = reactive(False)
    """Whether keys are for this answer."""

    def __init__(self, number: int, *, plain: bool) -> None:
        super().__init__()
        self._number = number
        self._plain = plain

    def render(self) -> Content:
        """Three lines."""
        width = self.content_size.width
        name = Content.assemble(
            (f"{self._number} ", DIM), plain(self.title, 120).stylize(f"bold {ACCENT}" if self.current else "bold")
        )
        state = Content.styled(self.state, MARK_STYLES.get(self.state, DIM))
        first = spread(name, state, width)
        facts = Content.styled(self.facts, DIM).truncate(width, ellipsis=True)
        return stack(first, facts, self._rule(width))

    def _rule(self, width: int) -> Content:
        if self._plain:
            return Content("(keys are for this answer)" if self.current else "")
        return Content.styled("━" * width, ACCENT) if self.current else Content.styled("─" * width, LINE)


class AnswerColumn(Vertical):
    """An answer, and what is known of it.

    Args:
        number: Place among the others, from 1.
        entry: What there is of it so far.
        flush_s: Seconds between two flushes.
        plain: No box drawing, words for roles.
        copy_hint: Shown beside the language of a code block.
    """

    DEFAULT_CSS = """
    AnswerColumn {
        width: 1fr;
        & > Transcript { scrollbar-size-vertical: 1; }
    }
    """

    def __init__(self, number: int, entry: Entry, *, flush_s: float, plain: bool, copy_hint: str = "") -> None:
        super().__init__()
        self.number = number
        self.head = ColumnHead(number, plain=plain)
        self.transcript = Transcript(flush_s=flush_s, plain=plain, copy_hint=copy_hint)
        self._body = self._bare(entry)

    def compose(self) -> ComposeResult:
        """Head over text."""
        yield self.head
        yield self.transcript

    def on_mount(self) -> None:
        """Show what there is."""
        self.transcript.set_entries([self._body])

    def on_click(self) -> None:
        """Keys are for this answer from now on."""
        self.transcript.focus()

    def show(self, change: Change) -> None:
        """Show one change of the answer."""
        match change:
            case changes.Said():
                self.transcript.stream_text(self._body, change.text)
            case changes.Thought():
                self.transcript.stream_reasoning(self._body, change.text)
            case changes.Updated():
                values = {name: value for name, value in change.values.items() if name not in _HEAD}
                if values:
                    self.transcript.update_entry(self._body, **values)
            case changes.Finished():
                self.transcript.finish(self._body)
            case changes.Replaced():
                self._body = self._bare(change.entries[0])
                self.transcript.set_entries([self._body])
            case _:
                pass

    @property
    def text(self) -> str:
        """The answer as it arrived."""
        return self.transcript.source(self._body)

    @property
    def has_code(self) -> bool:
        """Whether a block of code stands in it, as far as that is quickly told."""
        return any(fence in self.text for fence in ("```", "~~~"))

    @property
    def code_blocks(self) -> list[str]:
        """Its blocks of code, in their order, cleaned."""
        return self.transcript.code_blocks(self._body)

    def _bare(self, entry: Entry) -> Entry:
        return replace(entry, title="", facts="", branch="")


class TabLine(Widget):
    """All answers in one line, where only one of them has room."""

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 2; }
    """

    tabs: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Model and state of each."""
    current: reactive[int] = reactive(0)
    """Which is shown, from 0."""

    class Pressed(Message):
        """Somebody clicked a tab."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, plain: bool) -> None:
        super().__init__()
        self._plain = plain

    @property
    def _room(self) -> int:
        """Cells of each tab."""
        count = max(1, len(self.tabs))
        return max(6, (self.content_size.width - GAP * (count - 1)) // count)

    def render(self) -> Content:
        """Each as wide as the others."""
        tabs = (self._tab(number, name, state, self._room) for number, (name, state) in enumerate(self.tabs))
        return Content(" " * GAP).join(tabs)

    def on_click(self, event: events.Click) -> None:
        """The tab under the pointer."""
        self.post_message(self.Pressed(max(0, event.x - GAP) // (self._room + GAP)))

    def _tab(self, number: int, name: str, state: str, room: int) -> Content:
        is_current = number == self.current
        before = (">" if self._plain else "▸") if is_current else " "
        sign = _SIGNS.get(state, "…")
        style = f"bold {ACCENT}" if is_current else DIM
        label = Content.assemble((before, ACCENT), (f"{number + 1} ", DIM), plain(name, 80).stylize(style))
        return spread(label, Content.styled(sign, MARK_STYLES.get(state, DIM)), room, gap=1)
