"""``-p key=value``: any parameter of a request, by the type that it has there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from orchat.domain.request import REQUEST_FIELDS, ChatRequest, Provider, Reasoning
from orchat.errors import UsageError

ALIASES = {"max_tokens": "max_completion_tokens"}
ELSEWHERE = {
    "messages": "The prompt, -s and -i say what is sent.",
    "model": "Name it with -m.",
    "stream": "Use --no-stream.",
}
NESTED: dict[str, type[Any]] = {"provider": Provider, "reasoning": Reasoning}
UNSPLIT = frozenset({"stop"})
"""Lists whose texts may hold commas; one more ``-p`` adds one more text."""


def parse_parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """The fields of `ChatRequest` that the pairs set; names that it does not know go into ``extra``.

    Args:
        pairs: ``key=value``; the value may be JSON; ``provider.sort=price`` reaches into an object.

    Raises:
        UsageError: A pair is not one, or its value does not fit.
    """
    hints = get_type_hints(ChatRequest)
    known: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    extra: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        name, _, rest = key.strip().partition(".")
        name = ALIASES.get(name, name)
        if not equals or not name:
            raise UsageError(f"not a parameter: {pair!r}", hint="Write -p key=value, such as -p temperature=0.2")
        if name in ELSEWHERE:
            raise UsageError(f"-p {name} is not for this option", hint=ELSEWHERE[name])
        if name in NESTED:
            inner.setdefault(name, {}).update(_members(name, rest, text))
        elif name == "extra":
            extra.update(_object(pair, _json(text)))
        elif name not in REQUEST_FIELDS or rest:
            _put(extra, (name, *rest.split(".")) if rest else (name,), _json(text))
        else:
            value = _value(pair, text, hints[name], split=name not in UNSPLIT)
            known[name] = known.get(name, ()) + value if isinstance(value, tuple) else value
    known.update((name, NESTED[name](**members)) for name, members in inner.items())
    return {**known, "extra": extra} if extra else known


def _members(name: str, rest: str, text: str) -> dict[str, Any]:
    """What one pair sets of `provider` or `reasoning`."""
    hints = get_type_hints(NESTED[name])
    given = {rest: text} if rest else _object(f"{name}={text}", _json(text))
    members = {}
    for key, value in given.items():
        if key not in hints:
            raise UsageError(
                f"-p {name}.{key} is not known",
                hint=f"Known are {', '.join(spec.name for spec in fields(NESTED[name]))}.",
            )
        written = value if isinstance(value, str) else json.dumps(value)
        members[key] = _value(f"{name}.{key}={written}", written, hints[key], split=True)
    return members


def _put(target: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Set a value inside nested objects, which are made where they are missing."""
    for name in path[:-1]:
        inside = target.get(name)
        if not isinstance(inside, dict):
            inside = target[name] = {}
        target = inside
    target[path[-1]] = value


def _value(pair: str, text: str, hint: Any, *, split: bool) -> Any:
    options = [option for option in (get_args(hint) or (hint,)) if option is not type(None)]
    if get_origin(hint) in (tuple, Literal, Mapping) or hint in (str, float, int, bool):
        options = [hint]
    parsed = _json(text)
    for option in options:
        if _takes_object(option) and isinstance(parsed, dict):
            return parsed
        if get_origin(option) is tuple:
            return _items(pair, text, parsed, of_objects=get_args(option)[0] is not str, split=split)
    for option in options:
        if not _takes_object(option):
            return _plain(pair, text, parsed, option)
    raise UsageError(f"{pair!r}: expected a JSON object", hint='Such as -p \'response_format={"type": "json_object"}\'')


def _takes_object(option: Any) -> bool:
    origin = get_origin(option)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _plain(pair: str, text: str, parsed: object, option: Any) -> object:
    if get_origin(option) is Literal:
        choices = get_args(option)
        if text not in choices:
            raise UsageError(f"{pair!r}: expected one of {', '.join(choices)}")
        return text
    if option is bool and isinstance(parsed, bool):
        return parsed
    if option is int and isinstance(parsed, int) and not isinstance(parsed, bool):
        return parsed
    if option is float and isinstance(parsed, (int, float)) and not isinstance(parsed, bool) and math.isfinite(parsed):
        return parsed
    if option is str:
        return text
    words = {bool: "true or false", int: "a whole number", float: "a number"}
    raise UsageError(f"{pair!r}: expected {words[option]}")


def _items(pair: str, text: str, parsed: object, *, of_objects: bool, split: bool) -> tuple[Any, ...]:
    if of_objects:
        items = parsed if isinstance(parsed, list) else [parsed]
        return tuple(_object(pair, item) for item in items)
    if isinstance(parsed, list):
        return tuple(item if isinstance(item, str) else json.dumps(item) for item in parsed)
    return tuple(item.strip() for item in text.split(",") if item.strip()) if split else (text,)


def _object(pair: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{pair!r}: expected a JSON object")
    return value


def _json(text: str) -> Any:
    """The value as JSON if it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
