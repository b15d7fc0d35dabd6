"""What the commands for one message do: the marked one, or else the last one that they make sense for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from orchat.errors import UsageError
from orchat.tui.branches import must_be_idle
from orchat.tui.changes import Prompt
from orchat.tui.entries import is_unfinished
from orchat.tui.screens.choosing import chosen_code, chosen_model
from orchat.tui.wording import plural

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen
    from orchat.tui.transcript.entry import Entry, Speaker


def meant(screen: ChatScreen, *roles: Speaker) -> Entry:
    """The message that a command is about.

    Args:
        screen: Shows it.
        *roles: Who may have said it, where none is marked.

    Raises:
        UsageError: There is none.
    """
    marked = screen.transcript.marked
    if marked is not None:
        return marked
    entry = next((entry for entry in reversed(screen.session.entries) if entry.role in roles), None)
    if entry is None:
        raise UsageError("there is no message yet", hint="ask something first")
    return entry


def moved(screen: ChatScreen, command_id: str) -> bool:
    """Move the mark, at once: the next key, which may come very soon, is for the message that is marked then.

    Returns:
        Whether the command was one that moves it.
    """
    transcript = screen.transcript
    if command_id == "previous_message":
        if transcript.move_mark(-1):
            screen.set_focus(transcript)
    elif command_id == "next_message":
        if transcript.marked is not None and transcript.move_mark(1):
            screen.set_focus(transcript)
        else:
            screen.to_composer()
    elif command_id == "stop" and transcript.marked is not None:
        screen.to_composer()
    else:
        return False
    return True


async def _move(screen: ChatScreen, command_id: str) -> None:
    moved(screen, command_id)


async def copy(screen: ChatScreen, _argument: str) -> None:
    """Copy a message."""
    entry = screen.transcript.marked or screen.last_answer()
    text = "" if entry is None else screen.transcript.source(entry)
    if entry is not None and text:
        await screen.copy_text(text, "the answer" if entry.role == "model" else "the message")
    else:
        screen.say("There is no answer to copy yet.")


async def copy_code(screen: ChatScreen, argument: str) -> None:
    """Copy a code block of a message; where there are several, ask which."""
    entry = screen.transcript.marked or screen.last_answer()
    blocks = [] if entry is None else screen.transcript.code_blocks(entry)
    if not blocks:
        screen.say("There is no code in the last answer." if entry is None else "There is no code in it.")
        return
    index = int(argument) - 1 if argument.isdecimal() else 0
    if not 0 <= index < len(blocks):
        raise UsageError(f"there is no code block {argument}", hint=f"there are {len(blocks)}")
    code = blocks[index] if argument.isdecimal() else await chosen_code(screen.app, blocks)
    if code is not None:
        await screen.copy_text(code, "the code")


async def edit(screen: ChatScreen, _argument: str) -> None:
    """Put a prompt into the composer; what is sent then is a new branch."""
    marked = screen.transcript.marked
    entry = screen.session.shown.prompt_of(marked) if marked is not None else meant(screen, "you")
    if entry is None or screen.session.shown.kept(entry) is None:
        raise UsageError("there is no prompt to edit")
    must_be_idle(screen.session)
    screen.editing.begin(entry, Prompt(text=entry.source, files=screen.files_of(entry)))


async def again(screen: ChatScreen, _argument: str) -> None:
    """Answer a prompt again; a key that was put aside is tested first."""
    if not screen.session.busy and await screen.session.recheck():
        screen.answer_again(you=_prompt(screen))


async def again_with(screen: ChatScreen, argument: str) -> None:
    """Answer a prompt again with another model."""
    you = _prompt(screen)
    chosen = await chosen_model(screen, argument)
    if chosen:
        screen.answer_again(you=you, model=chosen)


async def go_on(screen: ChatScreen, _argument: str) -> None:
    """Go on with an answer that was stopped or cut."""
    entry = meant(screen, "model")
    kept = screen.session.shown.kept(entry)
    if kept is None or not is_unfinished(kept):
        raise UsageError("this answer cannot be gone on with", hint="it is complete, or says nothing")
    must_be_idle(screen.session)
    screen.go_on(entry)


async def previous_branch(screen: ChatScreen, _argument: str) -> None:
    """Show the branch before."""
    await switch(screen, -1)


async def next_branch(screen: ChatScreen, argument: str) -> None:
    """Show the branch after, or one by its number."""
    if not argument:
        await switch(screen, 1)
        return
    entry = meant_branch(screen)
    branch = None if entry is None else screen.session.shown.branch(entry)
    if branch is None or not argument.isdecimal() or not 0 < int(argument) <= len(branch.ids):
        raise UsageError(f"there is no branch {argument}")
    await screen.session.branches.show(branch.ids[int(argument) - 1])
    screen.refresh_figures()


async def switch(screen: ChatScreen, by: int) -> None:
    """Show the branch before or after that of the message that is meant."""
    entry = meant_branch(screen)
    if entry is None:
        screen.say("There is no other branch here.")
    elif not await screen.session.branches.switch(entry, by):
        screen.say("This is the last branch." if by > 0 else "This is the first branch.")
    screen.refresh_figures()


def meant_branch(screen: ChatScreen) -> Entry | None:
    """The marked message, or else the last one that has others in its place."""
    shown = screen.session.shown
    candidates = [screen.transcript.marked] if screen.transcript.marked is not None else reversed(shown.entries)
    return next((entry for entry in candidates if shown.branch(entry) is not None), None)


async def fork(screen: ChatScreen, _argument: str) -> None:
    """Go on from a message in a session of its own."""
    made = await screen.session.branches.fork(meant(screen, "you", "model"))
    await screen.open_session(made.id)
    screen.say("This is a session of its own now; the other one stays as it is.")
    screen.refresh_figures()


async def delete(screen: ChatScreen, _argument: str) -> None:
    """Delete a message with everything after it."""
    deletion = await screen.session.branches.delete(meant(screen, "you", "model"))
    if screen.transcript.marked is None:
        screen.to_composer()
    way = "u brings it back" if screen.transcript.has_focus else "/undo brings it back"
    if deletion.messages > 1:
        way = way.replace(" it ", " them ")
    screen.say(f"Deleted {plural(deletion.messages, 'message')}: {way}.")
    screen.refresh_figures()


async def restore(screen: ChatScreen, _argument: str) -> None:
    """Bring back what was deleted last."""
    restored = await screen.session.branches.restore()
    screen.say(f"{plural(restored.messages, 'message').capitalize()} came back.")
    screen.refresh_figures()


async def details(screen: ChatScreen, _argument: str) -> None:
    """Show all that is known of a message."""
    from orchat.tui.screens.details import DetailsDialog

    found = await screen.session.branches.details(meant(screen, "model", "you"))
    await screen.app.push_screen_wait(DetailsDialog(found, screen.runtime.clock.now()))


def _prompt(screen: ChatScreen) -> Entry | None:
    """The prompt that the marked message answers; None: the last one."""
    marked = screen.transcript.marked
    you = None if marked is None else screen.session.shown.prompt_of(marked)
    return you if you is not None and screen.session.shown.kept(you) is not None else None


MESSAGE_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "previous_message": lambda screen, _: _move(screen, "previous_message"),
    "next_message": lambda screen, _: _move(screen, "next_message"),
    "copy": copy,
    "copy_answer": copy,
    "copy_code": copy_code,
    "edit": edit,
    "again": again,
    "again_with": again_with,
    "go_on": go_on,
    "previous_branch": previous_branch,
    "next_branch": next_branch,
    "fork": fork,
    "delete": delete,
    "restore": restore,
    "details": details,
}
"""By the id of the command."""
