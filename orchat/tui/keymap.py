"""Which key does what: the defaults of the table, changed by what the user wrote into ``[keymap]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchat.errors import ConfigError
from orchat.tui.commands import BY_ID, COMMANDS, Command
from orchat.tui.keynames import BadKey, is_written, parse_key, shown_key, unbound

if TYPE_CHECKING:
    from orchat.config import LoadedConfig

_ARROWS = ("up", "down", "left", "right", "home", "end")
_EDITING = frozenset(
    {
        *("enter", "shift+enter", "alt+enter", "ctrl+j", "tab", "shift+tab"),
        *("backspace", "ctrl+backspace", "alt+backspace", "delete", "alt+delete"),
        *_ARROWS,
        *(f"{modifier}+{key}" for modifier in ("shift", "ctrl", "ctrl+shift") for key in _ARROWS),
        *(f"ctrl+{letter}" for letter in "acdevwxyz"),
        *("pageup", "pagedown"),
    }
)
"""What writing needs, besides characters."""
_READING = frozenset({"up", "down", "pageup", "pagedown", "home", "tab", "shift+tab", "enter"})
"""What reading the conversation needs."""
_HERE = {
    "app": "everywhere",
    "chat": "on the chat screen",
    "transcript": "in the conversation",
    "message": "with a message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in ``[keymap]`` that cannot be."""

    id: str
    """As it stands there: foreign."""
    reason: str
    """One line, without the name."""
    hint: str
    """What to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keymap:
    """The keys of all commands."""

    keys: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {command.id: defaults(command) for command in COMMANDS}
    )
    """Id of a command to its keys as Textual names them; empty for none."""
    faults: tuple[Fault, ...] = ()
    """What could not be taken from the settings."""

    def shown(self, command: Command | str) -> str:
        """The first key of a command as people know it; empty for none."""
        id = command if isinstance(command, str) else command.id
        return next(map(shown_key, self.keys.get(id, ())), "")

    def bound(self) -> dict[str, str]:
        """What Textual has to be told: the keys of every command that has not the usual ones."""
        return {
            command.id: ",".join(self.keys[command.id] or (unbound(command.id),))
            for command in COMMANDS
            if self.keys[command.id] != defaults(command)
        }

    def owner(self, key: str, scopes: Iterable[str]) -> Command | None:
        """The command that a key carries out in one of these scopes, if there is one."""
        wanted = set(scopes)
        return next((command for command in COMMANDS if command.scope in wanted and key in self.keys[command.id]), None)

    def meaning(self, key: str) -> tuple[tuple[str, str], ...]:
        """What a key does: place and command, or what else it is for; empty for nothing.

        Args:
            key: As Textual names it.
        """
        found = [(place, self.owner(key, scopes)) for place, scopes in _PLACES]
        told = [(place, command.id) for place, command in found if command is not None]
        is_taken = bool(told) and told[0][0] in ("everywhere", "chat")
        if not is_taken and (is_written(key) or key in _EDITING):
            told.insert(0, ("writing", "a character" if is_written(key) else "moves or edits"))
        return tuple(told)


_PLACES = (
    ("everywhere", ("app",)),
    ("chat", ("chat",)),
    ("conversation", ("transcript",)),
    ("message", ("message",)),
)


def defaults(command: Command) -> tuple[str, ...]:
    """The usual keys of a command."""
    return tuple(command.keys.split(",")) if command.keys else ()


USUAL = Keymap()
"""The keys of somebody who has changed none."""


def read_keymap(written: Mapping[str, str]) -> Keymap:
    """The keys that count; whatever cannot be is named and left out, and the rest works.

    Args:
        written: Id of a command to its keys, separated by commas; an empty text for no key.
    """
    faults = [_unknown(id) for id in written if id not in BY_ID]
    own = [command for command in COMMANDS if command.id in written]
    keys = {command.id: () if command in own else defaults(command) for command in COMMANDS}
    owners = {key: command for command in COMMANDS for key in keys[command.id]}
    for command in own:
        text = written[command.id].strip()
        wanted = _parsed(command, text, faults)
        taken = []
        for key in dict.fromkeys(wanted):
            if key in owners:
                faults.append(_clash(command, key, owners[key]))
            else:
                taken.append(key)
        keys[command.id] = tuple(taken)
        owners |= dict.fromkeys(taken, command)
    for command in own:
        # Whoever mistypes the one key of a command should not lose it.
        if written[command.id].strip() and not keys[command.id]:
            keys[command.id] = tuple(key for key in defaults(command) if key not in owners)
            owners |= dict.fromkeys(keys[command.id], command)
    return Keymap(keys=keys, faults=tuple(faults))


def faults_of(loaded: LoadedConfig) -> list[ConfigError]:
    """What is wrong with the keys in the settings, each with where it stands and what to do."""
    from orchat.config.settings import shown_name

    errors = []
    for fault in read_keymap(loaded.config.keymap).faults:
        key = f"keymap.{fault.id}"
        origin = loaded.origin(key)
        # As in every other error of the settings: a flag is called as the setting is.
        place = {"default": "", "flag": "flag "}.get(origin.layer, f"{origin}: ")
        errors.append(
            ConfigError(
                f"{place}{shown_name(key)}: {fault.reason}",
                layer=origin.layer,
                source=origin.source,
                key=key,
                hint=fault.hint,
            )
        )
    return errors


def _parsed(command: Command, text: str, faults: list[Fault]) -> list[str]:
    """The keys in a text that this command may have."""
    found = []
    for word in text.split(",") if text else ():
        try:
            key = parse_key(word)
        except BadKey as error:
            hint = "Write keys as ctrl+o, f4, alt+up or c; `orchat doctor keys` tells what a key is called."
            faults.append(Fault(id=command.id, reason=f"{_quoted(word)} {error}", hint=hint))
            continue
        reason = _needed(command, key)
        if reason:
            hint = "Keys with Ctrl or Alt, and F1 to F12, are free of that."
            faults.append(Fault(id=command.id, reason=f"{_quoted(word)} {reason}", hint=hint))
        else:
            found.append(key)
    return found


def _needed(command: Command, key: str) -> str:
    """Why a command cannot have a key; empty when it can."""
    if key in defaults(command):
        return ""
    if key == "escape":
        return "closes and stops"
    if command.scope in ("app", "chat"):
        return "is needed for writing" if is_written(key) or key in _EDITING else ""
    return "is needed for reading" if key in _READING else ""


def _clash(command: Command, key: str, owner: Command) -> Fault:
    return Fault(
        id=command.id,
        reason=f"{shown_key(key)} is the key of {owner.id} {_HERE[owner.scope]}",
        hint=f'Give {owner.id} another key, or none: {owner.id} = ""',
    )


def _unknown(id: str) -> Fault:
    from orchat.config.values import near

    hint = near(id, tuple(BY_ID)) or "docs/keys-and-commands.md lists the names."
    return Fault(id=id, reason="there is no such command", hint=hint)


def _quoted(word: str) -> str:
    from orchat.config.values import shown

    return shown(word.strip())
