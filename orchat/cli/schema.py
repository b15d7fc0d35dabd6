"""``--schema``: the form that an answer must have, what is wrong with one that has another, and how to ask again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchat.domain.fences import CodeBlocks
from orchat.errors import OrchatError, UsageError

LARGEST = 1_000_000
"""Bytes of a schema."""
MOST_FAULTS = 5
"""Faults that the model is told of at once."""
UNCHECKED = frozenset(
    {
        "$dynamicRef", "$recursiveRef", "dependentRequired", "dependentSchemas", "maxContains", "minContains",
        "prefixItems", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
"""Keywords of newer drafts that the validator passes over; whoever uses one is told so."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class SchemaUnmet(OrchatError):
    """The answer does not fit the schema, at the second try either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A JSON schema."""

    name: str
    """What the server calls it."""
    body: dict[str, Any]
    """The schema itself."""
    validate: Callable[[Any], Any]
    """Raises where a value does not fit."""

    @property
    def response_format(self) -> dict[str, Any]:
        """As a request carries it."""
        return {"type": "json_schema", "json_schema": {"name": self.name, "strict": True, "schema": self.body}}

    @property
    def unchecked(self) -> list[str]:
        """Keywords in it that are not checked here."""
        return sorted({key for key, _ in _members(self.body)} & UNCHECKED)

    def fault(self, text: str) -> str | None:
        """What is wrong with an answer, in one line; None when it fits."""
        from fastjsonschema import JsonSchemaValuesException

        try:
            value = json.loads(text, parse_constant=_refused)
        except RecursionError:
            return "it is nested too deeply"
        except ValueError as error:
            return f"it is not JSON: {error}"
        try:
            self.validate(value)
        except JsonSchemaValuesException as error:
            return "; ".join(one.message.replace("\n", " ") for one in error.errors[:MOST_FAULTS])
        except RecursionError:
            return "it is nested too deeply"
        return None


def load_schema(path: str) -> Schema:
    """Read a schema and make sure that it is one.

    Raises:
        UsageError: It cannot be read, or is no JSON schema that can be checked.
    """
    body = _read(path)
    for key, value in _members(body):
        if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
            raise UsageError(
                f"{path}: $ref to another file or address: {value}", hint="Put what it refers to under $defs."
            )
    from fastjsonschema import compile as compiled

    try:
        # A default must not make an answer complete, and one fault at a time would need a request for each.
        validate = compiled(body, use_default=False, fast_fail=False)
    except Exception as error:  # whatever a wrong schema breaks in the compiler: it is the schema that is wrong
        reason = str(error).split("\n", 1)[0] or type(error).__name__
        raise UsageError(f"{path} is not a JSON schema: {reason}", hint="Look at https://json-schema.org.") from None
    title = body.get("title")
    name = _NOT_IN_A_NAME.sub("_", title if isinstance(title, str) and title else Path(path).stem).strip("_")
    return Schema(name=name[:64] or "answer", body=body, validate=validate)


def bare(text: str) -> str:
    """The JSON in an answer: models that do not know ``response_format`` put it between fences."""
    stripped = text.strip()
    if not stripped.startswith(("```", "~~~")):
        return stripped
    blocks = CodeBlocks()
    lines = [*blocks.feed(stripped), *blocks.finish()]
    return "".join(line for _, line in lines).strip() if blocks.count == 1 else stripped


def again(fault: str) -> str:
    """What the model is asked when its answer does not fit."""
    return (
        f"Your answer does not fit the JSON schema: {fault}.\nAnswer again, with the corrected JSON and nothing else."
    )


def _read(path: str) -> dict[str, Any]:
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"cannot read the schema {path}: {reason}") from None
    if len(data) > LARGEST:
        raise UsageError(f"the schema {path} is larger than {LARGEST // 1_000_000} MB")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the schema {path} is not JSON: {str(error)[:200]}") from None
    if not isinstance(body, dict):
        raise UsageError(f"the schema {path} is not a JSON object")
    return body


def _members(value: object) -> Iterator[tuple[str, object]]:
    """Every key of a schema with its value, however deep."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield from one.items()
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def _refused(constant: Literal["NaN", "Infinity", "-Infinity"] | str) -> None:
    raise ValueError(f"{constant} is no number of JSON")
