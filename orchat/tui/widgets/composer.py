"""Where a person writes."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static, TextArea

from orchat.domain.clean import clean
from orchat.tui.changes import Prompt
from orchat.tui.widgets.completion import Completion
from orchat.tui.widgets.rows import RowList
from orchat.tui.wording import plural, size

LONG_PASTE = 20_000
"""Characters from which on a pasted text goes along as a file."""
ESCAPE_S = 0.04
"""An Enter so soon after an Escape is an Alt+Enter of a terminal that cannot say so."""
PASTE_S = 0.05
"""An Enter so soon after a paste came with it."""
PLACEHOLDER = Content("Ask anything · / for commands")
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

    class Entered(Message):
        """Enter was pressed."""

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

    class ErasedBefore(Message):
        """Backspace where nothing stands before the cursor."""

    class EndPressed(Message):
        """End where there is no text whose end it could mean."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, soft_wrap=True, tab_behavior="focus", placeholder=PLACEHOLDER)
        self.send_on_enter = True
        self.steered = False
        """Whether arrows, Tab and Enter belong to a list of completions."""
        self.prompts: list[str] = []
        """Earlier prompts, oldest first."""
        self._back = 0
        self._draft = ""
        self._escape: Timer | None = None
        self._deaf: Timer | None = None

    async def _on_key(self, event: events.Key) -> None:
        if self._takes(event):
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
        elif self._deaf is not None:
            pass
        elif self.steered:
            self.post_message(self.Steered("enter"))
        elif self.send_on_enter:
            self.post_message(self.Entered())
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
        if len(event.text) > LONG_PASTE:
            self.post_message(self.PastedLong(event.text))
            return
        self.write(event.text)

    def _deafen(self) -> None:
        if self._deaf is not None:
            self._deaf.stop()
        self._deaf = self.set_timer(PASTE_S, self._hear)

    def _hear(self) -> None:
        self._deaf = None


class Composer(Vertical):
    """The text, what goes along with it, and the list of commands."""

    DEFAULT_CSS = """
    Composer {
        height: auto;
        background: $surface;
        & > Horizontal { height: auto; padding: 1 2; }
        & #mark { width: 2; height: 1; color: $accent; text-style: bold; }
        & #estimate { width: auto; max-width: 40%; height: 1; color: $faint; padding: 0 0 0 2; }
    }
    """

    pastes: reactive[tuple[str, ...]] = reactive(())
    """Long pasted texts that go along."""
    estimate: reactive[str] = reactive("")
    """What sending it may cost, in words."""

    class Submitted(Message):
        """A prompt is to be sent."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    class Commanded(Message):
        """A line such as ``/model gem`` was entered."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    class EnteredNothing(Message):
        """Enter was pressed with nothing to send."""

    class Escaped(Message):
        """Escape was pressed and nothing here wanted it."""

    class Changed(Message):
        """The draft is another one."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    class PastesChanged(Message):
        """Another number of long pastes goes along."""

        def __init__(self, chips: tuple[str, ...]) -> None:
            super().__init__()
            self.chips = chips

    def compose(self) -> ComposeResult:
        """The list of commands over one line that grows."""
        yield Completion()
        with Horizontal():
            yield Static(Content("›"), id="mark")
            yield PromptArea(id="prompt")
            yield Static(Content(""), id="estimate")

    def limit(self, lines: int) -> None:
        """Let the text take no more lines than these; its row would not follow a limit in CSS."""
        row = self.query_one(Horizontal)
        self.area.styles.max_height = max(1, lines)
        row.styles.max_height = max(1, lines) + row.styles.padding.height

    @property
    def area(self) -> PromptArea:
        """The text."""
        return self.query_one(PromptArea)

    @property
    def prompt(self) -> Prompt:
        """What would be sent now."""
        return Prompt(text=self.area.text, pastes=self.pastes)

    @property
    def is_empty(self) -> bool:
        """Nothing was typed or pasted."""
        return not self.area.text and not self.pastes

    def restore(self, prompt: Prompt) -> None:
        """Put a prompt into the composer, before what is already there."""
        parts = [part for part in (prompt.text, self.area.text) if part.strip()]
        self.area.load("\n\n".join(parts))
        self.pastes = (*prompt.pastes, *self.pastes)

    def replace(self, prompt: Prompt) -> None:
        """Put a prompt in the place of what is there."""
        self.area.load(prompt.text)
        self.pastes = prompt.pastes

    def type(self, text: str) -> None:
        """Take a key that was pressed elsewhere."""
        self.area.focus()
        self.area.write(text)

    def drop_paste(self, index: int) -> None:
        """Leave one long paste behind."""
        self.pastes = tuple(paste for number, paste in enumerate(self.pastes) if number != index)

    # ---- reactions ----

    def watch_pastes(self) -> None:
        """Tell what goes along."""
        chips = tuple(f"paste {size(len(paste))} {plural(paste.count(chr(10)) + 1, 'line')}" for paste in self.pastes)
        self.post_message(self.PastesChanged(chips))
        self._changed()

    def watch_estimate(self, words: str) -> None:
        """Show the estimate at the right end."""
        if self.is_mounted:
            self.query_one("#estimate", Static).update(Content(words))

    def _changed(self) -> None:
        if self.is_mounted:
            self.post_message(self.Changed(self.prompt))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        completion = self.query_one(Completion)
        completion.offer(self.area.text)
        self.area.steered = completion.is_open
        self._changed()

    @on(PromptArea.PastedLong)
    def _pasted_long(self, event: PromptArea.PastedLong) -> None:
        self.pastes = (*self.pastes, event.text)

    @on(PromptArea.ErasedBefore)
    def _erased_before(self) -> None:
        self.pastes = self.pastes[:-1]

    @on(PromptArea.Escaped)
    def _escaped(self, event: PromptArea.Escaped) -> None:
        event.stop()
        completion = self.query_one(Completion)
        if completion.is_open:
            self._close(completion)
        else:
            self.post_message(self.Escaped())

    @on(PromptArea.Steered)
    def _steered(self, event: PromptArea.Steered) -> None:
        event.stop()
        completion = self.query_one(Completion)
        if event.key in ("up", "down"):
            completion.action_move(-1 if event.key == "up" else 1)
        else:
            self._complete(completion, run=event.key == "enter")

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self._complete(self.query_one(Completion), run=True)

    @on(RowList.Highlighted)
    def _highlighted(self, event: RowList.Highlighted) -> None:
        event.stop()

    def _complete(self, completion: Completion, *, run: bool) -> None:
        command = completion.chosen
        self._close(completion)
        if command is None:
            return
        if run and not command.argument:
            self._send(f"/{command.slash}")
            return
        self.area.load(f"/{command.slash}" + (" " if command.argument else ""))
        if run and command.argument.startswith("["):
            self._send(f"/{command.slash}")

    def _close(self, completion: Completion) -> None:
        completion.close()
        self.area.steered = False

    @on(PromptArea.Entered)
    def _entered(self, event: PromptArea.Entered) -> None:
        event.stop()
        text = self.area.text
        if text.startswith("/") and not text.startswith("//") and "\n" not in text.strip():
            self._send(text.strip())
        elif not self.prompt.is_empty:
            prompt = self.prompt
            text = prompt.text[1:] if prompt.text.startswith("//") else prompt.text
            self._clear()
            self.post_message(self.Submitted(Prompt(text=text.strip("\n"), pastes=prompt.pastes)))
        else:
            self.post_message(self.EnteredNothing())

    def _send(self, line: str) -> None:
        self.post_message(self.Commanded(line))

    def _clear(self) -> None:
        self.area.load("")
        self.pastes = ()

    def accept_command(self) -> None:
        """The entered command was understood: its line goes."""
        self.area.load("")
