"""The ways in which a turn begins: a prompt is sent, said anew or answered again, or an answer is gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.tui.changes import Prompt
from orchat.tui.entries import paste_name
from orchat.tui.shown import Shown

if TYPE_CHECKING:
    from orchat.chat.books import Wish
    from orchat.chat.turn import Turn
    from orchat.domain.conversation import Attachment, Draft, StoredMessage
    from orchat.runtime import Runtime
    from orchat.tui.attached import Attached

    Start = Callable[[str, Wish], Awaitable[Turn]]
    """Begins a turn in a conversation."""
    StartAll = Callable[[str, Wish], Awaitable[tuple[Turn, ...]]]
    """Begins a turn of each of several models in a conversation."""


class Turns:
    """Begins turns after the messages that are shown.

    Args:
        runtime: Need not have started yet.
        shown: The messages on the screen.
    """

    def __init__(self, runtime: Runtime, shown: Shown) -> None:
        self._runtime = runtime
        self._shown = shown

    def sent(self, prompt: Prompt) -> Start:
        """A prompt after all that is shown."""

        async def start(id: str, wish: Wish) -> Turn:
            parent, draft = self._parent, await self._draft(id, prompt)
            return await self._runtime.conversations.send(id, draft, wish, parent_id=parent)

        return start

    def compared(self, prompt: Prompt, models: Sequence[str]) -> StartAll:
        """A prompt after all that is shown, answered by several models."""

        async def start(id: str, wish: Wish) -> tuple[Turn, ...]:
            parent, draft = self._parent, await self._draft(id, prompt)
            return await self._runtime.conversations.compare(id, draft, models, wish, parent_id=parent)

        return start

    def compared_again(self, prompt_id: int, models: Sequence[str]) -> StartAll:
        """Further answers to a prompt, of several models."""

        async def start(id: str, wish: Wish) -> tuple[Turn, ...]:
            return await self._runtime.conversations.compare_again(id, prompt_id, models, wish)

        return start

    def again(self, prompt_id: int) -> Start:
        """Another answer to a prompt."""

        async def start(id: str, wish: Wish) -> Turn:
            return await self._runtime.conversations.again(id, prompt_id, wish)

        return start

    def edited(self, before: StoredMessage, prompt: Prompt) -> Start:
        """Another prompt in the place of one."""

        async def start(id: str, wish: Wish) -> Turn:
            draft = await self._draft(id, prompt)
            return await self._runtime.conversations.edit(id, before.id, draft, wish)

        return start

    def rest(self, before: StoredMessage) -> Start:
        """What an answer still lacks, from the model that began it, whichever was chosen since."""

        async def start(id: str, wish: Wish) -> Turn:
            return await self._runtime.conversations.go_on(id, before.id, replace(wish, model=None))

        return start

    @property
    def _parent(self) -> int | None:
        """What a prompt follows; where another window's answer still arrives, it stands beside that one's."""
        return None if self._shown.is_written_elsewhere else self._shown.leaf

    def _attach(self, id: str) -> Callable[..., Awaitable[Attachment]]:
        """Keeps a file where the conversation is kept."""
        service = self._runtime.conversations
        return service.attach_temporary if service.is_temporary(id) else service.attach

    async def _draft(self, id: str, prompt: Prompt) -> Draft:
        from orchat.domain.conversation import Draft

        attach = self._attach(id)
        files = [await self._kept(id, file) for file in prompt.files]
        pasted = [
            await attach(text.encode(), name=paste_name(number), mime="text/plain")
            for number, text in enumerate(prompt.pastes, 1)
        ]
        return Draft(text=prompt.text, attachments=(*files, *pasted))

    async def _kept(self, id: str, file: Attached) -> Attachment:
        """A file in the store; what an earlier message of the conversation has is there already."""
        if file.kept is not None:
            return file.kept
        data = await asyncio.to_thread(file.read)
        return await self._attach(id)(data, name=file.name, mime=file.mime, width=file.width, height=file.height)
