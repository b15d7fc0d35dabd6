"""What may follow the name of a command: models, themes, personas, words to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from orchat.domain.choices import Effort
from orchat.tui.asked import BY_NAME, NAMES, NOBODY, SETTINGS, USUAL, named
from orchat.tui.slash import parse

if TYPE_CHECKING:
    from orchat.config import PersonaSettings
    from orchat.domain.catalog import Model

MOST = 50
"""Offers made at once."""
Value = tuple[str, str]
"""A word, and what is to be known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A way to go on with a typed line."""

    line: str
    """The whole line then."""
    word: str
    """What is put at its end: foreign."""
    about: str = ""
    """What is to be known of it: foreign."""

    @property
    def is_whole(self) -> bool:
        """Whether the line can be entered then; else something follows."""
        return not self.line.endswith(("=", " "))


@dataclass(slots=True, kw_only=True)
class Arguments:
    """Knows what may follow each command."""

    models: Callable[[], Sequence[Model]] = field(default=tuple)
    """Those in the catalogue."""
    themes: Sequence[str] = ()
    """Names of the colours."""
    personas: Mapping[str, PersonaSettings] = field(default_factory=dict)
    """Those of the settings."""

    def offers(self, typed: str) -> list[Offer]:
        """Ways to go on with a line such as ``/effort l``: what begins with the last word comes first.

        Args:
            typed: The whole draft.
        """
        parsed = parse(typed) if " " in typed and "\n" not in typed else None
        if parsed is None:
            return []
        head, _, part = typed.rpartition(" ")
        before = head.partition(" ")[2].split()
        fold = part.casefold()
        values = [value for value in self._values(parsed[0].id, before) if fold in value[0].casefold()]
        if any(word.rstrip() == part for word, _ in values) and part:
            # It stands there already.
            return []
        values.sort(key=lambda value: not value[0].casefold().startswith(fold))
        return [Offer(line=f"{head} {word}", word=word, about=about) for word, about in values[:MOST]]

    def _values(self, command_id: str, before: Sequence[str]) -> Iterable[Value]:
        if command_id == "compare":
            return self._model_values()
        if command_id == "set":
            return _set_values(before)
        if command_id == "provider":
            return _PROVIDER
        if before:
            return ()
        simple: Mapping[str, Callable[[], Iterable[Value]]] = {
            "model": self._model_values,
            "again_with": self._model_values,
            "theme": lambda: [(name, "") for name in self.themes],
            "persona": self._persona_values,
            "effort": lambda: [(effort, "") for effort in get_args(Effort)] + [(USUAL, "as usual")],
            "web": lambda: [("on", ""), ("off", "")],
        }
        return simple[command_id]() if command_id in simple else ()

    def _model_values(self) -> Iterable[Value]:
        return [(model.id, model.name) for model in self.models()]

    def _persona_values(self) -> Iterable[Value]:
        known = [(name, one.system or one.model or "") for name, one in self.personas.items()]
        return [*known, (NOBODY, "nobody any more")] if known else ()


def _provider_values() -> Iterable[Value]:
    for setting in SETTINGS:
        head, _, name = setting.name.partition(".")
        if head == "provider":
            if setting.values:
                yield from ((f"{name}={value}", setting.about) for value in setting.values)
            else:
                yield f"{name}=", setting.about
    yield USUAL, "anybody, as usual"


_PROVIDER = tuple(_provider_values())


def _set_values(before: Sequence[str]) -> Iterable[Value]:
    if not before:
        abouts = {setting.name: setting.about for setting in SETTINGS}
        return [(f"{name} ", abouts.get(named(name), "")) for name in NAMES]
    setting = BY_NAME.get(named(before[0]))
    values = setting.values if setting and len(before) == 1 else ()
    return [*((value, "") for value in values), (USUAL, "as usual")] if len(before) == 1 else ()
