"""What the commands for attached and received files do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.errors import MediaNotFound, UsageError
from orchat.tui.saving import save_as
from orchat.tui.screens.messages import meant
from orchat.tui.widgets.chips import Chips

if TYPE_CHECKING:
    from orchat.tui.attached import Wanted
    from orchat.tui.screens.chat import ChatScreen

FOLDERS = "attach.folders"
"""The setting that remembers where files came from."""


async def attach(screen: ChatScreen, argument: str) -> None:
    """Attach the files that are named; where none is, choose them in a folder."""
    folder = Path.cwd()
    if argument:
        from orchat.media.pasted import attachments_in
        from orchat.tui import browsing

        bare = argument.strip("'\"")
        found = await asyncio.to_thread(lambda: attachments_in(argument) or attachments_in(f"./{bare}"))
        if found:
            screen.attach(found)
            return
        led = await asyncio.to_thread(browsing.resolved, f"{argument}/", folder)
        if led is None:
            raise UsageError(f"there is no file or folder {argument}", hint="quote a path that has spaces")
        folder = led[0]
    wanted = await choose(screen, folder)
    if wanted:
        screen.to_composer()
        screen.attach(wanted)


async def choose(screen: ChatScreen, folder: Path) -> tuple[Wanted, ...]:
    """Let a person choose files.

    Args:
        screen: Where.
        folder: Where to begin.
    """
    from orchat.store import settings
    from orchat.tui import browsing
    from orchat.tui.screens.attach import AttachDialog
    from orchat.tui.weighing import Asked

    runtime = screen.runtime
    await runtime.start()
    recent = _names(await runtime.parts.db.read(settings.get, FOLDERS))
    model = screen.session.model
    asked = Asked(
        id=model,
        model=await runtime.models.find(model) if model else None,
        now=runtime.clock.now(),
        pdf_engine=runtime.config.media.pdf_engine,
    )
    dialog = AttachDialog(folder, recent=recent, asked=asked, plain=runtime.config.tui.plain)
    wanted = await screen.app.push_screen_wait(dialog) or ()
    if wanted and not screen.session.is_temporary:
        folders = json.dumps(browsing.with_recent(recent, dialog.folder))
        await runtime.parts.db.write(settings.put, FOLDERS, folders)
    return wanted


def _names(value: str | None) -> list[str]:
    try:
        names = json.loads(value or "[]")
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


async def paste_picture(screen: ChatScreen, _argument: str) -> None:
    """Attach the picture on the clipboard; where there is none, write what was copied here."""
    try:
        file = await screen.fit_to_send("clipboard")
    except MediaNotFound:
        if not screen.app.clipboard:
            raise
        screen.composer.area.take_paste(screen.app.clipboard)
    else:
        screen.attach((file,))


async def attached(screen: ChatScreen, _argument: str) -> None:
    """Go to what goes along with the prompt."""
    chips = screen.query_one(Chips)
    if chips.chips:
        screen.set_focus(chips)
    else:
        screen.say("Nothing is attached. ^T attaches files.")


async def files(screen: ChatScreen, _argument: str) -> None:
    """Look at the files of a message: the marked one, or the last that has some."""
    marked = screen.transcript.marked
    entries = [marked] if marked is not None else list(reversed(screen.session.entries))
    found = next((found for entry in entries if (found := screen.files_of(entry))), ())
    if not found:
        screen.say("There are no files in it." if marked is not None else "There are no files in this session.")
    screen.preview(found, 0)


async def save_files(screen: ChatScreen, argument: str) -> None:
    """Save the files of a message: the marked one, or the last answer that has some."""
    marked = screen.transcript.marked or next(
        (entry for entry in reversed(screen.session.entries) if entry.role == "model" and screen.files_of(entry)), None
    )
    entry = marked or meant(screen, "model")
    found = screen.files_of(entry)
    if not found:
        raise UsageError("there is nothing to save in it", hint="mark a message with files: Alt+↑")
    folder = argument or "."
    for file in found:
        where = await asyncio.to_thread(save_as, await screen.bytes_of(file), folder, file.name)
    screen.say_saved(len(found), where if len(found) == 1 else where.parent)


ATTACHMENT_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "attach": attach,
    "paste_picture": paste_picture,
    "attached": attached,
    "files": files,
    "save_files": save_files,
}
"""By the id of the command."""
