"""The settings as a whole: defaults < config.toml < environment < flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from orchat.config.sections import (
    PERSONAS,
    SECTIONS,
    ApiSettings,
    BreakerSettings,
    BudgetSettings,
    CacheSettings,
    ChatSettings,
    KeySettings,
    LimitSettings,
    LogSettings,
    MediaSettings,
    ModelSettings,
    OcrSettings,
    PersonaSettings,
    ProviderSettings,
    RetrySettings,
    TuiSettings,
)
from orchat.config.sources import Entry, Origin, read_environment, read_file, read_overrides
from orchat.config.values import Refused, as_toml, from_text, from_toml, near, shown
from orchat.errors import ConfigError, UsageError
from orchat.paths import Paths

DEFAULT = Origin(layer="default")
SECRET_NAMES = frozenset({"key", "keys", "token", "secret", "api_key", "apikey", "openrouter_api_key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting."""

    api: ApiSettings = field(default_factory=ApiSettings)
    """The server and how long to wait for it."""
    models: ModelSettings = field(default_factory=ModelSettings)
    """Which models are asked."""
    chat: ChatSettings = field(default_factory=ChatSettings)
    """What goes with every prompt."""
    provider: ProviderSettings = field(default_factory=ProviderSettings)
    """Which of OpenRouter's providers may serve."""
    retry: RetrySettings = field(default_factory=RetrySettings)
    """What happens when a request fails before anything was shown."""
    limits: LimitSettings = field(default_factory=LimitSettings)
    """How fast requests are sent."""
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    """What may be spent."""
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    """When a failing model is left alone for a while."""
    cache: CacheSettings = field(default_factory=CacheSettings)
    """Answers kept for equal requests."""
    keys: KeySettings = field(default_factory=KeySettings)
    """Where keys are kept and when the next one takes over."""
    media: MediaSettings = field(default_factory=MediaSettings)
    """Pictures and documents."""
    ocr: OcrSettings = field(default_factory=OcrSettings)
    """Reading pages."""
    log: LogSettings = field(default_factory=LogSettings)
    """The log file."""
    tui: TuiSettings = field(default_factory=TuiSettings)
    """The screen."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Name of an action to its keys; free names."""
    personas: Mapping[str, PersonaSettings] = field(default_factory=dict)
    """By name, which is free."""

    @classmethod
    def load(
        cls, paths: Paths, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None
    ) -> LoadedConfig:
        """Read the settings from every layer.

        Args:
            paths: Says where ``config.toml`` is; it need not exist.
            environ: The environment; ``ORCHAT_SECTION__KEY`` counts.
            overrides: ``section.key`` to a value, or to a text that is parsed like a variable.

        Raises:
            ConfigError: A setting is unknown, has the wrong type or is out of bounds, or the file is not readable.
        """
        changes: dict[str, dict[str, Any]] = {}
        origins: dict[str, Origin] = {}
        for layer in (read_file(paths.config_file), read_environment(environ), read_overrides(overrides or {})):
            for entry in layer:
                _apply(entry, changes, origins)
        sections = {name: _section(name, changed) for name, changed in changes.items()}
        present = tuple(name for name in KEY_VARIABLES if environ.get(name))
        return LoadedConfig(config=cls(**sections), origins=origins, key_variables=present)


KEY_VARIABLES = ("OPENROUTER_API_KEY", "ORCHAT_KEYS_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of ``orchat config show``."""

    key: str
    """``section.key``."""
    value: str
    """As it stands in TOML; never a secret."""
    origin: Origin
    """Who said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """The settings, and where each came from."""

    config: Config
    """What counts."""
    origins: Mapping[str, Origin]
    """``section.key`` to its origin; defaults are left out."""
    key_variables: tuple[str, ...] = ()
    """Variables in the environment that bring keys along."""

    def persona(self, name: str) -> PersonaSettings:
        """The persona of this name.

        Raises:
            UsageError: There is none.
        """
        found = self.config.personas.get(name)
        if found is None:
            known = tuple(self.config.personas)
            hint = near(name, known) or (f"Known are {', '.join(sorted(known))}." if known else None)
            raise UsageError(
                f"there is no persona {shown_name(name)}",
                hint=hint or f"Write [personas.{shown_name(name)}] into the settings.",
            )
        return found

    def origin(self, key: str) -> Origin:
        """Where the setting ``section.key`` came from."""
        return self.origins.get(key, DEFAULT)

    def show(self) -> tuple[Row, ...]:
        """Every setting that has a value, in the order of the example file."""
        values = {
            f"{section}.{name}": getattr(getattr(self.config, section), name)
            for section, known in _FIELDS.items()
            for name in known
        }
        values |= {f"keymap.{name}": keys for name, keys in sorted(self.config.keymap.items())}
        values |= {
            f"{PERSONAS}.{name}.{setting}": getattr(persona, setting) or None
            for name, persona in sorted(self.config.personas.items())
            for setting in _PERSONA
        }
        rows = [
            Row(key=key, value=as_toml(value), origin=self.origin(key))
            for key, value in values.items()
            if value is not None
        ]
        for name in self.key_variables:
            rows.append(Row(key=name, value="set", origin=Origin(layer="environment", source=name)))
        return tuple(rows)


_FIELDS: dict[str, dict[str, Field[Any]]] = {
    name: {item.name: item for item in fields(kind)} for name, kind in SECTIONS.items()
}
_PERSONA = {item.name: item for item in fields(PersonaSettings)}
_NAMES = (*SECTIONS, "keymap", PERSONAS)


def _section(name: str, changed: dict[str, Any]) -> Any:
    if name == PERSONAS:
        return {persona: PersonaSettings(**values) for persona, values in changed.items()}
    return SECTIONS[name](**changed) if name in SECTIONS else changed


def _apply(entry: Entry, changes: dict[str, dict[str, Any]], origins: dict[str, Origin]) -> None:
    """Put one entry into `changes`, over what an earlier layer said."""
    if entry.section not in _NAMES:
        raise _refuse(entry, "is not a section of the settings", _hint(entry.section, _NAMES))
    if not entry.key:
        if entry.raw == {}:
            return
        raise _refuse(entry, "is a section: settings stand below it", f"Write [{entry.section}] and the setting below.")
    if entry.section == PERSONAS:
        _apply_persona(entry, changes, origins)
        return
    if entry.section == "keymap":
        if not isinstance(entry.raw, str):
            raise _refuse(entry, f"expected a text, got {shown(entry.raw)}")
        value: object = entry.raw
    else:
        known = _FIELDS[entry.section]
        if entry.key not in known:
            hint = _hint(entry.key, tuple(known))
            if entry.section == "keys" and hint is None:
                hint = "[keys] is about the keys of OpenRouter; those of the keyboard stand in [keymap]."
            raise _refuse(entry, "is not a setting", hint)
        value = _value(entry, known[entry.key])
    changes.setdefault(entry.section, {})[entry.key] = value
    origins[f"{entry.section}.{entry.key}"] = entry.origin


def _apply_persona(entry: Entry, changes: dict[str, dict[str, Any]], origins: dict[str, Origin]) -> None:
    """Put a setting of one persona into `changes`; a table without settings is a persona all the same."""
    persona, _, name = entry.key.partition(".")
    if not is_persona_name(persona):
        raise _refuse(entry, "is no name for a persona", "Use letters, digits, - and _.")
    if not name and entry.raw != {}:
        raise _refuse(
            entry, "is a persona: settings stand below it", f"Write [{PERSONAS}.{persona}] and the setting below."
        )
    values = changes.setdefault(PERSONAS, {}).setdefault(persona, {})
    if not name:
        return
    if name not in _PERSONA:
        raise _refuse(entry, "is not a setting of a persona", _hint(name, tuple(_PERSONA)))
    values[name] = _value(entry, _PERSONA[name])
    origins[f"{PERSONAS}.{entry.key}"] = entry.origin


def is_persona_name(text: str) -> bool:
    """Whether a persona can be called so: what a shell, a variable and a flag can all say."""
    return text.isascii() and bool(text) and text.replace("-", "").replace("_", "").isalnum()


def _value(entry: Entry, item: Field[Any]) -> object:
    try:
        if entry.origin.layer != "file" and isinstance(entry.raw, str):
            return from_text(item, entry.raw)
        return from_toml(item, entry.raw)
    except Refused as refused:
        raise _refuse(entry, refused.reason, refused.hint) from None


def _hint(word: str, known: tuple[str, ...]) -> str | None:
    if word in SECRET_NAMES:
        return "Keys do not belong into the settings: run `orchat keys add`, or set OPENROUTER_API_KEY."
    return near(word, known)


def _refuse(entry: Entry, reason: str, hint: str | None = None) -> ConfigError:
    key = f"{entry.section}.{entry.key}" if entry.key else entry.section
    name = shown_name(key)
    # A flag is called as the setting is: its origin would say the name twice.
    place = f"flag {name}" if entry.origin.layer == "flag" else f"{entry.origin}: {name}"
    return ConfigError(
        f"{place}: {reason}",
        layer=entry.origin.layer,
        source=entry.origin.source,
        key=key,
        hint=hint,
    )


def shown_name(key: str) -> str:
    """A setting's name as somebody wrote it: foreign text, so escaped if it is not plain."""
    return key if key.isascii() and key.isprintable() and len(key) <= 80 else shown(key)
