"""The text that a person writes."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from orchat.domain.clean import clean
from orchat.tui import layout
from orchat.tui.keys import acts

LONG_PASTE = 20_000
"""Characters from which on a pasted text goes along as a file."""
MANY_LINES = 40
"""Lines from which on it does: more would fill the screen."""
ESCAPE_S = 0.04
"""An Enter so soon after an Escape is an Alt+Enter of a terminal that cannot say so."""
PASTE_S = 0.05
"""An Enter so soon after a paste came with it."""
_NEWLINE_KEYS = {"shift+enter", "alt+enter", "ctrl+j"}


class PromptArea(TextArea):
    """The text itself: Enter sends, and nothing pasted ever does."""

    DEFAULT_CSS = """
    PromptArea {
        height: auto;
        border: none;
        padding: 0;
        background: transparent;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
        & .text-area--cursor-line { background: transparent; }
        & .text-area--placeholder { color: $faint; }
    }
    """

    class Escaped(Message):
        """Escape was pressed, and no Enter followed at once."""

    class Steered(Message):
        """A key that a list of completions would want."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class PastedLong(Message):
        """A text too long for the screen was pasted."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class PastedPaths(Message):
        """What was pasted may be the paths of files; whoever finds out writes it where it is none."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class PastedNothing(Message):
        """A paste without text: some terminals send it when a picture is on the clipboard."""

    class ErasedBefore(Message):
        """Backspace where nothing stands before the cursor."""

    class EndPressed(Message):
        """End where there is no text whose end it could mean."""

    def __init__(self, entered: Callable[[], None], *, id: str | None = None) -> None:
        super().__init__("", id=id, soft_wrap=True, tab_behavior="focus", placeholder=Content(layout.PLACEHOLDER))
        self.entered = entered
        """Called at Enter, before the next key is taken: a message would come after keys that are there already."""
        self.send_on_enter = True
        self.steered = False
        """Whether arrows, Tab and Enter belong to a list of completions."""
        self.is_waiting = False
        """Whether it is being found out what was pasted; nothing is sent meanwhile."""
        self.prompts: list[str] = []
        """Earlier prompts, oldest first."""
        self._back = 0
        self._draft = ""
        self._escape: Timer | None = None
        self._deaf: Timer | None = None

    async def _on_key(self, event: events.Key) -> None:
        if self._takes(event) or await acts(self, event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _takes(self, event: events.Key) -> bool:
        """Handle the keys that mean something else here than in an editor."""
        key = event.key
        if key == "enter":
            self._enter()
        elif key in _NEWLINE_KEYS or (event.character == "\r" and key != "enter"):
            self._settle_escape()
            self.write("\n")
        elif key == "escape":
            self._settle_escape()
            self._escape = self.set_timer(ESCAPE_S, self._escaped)
        elif (message := self._told_by(key)) is not None:
            self.post_message(message)
        else:
            return self._recall(key)
        return True

    def _told_by(self, key: str) -> Message | None:
        """What others do when a key makes no sense in the text."""
        if self.steered and key in ("up", "down", "tab"):
            return self.Steered(key)
        if key == "end" and not self.text:
            return self.EndPressed()
        if key == "backspace" and self.selection.start == self.selection.end == (0, 0):
            return self.ErasedBefore()
        return None

    def _enter(self) -> None:
        if self._escape is not None:
            self._settle_escape()
            self.write("\n")
        elif self._deaf is not None or self.is_waiting:
            pass
        elif self.steered:
            self.post_message(self.Steered("enter"))
        elif self.send_on_enter:
            self.entered()
        else:
            self.write("\n")

    def _settle_escape(self) -> None:
        if self._escape is not None:
            self._escape.stop()
            self._escape = None

    def _escaped(self) -> None:
        self._settle_escape()
        self.post_message(self.Escaped())

    def _recall(self, key: str) -> bool:
        """Up in the first line brings the last prompt back, up again the one before; down leads back to the draft."""
        recalled = 0 < self._back <= len(self.prompts) and self.text == clean(self.prompts[-self._back])
        at = self.cursor_location
        if key == "up" and (self.navigator.is_first_wrapped_line(at) or (recalled and at[0] == 0)):
            step = 1
        elif key == "down" and recalled and self.navigator.is_last_wrapped_line(at):
            step = -1
        else:
            return False
        back = (self._back if recalled else 0) + step
        if not 0 <= back <= len(self.prompts):
            return True
        if not recalled:
            self._draft = self.text
        self._back = back
        self.load(self.prompts[-back] if back else self._draft)
        if step > 0:
            self.move_cursor((0, len(self.document.get_line(0))))
        return True

    def write(self, text: str) -> None:
        """Put a text where the cursor is, as if it had been typed."""
        if result := self._replace_via_keyboard(clean(text), *self.selection):
            self.move_cursor(result.end_location)

    def load(self, text: str) -> None:
        """Replace the text, cleaned, with the cursor at its end."""
        self.text = clean(text)
        self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._deafen()
        if not event.text:
            self.post_message(self.PastedNothing())
        elif may_be_paths(event.text):
            self.is_waiting = True
            self.post_message(self.PastedPaths(event.text))
        else:
            self.take_paste(event.text)

    def take_paste(self, text: str) -> None:
        """Write a pasted text, or let it go along if it is too long for the screen."""
        self.is_waiting = False
        # Most terminals send a pasted line break as the Enter key does, as CR.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > LONG_PASTE or text.count("\n") > MANY_LINES:
            self.post_message(self.PastedLong(text))
        else:
            self.write(text)

    def _deafen(self) -> None:
        if self._deaf is not None:
            self._deaf.stop()
        self._deaf = self.set_timer(PASTE_S, self._hear)

    def _hear(self) -> None:
        self._deaf = None


_PATH_STARTS = ("/", "~/", "./", "../", "file:", "http://", "https://", "'", '"', "copy\n", "cut\n", "x-special/")


def may_be_paths(text: str) -> bool:
    """Whether it is worth to ask the disk what was pasted: quick.

    Args:
        text: What was pasted.
    """
    return len(text) <= LONG_PASTE and text.lstrip().startswith(_PATH_STARTS)
