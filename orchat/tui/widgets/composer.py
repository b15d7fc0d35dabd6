"""Where a person writes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from orchat.tui import layout
from orchat.tui.arguments import Offer
from orchat.tui.attached import Attached, Wanted
from orchat.tui.changes import Prompt, joined
from orchat.tui.mentions import Candidate, candidates, mention_at
from orchat.tui.widgets.completion import Completion
from orchat.tui.widgets.prompt_area import PromptArea
from orchat.tui.widgets.rows import RowList
from orchat.tui.wording import plural, size


class Composer(Vertical):
    """The text, what goes along with it, and the list of commands."""

    DEFAULT_CSS = """
    Composer {
        height: auto;
        background: $surface;
        & > Horizontal { height: auto; padding: 1 2; }
        & #mark { width: 2; height: 1; color: $accent; text-style: bold; }
        & #estimate { width: 0; max-width: 40%; height: 1; color: $faint; padding: 0 0 0 2; }
    }
    """

    files: reactive[tuple[Attached, ...]] = reactive(())
    """Pictures and documents that go along, in this order."""
    pastes: reactive[tuple[str, ...]] = reactive(())
    """Long pasted texts that go along."""
    preparing: reactive[int] = reactive(0)
    """Files that are still being made fit to send."""
    estimate: reactive[str] = reactive("")
    """What sending it may cost, in words."""
    is_due: reactive[bool] = reactive(False)
    """Enter was pressed while files were being prepared: the prompt goes out when they are ready."""

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

    class ChipsChanged(Message):
        """Something else goes along."""

        def __init__(self, chips: tuple[str, ...]) -> None:
            super().__init__()
            self.chips = chips

    class PreparingChanged(Message):
        """Another number of files is being made fit to send."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    class AttachWanted(Message):
        """Files or links were named that are to go along."""

        def __init__(self, wanted: tuple[Wanted, ...]) -> None:
            super().__init__()
            self.wanted = wanted

    def compose(self) -> ComposeResult:
        """The list of commands over one line that grows."""
        yield Completion()
        with Horizontal():
            yield Static(Content(layout.MARK), id="mark")
            yield PromptArea(self._entered, id="prompt")
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
        return Prompt(text=self.area.text, files=self.files, pastes=self.pastes)

    @property
    def is_empty(self) -> bool:
        """Nothing was typed, pasted or attached."""
        return not (self.area.text or self.files or self.pastes)

    def restore(self, prompt: Prompt) -> None:
        """Put a prompt into the composer, before what is already there."""
        if prompt.is_empty:
            return
        self.replace(joined(prompt, self.prompt))

    def replace(self, prompt: Prompt) -> None:
        """Put a prompt in the place of what is there."""
        self.area.load(prompt.text)
        self.files = prompt.files
        self.pastes = prompt.pastes

    def type(self, text: str) -> None:
        """Take a key that was pressed elsewhere; the next one, which may be here already, comes after it."""
        self.screen.set_focus(self.area)
        self.area.write(text)

    def drop_chip(self, index: int) -> None:
        """Leave behind one of the files, or of the pastes, which stand after them."""
        files = len(self.files)
        self.files = tuple(file for number, file in enumerate(self.files) if number != index)
        self.pastes = tuple(paste for number, paste in enumerate(self.pastes, files) if number != index)

    def write_out(self, index: int) -> None:
        """Write a paste into the text instead of letting it go along as a file.

        Args:
            index: Which of the chips.
        """
        paste = self.pastes[index - len(self.files)]
        self.drop_chip(index)
        self.area.write(paste)

    def move_chip(self, index: int, by: int) -> int:
        """Let a file change places with the one before or after it.

        Args:
            index: Which one.
            by: -1 or 1.

        Returns:
            Where it stands now; pastes keep their places.
        """
        to = index + by
        if not (0 <= index < len(self.files) and 0 <= to < len(self.files)):
            return index
        files = list(self.files)
        files[index], files[to] = files[to], files[index]
        self.files = tuple(files)
        return to

    # ---- reactions ----

    def watch_files(self) -> None:
        """Tell what goes along."""
        self._tell_chips()

    def watch_pastes(self) -> None:
        """Tell what goes along."""
        self._tell_chips()

    def _tell_chips(self) -> None:
        pasted = (
            f"paste {size(len(paste))} {plural(paste.rstrip(chr(10)).count(chr(10)) + 1, 'line')}"
            for paste in self.pastes
        )
        self.post_message(self.ChipsChanged((*(file.label for file in self.files), *pasted)))
        self._changed()

    def watch_preparing(self) -> None:
        """What was to be sent goes out once its files are ready."""
        self.post_message(self.PreparingChanged(self.preparing))
        if not self.preparing and self.is_due:
            self.is_due = False
            self._submit()

    def hold(self) -> None:
        """A file cannot be attached, or another conversation comes: what was to be sent stays a draft."""
        self.is_due = False

    def watch_estimate(self) -> None:
        """Show the estimate at the right end."""
        self._show_end()

    def watch_is_due(self) -> None:
        """Say at the right end that the prompt waits; no estimate takes that place."""
        self._show_end()

    def _show_end(self) -> None:
        if self.is_mounted:
            words = "sent when its files are ready" if self.is_due else self.estimate
            end = self.query_one("#estimate", Static)
            # Textual keeps an automatic width where a layout comes between two updates; the second would be cut.
            end.styles.width = cell_len(words) and cell_len(words) + end.styles.padding.width
            end.update(Content(words))

    def _changed(self) -> None:
        if self.is_mounted:
            self.post_message(self.Changed(self.prompt))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        completion = self.query_one(Completion)
        at = self.area.cursor_location
        mention = mention_at(self.area.document.get_line(at[0]), at[1])
        if mention is None:
            self.workers.cancel_group(self, "completion")
            completion.offer(self.area.text)
            self.area.steered = completion.is_open
        else:
            self._offer_files(mention.part)
        self._changed()

    @work(group="completion", exclusive=True, exit_on_error=False, description="look for files")
    async def _offer_files(self, part: str) -> None:
        found = await asyncio.to_thread(candidates, part, Path.cwd())
        completion = self.query_one(Completion)
        completion.offer_files(found)
        self.area.steered = completion.is_open

    @on(PromptArea.PastedPaths)
    @work(group="paste", exclusive=False, exit_on_error=False, description="find out what was pasted")
    async def _pasted_paths(self, event: PromptArea.PastedPaths) -> None:
        from orchat.media.pasted import attachments_in

        found = await asyncio.to_thread(attachments_in, event.text)
        if found:
            self.area.is_waiting = False
            self.post_message(self.AttachWanted(found))
        else:
            self.area.take_paste(event.text)

    @on(PromptArea.PastedNothing)
    def _pasted_nothing(self, event: PromptArea.PastedNothing) -> None:
        event.stop()
        self.post_message(self.AttachWanted(("clipboard",)))

    @on(PromptArea.PastedLong)
    def _pasted_long(self, event: PromptArea.PastedLong) -> None:
        self.pastes = (*self.pastes, event.text)

    @on(PromptArea.ErasedBefore)
    def _erased_before(self) -> None:
        self.drop_chip(len(self.files) + len(self.pastes) - 1)

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
        completion = self.query_one(Completion)
        completion.is_touched = True
        self._complete(completion, run=True)

    @on(RowList.Highlighted)
    def _highlighted(self, event: RowList.Highlighted) -> None:
        event.stop()

    def _complete(self, completion: Completion, *, run: bool) -> None:
        if completion.chosen_file is not None:
            self._complete_file(completion, completion.chosen_file)
            return
        if completion.chosen_offer is not None:
            self._complete_line(completion, completion.chosen_offer, run=run)
            return
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

    def _complete_line(self, completion: Completion, offer: Offer, *, run: bool) -> None:
        """Enter takes what was looked for in the list; a line that was just typed is entered as it stands."""
        self._close(completion)
        if not run:
            self.area.load(offer.line)
        elif not completion.is_touched:
            self._send(self.area.text.strip())
        elif offer.is_whole:
            self._send(offer.line)
        else:
            self.area.load(offer.line)

    def _complete_file(self, completion: Completion, file: Candidate) -> None:
        """A folder is gone into; a file goes along, and its mention has done its work."""
        self._close(completion)
        row, column = self.area.cursor_location
        mention = mention_at(self.area.document.get_line(row), column)
        if mention is None:
            return
        text = f"@{file.typed}" if file.is_folder else ""
        changed = self.area.replace(text, (row, mention.start), (row, column))
        self.area.move_cursor(changed.end_location)
        if not file.is_folder:
            self.post_message(self.AttachWanted((file.path,)))

    def _close(self, completion: Completion) -> None:
        completion.close()
        self.area.steered = False

    def _entered(self) -> None:
        text = self.area.text
        if text.startswith("/") and not text.startswith("//") and "\n" not in text.strip():
            self._send(text.strip())
        elif self.preparing:
            self.is_due = True
        elif not self.prompt.is_empty:
            self._submit()
        else:
            self.post_message(self.EnteredNothing())

    def _submit(self) -> None:
        prompt = self.prompt
        text = prompt.text[1:] if prompt.text.startswith("//") else prompt.text
        self._clear()
        self.post_message(self.Submitted(replace(prompt, text=text.strip("\n"))))

    def _send(self, line: str) -> None:
        self.post_message(self.Commanded(line))

    def _clear(self) -> None:
        self.area.load("")
        self.files = ()
        self.pastes = ()

    def accept_command(self) -> None:
        """The entered command was understood: its line goes."""
        self.area.load("")
