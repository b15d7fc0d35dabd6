"""The smallest value that fits a JSON schema, for structured answers and tool arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8


def instance(schema: object, *, text: str, depth: int = 0) -> Any:
    """A value that fits.

    Args:
        schema: A JSON schema; what is not understood yields `text`.
        text: Stands wherever a string may stand.
        depth: How deep the schema is nested already.

    Returns:
        A JSON value.
    """
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return text
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    return _of_type(schema, text, depth)


def _of_type(schema: Mapping[str, Any], text: str, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "string"
    properties = schema.get("properties")
    if kind == "object":
        fields = properties if isinstance(properties, Mapping) else {}
        return {name: instance(field, text=text, depth=depth + 1) for name, field in fields.items()}
    if kind == "array":
        return [instance(schema.get("items"), text=text, depth=depth + 1)]
    plain: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
    return plain.get(str(kind), text)
