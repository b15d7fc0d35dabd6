"""Parameters of a request as people write them and as sessions keep them: by the type and bounds of their field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from orchat.domain.request import REQUEST_FIELDS, ChatRequest, Provider, Reasoning
from orchat.errors import UsageError

ALIASES = {"max_tokens": "max_completion_tokens", "max-tokens": "max_completion_tokens"}
NOT_SET_SO = frozenset({"messages", "model", "stream"})
"""What a request says by other means."""
NESTED: dict[str, type[Any]] = {"provider": Provider, "reasoning": Reasoning}
UNSPLIT = frozenset({"stop"})
"""Lists whose texts may hold commas; one more pair adds one more text."""
BOUNDS: dict[str, tuple[float, float]] = {
    "max_completion_tokens": (1, math.inf),
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, math.inf),
    "min_p": (0, 1),
    "top_a": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
    "top_logprobs": (0, 20),
    "reasoning.max_tokens": (1, math.inf),
}
"""Smallest and largest number of a field, as the API has them (§1.1)."""


def parse_parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields of `ChatRequest` that the pairs set; names that it does not know go into ``extra``.

    Args:
        pairs: Name and value; the value may be JSON; the name ``provider.sort`` reaches into an object.

    Raises:
        UsageError: A value does not fit its name, or the name is said by other means.
    """
    hints = _hints("")
    known: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    extra: dict[str, Any] = {}
    for key, text in pairs:
        name, rest = split_name(key)
        if name in NOT_SET_SO:
            raise UsageError(f"{name} is no parameter")
        if name in NESTED:
            inner.setdefault(name, {}).update(_members(name, rest, text))
        elif name == "extra":
            extra.update(_object(f"{key}={text}", _json(text)))
        elif name not in REQUEST_FIELDS or rest:
            _put(extra, (name, *rest.split(".")) if rest else (name,), _json(text))
        else:
            value = _value(f"{key}={text}", text, hints[name], split=name not in UNSPLIT)
            _check_bounds(name, value)
            known[name] = known.get(name, ()) + value if isinstance(value, tuple) else value
    known.update((name, _nested(name, members)) for name, members in inner.items())
    return {**known, "extra": extra} if extra else known


def split_name(key: str) -> tuple[str, str]:
    """A name as a field of the request, and what follows its first dot."""
    name, _, rest = key.strip().partition(".")
    return ALIASES.get(name, name), rest


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two sets of parameters as one; where both set the same, the second counts, within objects member by member."""
    result = {**base, **over}
    for name in NESTED:
        below, above = base.get(name), over.get(name)
        if below is not None and above is not None:
            set_above = _members_of(above)
            if name == "reasoning" and {"effort", "max_tokens"} & set_above.keys():
                below = replace(below, effort=None, max_tokens=None)
            result[name] = replace(below, **set_above)
    if base.get("extra") and over.get("extra"):
        result["extra"] = {**base["extra"], **over["extra"]}
    return result


def without(parameters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Parameters without one of them.

    Args:
        parameters: As `parse_parameters` gives them.
        key: A name as people write it; one that is not set changes nothing.
    """
    name, rest = split_name(key)
    result = dict(parameters)
    if name in NESTED and rest:
        members = {member: value for member, value in _members_of(result.get(name)).items() if member != rest}
        result[name] = NESTED[name](**members)
        if not members:
            del result[name]
    elif name in REQUEST_FIELDS:
        result.pop(name, None)
    else:
        extra = {key: value for key, value in result.pop("extra", {}).items() if key != name}
        if extra:
            result["extra"] = extra
    return result


def written(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Parameters as people would write them, which `parse_parameters` reads; objects member by member."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if name in NESTED:
            pairs += [(f"{name}.{member}", _text(inside)) for member, inside in _members_of(value).items()]
        elif name == "extra":
            pairs += [(key, _text(inside)) for key, inside in value.items()]
        else:
            pairs.append((name, _text(value)))
    return pairs


def to_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a JSON object that `from_json` reads."""
    return {name: _members_of(value) if name in NESTED else value for name, value in parameters.items()}


def from_json(value: object) -> dict[str, Any]:
    """Parameters that were kept; whatever does not fit (an older or newer orchat, a foreign file) is left out."""
    found: dict[str, Any] = {}
    for name, inside in value.items() if isinstance(value, dict) else ():
        members = inside.items() if name in NESTED and isinstance(inside, dict) else None
        pairs = [(name, inside)] if members is None else [(f"{name}.{member}", value) for member, value in members]
        for key, raw in pairs:
            try:
                found = merged(found, parse_parameters([(str(key), raw if isinstance(raw, str) else json.dumps(raw))]))
            except (UsageError, ValueError, RecursionError):
                continue
    return found


@cache
def _hints(name: str) -> dict[str, Any]:
    """The types of the request's fields, or of those of an object in it: a list of sessions asks for them often."""
    return get_type_hints(NESTED.get(name, ChatRequest))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _members_of(nested: object) -> dict[str, Any]:
    """What is set of a `Provider` or `Reasoning`."""
    if not isinstance(nested, (Provider, Reasoning)):
        return {}
    return {name: value for name, value in asdict(nested).items() if value is not None and value != ()}


def _nested(name: str, members: Mapping[str, Any]) -> Any:
    if name == "reasoning" and members.get("effort") and members.get("max_tokens"):
        raise UsageError("reasoning.effort and reasoning.max_tokens exclude each other")
    return NESTED[name](**members)


def _members(name: str, rest: str, text: str) -> dict[str, Any]:
    """What one pair sets of `provider` or `reasoning`."""
    hints = _hints(name)
    given = {rest: text} if rest else _object(f"{name}={text}", _json(text))
    members = {}
    for key, value in given.items():
        if key not in hints:
            raise UsageError(
                f"{name}.{key} is not known",
                hint=f"Known are {', '.join(spec.name for spec in fields(NESTED[name]))}.",
            )
        said = value if isinstance(value, str) else json.dumps(value)
        members[key] = _value(f"{name}.{key}={said}", said, hints[key], split=True)
        _check_bounds(f"{name}.{key}", members[key])
    return members


def _check_bounds(name: str, value: object) -> None:
    low, high = BOUNDS.get(name, (-math.inf, math.inf))
    if isinstance(value, (int, float)) and not low <= value <= high:
        wanted = f"{low} or more" if high == math.inf else f"a number from {low} to {high}"
        raise UsageError(f"{name}={value}: expected {wanted}")


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
    raise UsageError(f"{pair!r}: expected a JSON object", hint='Such as {"type": "json_object"}')


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
