"""What the commands of `orchat.tui.commands` do on the chat screen: one function each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from orchat.errors import UsageError
from orchat.tui.editor import edit_elsewhere
from orchat.tui.problems import Problem
from orchat.tui.screens.attachments import ATTACHMENT_ACTIONS
from orchat.tui.screens.choosing import chosen_model
from orchat.tui.screens.comparing import COMPARE_ACTIONS
from orchat.tui.screens.messages import MESSAGE_ACTIONS
from orchat.tui.screens.pages import OCR_ACTIONS
from orchat.tui.screens.parameters import PARAMETER_ACTIONS
from orchat.tui.screens.temporary import TEMPORARY_ACTIONS

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen

Action = Callable[["ChatScreen", str], Awaitable[None]]


async def model(screen: ChatScreen, argument: str) -> None:
    """Choose the model."""
    chosen = await chosen_model(screen, argument)
    if chosen:
        await screen.session.choose_model(chosen)
        screen.refresh_figures()


async def sessions(screen: ChatScreen, _argument: str) -> None:
    """Go on with another session."""
    from orchat.tui.screens.sessions import Sessions

    await screen.runtime.start()
    present = screen.session.conversation
    is_temporary = screen.session.is_temporary
    dialog = Sessions(screen.runtime, current=present.id if present else None, can_keep=is_temporary)
    chosen = await screen.app.push_screen_wait(dialog)
    if dialog.is_kept:
        await TEMPORARY_ACTIONS["keep"](screen, "")
    if present and present.id in dialog.deleted:
        await screen.leave_session()
        screen.session.reset()
    elif present and present.id in dialog.renamed:
        await screen.session.reload()
    at = dialog.hit(chosen) if chosen else None
    if chosen and (at is not None or present is None or chosen != present.id):
        await screen.open_session(chosen, at=at, words=dialog.words(chosen))
    screen.refresh_figures()


async def new(screen: ChatScreen, _argument: str) -> None:
    """Begin a new session."""
    await screen.leave_session()
    screen.session.reset()
    screen.take_draft()
    screen.refresh_figures()


async def usage(screen: ChatScreen, _argument: str) -> None:
    """Show what was sent and what it cost."""
    from orchat.tui.screens.usage import UsageScreen

    await screen.runtime.start()
    await screen.app.push_screen_wait(UsageScreen(screen.runtime))


async def stop(screen: ChatScreen, _argument: str) -> None:
    """What is edited, the queue, the answer: one after the other."""
    if screen.editing.end() is not None:
        return
    if screen.session.waiting.give_back():
        return
    if screen.session.busy:
        screen.stop_answer()
    else:
        screen.to_composer()


async def keys(screen: ChatScreen, _argument: str) -> None:
    """Show the keys, and change them."""
    await screen.show_keys()


async def retry(screen: ChatScreen, _argument: str) -> None:
    """Answer the last prompt again; a key that was put aside is tested first."""
    if not screen.session.busy and await screen.session.recheck():
        screen.answer_again()


async def lower(screen: ChatScreen, _argument: str) -> None:
    """Answer the last prompt again with no more tokens than the balance covers."""
    problem: Problem | None = screen.session.problem
    if problem is not None and problem.max_tokens:
        screen.answer_again(max_tokens=problem.max_tokens)


async def over_budget(screen: ChatScreen, _argument: str) -> None:
    """Send what a budget held back."""
    screen.answer_again(over_budget=True)


async def next_key(screen: ChatScreen, _argument: str) -> None:
    """Go on with the next key, and send again what failed."""
    problem = screen.session.problem
    await screen.runtime.start()
    # Another key may have been taken since then, by hand or by another prompt.
    if problem is None or screen.lease is None or problem.held in ("", screen.lease.label):
        await screen.runtime.switch_key()
    await screen.take_key()
    if problem is not None:
        screen.answer_again()
    elif screen.lease is not None:
        screen.say(f"The key {screen.lease.label} pays from now on.")


async def system(screen: ChatScreen, argument: str) -> None:
    """Set the system prompt; without one, take it away."""
    await screen.runtime.start()
    await screen.session.set_system(argument)
    screen.say("The system prompt is set." if argument else "There is no system prompt.")
    screen.refresh_figures()


async def rename(screen: ChatScreen, argument: str) -> None:
    """Give the session a title."""
    if screen.session.conversation is None:
        raise UsageError("there is nothing to rename yet", hint="ask something first")
    if not argument:
        from orchat.tui.screens.confirm import AskLine

        argument = await screen.app.push_screen_wait(AskLine("Rename", screen.session.title)) or ""
    if argument.strip():
        await screen.session.rename(argument)


async def key(screen: ChatScreen, _argument: str) -> None:
    """Paste a key."""
    await screen.ask_for_key()


async def login(screen: ChatScreen, _argument: str) -> None:
    """Sign in for a key."""
    if screen.app.is_demo:
        screen.say("The demo needs no key.")
    else:
        await screen.sign_in()


async def theme(screen: ChatScreen, argument: str) -> None:
    """Choose the colours; each is shown while it is looked at."""
    from orchat.tui.screens.confirm import Choose

    app = screen.app
    names = sorted(app.available_themes, key=lambda name: (not name.startswith("orchat"), name))
    if argument in names:
        app.theme = argument
        return
    before = app.theme

    def show(name: str) -> None:
        app.theme = name

    chosen = await app.push_screen_wait(Choose("Colours", names, highlight=before, preview=show))
    app.theme = chosen or before


async def sidebar(screen: ChatScreen, _argument: str) -> None:
    """Show or hide the figures."""
    screen.toggle_class("-bare")


async def focus(screen: ChatScreen, _argument: str) -> None:
    """Between conversation and composer."""
    if screen.focused is screen.transcript:
        screen.to_composer()
    else:
        screen.transcript.focus()


async def bottom(screen: ChatScreen, _argument: str) -> None:
    """To the newest line."""
    screen.transcript.follow()


async def help_(screen: ChatScreen, _argument: str) -> None:
    """Every key and command."""
    from orchat.tui.screens.help import Help

    await screen.app.push_screen_wait(Help(screen.keymap))


async def palette(screen: ChatScreen, _argument: str) -> None:
    """Every command, by name."""
    screen.app.action_command_palette()


async def quit_(screen: ChatScreen, _argument: str) -> None:
    """Leave; everything is saved."""
    await screen.app.action_quit()


async def new_key(screen: ChatScreen, _argument: str) -> None:
    """Paste a key, and try again what failed without it."""
    if await screen.ask_for_key() and screen.session.problem is not None:
        screen.answer_again()


ACTIONS: dict[str, Action] = {
    "model": model,
    "sessions": sessions,
    "new": new,
    "usage": usage,
    "keys": keys,
    "editor": edit_elsewhere,
    "stop": stop,
    "retry": retry,
    "system": system,
    "rename": rename,
    **TEMPORARY_ACTIONS,
    **PARAMETER_ACTIONS,
    "key": key,
    "login": login,
    "theme": theme,
    "sidebar": sidebar,
    "focus": focus,
    "bottom": bottom,
    "lower": lower,
    "over_budget": over_budget,
    "next_key": next_key,
    "new_key": new_key,
    "help": help_,
    "palette": palette,
    "quit": quit_,
    **MESSAGE_ACTIONS,
    **ATTACHMENT_ACTIONS,
    **COMPARE_ACTIONS,
    **OCR_ACTIONS,
}
"""By the id of the command."""
