"""What a session is asked with, as its screen shows and changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from orchat.domain.choices import DataCollection, Effort
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.config import Config

USUAL = "default"
"""What takes a setting away again."""
NOBODY = "none"
"""What takes a persona away."""
WEB = "web"
WEB_TOOL = {"type": "openrouter:web_search"}
"""The server's own search, run by it as often as the model wants."""
_ON = ("on", "true", "yes")
_OFF = ("off", "false", "no")
_BY_OTHER_MEANS = {
    "model": "Choose it with /model.",
    "system": "Write it with /system.",
    "persona": "Choose one with /persona.",
    "messages": "The conversation says what is sent.",
    "stream": "Answers on the screen always stream.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Something that a session may be asked with."""

    name: str
    """As ``/set`` and ``-p`` call it."""
    label: str
    """One or two words."""
    about: str
    """What it may be, a few words."""
    values: tuple[str, ...] = ()
    """The words to choose from; empty: anything that fits."""
    config: str = ""
    """The setting of the settings file that counts where the session says nothing."""


SETTINGS: tuple[Setting, ...] = (
    Setting(name="temperature", label="temperature", about="0 to 2", config="chat.temperature"),
    Setting(
        name="max_completion_tokens",
        label="max tokens",
        about="of an answer, thoughts included",
        config="chat.max_tokens",
    ),
    Setting(
        name="reasoning.effort",
        label="effort",
        about="how much the model may think",
        values=get_args(Effort),
        config="chat.reasoning_effort",
    ),
    Setting(name=WEB, label="web search", about="the server searches, at a price", values=("on", "off")),
    Setting(name="provider.order", label="provider order", about="tried first, in this order", config="provider.order"),
    Setting(name="provider.only", label="provider only", about="the only ones allowed", config="provider.only"),
    Setting(name="provider.ignore", label="provider ignore", about="never used", config="provider.ignore"),
    Setting(
        name="provider.sort",
        label="provider sort",
        about="what matters most",
        values=("price", "throughput", "latency", "exacto"),
        config="provider.sort",
    ),
    Setting(
        name="provider.zdr",
        label="zero retention",
        about="only providers that keep no data",
        values=("true", "false"),
        config="provider.zdr",
    ),
    Setting(
        name="provider.data_collection",
        label="data collection",
        about="may a provider keep prompts?",
        values=get_args(DataCollection),
        config="provider.data_collection",
    ),
)
"""Those with a place of their own on the settings screen; ``/set`` takes any other field of a request as well."""
BY_NAME = {setting.name: setting for setting in SETTINGS}
NAMES = (
    *("temperature", "max_tokens", "reasoning.effort", "reasoning.max_tokens", WEB),
    *("provider.order", "provider.only", "provider.ignore", "provider.sort", "provider.zdr"),
    *("provider.data_collection", "provider.max_price", "provider.quantizations"),
    *("top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "seed", "stop"),
    *("verbosity", "service_tier", "response_format"),
)
"""What ``/set`` offers."""


def named(name: str) -> str:
    """A setting as it is kept: by the name of its field."""
    from orchat.domain.parameters import split_name

    head, rest = split_name(name)
    return f"{head}.{rest}" if rest else head


def changed(parameters: Mapping[str, Any], name: str, text: str) -> dict[str, Any]:
    """Parameters with one of them set or, by the word ``default``, taken away.

    Args:
        parameters: As they are.
        name: As people write it.
        text: What was written for it.

    Raises:
        UsageError: There is no such thing, or the value does not fit.
    """
    from orchat.domain.parameters import merged, parse_parameters, without

    text, name = text.strip(), named(name)
    if name in _BY_OTHER_MEANS:
        raise UsageError(f"{name} is not set so", hint=_BY_OTHER_MEANS[name])
    if not name.replace("_", "").replace(".", "").replace("-", "").isalnum():
        raise UsageError("a setting has a name", hint="such as /set temperature 0.2")
    if name == WEB:
        return _with_web(parameters, text)
    if text == USUAL:
        return without(parameters, name)
    if not text:
        raise UsageError(f"{name} needs a value", hint=f"{USUAL} takes it away")
    return merged(parameters, parse_parameters([(name, text)]))


def _with_web(parameters: Mapping[str, Any], text: str) -> dict[str, Any]:
    from orchat.domain.parameters import without

    if text.casefold() not in (*_ON, *_OFF, USUAL):
        raise UsageError(f"web={text}: expected on or off")
    rest = without(parameters, "tools")
    others = tuple(tool for tool in parameters.get("tools", ()) if tool.get("type") != WEB_TOOL["type"])
    tools = (*others, WEB_TOOL) if text.casefold() in _ON else others
    return {**rest, "tools": tools} if tools else rest


def provider_pairs(text: str) -> list[tuple[str, str]]:
    """What ``/provider`` says: ``order=a,b zdr=true``, ``sort price``, or the providers to try first.

    Raises:
        UsageError: It says nothing that can be understood.
    """
    words = text.split()
    if len(words) == 2 and f"provider.{words[0]}" in BY_NAME and "=" not in text:
        return [(f"provider.{words[0]}", words[1])]
    if any("=" in word for word in words):
        pairs = [word.partition("=") for word in words]
        wrong = next((word for word, equals, _ in pairs if not equals), None)
        if wrong is not None:
            raise UsageError(f"{wrong!r} is no name=value", hint="such as /provider order=openai,azure sort=price")
        return [(f"provider.{name}", value) for name, _, value in pairs]
    return [("provider.order", ",".join(words))]


def value(parameters: Mapping[str, Any], name: str) -> str:
    """What a session says of a setting, as people would write it; empty for nothing."""
    from orchat.domain.parameters import written

    if name == WEB:
        return "on" if any(tool.get("type") == WEB_TOOL["type"] for tool in parameters.get("tools", ())) else ""
    found = dict(written(parameters)).get(name, "")
    return _plain(found)


def usual(config: Config, setting: Setting) -> str:
    """What counts where the session says nothing, by the settings file; empty for nothing."""
    section, _, name = setting.config.partition(".")
    found = getattr(getattr(config, section), name) if section else None
    if isinstance(found, tuple):
        return ", ".join(found)
    return "" if found in (None, "", False) else f"{found:g}" if isinstance(found, float) else str(found)


def others(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is set besides `SETTINGS`: name and value."""
    from orchat.domain.parameters import written

    pairs = [(name, value) for name, value in written(parameters) if name not in BY_NAME and name != "tools"]
    tools = [tool for tool in parameters.get("tools", ()) if tool.get("type") != WEB_TOOL["type"]]
    more = [("tools", str(len(tools)))] if tools else []
    return [*((name, _plain(value)) for name, value in pairs), *more]


def unusual(parameters: Mapping[str, Any], config: Config) -> tuple[tuple[str, str], ...]:
    """Label and value of everything that a request would not say by itself: what the session sets, and the settings."""
    known = ((setting.label, value(parameters, setting.name) or usual(config, setting)) for setting in SETTINGS)
    return (*((label, text) for label, text in known if text), *others(parameters))


def _plain(text: str) -> str:
    """A JSON list of words as people write it."""
    if not text.startswith('["'):
        return text
    import json

    found: Sequence[object] = json.loads(text)
    return ", ".join(map(str, found))
