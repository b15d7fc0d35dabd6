"""Which key does what: the defaults of the table, changed by what the user wrote into ``[keymap]``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchat.errors import ConfigError
from orchat.tui.commands import BY_ID, COMMANDS, Command
from orchat.tui.keynames import BadKey, is_written, parse_key, shown_key, unbound

if TYPE_CHECKING:
    from orchat.config import LoadedConfig
    from orchat.tui.elsewhere import Place

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
_OVER_ALL = ("quit", "help")
"""Commands whose keys also count on the screens and dialogs over the chat."""


class _Bound(Protocol):
    """Something with keys."""

    @property
    def id(self) -> str: ...
    @property
    def keys(self) -> str: ...


_B = TypeVar("_B", bound=_Bound)


@dataclass(frozen=True, slots=True)
class _Owner:
    """What has a key."""

    id: str
    """Its name."""
    where: str
    """Where it has it."""


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
    """Id of a command to its keys as Textual names them; empty for none. What is done over the chat only stands here
    where somebody has given it keys."""
    faults: tuple[Fault, ...] = ()
    """What could not be taken from the settings."""

    def shown(self, command: Command | str) -> str:
        """The first key of a command as people know it; empty for none."""
        return next(map(shown_key, self._keys_of(command if isinstance(command, str) else command.id)), "")

    def _keys_of(self, id: str) -> tuple[str, ...]:
        if id in self.keys:
            return self.keys[id]
        from orchat.tui.elsewhere import KEYS

        return defaults(KEYS[id])

    def way_to(self, id: str) -> str:
        """The first key of a command, or what is typed for it where it has none."""
        return self.shown(id) or f"/{BY_ID[id].slash}"

    def pairs(self, *wanted: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """Keys and what they do, for the last line of a screen; what has no key is left out.

        Args:
            *wanted: Ids, separated by spaces, and words for what they do together.
        """
        told = ((tuple(filter(None, map(self.shown, ids.split()))), words) for ids, words in wanted)
        return tuple(
            (("" if set("".join(keys)) <= set("←→") else " ").join(keys), words) for keys, words in told if keys
        )

    def hint(self, id: str, words: str) -> str:
        """``y copy``: a key and what it does; empty where it has no key."""
        return " ".join([self.shown(id), words]) if self.shown(id) else ""

    def bound(self) -> dict[str, str]:
        """What Textual has to be told: the keys of everything that has not the usual ones."""
        return {
            id: ",".join(keys or (unbound(id),))
            for id, keys in self.keys.items()
            if id not in BY_ID or keys != defaults(BY_ID[id])
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
        return (*told, *self._meaning_elsewhere(key))

    def _meaning_elsewhere(self, key: str) -> tuple[tuple[str, str], ...]:
        from orchat.tui.elsewhere import ELSEWHERE

        return tuple((place.id, one.id) for place in ELSEWHERE for one in place.keys if key in self._keys_of(one.id))


_PLACES = (
    ("everywhere", ("app",)),
    ("chat", ("chat",)),
    ("conversation", ("transcript",)),
    ("message", ("message",)),
)


def defaults(command: _Bound) -> tuple[str, ...]:
    """The usual keys of a command."""
    return tuple(command.keys.split(",")) if command.keys else ()


USUAL = Keymap()
"""The keys of somebody who has changed none."""


def read_keymap(written: Mapping[str, str]) -> Keymap:
    """The keys that count; whatever cannot be is named and left out, and the rest works.

    Args:
        written: Id of a command to its keys, separated by commas; an empty text for no key.
    """
    faults = _unknown_in(written)
    beside = _usual_elsewhere(written)

    def taken(command: Command) -> Mapping[str, _Owner]:
        return beside if command.id in _OVER_ALL else {}

    keys = _settled(
        COMMANDS, written, faults, refusal=_refusal, where=lambda command: _HERE[command.scope], taken=taken
    )
    if any(id not in BY_ID for id in written):
        keys |= _settled_elsewhere(written, faults, keys)
    return Keymap(keys=keys, faults=tuple(faults))


def _usual_elsewhere(written: Mapping[str, str]) -> dict[str, _Owner]:
    """The usual keys of what is done over the chat, where a command that counts there, too, was given others."""
    if not any(id in written for id in _OVER_ALL):
        return {}
    from orchat.tui.elsewhere import ELSEWHERE

    kept = ((place, one) for place in ELSEWHERE for one in place.keys if one.id not in written)
    return {key: _Owner(one.id, place.where) for place, one in kept for key in defaults(one)}


def _settled_elsewhere(
    written: Mapping[str, str], faults: list[Fault], keys: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The keys that somebody has given to what is done over the chat."""
    from orchat.tui.elsewhere import ELSEWHERE, KEYS

    over = {key: _Owner(id, _HERE["app"]) for id in _OVER_ALL for key in keys[id]}
    found: dict[str, tuple[str, ...]] = {}
    for place in ELSEWHERE:
        found |= _settled_in(place, written, faults, over)
    return {id: theirs for id, theirs in found.items() if theirs != defaults(KEYS[id])}


def _settled_in(
    place: Place, written: Mapping[str, str], faults: list[Fault], over: Mapping[str, _Owner]
) -> dict[str, tuple[str, ...]]:
    given = dict(written)
    for one in place.keys:
        if one.is_way_back and one.id in given and not given[one.id].strip():
            hint = "Give it another key, or leave it as usual."
            faults.append(Fault(id=one.id, reason="leads back, and needs a key", hint=hint))
            del given[one.id]
    return _settled(
        place.keys, given, faults, refusal=place.refusal, where=lambda _one: place.where, taken=lambda _one: over
    )


def _settled(
    items: Sequence[_B],
    written: Mapping[str, str],
    faults: list[Fault],
    *,
    refusal: Callable[[_B, str], str],
    where: Callable[[_B], str],
    taken: Callable[[_B], Mapping[str, _Owner]],
) -> dict[str, tuple[str, ...]]:
    """The keys that count among things of which no two may have the same.

    Args:
        items: All of them.
        written: Id to what somebody wrote.
        faults: What cannot be is added here.
        refusal: Why one cannot have a key; empty when it can.
        where: One has its keys.
        taken: Keys that one cannot have because of something else.
    """
    own = [item for item in items if item.id in written]
    keys = {item.id: () if item in own else defaults(item) for item in items}
    owners = {key: _Owner(item.id, where(item)) for item in items for key in keys[item.id]}
    for item in own:
        mine = []
        for key in dict.fromkeys(_parsed(item, written[item.id].strip(), faults, refusal)):
            owner = owners.get(key) or taken(item).get(key)
            if owner is not None:
                faults.append(_clash(item.id, key, owner))
            else:
                mine.append(key)
        keys[item.id] = tuple(mine)
        owners |= dict.fromkeys(mine, _Owner(item.id, where(item)))
    for item in own:
        # Whoever mistypes the one key of a command should not lose it.
        if written[item.id].strip() and not keys[item.id]:
            keys[item.id] = tuple(key for key in defaults(item) if key not in owners)
            owners |= dict.fromkeys(keys[item.id], _Owner(item.id, where(item)))
    return keys


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


def _parsed(item: _B, text: str, faults: list[Fault], refusal: Callable[[_B, str], str]) -> list[str]:
    """The keys in a text that something may have."""
    found = []
    for word in text.split(",") if text else ():
        try:
            key = parse_key(word)
        except BadKey as error:
            hint = "Write keys as ctrl+o, f4, alt+up or c; `orchat doctor keys` tells what a key is called."
            faults.append(Fault(id=item.id, reason=f"{_quoted(word)} {error}", hint=hint))
            continue
        reason = refusal(item, key)
        if reason:
            hint = "Keys with Ctrl or Alt, and F1 to F12, are free of that."
            faults.append(Fault(id=item.id, reason=f"{_quoted(word)} {reason}", hint=hint))
        else:
            found.append(key)
    return found


def _refusal(command: Command, key: str) -> str:
    """Why a command cannot have a key; empty when it can."""
    if key in defaults(command):
        return ""
    if key == "escape":
        return "closes and stops"
    if command.scope in ("app", "chat"):
        return "is needed for writing" if is_written(key) or key in _EDITING else ""
    return "is needed for reading" if key in _READING else ""


def _clash(id: str, key: str, owner: _Owner) -> Fault:
    return Fault(
        id=id,
        reason=f"{shown_key(key)} is the key of {owner.id} {owner.where}",
        hint=f'Give {owner.id} another key, or none: {owner.id} = ""',
    )


def _unknown_in(written: Mapping[str, str]) -> list[Fault]:
    others = [id for id in written if id not in BY_ID]
    if not others:
        return []
    from orchat.config.values import near
    from orchat.tui.elsewhere import KEYS

    hints = ((id, near(id, (*BY_ID, *KEYS))) for id in others if id not in KEYS)
    reason, list_of_all = "there is no such command", "docs/keys-and-commands.md lists the names."
    return [Fault(id=id, reason=reason, hint=hint or list_of_all) for id, hint in hints]


def _quoted(word: str) -> str:
    from orchat.config.values import shown

    return shown(word.strip())
