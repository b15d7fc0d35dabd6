"""What the commands for temperature, effort, providers, personas and the rest do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from orchat.errors import UsageError
from orchat.tui.asked import BY_NAME, NOBODY, USUAL, WEB, named, provider_pairs, value

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen


async def settings(screen: ChatScreen, argument: str) -> None:
    """Show what this session is asked with, and change it."""
    from orchat.tui.screens.settings import SettingsScreen

    await screen.runtime.start()
    await screen.app.push_screen_wait(SettingsScreen(screen.runtime, screen.session, highlight=argument))
    screen.refresh_figures()


async def set_(screen: ChatScreen, argument: str) -> None:
    """Set whatever a request may say: a name, and its value."""
    name, _, text = argument.replace("=", " ", 1).partition(" ")
    if not name:
        await settings(screen, "")
        return
    await apply(screen, [(name, text or USUAL)])


async def apply(screen: ChatScreen, pairs: Sequence[tuple[str, str]]) -> None:
    """Set some parameters of the session, and say what they are now.

    Raises:
        UsageError: A value does not fit; nothing is changed.
    """
    from orchat.domain.request import REQUEST_FIELDS

    await screen.runtime.start()
    choices = screen.session.choices
    await choices.set(pairs)
    said = []
    for name, _ in pairs:
        name = named(name)
        label = BY_NAME[name].label if name in BY_NAME else name
        now = value(choices.parameters, name)
        said.append(f"{label}: {now or 'as usual'}")
        field = name.partition(".")[0]
        if now and name != WEB and field not in REQUEST_FIELDS:
            said.append(f"{field} is not known here and is sent as it is")
    screen.say(" · ".join(said))
    screen.refresh_figures()


def _one(name: str) -> Callable[[ChatScreen, str], Awaitable[None]]:
    """The command for one parameter; without a value, it leads to the settings."""

    async def act(screen: ChatScreen, argument: str) -> None:
        if argument:
            await apply(screen, [(name, argument)])
        else:
            await settings(screen, name)

    return act


async def provider(screen: ChatScreen, argument: str) -> None:
    """Say who may serve."""
    if not argument:
        await settings(screen, "provider.order")
    elif argument == USUAL:
        await apply(screen, [("provider", USUAL)])
    else:
        await apply(screen, provider_pairs(argument))


async def persona(screen: ChatScreen, argument: str) -> None:
    """Put on a persona, or take it away."""
    known = screen.runtime.config.personas
    choices = screen.session.choices
    if not argument:
        if not known:
            raise UsageError("there are no personas yet", hint="Write [personas.NAME] into the settings")
        from orchat.tui.screens.confirm import Choose

        names = [*known, *([NOBODY] if choices.persona else [])]
        argument = await screen.app.push_screen_wait(Choose("Persona", names, highlight=choices.persona or "")) or ""
        if not argument:
            return
    await screen.runtime.start()
    await choices.wear(None if argument == NOBODY and NOBODY not in known else argument)
    screen.say(f"{argument} answers from now on." if choices.persona else "No persona any more.")
    screen.refresh_figures()


PARAMETER_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "settings": settings,
    "temperature": _one("temperature"),
    "max_tokens": _one("max_completion_tokens"),
    "effort": _one("reasoning.effort"),
    "web": _one(WEB),
    "provider": provider,
    "set": set_,
    "persona": persona,
}
"""By the id of the command."""
