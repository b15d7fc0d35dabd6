"""``-p key=value``: any parameter of a request, by the type that it has there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchat.domain import parameters
from orchat.errors import UsageError

ELSEWHERE = {
    "messages": "The prompt, -s and -i say what is sent.",
    "model": "Name it with -m.",
    "stream": "Use --no-stream.",
}


def parse_parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """The fields of `ChatRequest` that the pairs set; names that it does not know go into ``extra``.

    Args:
        pairs: ``key=value``; the value may be JSON; ``provider.sort=price`` reaches into an object.

    Raises:
        UsageError: A pair is not one, or its value does not fit.
    """
    split = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        name, _ = parameters.split_name(key)
        if not equals or not name:
            raise UsageError(f"not a parameter: {pair!r}", hint="Write -p key=value, such as -p temperature=0.2")
        if name in ELSEWHERE:
            raise UsageError(f"-p {name} is not for this option", hint=ELSEWHERE[name])
        split.append((key, text))
    return parameters.parse_parameters(split)
