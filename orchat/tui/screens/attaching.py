"""A screen whose prompts carry files: attached, looked at, and sent to a model that sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from orchat.config.sections import PDF_FEES
from orchat.errors import MediaError, OrchatError
from orchat.tui import mentions
from orchat.tui.attached import Attached, Wanted, of_bytes, of_kept, of_link, of_loaded, prepare
from orchat.tui.changes import Prompt
from orchat.tui.entries import paste_name
from orchat.tui.screens.asking import Asking
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript
from orchat.tui.widgets.chips import Chips
from orchat.tui.widgets.composer import Composer
from orchat.tui.widgets.prompt_area import LONG_PASTE
from orchat.tui.wording import plural

if TYPE_CHECKING:
    from orchat.tui.figures import Figures

REMEMBERED = 64
"""Files that were attached last, whose pictures can be shown before the store has them."""


class Attaching(Asking):
    """Attaches files to prompts, and shows those of messages."""

    figures: Figures
    """What the sidebar shows."""
    _checking = 0
    """Prompts on their way through the checks before they are sent."""

    def on_mount(self) -> None:
        """Nothing is attached yet."""
        self._in_order = asyncio.Lock()
        self._turnstile = asyncio.Lock()
        self._last_attached: dict[str, Attached] = {}
        if self.runtime.config.tui.plain:
            self.query_one(Chips).sign = "attachment"
        self.call_after_refresh(self._clear_up)

    @work(group="sweep", exclusive=True, exit_on_error=False, description="remove files of drafts that are gone")
    async def _clear_up(self) -> None:
        await asyncio.to_thread(self._drafts.sweep, self.runtime.clock.now())

    # ---- attaching ----

    def attach(self, wanted: Sequence[Wanted]) -> None:
        """Let files go along with the prompt, once they are fit to send, in this order."""
        self.query_one(Composer).preparing += len(wanted)
        self._attach_all(wanted)

    @on(Composer.AttachWanted)
    def _wanted(self, event: Composer.AttachWanted) -> None:
        event.stop()
        self.attach(event.wanted)

    @work(group="attach", exclusive=False, exit_on_error=False, description="make files fit to send")
    async def _attach_all(self, wanted: Sequence[Wanted]) -> None:
        composer = self.query_one(Composer)
        left = len(wanted)
        try:
            async with self._in_order:
                for item in wanted:
                    await self._attach_one(composer, item)
                    left -= 1
                    composer.preparing -= 1
        finally:
            composer.preparing -= left

    async def _attach_one(self, composer: Composer, item: Wanted) -> None:
        try:
            file = await self.fit_to_send(item)
        except MediaError as error:
            composer.hold()
            self._refuse(error)
        else:
            composer.files = (*composer.files, file)
            self._tell_of_fee(file)

    def _tell_of_fee(self, file: Attached) -> None:
        """The only engine that costs says so before it does."""
        engine = self.runtime.config.media.pdf_engine
        if file.is_document and engine in PDF_FEES:
            self.say(f"{engine} reads {file.name}: {PDF_FEES[engine]}.")

    def _refuse(self, error: MediaError) -> None:
        self.say(f"{error.message}{f'. {error.hint}' if error.hint else ''}", severity="warning")

    async def fit_to_send(self, item: Wanted) -> Attached:
        """Prepare what somebody wants to attach.

        Raises:
            MediaError: It cannot be sent.
        """
        if isinstance(item, Attached):
            file = item
        elif isinstance(item, Path):
            media = self.runtime.config.media
            file = await asyncio.to_thread(prepare, item, max_side=media.max_side, max_bytes=media.max_bytes)
        elif item == "clipboard":
            file = await self._from_clipboard()
        else:
            file = of_link(item)
        if not self.session.is_temporary:
            file = await asyncio.to_thread(self._drafts.keep_file, file)
        self._remember(file)
        return file

    async def _from_clipboard(self) -> Attached:
        from orchat.media import clipboard, image
        from orchat.paths import environment

        media = self.runtime.config.media
        data = await clipboard.read_image(environment())
        made = await asyncio.to_thread(
            image.prepare, data, clipboard.NAME, max_side=media.max_side, max_bytes=media.max_bytes
        )
        return of_loaded(made)

    def _remember(self, file: Attached) -> None:
        self._last_attached[file.sha256] = file
        if len(self._last_attached) > REMEMBERED:
            del self._last_attached[next(iter(self._last_attached))]

    async def leave_session(self) -> None:
        """Before another conversation is shown: what is not ready yet does not follow into it, nor is it sent there."""
        self.query_one(Composer).hold()
        self.workers.cancel_group(self, "attach")
        await super().leave_session()

    # ---- chips ----

    @on(Composer.ChipsChanged)
    def _chips_changed(self, event: Composer.ChipsChanged) -> None:
        event.stop()
        self.query_one(Chips).chips = event.chips

    @on(Composer.PreparingChanged)
    def _preparing_changed(self, event: Composer.PreparingChanged) -> None:
        event.stop()
        self.query_one(Chips).preparing = event.count

    @on(Chips.Dropped)
    def _dropped(self, event: Chips.Dropped) -> None:
        event.stop()
        self.query_one(Composer).drop_chip(event.index)

    @on(Chips.Moved)
    def _moved(self, event: Chips.Moved) -> None:
        event.stop()
        self.query_one(Chips).at = self.query_one(Composer).move_chip(event.index, event.by)

    @on(Chips.Left)
    def _left_chips(self, event: Chips.Left) -> None:
        event.stop()
        self.to_composer()

    @on(Chips.Opened)
    def _opened(self, event: Chips.Opened) -> None:
        event.stop()
        prompt = self.query_one(Composer).prompt
        pasted = (
            of_bytes(text.encode(errors="replace"), paste_name(number), "text/plain")
            for number, text in enumerate(prompt.pastes, 1)
        )
        first = len(prompt.files)
        short = [number for number, text in enumerate(prompt.pastes, first) if len(text) <= LONG_PASTE]
        self.preview((*prompt.files, *pasted), event.index, writable=short)

    # ---- looking ----

    def preview(self, files: Sequence[Attached], at: int, *, writable: Sequence[int] = ()) -> None:
        """Show files, one at a time.

        Args:
            files: What there is to look at.
            at: The one that is shown first.
            writable: Which of them are chips of pastes that may be written into the text.
        """
        from orchat.tui.screens.preview import Preview

        if files:
            plain = self.runtime.config.tui.plain
            self.app.push_screen(Preview(files, at, self.bytes_of, plain=plain, writable=writable), self._looked_at)

    def _looked_at(self, index: int | None) -> None:
        if index is not None:
            self.query_one(Composer).write_out(index)
            self.to_composer()

    def files_of(self, entry: Entry) -> tuple[Attached, ...]:
        """The files of a message that is kept."""
        kept = self.session.shown.kept(entry)
        return () if kept is None else tuple(of_kept(attachment) for attachment in kept.attachments)

    async def bytes_of(self, file: Attached) -> bytes:
        """The bytes of a file that is attached, or that a message carries.

        Raises:
            OrchatError: They are gone.
        """
        held = file if file.data is not None or file.place is not None else self._last_attached.get(file.sha256)
        if held is not None:
            return await asyncio.to_thread(held.read)
        assert self.session.conversation is not None
        return await self.runtime.conversations.file(self.session.conversation.id, file.sha256)

    @on(Transcript.ChipClicked)
    def _chip_clicked(self, event: Transcript.ChipClicked) -> None:
        event.stop()
        self.preview(self.files_of(event.entry), event.index)

    @on(Transcript.PicturesWanted)
    @work(group="preview", exclusive=False, exit_on_error=False, description="make pictures small")
    async def _pictures_wanted(self, event: Transcript.PicturesWanted) -> None:
        from orchat.media.thumbnail import thumbnail
        from orchat.tui.transcript.insets import MOST

        entry, loaded = event.entry, list(event.entry.insets)
        for index, inset in enumerate(loaded[:MOST]):
            try:
                data = await self.bytes_of(Attached(name="", mime="", size=0, sha256=inset.sha256))
                picture = await asyncio.to_thread(thumbnail, data, "the picture", *inset.room)
            except OrchatError:
                continue
            loaded[index] = replace(inset, picture=picture)
        transcript = self.query_one(Transcript)
        if entry in transcript.entries:
            transcript.update_entry(entry, insets=tuple(loaded))

    # ---- sending ----

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        event.stop()
        self.query_one(Transcript).mark(None)
        prompt = event.prompt
        if self._checking or prompt.files or mentions.names_any(prompt.text) or self._has_pictures:
            self._checking += 1
            self._check(prompt)
        else:
            self._send(prompt)

    @property
    def _has_pictures(self) -> bool:
        return any(entry.insets for entry in self.session.entries if entry.role == "you")

    def _send(self, prompt: Prompt) -> None:
        entry = self.editing.end()
        self.keep_draft()
        if entry is not None:
            self.edit(entry, prompt)
        elif self.session.busy:
            self.session.waiting.add(prompt)
        else:
            self.ask(prompt)

    @work(group="check", exclusive=False, exit_on_error=False, description="look at the files of a prompt")
    async def _check(self, prompt: Prompt) -> None:
        """What a prompt names goes along; a model that cannot see is told of before anything is sent."""
        try:
            async with self._turnstile:
                complete = await self._with_named(prompt)
                if complete is not None and await self._is_seen(complete):
                    self._send(complete)
                else:
                    self.give_back(prompt if complete is None else complete)
        finally:
            self._checking -= 1

    async def _with_named(self, prompt: Prompt) -> Prompt | None:
        """The prompt with the files that it names; None when one of them cannot be sent."""
        files = list(prompt.files)
        for path in await asyncio.to_thread(mentions.named_in, prompt.text, Path.cwd()):
            try:
                files.append(await self.fit_to_send(path))
            except MediaError as error:
                self._refuse(error)
                return None
        return replace(prompt, files=tuple({file.sha256: file for file in files}.values()))

    async def _is_seen(self, prompt: Prompt) -> bool:
        """Whether the model that is asked sees, or another one that the person chose instead."""
        from orchat.dispatch import sight

        runtime = self.runtime
        if not (self._has_pictures or any(file.is_picture for file in prompt.files)):
            return True
        await runtime.start()
        model = self.session.model
        if runtime.parts.client.dialect != "openrouter":
            return True
        if not model or not sight.is_blind(model, await runtime.models.known()):
            return True
        chosen = await self._ask_for_eyes(model)
        if chosen:
            await self.session.choose_model(chosen)
            self.refresh_figures()
        return bool(chosen)

    async def _ask_for_eyes(self, model: str) -> str | None:
        from orchat.dispatch import sight
        from orchat.store import settings
        from orchat.tui.screens.blind import PICK, Blind
        from orchat.tui.screens.picker import Picker

        runtime = self.runtime
        recents = await runtime.parts.db.read(settings.recents)
        favourites = await runtime.parts.db.read(settings.favourites)
        offered = await sight.offers(runtime.parts.ground, runtime.config)
        reasons = [
            (id, "used before" if id in recents else "favourite" if id in favourites else "in your settings")
            for id in offered
        ]
        chosen = await self.app.push_screen_wait(Blind(model, reasons))
        if chosen == PICK:
            chosen = await self.app.push_screen_wait(Picker(runtime, current=model, traits=("sees",)))
        return chosen

    def say_saved(self, count: int, where: Path) -> None:
        """Tell where files were saved."""
        self.say(f"Saved {plural(count, 'file')} in {where}.")
