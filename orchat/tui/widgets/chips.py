"""The line over the composer: what goes along, prompts that wait, lines that were not seen yet."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from orchat.domain.clean import clean_line
from orchat.tui.lines import ACCENT, DIM, YOU, spread
from orchat.tui.wording import plain, plural, shortened

KEYS = (("←→", "chips"), ("Shift+←→", "move"), ("Enter", "look"), ("Del", "remove"), ("Esc", "back"))
"""What the keys do while a chip has them."""
_GAP = 3
_COUNT = 6
"""Room for the number of chips that do not fit, at either side."""
_LONGEST = 40
"""Cells of a chip's words."""
_SHORTEST = 8
"""The same, however little room there is."""
Part = tuple[Content, "Message | int"]
"""A part of the line, and what a click on it says: a message, or which chip it is."""


class Chips(Widget, can_focus=True):
    """One line; it is gone when there is nothing to say. Its chips can be gone through with the keys."""

    DEFAULT_CSS = """
    Chips { height: 1; padding: 0 2; background: $background; display: none; }
    Chips.-filled { display: block; }
    """
    # A click on a chip opens it; it would be another one if the line changed with the focus first.
    FOCUS_ON_CLICK = False
    BINDINGS = [
        Binding("left", "go(-1)", "Left", show=False),
        Binding("right", "go(1)", "Right", show=False),
        Binding("home", "go(-1000)", "First", show=False),
        Binding("end", "go(1000)", "Last", show=False),
        Binding("shift+left,ctrl+left", "move(-1)", "Earlier", show=False),
        Binding("shift+right,ctrl+right", "move(1)", "Later", show=False),
        Binding("delete,backspace", "drop", "Remove", show=False),
        Binding("enter,space", "open", "Look", show=False),
        Binding("escape,down", "leave", "Write on", show=False),
    ]

    chips: reactive[tuple[str, ...]] = reactive(())
    """What goes along, each in a few words: foreign."""
    preparing: reactive[int] = reactive(0)
    """Files that are still being made fit to send."""
    waiting: reactive[int] = reactive(0)
    """Prompts that are queued."""
    following: reactive[str] = reactive("")
    """Begins like the first of them: foreign."""
    unseen: reactive[int] = reactive(0)
    """Lines below the ones that are shown."""
    editing: reactive[str] = reactive("")
    """What is edited in the composer instead of a draft; empty: nothing."""
    at: reactive[int] = reactive(0)
    """Which chip the keys are for."""
    sign: str = "▣"
    """Stands before the number of a chip."""

    class Dropped(Message):
        """A chip is not to go along after all."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Moved(Message):
        """A chip is to change places with the one before or after it."""

        def __init__(self, index: int, by: int) -> None:
            super().__init__()
            self.index = index
            self.by = by

    class Opened(Message):
        """A chip is to be looked at."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class FocusChanged(Message):
        """The keys are for a chip, or no longer."""

    class Left(Message):
        """The person wants to write on."""

    class QueuePressed(Message):
        """Somebody clicked what waits."""

    class UnseenPressed(Message):
        """Somebody clicked the unseen lines."""

    # ---- what is shown ----

    def watch_chips(self) -> None:
        """Appear or go."""
        self.at = max(0, min(self.at, len(self.chips) - 1))
        if not self.chips and self.has_focus:
            self.post_message(self.Left())
        self._fill()

    def watch_preparing(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_waiting(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_unseen(self) -> None:
        """Appear or go."""
        self._fill()

    def watch_editing(self) -> None:
        """Appear or go."""
        self._fill()

    def _fill(self) -> None:
        self.set_class(bool(self.chips or self.preparing or self.waiting or self.unseen or self.editing), "-filled")

    def allow_focus(self) -> bool:
        """Only chips can be gone through."""
        return bool(self.chips)

    def on_focus(self) -> None:
        """The keys are for a chip now."""
        self.refresh()
        self.post_message(self.FocusChanged())

    def on_blur(self) -> None:
        """The keys are for something else now."""
        self.refresh()
        self.post_message(self.FocusChanged())

    def _left(self, width: int) -> list[Part]:
        parts: list[Part] = []
        if self.unseen:
            lines = "line" if self.unseen == 1 else "lines"
            words = Content.assemble((f"↓ {self.unseen:,} new {lines}", ACCENT), ("  End", DIM))
            parts.append((words, self.UnseenPressed()))
        coming: list[Part] = []
        if self.preparing:
            coming.append((Content.styled(f"preparing {plural(self.preparing, 'file')} …", DIM), -1))
        taken = sum(part.cell_length + _GAP for part, _ in (*parts, *coming))
        return [*parts, *self._shown_chips(width - taken), *coming]

    def _shown_chips(self, width: int) -> list[Part]:
        """As many chips as fit around the one that the keys are for; the others are counted."""
        drawn = [self._chip(index, width) for index in range(len(self.chips))]
        if not drawn:
            return []
        if sum(chip.cell_length + _GAP for chip in drawn) - _GAP <= width:
            return [(chip, index) for index, chip in enumerate(drawn)]
        first, last = self.at, self.at + 1
        # The later ones first, so that a line that was never moved through begins with the first chip.
        while wider := next(
            (span for span in ((first, last + 1), (first - 1, last)) if _fit(drawn, *span, width)), None
        ):
            first, last = wider
        parts: list[Part] = [(drawn[index], index) for index in range(first, last)]
        if first > 0:
            parts.insert(0, (Content.styled(f"‹ {first}", DIM), first - 1))
        if last < len(drawn):
            parts.append((Content.styled(f"{len(drawn) - last} ›", DIM), last))
        return parts

    def _chip(self, index: int, width: int) -> Content:
        # The one that the keys are for is shown whole, between the numbers of those that are not.
        sign, room = f"{self.sign} {index + 1}  ", width - 2 * _COUNT - len("[ ×]")
        label = shortened(clean_line(self.chips[index], 200), min(_LONGEST, max(_SHORTEST, room - len(sign))))
        words = Content.assemble((sign, ACCENT), (label, DIM), (" ×", ACCENT))
        # Brackets, too, because not every terminal shows what is reversed.
        return Content.styled(f"[{words.plain}]", "reverse") if self.has_focus and index == self.at else words

    def _right(self) -> Content:
        if self.editing:
            return Content.assemble((self.editing, YOU), ("  Esc back", DIM))
        if not self.waiting:
            return Content("")
        # Not wider than half the line, which may have to tell of unseen lines, too.
        room = max(_SHORTEST, self.content_size.width // 2 - 22)
        words = plain(self.following).truncate(room, ellipsis=True).plain
        return Content.assemble(
            (f"queued: {self.waiting}", YOU), (f"  {words}" if words else "", DIM), ("  Esc edit", DIM)
        )

    def _ends(self) -> tuple[list[Part], Content]:
        """What stands left and right."""
        right = self._right()
        return self._left(self.content_size.width - right.cell_length - 2), right

    def render(self) -> Content:
        """One line."""
        left, right = self._ends()
        return spread(Content(" " * _GAP).join(part for part, _ in left), right, self.content_size.width)

    # ---- keys and mouse ----

    def action_go(self, by: int) -> None:
        """Let the keys be for another chip."""
        self.at = max(0, min(self.at + by, len(self.chips) - 1))

    def action_move(self, by: int) -> None:
        """Let the chip change places with its neighbour."""
        self.post_message(self.Moved(self.at, by))

    def action_drop(self) -> None:
        """Leave the chip behind."""
        self.post_message(self.Dropped(self.at))

    def action_open(self) -> None:
        """Look at it."""
        self.post_message(self.Opened(self.at))

    def action_leave(self) -> None:
        """Write on."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """Every part does something; the cross at its end removes a chip."""
        x = event.x - self.styles.padding.left
        for content, told in self._ends()[0]:
            if 0 <= x < content.cell_length:
                self._clicked(told, is_end=x >= content.cell_length - 2)
                return
            x -= content.cell_length + _GAP
        if self.waiting:
            self.post_message(self.QueuePressed())

    def _clicked(self, told: Message | int, *, is_end: bool) -> None:
        if isinstance(told, Message):
            self.post_message(told)
        elif told >= 0:
            self.at = told
            self.post_message(self.Dropped(told) if is_end else self.Opened(told))


def _fit(drawn: list[Content], first: int, last: int, width: int) -> bool:
    """Whether there are these chips, and room for them and for the numbers of the others."""
    if first < 0 or last > len(drawn):
        return False
    counts = _COUNT * ((first > 0) + (last < len(drawn)))
    return sum(chip.cell_length + _GAP for chip in drawn[first:last]) - _GAP + counts <= width
