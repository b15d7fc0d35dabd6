"""Keys on the way from the terminal to the commands."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.binding import Binding, BindingType

from orchat.tui.commands import BY_ID, COMMANDS
from orchat.tui.keynames import unbound

if TYPE_CHECKING:
    from textual.keys import Keys
    from textual.widget import Widget

ALT_ENTER = "alt+enter"


class _MoreKeys(str, Enum):
    ALT_ENTER = ALT_ENTER


def learn_keys() -> None:
    """Let Alt+Enter be a key of its own.

    A terminal without Kitty's protocol sends ESC and CR in one piece. Textual 8.2 reads that as Enter alone, which
    would send a prompt that was to get another line.
    """
    known = cast("dict[str, tuple[Keys, ...]]", ANSI_SEQUENCES_KEYS)
    known["\x1b\r"] = (cast("Keys", _MoreKeys.ALT_ENTER),)


async def acts(widget: Widget, key: str) -> bool:
    """Do what a key is bound to in a widget, at once.

    Textual lets such a key go up to the screen first, and a letter that came with it overtakes it.

    Args:
        widget: Has the focus.
        key: Was pressed.

    Returns:
        Whether something was done; a key that has priority elsewhere is not for the widget.
    """
    for binding in widget._bindings.key_to_bindings.get(key, ()):
        if not binding.priority and await widget.app.run_action(binding.action, widget):
            return True
    return False


def command_bindings() -> list[BindingType]:
    """The usual keys of every command on the chat screen; those with a modifier also work while something is typed.

    Their ids are those of the commands, so that Textual can give them other keys.
    """
    return [
        Binding(
            command.keys or unbound(command.id),
            f"perform('{command.id}')",
            command.title,
            id=command.id,
            show=False,
            priority=command.scope != "transcript" and command.keys != "escape",
        )
        for command in COMMANDS
    ]


def place_bindings(place_id: str) -> list[BindingType]:
    """The usual keys of a screen or dialog over the chat, and the one for help."""
    from orchat.tui.elsewhere import BY_PLACE

    help = BY_ID["help"]
    return [
        Binding(help.keys, f"app.show_help('{place_id}')", help.title, id=help.id, show=False, priority=True),
        *(
            Binding(one.keys, one.action, one.about, id=one.id, show=False, priority=one.priority)
            for one in BY_PLACE[place_id].keys
        ),
    ]
